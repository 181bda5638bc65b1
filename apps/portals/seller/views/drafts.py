"""The seller's drafts: a new contract, and every version that the seller writes."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from apps.contracts.models import Contract, ContractVersion
from apps.portals.access import PortalRequest, portal
from apps.portals.drafting import editor as drafting
from apps.portals.drafting import plan, proposing
from apps.portals.drafting.desk import Desk
from apps.portals.drafting.editor import buyers_of, editor, opened, posted
from apps.portals.drafting.forms import DraftForm, initial_of
from apps.portals.drafting.sources import source_of
from apps.portals.planning import writing
from apps.portals.seller.pages import today_of

DESK = Desk("seller")
USUAL_TERMS = (
    "payment_days",
    "review_days",
    "review_unit",
    "silence",
    "partial_acceptance",
    "question_suspensions",
    "needs_inspection",
    "is_assignable",
    "governing_law",
)


@require_http_methods(["GET", "POST"])
@portal("seller")
def draft_contract(request: PortalRequest) -> HttpResponse:
    """A new contract; it exists from the first time it is saved."""
    if request.method == "POST":
        return posted(request, None, desk=DESK)
    initial, source = _usual_terms(request), source_of(request)
    if source is not None:
        number = initial["number"]
        return opened(request, None, source.draft, initial_of(source.draft) | {"number": number}, desk=DESK)
    form = DraftForm(initial=initial, buyers=buyers_of(request))
    rows = plan.shown([plan.Row()], currency=initial["currency"])
    return editor(request, None, form, rows, desk=DESK, price=None)


def _usual_terms(request: PortalRequest) -> dict[str, Any]:
    """What a new contract starts with: the next number, and the terms of the newest contract."""
    mine = Contract.objects.of_seller(request.actor)
    initial = {
        "number": f"{today_of(request).year}-{mine.count() + 1:03d}",
        "currency": request.membership.organisation.currency,
        "payment_days": 30,
        "review_days": 14,
        "review_unit": "calendar",
        "silence": "escalates",
        "partial_acceptance": True,
        "tax_category": "S",
        "is_assignable": True,
    }
    newest = ContractVersion.objects.visible_to(request.actor).filter(contract__in=mine).order_by("-pk").first()
    if newest is not None:
        initial |= {name: getattr(newest, name) for name in USUAL_TERMS}
        # An exemption or reverse charge depends on the buyer, and is chosen for each.
        if newest.tax_category == "S":
            initial["tax_rate"] = newest.tax_rate
    return initial


@require_http_methods(["GET", "POST"])
@portal("seller")
def change_draft(request: PortalRequest, ref: str) -> HttpResponse:
    """Go on writing a draft."""
    return drafting.change_draft(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def propose_contract(request: PortalRequest, ref: str) -> HttpResponse:
    """Check answers: everything that will be signed, and the button that signs and sends it."""
    return proposing.propose_contract(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def withdraw_contract(request: PortalRequest, ref: str) -> HttpResponse:
    """Take back a draft or a proposal: a page that says what ends, and the button."""
    return proposing.withdraw_contract(request, ref, desk=DESK)


@require_POST
@portal("seller")
def answer_proposal(request: PortalRequest, ref: str) -> HttpResponse:
    """Begin a version of one's own from what the buyer proposed."""
    return proposing.answer_proposal(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def plan_options(request: PortalRequest, ref: str) -> HttpResponse:
    """The plans that a draft offers to pick from."""
    return writing.plan_options(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def plan_option(request: PortalRequest, ref: str) -> HttpResponse:
    """One of them, line by line."""
    return writing.plan_option(request, ref, desk=DESK)
