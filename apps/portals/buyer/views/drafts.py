"""Versions that the buyer writes itself: an order that it begins, or an answer to a proposal of the seller."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.portals import conversing
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import versions
from apps.portals.buyer.pages import contract_crumbs
from apps.portals.drafting import deals, editor, importing, proposing
from apps.portals.drafting.desk import Desk
from apps.portals.planning import writing

DESK = Desk("buyer")


@require_http_methods(["GET", "POST"])
@portal("buyer")
def draft_contract(request: PortalRequest) -> HttpResponse:
    """A contract that the buyer begins; it exists from the first time it is saved."""
    return editor.draft_contract(request, desk=DESK)


@require_http_methods(["GET", "POST"])
@portal("buyer")
def import_deal(request: PortalRequest) -> HttpResponse:
    """A new contract from a deal file."""
    return deals.import_deal(request, desk=DESK)


@require_POST
@portal("buyer")
def answer_proposal(request: PortalRequest, ref: str) -> HttpResponse:
    """Begin a version of one's own from what the seller proposed."""
    return proposing.answer_proposal(request, ref, desk=DESK)


@require_http_methods(["GET", "POST"])
@portal("buyer")
def change_draft(request: PortalRequest, ref: str) -> HttpResponse:
    """Go on writing it."""
    return editor.change_draft(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def propose_contract(request: PortalRequest, ref: str) -> HttpResponse:
    """Check answers: everything that will be signed, and the button that signs and sends it."""
    return proposing.propose_contract(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def withdraw_contract(request: PortalRequest, ref: str) -> HttpResponse:
    """Take back what one's own side proposed last."""
    return proposing.withdraw_contract(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def import_plan(request: PortalRequest, ref: str) -> HttpResponse:
    """Choose the file with the plan of a draft."""
    return importing.import_plan(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def check_plan(request: PortalRequest, ref: str) -> HttpResponse:
    """What was read of it, and the button that puts it into the draft."""
    return importing.check_plan(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def comment_contract(request: PortalRequest, ref: str) -> HttpResponse:
    """Write to the seller about a version."""
    version = get_object_or_404(versions.proposed_to(request.actor), ref=ref)
    back = reverse("buyer:contract", args=[version.contract.ref])
    crumbs = contract_crumbs((version.contract.number, back), (_("Write to the other side"), ""))
    return conversing.comment_contract(
        request,
        version,
        back=back,
        base="buyer/base.html",
        crumbs=crumbs,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def plan_options(request: PortalRequest, ref: str) -> HttpResponse:
    """The plans that a draft offers to pick from."""
    return writing.plan_options(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def plan_option(request: PortalRequest, ref: str) -> HttpResponse:
    """One of them, line by line."""
    return writing.plan_option(request, ref, desk=DESK)
