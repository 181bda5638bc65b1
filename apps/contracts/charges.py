"""What the sides agree to charge beside the price: damages for delay, a bonus for being early, back-charges.

Plain values, like the draft that carries them. What they must say stands in :mod:`apps.contracts.rules.charges`.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

OUTSIDE: Final = "outside"
"""Compensation: outside the scope of tax."""
PRICE: Final = "price"
"""A part of the price: taxed as the contract is."""
TREATMENTS: Final = (OUTSIDE, PRICE)

WHOLE, BEGUN, SHARE = "whole", "begun", "share"
PART_PERIODS: Final = (WHOLE, BEGUN, SHARE)
"""What a period counts that did not run to its end: nothing, all of it, or its days."""
DAY, WEEK = 1, 7
PERIODS: Final = (DAY, WEEK)


@dataclass(frozen=True, slots=True)
class Rate:
    """What each period of ``days`` costs: ``percent`` of the milestone's amount, or a sum (``amount``), net of tax.

    ``part_period`` says what a period counts that is not over. ``cap`` is the most, in percent of that amount.
    """

    percent: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    days: int = DAY
    part_period: str = WHOLE
    cap: Decimal = Decimal(5)


@dataclass(frozen=True, slots=True)
class DamageTerms:
    """Liquidated damages for each milestone that is accepted later than ``grace_days`` after its planned day.

    ``tax`` is their treatment. ``may_object``: they stand once the seller agrees, who may object; else at once.
    """

    rate: Rate
    grace_days: int = 0
    tax: str = OUTSIDE
    may_object: bool = True


@dataclass(frozen=True, slots=True)
class BonusTerms:
    """A bonus for each milestone that is accepted before its planned day; taxed as the price, of which it is a part."""

    rate: Rate


@dataclass(frozen=True, slots=True)
class ChargeTerms:
    """All that is agreed of this. ``back_charges`` is the treatment of what the buyer charges back, if it may."""

    damages: DamageTerms | None = None
    bonus: BonusTerms | None = None
    back_charges: str = ""
