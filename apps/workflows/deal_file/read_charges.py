"""What a deal file says of damages, bonuses and back-charges."""

from decimal import Decimal

from apps.contracts.charges import (
    DAY,
    OUTSIDE,
    PART_PERIODS,
    TREATMENTS,
    WEEK,
    WHOLE,
    BonusTerms,
    ChargeTerms,
    DamageTerms,
    Rate,
)
from apps.contracts.rules.charges import MOST_GRACE, check_charges
from apps.core import money
from apps.workflows.deal_file.reader import Place


def read_charges(place: Place | None, currency: str) -> ChargeTerms | None:
    """`damages` and `bonus`, each with `percent` or `amount` for each `per` (day or week), `part_period` and `cap`;
    `back_charges` with their tax; nothing is agreed where the key is absent."""
    if place is None:
        return None
    damages, bonus, back = (place.maybe(key) for key in ("damages", "bonus", "back_charges"))
    terms = ChargeTerms(
        damages=_damages(damages) if damages is not None else None,
        bonus=BonusTerms(_rate(bonus)) if bonus is not None else None,
        back_charges=back.one_of(*TREATMENTS) if back is not None else "",
    )
    for one in (damages, bonus, place):
        if one is not None:
            one.done()
    place.by(lambda: check_charges(terms, currency=currency))
    return terms


def _damages(place: Place) -> DamageTerms:
    grace, tax, may_object = (place.maybe(key) for key in ("grace_days", "tax", "may_object"))
    return DamageTerms(
        _rate(place),
        grace_days=grace.whole(most=MOST_GRACE) if grace is not None else 0,
        tax=tax.one_of(*TREATMENTS) if tax is not None else OUTSIDE,
        may_object=may_object.yes_or_no() if may_object is not None else True,
    )


def _rate(place: Place) -> Rate:
    percent, amount, per, part, cap = (place.maybe(key) for key in ("percent", "amount", "per", "part_period", "cap"))
    return Rate(
        percent=percent.percentage() if percent is not None else Decimal(0),
        amount=amount.number(least=Decimal(0), most=money.LARGEST) if amount is not None else Decimal(0),
        days=WEEK if per is not None and per.one_of("day", "week") == "week" else DAY,
        part_period=part.one_of(*PART_PERIODS) if part is not None else WHOLE,
        cap=cap.percentage() if cap is not None else Decimal(5),
    )
