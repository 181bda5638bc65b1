"""How much of an invoice is withheld, and how much of what was withheld becomes due.

Amounts of one invoice are computed, rounded once (half away from zero) and stored; what is withheld in all is their sum
and is computed nowhere else, so it cannot be computed in two ways. A rate that changes with what is billed is applied
to the part of the invoice that lies in its step, so that it does not matter in how many invoices a part is billed, but
for rounding.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from apps.contracts.retention import COMPLETION, DATE, GROSS, RetentionRelease, RetentionTerms
from apps.core import money

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Withheld:
    """What earlier invoices of a contract add up to: ``billed`` in the base of the retention, and ``held`` of it.

    ``is_over``: every part was released, so nothing is withheld any more. ``is_last``: no other milestone is open, so
    what is payable before the last one is accepted limits nothing any more.
    """

    billed: Decimal = money.ZERO
    held: Decimal = money.ZERO
    is_over: bool = False
    is_last: bool = False


def withheld_of(
    *,
    net: Decimal,
    gross: Decimal,
    price: Decimal,
    whole: Decimal,
    before: Withheld,
    terms: RetentionTerms,
    currency: str,
) -> Decimal:
    """What is withheld of an invoice of ``net`` and ``gross``, after those ``before`` it; something is always due.

    ``price`` is the contract's net of tax, ``whole`` the same with tax: the scale of the steps and of the cap in
    percent is that of the base.
    """
    if before.is_over:
        return money.ZERO
    base, scale = (gross, whole) if terms.base == GROSS else (net, price)
    least_due = gross - money.unit(currency)
    if terms.payable_most is not None:
        above = before.billed - before.held + base - money.floor(scale * terms.payable_most / HUNDRED, currency)
        return money.ZERO if before.is_last else max(min(above, base, least_due), money.ZERO)
    exact = _between(before.billed, before.billed + base, scale=scale, terms=terms)
    left = [cap - before.held for cap in caps(terms, scale=scale, currency=currency)]
    return max(min(money.half_up(exact, currency), least_due, *left), money.ZERO)


def caps(terms: RetentionTerms, *, scale: Decimal, currency: str) -> list[Decimal]:
    """What is withheld at most in all; rounded down, so that no rounding goes beyond what was agreed."""
    found = []
    if terms.cap_percent is not None:
        found.append(money.floor(scale * terms.cap_percent / HUNDRED, currency))
    if terms.cap_amount is not None:
        found.append(terms.cap_amount)
    return found


def _between(start: Decimal, end: Decimal, *, scale: Decimal, terms: RetentionTerms) -> Decimal:
    """Not rounded: each part of what is billed at the rate of its step."""
    begins = [money.ZERO, *(scale * step.billed / HUNDRED for step in terms.steps), max(end, scale)]
    rates = [terms.rate, *(step.rate for step in terms.steps)]
    return money.total(
        max(min(end, after) - max(start, begin), money.ZERO) * rate / HUNDRED
        for (begin, after), rate in zip(pairwise(begins), rates, strict=True)
    )


def released_of(
    *,
    withheld: Decimal,
    released: Decimal,
    made: Iterable[RetentionRelease],
    release: RetentionRelease,
    is_last: bool,
    currency: str,
) -> Decimal:
    """What a part of the retention comes to now: all parts that are due, of all that was withheld, less what was paid
    out of it before. The last part is everything that is left, so together they are what was withheld, to the cent."""
    if is_last:
        return withheld - released
    share = money.total(one.share for one in made) + release.share
    return max(money.half_up(withheld * share / HUNDRED, currency) - released, money.ZERO)


def shares_of(amount: Decimal, *, left: Sequence[Decimal], currency: str) -> list[Decimal]:
    """The release of ``amount`` over the invoices of which ``left`` is still withheld, in proportion to that.

    No invoice releases more than is left on it: largest remainder gives a part at most the whole unit above its exact
    share, and the exact share of less than all is below what is left.
    """
    if amount > money.total(left):
        raise ValueError(f"{amount} {currency} is more than the {money.total(left)} that is withheld")
    return money.split(amount, left, currency)


def due_from(release: RetentionRelease, *, completed_on: date | None) -> date | None:
    """From which day a part is to be released by itself; None while nobody knows, or when somebody has to say so."""
    if release.event == DATE:
        return release.on
    if release.event == COMPLETION and completed_on is not None:
        return completed_on + timedelta(days=release.days)
    return None
