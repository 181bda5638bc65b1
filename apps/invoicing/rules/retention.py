"""How much of an invoice is withheld, and how much of what was withheld becomes due.

What is withheld of an invoice is what the terms come to on all that is billed with it, less what they came to before
it, each rounded once (half away from zero): so the amounts of any number of invoices add up to the retention on what
they bill together, to the cent. They are stored, and what is withheld in all is their sum and is computed nowhere else.

Nothing is withheld below zero, and something of each invoice is always due. What could not be withheld for that is
carried to the next invoice, and so is what was withheld too much, where materials that were stored at a higher rate are
built in at a lower one. What a limit on one invoice leaves out is withheld no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from apps.contracts.retention import (
    COMPLETION,
    DATE,
    GROSS,
    MILESTONE,
    RetentionRelease,
    RetentionTerms,
    ScheduledRelease,
)
from apps.core import money

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Billed:
    """What is billed by the lines that have one rate, net of tax: ``own`` None is the contract's; materials apart."""

    work: Decimal = money.ZERO
    materials: Decimal = money.ZERO
    own: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """By what terms are measured, net of tax: ``price`` is the contract's, ``stepped`` what of it steps count, which is
    the lines at the contract's rate; ``tax_rate`` in percent."""

    price: Decimal
    stepped: Decimal
    tax_rate: Decimal = money.ZERO


@dataclass(frozen=True, slots=True)
class Past:
    """One kind of retention before an invoice: ``held`` was withheld in all, released since or not; ``carried`` is what
    could not be withheld, negative where too much was. ``is_over``: every part was released, so nothing more is."""

    held: Decimal = money.ZERO
    carried: Decimal = money.ZERO
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What is withheld of one invoice for one kind, and by how much what is carried changes."""

    held: Decimal
    carried: Decimal = money.ZERO


def withheld_of(
    *,
    gross: Decimal,
    before: Sequence[Billed],
    after: Sequence[Billed],
    past: Sequence[Past],
    terms: RetentionTerms,
    scale: Scale,
    currency: str,
) -> list[Kept]:
    """What is withheld of an invoice of ``gross``, kind by kind in the order of the terms; something is always due.

    ``before`` is all that was billed before it, ``after`` all that is billed with it; ``past`` what was withheld of
    each kind. Rates of their own that lines have are in the place of the first kind's.
    """
    left, made = gross - money.unit(currency), []
    for place, (kind, was) in enumerate(zip(terms.kinds, past, strict=True)):
        of_kind = (before, after) if place == 0 else (_at_one_rate(before), _at_one_rate(after))
        measure = scale if place == 0 else replace(scale, stepped=scale.price)
        kept = _kept(kind, *of_kind, past=was, scale=measure, most=left, currency=currency)
        left -= kept.held
        made.append(kept)
    return made


def _at_one_rate(billed: Sequence[Billed]) -> list[Billed]:
    return [Billed(money.total(one.work for one in billed), money.total(one.materials for one in billed))]


def _kept(
    terms: RetentionTerms,
    before: Sequence[Billed],
    after: Sequence[Billed],
    *,
    past: Past,
    scale: Scale,
    most: Decimal,
    currency: str,
) -> Kept:
    if past.is_over:
        return Kept(money.ZERO)
    start, end = (retained_on(billed, terms=terms, scale=scale, currency=currency) for billed in (before, after))
    limits = caps(terms, scale=scale, currency=currency)
    if end < start:
        # What a cap kept from being withheld is not to be paid back.
        start, end = min([start, *limits]), min([end, *limits])
    wanted = min([end - start + past.carried, *(max(limit - past.held, money.ZERO) for limit in limits)])
    if terms.cap_each is not None:
        wanted = min(wanted, terms.cap_each)
    held = max(min(wanted, most), money.ZERO)
    return Kept(held, wanted - held - past.carried)


def payable_before_final(
    *, net: Decimal, gross: Decimal, billed: Decimal, held: Decimal, terms: RetentionTerms, scale: Scale, currency: str
) -> Decimal:
    """What is not payable of an invoice before the last milestone is accepted, where terms limit what is: the part of
    all that is billed, net of tax, above the limit. ``billed`` and ``held`` are before it."""
    most = terms.payable_most
    if most is None:
        return money.ZERO
    above = billed - held + net - money.floor(scale.price * most / HUNDRED, currency)
    return max(min(above, net, gross - money.unit(currency)), money.ZERO)


def retained_on(billed: Sequence[Billed], *, terms: RetentionTerms, scale: Scale, currency: str) -> Decimal:
    """What one kind comes to on all that is billed, before caps; rounded once."""
    shared = [one for one in billed if one.own is None]
    work, materials = (money.total(getattr(one, part) for one in shared) for part in ("work", "materials"))
    if terms.materials_rate is None:
        work, materials = work + materials, money.ZERO
    exact = _stepped(work, scale=scale.stepped, terms=terms) + materials * (terms.materials_rate or money.ZERO)
    exact += money.total((one.work + one.materials) * one.own for one in billed if one.own is not None)
    return money.half_up(exact * _factor(terms, scale) / HUNDRED, currency)


def caps(terms: RetentionTerms, *, scale: Scale, currency: str) -> list[Decimal]:
    """What is withheld at most in all; rounded down, so that no rounding goes beyond what was agreed."""
    found = []
    if terms.cap_percent is not None:
        found.append(money.floor(scale.price * _factor(terms, scale) * terms.cap_percent / HUNDRED, currency))
    if terms.cap_amount is not None:
        found.append(terms.cap_amount)
    return found


def _factor(terms: RetentionTerms, scale: Scale) -> Decimal:
    """By what a net amount becomes the base of the retention."""
    return 1 + scale.tax_rate / HUNDRED if terms.base == GROSS else Decimal(1)


def _stepped(billed: Decimal, *, scale: Decimal, terms: RetentionTerms) -> Decimal:
    """Hundredfold and not rounded: each part of what is billed at the rate of its step."""
    begins = [money.ZERO, *(scale * step.billed / HUNDRED for step in terms.steps), max(billed, scale)]
    rates = [terms.rate, *(step.rate for step in terms.steps)]
    return money.total(
        max(min(billed, after) - begin, money.ZERO) * rate
        for (begin, after), rate in zip(pairwise(begins), rates, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Row:
    """What was withheld of one invoice for one kind, and what of that was released; ``title`` is its line's. What was
    ``returned`` is kept back again for a release of its own: the parts that were agreed release none of it."""

    kind: int
    title: str
    held: Decimal
    released: Decimal
    returned: Decimal = money.ZERO

    @property
    def left(self) -> Decimal:
        return self.held - self.released - self.returned


def concerned(part: ScheduledRelease, row: Row) -> bool:
    """Whether a part of the schedule releases of what was withheld there."""
    release = part.release
    return row.kind == part.kind and (not release.only or row.title == release.milestone)


def released_of(
    part: ScheduledRelease,
    *,
    rows: Sequence[Row],
    made: Mapping[int, Decimal],
    terms: RetentionTerms,
    currency: str,
) -> Decimal:
    """What a part of the retention comes to now: all parts of its kind that are due, of all that was withheld for it,
    less what was paid out of it before. The last part is everything that is left, so together they are what was
    withheld, to the cent. ``made`` is what was released before, by the position of the part.

    A section's parts are of what was withheld of its milestone; the others share what sections leave. A credit note
    takes of what is withheld, so a part before the last may come to nothing: no later one waits for it.
    """
    passed = _with_nothing(part, rows=rows, made=made, terms=terms, currency=currency)
    return _comes_to(part, rows=rows, made=passed, terms=terms, currency=currency)


def _with_nothing(
    part: ScheduledRelease,
    *,
    rows: Sequence[Row],
    made: Mapping[int, Decimal],
    terms: RetentionTerms,
    currency: str,
) -> Mapping[int, Decimal]:
    """``made``, with nothing for each part of the same kind before this one that is not released and comes to nothing:
    a release of nothing is never made."""
    passed = dict(made)
    for one in terms.schedule:
        if one.kind != part.kind or one.position >= part.position or one.position in passed:
            continue
        if not _comes_to(one, rows=rows, made=passed, terms=terms, currency=currency):
            passed[one.position] = money.ZERO
    return passed


def _comes_to(
    part: ScheduledRelease,
    *,
    rows: Sequence[Row],
    made: Mapping[int, Decimal],
    terms: RetentionTerms,
    currency: str,
) -> Decimal:
    of_kind = [one for one in terms.schedule if one.kind == part.kind]
    open_ = money.total(row.left for row in rows if row.kind == part.kind)
    if all(one.position in made for one in of_kind if one.position != part.position):
        return open_
    left = money.total(row.left for row in rows if concerned(part, row))
    pool = money.total(row.held for row in rows if concerned(part, row))
    if not part.release.only:
        pool -= money.total(made.get(one.position, money.ZERO) for one in of_kind if one.release.only)
    same = [one for one in of_kind if _shares_with(one, part)]
    share = money.total(one.release.share for one in same if one.position in made) + part.release.share
    gone = money.total(made.get(one.position, money.ZERO) for one in same)
    return max(min(money.half_up(pool * share / HUNDRED, currency) - gone, left), money.ZERO)


def _shares_with(one: ScheduledRelease, part: ScheduledRelease) -> bool:
    """Whether two parts are shares of the same: of one section, or of what sections leave."""
    sections = [each.release.milestone if each.release.only else None for each in (one, part)]
    return sections[0] == sections[1]


def shares_of(amount: Decimal, *, left: Sequence[Decimal], currency: str) -> list[Decimal]:
    """The release of ``amount`` over the invoices of which ``left`` is still withheld, in proportion to that.

    No invoice releases more than is left on it: largest remainder gives a part at most the whole unit above its exact
    share, and the exact share of less than all is below what is left.
    """
    if amount > money.total(left):
        raise ValueError(f"{amount} {currency} is more than the {money.total(left)} that is withheld")
    return money.split(amount, left, currency)


def due_from(
    release: RetentionRelease, *, completed_on: date | None, accepted_on: Mapping[str, date] | None = None
) -> date | None:
    """From which day a part is to be released by itself; None while nobody knows, or when somebody has to say so.

    ``accepted_on`` has the day by the title of each milestone that is accepted whole. With the end of the contract,
    ``completed_on``, what waits for a milestone that never came waits no more.
    """
    if release.event == DATE:
        return release.on
    start = completed_on
    if release.event == MILESTONE:
        start = (accepted_on or {}).get(release.milestone, completed_on)
    if release.event in (COMPLETION, MILESTONE) and start is not None:
        return start + timedelta(days=release.days)
    return None
