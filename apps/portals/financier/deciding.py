"""The decision on a request: the evidence, the terms being tried with their figures, and why it cannot be priced."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.core.errors import Refused
from apps.financing import services as financing
from apps.financing.models import FundingRequest, RequestItem
from apps.financing.rules import OfferTerms
from apps.financing.rules.expectation import History
from apps.financing.services.eligibility import eligible_amount
from apps.parties.roles import Action
from apps.portals.expected_payment import Explained, explained
from apps.portals.financier import checking, pricing
from apps.portals.financier.exposure import exposure_of
from apps.portals.financier.forms import PriceForm
from apps.portals.financier.pages import asker, today_of, why_not
from apps.portals.forms import add_refusal, explain
from apps.portals.moment import now_of

RELATED = (
    "facility",
    "seller",
    "financier",
    "contract__buyer",
    "contract__seller",
    "contract__active_version",
    "requested_by",
)
"""What the page of a request reads beside it."""


def items_of(row: FundingRequest) -> list[RequestItem]:
    """The milestones that are asked for, with all that the page reads of them, in the order of the plan."""
    items = row.items.select_related(
        "milestone__contract__seller",
        "milestone__contract__buyer",
        "milestone__line__version",
        "milestone__accepted_submission",
        "milestone__invoice__open_item",
        "milestone__invoice__document",
    )
    return list(items.prefetch_related("milestone__line__criteria").order_by("milestone__position", "milestone__part"))


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


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where pricing begins, and for each milestone how the expected day comes about."""

    terms: OfferTerms
    steps: tuple[tuple[str, tuple[Explained, ...]], ...]


def begin(request: HttpRequest, row: FundingRequest, items: Sequence[RequestItem], *, history: History) -> Beginning:
    """The facility's rates, paid out today, repaid when that is likely by plan, slips, review, terms and lateness."""
    today = today_of(request)
    terms, steps = [], []
    for item in items:
        parts = financing.until_paid(item.milestone, funding_on=today, history=history)
        terms.append(financing.usual_terms(facility=row.facility, milestone=item.milestone, expected_on=parts[-1].on))
        steps.append((item.milestone.title, explained(parts, own=False)))
    return Beginning(terms=OfferTerms(funding_on=today, lines=tuple(terms)), steps=tuple(steps))


def price_form(items: Sequence[RequestItem], *, data: Any = None, terms: OfferTerms | None = None) -> PriceForm:
    """The form for these milestones, with what was typed or beginning with some terms."""
    return PriceForm(
        data,
        milestones=[item.milestone.title for item in items],
        initial=PriceForm.beginning(terms) if terms is not None else {},
    )


def trial(
    request: HttpRequest,
    row: FundingRequest,
    items: Sequence[RequestItem],
    *,
    beginning: Beginning,
    form: PriceForm | None = None,
) -> dict[str, Any]:
    """The price form and the figures of what stands in it; words where the terms make no offer."""
    terms = beginning.terms
    form = form or price_form(items, terms=terms)
    context: dict[str, Any] = {
        "form": form,
        "expected": beginning.steps,
        "quote": None,
        "problem": "",
        "currency": row.currency,
    }
    if form.is_bound:
        if not form.is_valid():
            return {**context, "problem": _("The figures follow as soon as the terms are complete.")}
        terms = form.terms
    try:
        for item in items:
            eligible_amount(item.milestone, face=item.face, at=now_of(request))
        quote = pricing.quote(asker(request), row, items, terms=terms, exposure=exposure_of(row.facility))
    except Refused as refused:
        if form.is_bound:
            add_refusal(form, refused)
        return {**context, "problem": explain(refused)}
    return {
        **context,
        "quote": quote,
        "over_limit": pricing.no_headroom(quote, currency=row.currency),
        "chart": pricing.waterfall_of(quote, currency=row.currency),
    }


def checks(
    request: HttpRequest, row: FundingRequest, items: Sequence[RequestItem], *, beginning: Beginning
) -> list[checking.Line]:
    """What an offer on the usual terms would be checked for; once it is priced, its own page says it."""
    try:
        quote = financing.quote_of(row, items=items, terms=beginning.terms)
    except Refused:
        advance, days = Decimal(0), {}
    else:
        advance = quote.whole.gross
        days = {item.milestone_id: line.price.days for item, line in zip(items, quote.lines, strict=True)}
    asked = financing.Asked(request=row, items=items, advance=advance, days=days, at=now_of(request))
    return checking.lines_of(financing.findings(asked))
