"""The decision on a request: the evidence, the terms being tried with their figures, and why it cannot be priced."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.core.errors import Refused
from apps.financing.models import FundingRequest
from apps.financing.rules import OfferTerms
from apps.financing.services.eligibility import eligible_amount
from apps.parties.roles import Action
from apps.portals.financier import pricing
from apps.portals.financier.exposure import exposure_of
from apps.portals.financier.forms import PriceForm
from apps.portals.financier.pages import asker, today_of, why_not
from apps.portals.forms import add_refusal, explain
from apps.portals.moment import now_of

RELATED = (
    "facility",
    "seller",
    "contract__buyer",
    "contract__active_version",
    "invoice__seller",
    "invoice__buyer",
    "invoice__open_item",
    "invoice__document",
    "invoice__milestone__line",
    "invoice__milestone__accepted_submission",
    "requested_by",
)
"""What the page of a request reads beside it."""


def may_be_priced(row: FundingRequest) -> bool:
    """Whether the request waits for a price: it is open, and no live offer stands in the way."""
    return row.state == "submitted" and not any(offer.state in ("draft", "issued") for offer in row.offers.all())


def why_not_price(request: HttpRequest, row: FundingRequest) -> str:
    """The words in the place of the price form, or nothing."""
    if row.closed_at is not None:
        return _("This request is closed.")
    if not may_be_priced(row):
        return _("There is already an offer for this request. Revoke it before you price anew.")
    return why_not(asker(request), Action.PRICE_OFFER)


def first_terms(request: HttpRequest, row: FundingRequest) -> OfferTerms:
    """Where pricing begins: the facility's rates, paid out today, repaid when the invoice is due."""
    today = today_of(request)
    facility = row.facility
    return OfferTerms(
        advance_rate=facility.advance_rate,
        annual_rate=facility.annual_rate,
        fee_rate=facility.fee_rate,
        funding_on=today,
        expected_on=max(row.invoice.due_on, today + timedelta(days=1)),
    )


def first_form(terms: OfferTerms) -> PriceForm:
    """The form that begins with these terms."""
    names = ("advance_rate", "annual_rate", "fee_rate", "funding_on", "expected_on", "valid_days")
    return PriceForm(initial={name: getattr(terms, name) for name in names})


def trial(request: HttpRequest, row: FundingRequest, form: PriceForm | None = None) -> dict[str, Any]:
    """The price form and the figures of what stands in it; words where the terms make no offer."""
    terms = first_terms(request, row)
    form = form or first_form(terms)
    context: dict[str, Any] = {"form": form, "quote": None, "problem": "", "currency": row.invoice.currency}
    if form.is_bound:
        if not form.is_valid():
            return {**context, "problem": _("The figures follow as soon as the terms are complete.")}
        terms = form.terms
    try:
        eligible_amount(row.invoice, at=now_of(request))
        quote = pricing.quote(asker(request), row, terms=terms, exposure=exposure_of(row.facility))
    except Refused as refused:
        if form.is_bound:
            add_refusal(form, refused)
        return {**context, "problem": explain(refused)}
    return {
        **context,
        "quote": quote,
        "over_limit": pricing.no_headroom(quote, currency=row.invoice.currency),
        "chart": pricing.waterfall_of(quote, face=row.invoice.gross, currency=row.invoice.currency),
    }
