"""What an offer on some terms would come to: the same figures for a price that is tried and for one that is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Max

from apps.core import money
from apps.core.errors import Refused
from apps.financing.models import Facility, FundingRequest, RequestItem
from apps.financing.models.offer import Stage
from apps.financing.rules import LineTerms, OfferTerms, Price, Totals, texts
from apps.financing.rules.apr import Flow, rate_by
from apps.financing.rules.expectation import History, Part
from apps.financing.rules.price import check_validity, price, totals
from apps.financing.rules.unit_period import unit_period
from apps.financing.rules.xirr import xirr
from apps.financing.services.eligibility import invoice_of, sold, stage_of
from apps.financing.services.expectations import parts_until_paid
from apps.milestones.models import Milestone

STORED = Decimal("0.0001")
HIGHEST = Decimal(100_000)
"""Percent a year beyond which a rate says nothing any more; the columns end there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Lines in the order of the plan, their sums, and what all of them together cost a year."""

    lines: tuple[texts.PricedLine, ...]
    whole: Totals
    rates: texts.Rates

    @property
    def before_acceptance(self) -> Decimal:
        """The part of the advance that is paid out on milestones that are not accepted yet."""
        return money.total(line.price.gross for line in self.lines if not line.is_accepted)


def usual_terms(*, facility: Facility, milestone: Milestone, expected_on: date) -> LineTerms:
    """Where pricing begins: the facility's rates before acceptance or after it, and the expected payment."""
    if invoice_of(milestone) is not None:
        return LineTerms(
            advance_rate=facility.advance_rate,
            annual_rate=facility.annual_rate,
            fee_rate=facility.fee_rate,
            expected_on=expected_on,
        )
    return LineTerms(
        advance_rate=facility.pre_advance_rate,
        annual_rate=facility.pre_annual_rate,
        fee_rate=facility.pre_fee_rate,
        expected_on=expected_on,
    )


def until_paid(milestone: Milestone, *, funding_on: date, history: History) -> Sequence[Part]:
    """The steps to the expected payment.

    An invoice is paid when it is due. Before acceptance the payment is expected after the planned completion, or after
    the funding where none is planned, and the whole review and payment periods. A cumulative milestone is accepted
    after those above it, so it is completed when the last of them is planned to be. ``history`` adds what the seller's
    milestones usually slip and the buyer usually pays late.
    """
    completed_on = funding_on
    if invoice_of(milestone) is None:
        completed_on = max(_planned_on(milestone) or funding_on, funding_on)
    return parts_until_paid(milestone, completed_on=completed_on, funding_on=funding_on, history=history)


def _planned_on(milestone: Milestone) -> date | None:
    """The day on which a milestone can be complete by the plan; one query, and none unless it is cumulative."""
    if not milestone.line.is_cumulative:
        return milestone.planned_on
    above = Milestone.objects.unfinished().filter(contract=milestone.contract_id, position__lt=milestone.position)
    latest: date | None = above.aggregate(latest=Max("planned_on"))["latest"]
    return max((day for day in (milestone.planned_on, latest) if day is not None), default=None)


def quote_of(request: FundingRequest, *, items: Sequence[RequestItem], terms: OfferTerms) -> Quote:
    """Price what a request asks for; refused where a line or the whole makes no offer."""
    check_validity(terms.valid_days)
    if len(terms.lines) != len(items):
        raise Refused("Price each of the {count} milestones that were asked for.", count=len(items))
    lines = tuple(
        _priced(request, item, terms=line, funding_on=terms.funding_on)
        for item, line in zip(items, terms.lines, strict=True)
    )
    whole = totals([line.price for line in lines])
    back = [(line.terms.expected_on, line.price.gross) for line in lines]
    return Quote(lines=lines, whole=whole, rates=rates_of(paid_out=(terms.funding_on, whole.net), back=back))


def rates_of(*, paid_out: Flow, back: Sequence[Flow]) -> texts.Rates:
    """APR and XIRR in percent to four decimals of paying once and getting advances back; by the day, each day once."""
    by_day: dict[date, Decimal] = {}
    for on, amount in back:
        by_day[on] = by_day.get(on, money.ZERO) + amount
    payments = sorted(by_day.items())
    unit = unit_period([paid_out[0]], [on for on, _ in payments])
    apr = rate_by(unit, [paid_out], payments)
    yearly = xirr([(paid_out[0], -paid_out[1]), *payments])
    if yearly is None or max(apr, yearly) >= HIGHEST:
        raise Refused("These terms cost more than {most} percent a year. Check rates and dates.", most=HIGHEST)
    return texts.Rates(
        apr=apr.quantize(STORED, ROUND_HALF_UP), xirr=yearly.quantize(STORED, ROUND_HALF_UP), unit_period=str(unit)
    )


def _priced(request: FundingRequest, item: RequestItem, *, terms: LineTerms, funding_on: date) -> texts.PricedLine:
    facility = request.facility
    found: Price = price(
        face=item.face,
        eligible=item.face,
        currency=request.currency,
        terms=terms,
        funding_on=funding_on,
        least_fee_days=facility.least_fee_days,
    )
    if stage_of(item.milestone) == Stage.PRE and found.days > facility.pre_longest_days:
        raise Refused(
            "Before acceptance nothing is advanced for more than {most} days under this facility.",
            field="expected_on",
            most=facility.pre_longest_days,
        )
    return texts.PricedLine(
        sold=sold(item.milestone, face=item.face, financier=request.financier),
        terms=terms,
        price=found,
        rates=rates_of(paid_out=(funding_on, found.net), back=[(terms.expected_on, found.gross)]),
    )
