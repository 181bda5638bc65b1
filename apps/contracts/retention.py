"""What the sides agree of retention: which part of each invoice the buyer keeps back, and when it is paid.

Plain values, like the draft that carries them. What they must say stands in :mod:`apps.contracts.rules.retention`.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

NET: Final = "net"
GROSS: Final = "gross"
COMPLETION: Final = "completion"
DATE: Final = "date"
BUYER: Final = "buyer"
SELLER: Final = "seller"


@dataclass(frozen=True, slots=True)
class RetentionStep:
    """From ``billed`` percent of the price on, another ``rate`` in percent is withheld."""

    billed: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True)
class RetentionRelease:
    """A part of what was withheld, and by what it becomes due.

    ``share`` is in percent of all that is withheld. ``event`` is ``completion`` (the last milestone is accepted, and
    ``days`` calendar days have passed since), ``date`` (``on`` is reached), ``buyer`` (the buyer says so) or ``seller``
    (the seller says so).
    """

    share: Decimal
    event: str = COMPLETION
    days: int = 0
    on: date | None = None


@dataclass(frozen=True, slots=True)
class RetentionTerms:
    """How much is withheld of each invoice: ``rate`` in percent of its ``base``, its amount ``net`` or ``gross`` of
    tax.

    A rate of zero is agreed, unlike no terms at all. ``steps`` change the rate with what is billed of the price; in all
    no more is ever withheld than the caps: ``cap_percent`` of the price, ``cap_amount`` in the contract's currency.

    ``payable_most``, in percent of the price, is another kind, and stands alone: what is accepted is billed, and of all
    that is billed no more is payable before the last milestone is accepted; with it the rest becomes payable.
    """

    rate: Decimal
    base: str = NET
    steps: tuple[RetentionStep, ...] = ()
    cap_percent: Decimal | None = None
    cap_amount: Decimal | None = None
    releases: tuple[RetentionRelease, ...] = (RetentionRelease(Decimal(100)),)
    payable_most: Decimal | None = None


def payable_until_final(percent: Decimal) -> RetentionTerms:
    """No more than so much of the price is payable before the last milestone is accepted."""
    return RetentionTerms(Decimal(0), payable_most=percent)
