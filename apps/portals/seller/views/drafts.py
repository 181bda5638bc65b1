"""The seller's drafts: a new contract, and every version that the seller writes."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from apps.portals.access import PortalRequest, portal
from apps.portals.drafting import addresses, deals, proposing
from apps.portals.drafting import editor as drafting
from apps.portals.drafting.desk import Desk
from apps.portals.planning import writing

DESK = Desk("seller")


@require_http_methods(["GET", "POST"])
@portal("seller")
def draft_contract(request: PortalRequest) -> HttpResponse:
    """A new contract; it exists from the first time it is saved."""
    return drafting.draft_contract(request, desk=DESK)


@require_http_methods(["GET", "POST"])
@portal("seller")
def import_deal(request: PortalRequest) -> HttpResponse:
    """A new contract from a deal file."""
    return deals.import_deal(request, desk=DESK)


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
def counterparty_address(request: PortalRequest, ref: str) -> HttpResponse:
    """Enter where a buyer is whom the seller wrote down."""
    return addresses.counterparty_address(request, ref, desk=DESK)


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
