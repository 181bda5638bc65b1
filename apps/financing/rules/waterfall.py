"""Who gets a buyer's payment: late charge, advance, the seller's reserve, and the surplus back to the buyer.

Money moves down only when the step above is filled: nothing of the reserve is released while advance is outstanding.
The late charge is taken out of the reserve, so the receivable stays what the buyer owes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from apps.core import money
from apps.financing.rules.price import HUNDRED, YEAR


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in the book for one tranche on the day of a payment, income accrued through it. None is negative."""

    receivable: Decimal
    reserve: Decimal
    unearned_discount: Decimal
    unearned_fee: Decimal
    advance: Decimal = money.ZERO
    """What was advanced before acceptance, and is not converted."""
    allowance: Decimal = money.ZERO
    """What is allowed for a loss."""

    @property
    def outstanding(self) -> Decimal:
        return self.advance or outstanding(receivable=self.receivable, reserve=self.reserve)


@dataclass(frozen=True, slots=True)
class Shares:
    """One payment, shared out: ``late_charge + to_advance + to_seller = to_receivable``, with ``to_buyer`` the payment.
    Of what was written off, ``recovered`` stands in the place of ``to_advance``.

    ``to_seller`` is reserve released. When this payment repays the last of the advance, ``rebate`` (discount not
    earned, given back to the seller) and ``fee_earned`` (fee recognised at once) come on top.
    """

    to_receivable: Decimal
    late_charge: Decimal
    to_advance: Decimal
    to_seller: Decimal
    to_buyer: Decimal
    rebate: Decimal
    fee_earned: Decimal
    repays_advance: bool
    recovered: Decimal = money.ZERO


@dataclass(frozen=True, slots=True)
class Repayment:
    """What a former payment repaid of the advance."""

    on: date
    amount: Decimal


def outstanding(*, receivable: Decimal, reserve: Decimal) -> Decimal:
    """The advance still out: what the buyer owes less what of it is the seller's, never below zero."""
    return max(money.ZERO, receivable - reserve)


def share(amount: Decimal, *, standing: Standing, late_due: Decimal) -> Shares:
    """Share a payment out.

    ``late_due`` is the late charge due and not yet taken; what of it finds no money or no reserve stays due.
    """
    to_receivable = min(amount, standing.receivable)
    late_charge = min(late_due, standing.reserve, to_receivable)
    to_advance = min(to_receivable - late_charge, standing.outstanding)
    repays_advance = standing.outstanding > 0 and to_advance == standing.outstanding
    return Shares(
        to_receivable=to_receivable,
        late_charge=late_charge,
        to_advance=to_advance,
        to_seller=to_receivable - late_charge - to_advance,
        to_buyer=amount - to_receivable,
        rebate=standing.unearned_discount if repays_advance else money.ZERO,
        fee_earned=standing.unearned_fee if repays_advance else money.ZERO,
        repays_advance=repays_advance,
    )


def for_the_seller(amount: Decimal, *, owed: Decimal) -> Shares:
    """Share out what came before any advance was paid: up to what was ``owed`` it is the seller's, then the buyer's."""
    to_receivable = min(amount, owed)
    return Shares(
        to_receivable=to_receivable,
        late_charge=money.ZERO,
        to_advance=money.ZERO,
        to_seller=to_receivable,
        to_buyer=amount - to_receivable,
        rebate=money.ZERO,
        fee_earned=money.ZERO,
        repays_advance=False,
    )


def recovered(amount: Decimal, *, owed: Decimal, lost: Decimal) -> Shares:
    """Share out what comes in on an advance that was written off: ``lost`` of it first, the rest that was ``owed`` is
    the seller's, and what exceeds that the buyer's."""
    shares = for_the_seller(amount, owed=owed)
    to_loss = min(shares.to_receivable, lost)
    return replace(shares, recovered=to_loss, to_seller=shares.to_receivable - to_loss)


def late_charge(
    *,
    gross: Decimal,
    repayments: Iterable[Repayment],
    free_until: date,
    through: date,
    late_rate: Decimal,
    currency: str,
) -> Decimal:
    """The late charge for all days after ``free_until`` (the last day of grace) through a date, taken or not.

    ``late_rate`` percent a year of 360 days on the advance outstanding on each day. A payment counts from its date on.
    """
    left, since, weighted = gross, free_until, money.ZERO
    for repayment in sorted(repayments, key=lambda r: r.on):
        if repayment.on > through:
            break
        if repayment.on > since:
            weighted += left * (repayment.on - since).days
            since = repayment.on
        left -= repayment.amount
    weighted += left * max((through - since).days, 0)
    return money.half_up(weighted * late_rate / (HUNDRED * YEAR), currency)
