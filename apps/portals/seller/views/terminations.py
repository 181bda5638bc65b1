"""Terminations of contracts in which the organisation is the seller."""

from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.portals import papers
from apps.portals.access import PortalRequest, portal
from apps.portals.drafting.desk import Desk
from apps.portals.terminating import noticing, settling
from apps.portals.terminating.desk import settlement_of

DESK = Desk("seller")


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def terminate_contract(request: PortalRequest, ref: str) -> HttpResponse:
    """Give notice that a contract ends."""
    return noticing.terminate_contract(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def termination(request: PortalRequest, ref: str) -> HttpResponse:
    """The notice, what both sides hold to be owed, and what can be done with it."""
    return noticing.termination(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def propose_settlement(request: PortalRequest, ref: str) -> HttpResponse:
    """Say what the work in progress is worth, sign it and send it."""
    return settling.propose_settlement(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def sign_settlement(request: PortalRequest, ref: str) -> HttpResponse:
    """Sign what the other side proposed: the contract is terminated."""
    return settling.sign_settlement(request, ref, desk=DESK)


@require_safe
@portal("seller")
def settlement_pdf(request: PortalRequest, ref: str) -> FileResponse:
    """The settlement that both sides signed, on paper."""
    return papers.settlement_file(request.actor, settlement_of(request, ref, desk=DESK))


@require_POST
@portal("seller")
def retry_settlement_pdf(request: PortalRequest, ref: str) -> HttpResponse:
    """Make the PDF of a settlement again after it failed."""
    settlement = settlement_of(request, ref, desk=DESK)
    papers.retry_settlement_paper(request, settlement)
    return redirect("seller:termination", ref=settlement.termination.ref)
