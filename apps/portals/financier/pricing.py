"""What an offer would cost and earn, before anybody makes it: the same rules that price it, on terms being tried."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from apps.core import canonical
from apps.financing.models import FundingRequest
from apps.financing.rules import OfferTerms, Price
from apps.financing.rules.apr import annual_percentage_rate
from apps.financing.rules.price import price
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
    price: Price
    apr: Decimal
    xirr: Decimal | None
    exposure: Exposure
    buyer_before: Decimal
    buyer_after: Decimal
    slips: Sequence[Slip]
    seen: str
    """What the figures on the page were made of, so that nothing else is priced."""

    @property
    def apr_text(self) -> str:
        return _percent(self.apr)

    @property
    def xirr_text(self) -> str:
        return _percent(self.xirr)

    @property
    def is_within_limit(self) -> bool:
        return self.exposure.headroom_after >= 0


def _percent(points: Decimal | None) -> str:
    return "\N{EN DASH}" if points is None else rate(points)


def seen_of(terms: OfferTerms) -> str:
    """The SHA-256 that stands for terms on a page."""
    return canonical.sha256(canonical.text(terms))


def quote(actor: Actor, request: FundingRequest, *, terms: OfferTerms, exposure: Exposure) -> Quote:
    """Price the whole invoice of a request on some terms; refused where the terms make no offer."""
    invoice, facility = request.invoice, request.facility
    figures = price(
        face=invoice.gross,
        eligible=invoice.gross,
        currency=invoice.currency,
        terms=terms,
        least_fee_days=facility.least_fee_days,
    )
    out, back = (terms.funding_on, figures.net), (terms.expected_on, figures.gross)
    before, after = buyer_share(actor, buyer_id=invoice.buyer_id, currency=invoice.currency, further=figures.gross)
    return Quote(
        terms=terms,
        price=figures,
        apr=annual_percentage_rate([out], [back]),
        xirr=xirr([(terms.funding_on, -figures.net), back]),
        exposure=Exposure(exposure.limit, exposure.advanced, exposure.promised, figures.gross),
        buyer_before=before,
        buyer_after=after,
        slips=[_slip(request, terms=terms, figures=figures, days=days) for days in SLIPS],
        seen=seen_of(terms),
    )


def _slip(request: FundingRequest, *, terms: OfferTerms, figures: Price, days: int) -> Slip:
    """The late charge begins after the days that the discount pays for and the days of grace; the reserve bears it."""
    paid_on = terms.expected_on + timedelta(days=days)
    facility, currency = request.facility, request.invoice.currency
    charge = late_charge(
        gross=figures.gross,
        repayments=[],
        free_until=terms.funding_on + timedelta(days=figures.days + facility.grace_days),
        through=paid_on,
        late_rate=facility.late_rate,
        currency=currency,
    )
    taken = min(charge, figures.reserve)
    return Slip(
        days=days,
        paid_on=paid_on,
        late_charge=taken,
        to_seller=figures.reserve - taken,
        income=figures.discount + figures.fee + taken,
        returned=xirr([(terms.funding_on, -figures.net), (paid_on, figures.gross + taken)]),
    )


def waterfall_of(one: Quote, *, face: Decimal, currency: str) -> charts.Waterfall:
    """From the invoice to what the seller gets at funding, as a chart."""
    figures = one.price
    steps = [(_("Invoice"), face), (_("Reserve"), -figures.reserve), (_("Discount"), -figures.discount)]
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
    if one.is_within_limit:
        return ""
    return _("The advance is %(over)s more than the facility has left. Lower the advance rate.") % {
        "over": formats.money(-one.exposure.headroom_after, currency)
    }
