"""What a contract is worth, and which part of it each obligation bears: IFRS 15.47-90, ASC 606-10-32."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.core import money


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """An amount that depends on what is still to happen: a bonus is positive, a penalty or rebate negative.

    ``is_constrained`` while it is not highly probable that counting it in will not be reversed (IFRS 15.56).
    """

    amount: Decimal
    is_constrained: bool


def transaction_price(fixed: Decimal, variable: Sequence[Variable] = ()) -> Decimal:
    """The fixed price and those variable amounts that are not constrained."""
    return fixed + money.total(one.amount for one in variable if not one.is_constrained)


def allocated(price: Decimal, *, standalone: Sequence[Decimal], currency: str) -> list[Decimal]:
    """The price shared out by stand-alone selling prices (IFRS 15.76), to the minor unit, adding up to the price."""
    return money.split(price, standalone, currency)
