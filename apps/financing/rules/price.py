"""What an advance costs: on an accepted milestone (the whole invoice is bought, with a reserve) or on one before it is.

Day count ACT/360, discount prepaid and withheld at funding, so nothing is added to what the buyer owes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.core import money
from apps.core.errors import Refused
from apps.core.percent import Percent

YEAR: int = 360
"""Days of the year in discount and late charge (ACT/360, as money markets count)."""

HUNDRED = Decimal(100)
LONGEST_TERM = 365
FINEST = Decimal("0.001")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTerms:
    """What an analyst enters for one milestone. Rates in percent, ``annual_rate`` per year of 360 days."""

    advance_rate: Decimal
    annual_rate: Decimal
    fee_rate: Decimal
    expected_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTerms:
    """What an analyst enters to price a request: its lines in the order of the plan, all paid out on ``funding_on``.

    Late rate, days of grace and least days charged are the facility's. The seller can accept for ``valid_days`` days.
    """

    funding_on: date
    lines: tuple[LineTerms, ...]
    valid_days: int = 7


@dataclass(frozen=True, slots=True)
class Price:
    """A line's figures in the contract's currency: ``net = gross − discount − fee``, ``reserve = face − gross``."""

    face: Decimal
    days: int
    gross: Decimal
    discount: Decimal
    fee: Decimal
    net: Decimal
    reserve: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """The figures of a whole offer, each the sum of its lines."""

    face: Decimal
    gross: Decimal
    discount: Decimal
    fee: Decimal
    net: Decimal
    reserve: Decimal


def totals(lines: Sequence[Price]) -> Totals:
    """Add an offer's lines up: nothing is rounded again, so the parts are the whole."""
    return Totals(
        face=money.total(line.face for line in lines),
        gross=money.total(line.gross for line in lines),
        discount=money.total(line.discount for line in lines),
        fee=money.total(line.fee for line in lines),
        net=money.total(line.net for line in lines),
        reserve=money.total(line.reserve for line in lines),
    )


def days_charged(*, funding_on: date, expected_on: date, least_fee_days: int) -> int:
    """Days from funding to the expected payment, at least the least fee days."""
    return max((expected_on - funding_on).days, least_fee_days)


def advance(*, eligible: Decimal, advance_rate: Decimal, currency: str) -> Decimal:
    """The advance: the rate's share of the eligible amount, rounded down so that the rate is never exceeded."""
    return money.floor(eligible * advance_rate / HUNDRED, currency)


def price(
    *, face: Decimal, eligible: Decimal, currency: str, terms: LineTerms, funding_on: date, least_fee_days: int
) -> Price:
    """Price an advance on one whole invoice of ``face``, issued or to come, against its ``eligible`` part.

    Discount and fee are rounded half up to the minor unit. Refused when the dates, the rates or the result make no
    offer.
    """
    _refuse_impossible(terms, funding_on=funding_on)
    days = days_charged(funding_on=funding_on, expected_on=terms.expected_on, least_fee_days=least_fee_days)
    gross = advance(eligible=eligible, advance_rate=terms.advance_rate, currency=currency)
    discount = money.half_up(gross * terms.annual_rate * days / (HUNDRED * YEAR), currency)
    fee = money.half_up(gross * terms.fee_rate / HUNDRED, currency)
    net = gross - discount - fee
    if gross == 0:
        raise Refused(
            "{rate} of this milestone is less than the smallest amount.",
            field="advance_rate",
            rate=Percent(terms.advance_rate),
        )
    if net <= 0:
        raise Refused(
            "Discount and fee would be {cost}, and the advance only {gross}: nothing would be paid out.",
            field="annual_rate",
            cost=f"{discount + fee:,f}",
            gross=f"{gross:,f}",
        )
    return Price(face=face, days=days, gross=gross, discount=discount, fee=fee, net=net, reserve=face - gross)


def rate_refused(rate: Decimal) -> bool:
    """Whether a percentage is outside 0 to 100, or finer than the three decimals that are kept."""
    return not (rate.is_finite() and 0 <= rate <= HUNDRED and rate == rate.quantize(FINEST))


def _refuse_impossible(terms: LineTerms, *, funding_on: date) -> None:
    if rate_refused(terms.advance_rate) or terms.advance_rate == 0:
        raise Refused(
            "Enter an advance rate above 0 and up to 100 percent, with at most 3 decimals.", field="advance_rate"
        )
    for field, rate in (("annual_rate", terms.annual_rate), ("fee_rate", terms.fee_rate)):
        if rate_refused(rate):
            raise Refused("Enter a rate between 0 and 100 percent, with at most 3 decimals.", field=field)
    if terms.expected_on <= funding_on:
        raise Refused("The buyer's payment is expected after the funding date. Check both dates.", field="expected_on")
    if (terms.expected_on - funding_on).days > LONGEST_TERM:
        raise Refused("Nothing is advanced for more than {most} days.", field="expected_on", most=LONGEST_TERM)


def check_validity(valid_days: int) -> None:
    """Refuse an offer that stands for less than a day or for longer than a quarter."""
    if not 1 <= valid_days <= 90:
        raise Refused("An offer stands for 1 to 90 days.", field="valid_days")
