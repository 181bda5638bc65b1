"""What may be agreed to be charged beside the price, how it is written down, and what it comes to.

Damages compensate for delay, so they are usually outside the scope of value added tax (Article 73 of Directive
2006/112/EC taxes what is given for a supply); where the parties agree on a lower price instead, its tax falls with it
(Article 90). A bonus is given for the supply, and is taxed as it is. The number is what was agreed: whether a court
would lower it (German Civil Code, section 343) is not computed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from apps.contracts.charges import (
    BEGUN,
    PART_PERIODS,
    PERIODS,
    SHARE,
    TREATMENTS,
    BonusTerms,
    ChargeTerms,
    DamageTerms,
    Rate,
)
from apps.core import money
from apps.core.errors import Refused

MOST_DECIMALS: Final = 4
MOST_GRACE: Final = 365
HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What a milestone's day comes to: ``days`` that count between ``agreed_on`` and ``accepted_on``, in so many
    ``periods`` (a fraction where parts count), the sum before the cap (``uncapped``), the ``amount``, net of tax."""

    agreed_on: date
    accepted_on: date
    days: int
    periods: Fraction
    uncapped: Decimal
    amount: Decimal

    @property
    def is_capped(self) -> bool:
        return self.amount < self.uncapped


def damages(
    terms: DamageTerms,
    *,
    worth: Decimal,
    agreed_on: date,
    accepted_on: date,
    currency: str,
    whole: Decimal | None = None,
) -> Reckoned | None:
    """What delay costs of a milestone of this ``worth``: from the day after the last day of grace to the day of
    acceptance, that day included (Regulation (EEC, Euratom) 1182/71, Article 3(1)); None where it is not late.

    Where only a part of the milestone is worth that, ``whole`` is the amount that was agreed for all of it.
    """
    days = (accepted_on - agreed_on - timedelta(days=terms.grace_days)).days
    of = (worth, worth if whole is None else whole)
    return _reckoned(terms.rate, of=of, between=(agreed_on, accepted_on), days=days, currency=currency)


def bonus(
    terms: BonusTerms,
    *,
    worth: Decimal,
    agreed_on: date,
    accepted_on: date,
    currency: str,
    whole: Decimal | None = None,
) -> Reckoned | None:
    """What being early earns of a milestone of this ``worth``, or of so much of a ``whole``; None where it is not
    early."""
    days = (agreed_on - accepted_on).days
    of = (worth, worth if whole is None else whole)
    return _reckoned(terms.rate, of=of, between=(agreed_on, accepted_on), days=days, currency=currency)


def _reckoned(
    rate: Rate, *, of: tuple[Decimal, Decimal], between: tuple[date, date], days: int, currency: str
) -> Reckoned | None:
    """``of``: what counts, and the whole of which it is a part. A sum for the milestone is borne by its parts in
    proportion, so that they never come to more than was agreed for all of it."""
    if days <= 0:
        return None
    worth, whole = of
    periods = _periods(days, rate)
    each = rate.amount * worth / whole if rate.amount else worth * rate.percent / HUNDRED
    uncapped = money.half_up(each * periods.numerator / periods.denominator, currency)
    amount = min(uncapped, money.half_up(worth * rate.cap / HUNDRED, currency))
    return Reckoned(*between, days, periods, uncapped, amount) if amount else None


def _periods(days: int, rate: Rate) -> Fraction:
    if rate.part_period == SHARE:
        return Fraction(days, rate.days)
    return Fraction(-(-days // rate.days) if rate.part_period == BEGUN else days // rate.days)


def check_charges(terms: ChargeTerms, *, currency: str) -> None:
    """Refuse terms that charge nothing, more than the milestone, or that nobody could compute."""
    if terms.damages is not None:
        _check_rate(terms.damages.rate, of="damages", currency=currency)
        if not 0 <= terms.damages.grace_days <= MOST_GRACE:
            raise Refused("Days of grace are between 0 and {most}.", field="damages_grace", most=MOST_GRACE)
        if terms.damages.tax not in TREATMENTS:
            raise Refused("Say how damages are taxed.", field="damages_tax")
    if terms.bonus is not None:
        _check_rate(terms.bonus.rate, of="bonus", currency=currency)
    if terms.back_charges and terms.back_charges not in TREATMENTS:
        raise Refused("Say how back-charges are taxed.", field="back_charges")


def _check_rate(rate: Rate, *, of: str, currency: str) -> None:
    if rate.days not in PERIODS:
        raise Refused("Charge by the day or by the week.", field=f"{of}_days")
    if rate.part_period not in PART_PERIODS:
        raise Refused("Say what a part of a period counts.", field=f"{of}_part_period")
    if bool(rate.percent) == bool(rate.amount):
        raise Refused(
            "Enter a percentage of the milestone or a sum for each period: one of them.", field=f"{of}_percent"
        )
    if rate.amount:
        money.payable(rate.amount, currency, field=f"{of}_amount")
    _check_percent(rate.percent, least=Decimal(0), field=f"{of}_percent")
    _check_percent(rate.cap, least=Decimal("0.0001"), field=f"{of}_cap")


def check_own_charge(percent: Decimal, *, position: int) -> None:
    """Refuse a rate of a period that a line of the plan cannot have of its own; zero means that nothing is owed."""
    if not percent.is_finite() or not 0 <= percent <= HUNDRED or percent != round(percent, MOST_DECIMALS):
        raise Refused(
            "Own damages and bonus of line {line} are a percentage between 0 and 100 with at most {most} decimals.",
            field="lines",
            line=position,
            most=MOST_DECIMALS,
        )


def _check_percent(percent: Decimal, *, least: Decimal, field: str) -> None:
    if not percent.is_finite() or not least <= percent <= HUNDRED:
        raise Refused("Enter a percentage above 0 and at most 100.", field=field)
    if percent != round(percent, MOST_DECIMALS):
        raise Refused("Give the percentage with at most {most} decimals.", field=field, most=MOST_DECIMALS)


def plain_charges(terms: ChargeTerms | None) -> dict[str, Any] | None:
    """The same for a canonical text and for a column; decimals as text, and nothing of what is not agreed."""
    if terms is None:
        return None
    said: dict[str, Any] = {}
    if terms.damages is not None:
        said["damages"] = {
            **_plain_rate(terms.damages.rate),
            "grace_days": terms.damages.grace_days,
            "tax": terms.damages.tax,
            "may_object": terms.damages.may_object,
        }
    if terms.bonus is not None:
        said["bonus"] = _plain_rate(terms.bonus.rate)
    if terms.back_charges:
        said["back_charges"] = terms.back_charges
    return said or None


def _plain_rate(rate: Rate) -> dict[str, Any]:
    return {
        "percent": str(rate.percent),
        "amount": str(rate.amount),
        "days": rate.days,
        "part_period": rate.part_period,
        "cap": str(rate.cap),
    }


def read_charges(said: Mapping[str, Any] | None) -> ChargeTerms | None:
    """What :func:`plain_charges` wrote."""
    if said is None:
        return None
    late, early = said.get("damages"), said.get("bonus")
    return ChargeTerms(
        damages=DamageTerms(_read_rate(late), late["grace_days"], late["tax"], late["may_object"]) if late else None,
        bonus=BonusTerms(_read_rate(early)) if early else None,
        back_charges=said.get("back_charges", ""),
    )


def _read_rate(terms: Mapping[str, Any]) -> Rate:
    # A template keeps the rate by itself.
    said: Mapping[str, Any] = terms.get("rate", terms)
    return Rate(
        Decimal(said["percent"]), Decimal(said["amount"]), said["days"], said["part_period"], Decimal(said["cap"])
    )
