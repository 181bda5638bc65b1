"""What an offer would cost and earn, before anybody makes it: the same rules that price it, on terms being tried."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from apps.core import canonical
from apps.financing import services as financing
from apps.financing.models import Facility, FundingRequest, RequestItem
from apps.financing.rules import OfferTerms, Totals
from apps.financing.rules.texts import PricedLine, Rates
from apps.financing.rules.waterfall import late_charge
from apps.financing.rules.xirr import xirr
from apps.parties.actor import Actor
from apps.portals import charts, formats
from apps.portals.financier.exposure import Exposure, buyer_share
from apps.portals.financier.pages import rate

SLIPS: Final = (0, 15, 30, 60)
"""Days by which the buyer might pay later than expected."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What becomes of an offer when the buyer pays ``days`` late. ``returned`` is XIRR in per cent."""

    days: int
    paid_on: date
    late_charge: Decimal
    to_seller: Decimal
    income: Decimal
    returned: Decimal | None

    @property
    def returned_text(self) -> str:
        return _percent(self.returned)


@dataclass(frozen=True, slots=True)
class Quote:
    """Terms with their figures; rates in per cent."""

    terms: OfferTerms
    lines: Sequence[PricedLine]
    whole: Totals
    rates: Rates
    exposure: Exposure
    before_acceptance: Exposure | None
    """The part of the facility that may be out before acceptance; None where nothing of this would be."""
    buyer_before: Decimal
    buyer_after: Decimal
    slips: Sequence[Slip]
    seen: str
    """What the figures on the page were made of, so that nothing else is priced."""

    @property
    def days(self) -> int | None:
        """The days charged of an offer of one line."""
        return self.lines[0].price.days if len(self.lines) == 1 else None

    @property
    def apr_text(self) -> str:
        return _percent(self.rates.apr)

    @property
    def xirr_text(self) -> str:
        return _percent(self.rates.xirr)

    @property
    def line_rows(self) -> list[tuple[PricedLine, str, str, str]]:
        """Each line with its terms and rates in words."""
        return [
            (
                line,
                _("%(share)s at %(rate)s, %(days)s days")
                % {
                    "share": rate(line.terms.advance_rate),
                    "rate": rate(line.terms.annual_rate),
                    "days": line.price.days,
                },
                _percent(line.rates.apr),
                _percent(line.rates.xirr),
            )
            for line in self.lines
        ]

    @property
    def over(self) -> Decimal:
        """By how much the advance is more than is left, of the whole limit or of its part; zero when it fits."""
        parts = [self.exposure, *([self.before_acceptance] if self.before_acceptance else [])]
        return max(Decimal(0), *(-part.headroom_after for part in parts))


def _percent(points: Decimal | None) -> str:
    return "\N{EN DASH}" if points is None else rate(points)


def seen_of(terms: OfferTerms) -> str:
    """The SHA-256 that stands for terms on a page."""
    return canonical.sha256(canonical.text(terms))


def quote(
    actor: Actor, request: FundingRequest, items: Sequence[RequestItem], *, terms: OfferTerms, exposure: Exposure
) -> Quote:
    """Price what a request asks for on some terms; refused where the terms make no offer."""
    found = financing.quote_of(request, items=items, terms=terms)
    advance = found.whole.gross
    before, after = buyer_share(actor, buyer_id=request.contract.buyer_id, currency=request.currency, further=advance)
    return Quote(
        terms=terms,
        lines=found.lines,
        whole=found.whole,
        rates=found.rates,
        exposure=Exposure(exposure.limit, exposure.advanced, exposure.promised, advance),
        before_acceptance=_before_acceptance(request.facility, further=found.before_acceptance),
        buyer_before=before,
        buyer_after=after,
        slips=[_slip(request, found, funding_on=terms.funding_on, days=days) for days in SLIPS],
        seen=seen_of(terms),
    )


def _before_acceptance(facility: Facility, *, further: Decimal) -> Exposure | None:
    if not further:
        return None
    promised = facility.pre_limit - facility.advanced_pre - financing.pre_headroom(facility)
    return Exposure(facility.pre_limit, facility.advanced_pre, max(promised, Decimal(0)), further)


def _slip(request: FundingRequest, found: financing.Quote, *, funding_on: date, days: int) -> Slip:
    """The late charge begins after the discount's days, or the due date, and the grace; the reserve bears it.

    Before acceptance there is no due date yet: a slip is taken as the buyer's lateness.
    """
    facility, later = request.facility, timedelta(days=days)
    taken, back = Decimal(0), []
    for line in found.lines:
        paid_on = line.terms.expected_on + later
        charged_until = funding_on + timedelta(days=line.price.days)
        charge = late_charge(
            gross=line.price.gross,
            repayments=[],
            free_until=max(charged_until, line.sold.due_on or charged_until) + timedelta(days=facility.grace_days),
            through=paid_on,
            late_rate=facility.late_rate,
            currency=request.currency,
        )
        kept = min(charge, line.price.reserve)
        taken += kept
        back.append((paid_on, line.price.gross + kept))
    whole = found.whole
    return Slip(
        days=days,
        paid_on=max(on for on, _amount in back),
        late_charge=taken,
        to_seller=whole.reserve - taken,
        income=whole.discount + whole.fee + taken,
        returned=xirr([(funding_on, -whole.net), *back]),
    )


def waterfall_of(one: Quote, *, currency: str) -> charts.Waterfall:
    """From the invoices to what the seller gets at funding, as a chart."""
    figures = one.whole
    steps = [(_("Invoice"), figures.face), (_("Reserve"), -figures.reserve), (_("Discount"), -figures.discount)]
    if figures.fee:
        steps.append((_("Fee"), -figures.fee))
    return charts.Waterfall(
        title=_("From invoice to payout"),
        says=_("%(net)s is paid to the seller at funding, %(reserve)s after the buyer has paid.")
        % {"net": formats.money(figures.net, currency), "reserve": formats.money(figures.reserve, currency)},
        steps=steps,
        left=_("Paid out"),
        currency=currency,
    )


def no_headroom(one: Quote, *, currency: str) -> str:
    """The words for an advance that the facility does not hold; nothing when it does."""
    if not one.over:
        return ""
    return _("The advance is %(over)s more than the facility has left. Lower the advance rate.") % {
        "over": formats.money(one.over, currency)
    }
