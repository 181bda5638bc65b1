"""Terminations of contracts in which the organisation is the seller."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from apps.portals.access import PortalRequest, portal
from apps.portals.drafting.desk import Desk
from apps.portals.terminating import noticing, settling

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
