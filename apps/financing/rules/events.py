"""What happens to an advance beside the buyer's payments, as amounts that move between accounts.

Amounts are in the advance's currency. The standing is that of the event's day, with income recognised through it.
"""

from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum

from apps.core import money
from apps.financing.rules.price import HUNDRED, YEAR, advance
from apps.financing.rules.waterfall import Standing


class Bears(StrEnum):
    """Who bears the discount of the days by which a payment comes later."""

    SELLER = "seller"
    NOBODY = "nobody"
    """The price stays as it was signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What one event moves, positive in debit: together nothing.

    ``recourse`` is what the seller owes back from now on. ``fee_income`` is the fee that is earned at once where an
    advance ends. ``carried`` stands on for the rest of a milestone that was accepted in part.
    """

    receivable: Decimal = money.ZERO
    advance: Decimal = money.ZERO
    recourse: Decimal = money.ZERO
    allowance: Decimal = money.ZERO
    reserve: Decimal = money.ZERO
    discount: Decimal = money.ZERO
    fee: Decimal = money.ZERO
    fee_income: Decimal = money.ZERO
    loss: Decimal = money.ZERO
    carried: Decimal = money.ZERO

    def __post_init__(self) -> None:
        if money.total(getattr(self, one.name) for one in fields(self)):
            raise ValueError(f"{self} does not add up to nothing")

    @property
    def lowers(self) -> Decimal:
        """By how much the advance outstanding falls."""
        return -(self.receivable + self.advance + self.reserve)


def covered(*, total: Decimal, rate: Decimal, currency: str) -> Decimal:
    """How much of an advance an accepted amount covers: ``rate`` percent of it, rounded down."""
    return advance(eligible=total, advance_rate=rate, currency=currency)


def charge_back(standing: Standing, *, amount: Decimal, currency: str) -> Moves:
    """A part of what was advanced before acceptance is owed back by the seller, less its share of the discount that
    is not earned; with the last of the advance the fee is earned at once."""
    rebate = _rebate(standing, amount=amount, currency=currency)
    fee = standing.unearned_fee if amount == standing.outstanding else money.ZERO
    released = _released(standing, amount=amount)
    return Moves(
        advance=-amount,
        recourse=amount - rebate,
        discount=rebate,
        fee=fee,
        fee_income=-fee,
        allowance=released,
        loss=-released,
    )


def owed_by_change(standing: Standing, *, total: Decimal, face: Decimal, rate: Decimal, currency: str) -> Moves | None:
    """What is owed back of an advance before acceptance whose milestone comes to ``total`` now, tax included, and came
    to ``face`` when it was priced; None where it stays covered.

    A smaller milestone holds the same share of itself, ``rate`` percent, as was agreed; one that is gone holds nothing.
    """
    holds = covered(total=total, rate=rate, currency=currency) if total else money.ZERO
    if total >= face or standing.outstanding <= holds:
        return None
    return charge_back(standing, amount=standing.outstanding - holds, currency=currency)


def carry_over(standing: Standing, *, amount: Decimal, currency: str) -> Moves:
    """A part of what was advanced before acceptance stands on for the rest of the milestone, with its share of discount
    and fee that are not earned: nothing is owed back, and nothing is earned by it."""
    discount = _rebate(standing, amount=amount, currency=currency)
    fee = money.half_up(standing.unearned_fee * amount / standing.outstanding, currency)
    released = _released(standing, amount=amount)
    return Moves(
        advance=-amount, discount=discount, fee=fee, carried=amount - discount - fee, allowance=released, loss=-released
    )


def dilute(standing: Standing, *, amount: Decimal, currency: str) -> Moves:
    """The buyer owes ``amount`` less of a bought invoice: the reserve bears it first, then the seller owes it back."""
    out_of_reserve = min(amount, standing.reserve)
    back = amount - out_of_reserve
    rebate = _rebate(standing, amount=back, currency=currency)
    fee = standing.unearned_fee if back and back == standing.outstanding else money.ZERO
    released = _released(standing, amount=back)
    return Moves(
        receivable=-amount,
        reserve=out_of_reserve,
        recourse=back - rebate,
        discount=rebate,
        fee=fee,
        fee_income=-fee,
        allowance=released,
        loss=-released,
    )


def slip(*, outstanding: Decimal, annual_rate: Decimal, days: int, currency: str) -> Moves:
    """The payment is expected later, and the seller bears it: discount of ``days`` more, owed and not earned yet."""
    more = money.half_up(outstanding * annual_rate * days / (HUNDRED * YEAR), currency)
    return Moves(recourse=more, discount=-more)


def allow(amount: Decimal) -> Moves:
    """The allowance for a loss is raised by ``amount``, or lowered by a negative one."""
    return Moves(loss=amount, allowance=-amount)


def write_off(standing: Standing) -> Moves:
    """Nothing more is expected, and all of the advance is allowed for: the receivable leaves the book, and the
    seller's reserve with it. Discount and fee that were never earned make the loss smaller."""
    return Moves(
        receivable=-standing.receivable,
        reserve=standing.reserve,
        allowance=standing.outstanding,
        discount=standing.unearned_discount,
        fee=standing.unearned_fee,
        loss=-(standing.unearned_discount + standing.unearned_fee),
    )


def _released(standing: Standing, *, amount: Decimal) -> Decimal:
    """What of an allowance is not needed any more once ``amount`` of the advance is charged back: never more is allowed
    for than is out."""
    return max(money.ZERO, standing.allowance - (standing.outstanding - amount))


def _rebate(standing: Standing, *, amount: Decimal, currency: str) -> Decimal:
    """The share of the discount not earned yet that belongs to ``amount`` of the advance outstanding."""
    if not amount:
        return money.ZERO
    if amount == standing.outstanding:
        return standing.unearned_discount
    return money.half_up(standing.unearned_discount * amount / standing.outstanding, currency)
