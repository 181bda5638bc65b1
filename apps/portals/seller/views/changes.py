"""Change orders of contracts in which the organisation is the seller."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from apps.portals.access import PortalRequest, portal
from apps.portals.changing import answering, proposing
from apps.portals.drafting.desk import Desk

DESK = Desk("seller")


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def record_change(request: PortalRequest, ref: str) -> HttpResponse:
    """Write down a change that has no price yet."""
    return proposing.record_change(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def propose_change(request: PortalRequest, ref: str) -> HttpResponse:
    """Write a change, check it, sign and send it."""
    return proposing.propose_change(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def price_change(request: PortalRequest, ref: str) -> HttpResponse:
    """The same for an order that waits for its price, or was declined."""
    return proposing.price_change(request, ref, desk=DESK)


@require_safe
@portal("seller")
def change_order(request: PortalRequest, ref: str) -> HttpResponse:
    """One change order: what it changes, what it does, what can be done with it."""
    return answering.change_order(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def sign_change(request: PortalRequest, ref: str) -> HttpResponse:
    """Sign what the other side proposed."""
    return answering.sign_change(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def decline_change(request: PortalRequest, ref: str) -> HttpResponse:
    """Not sign it, and say why."""
    return answering.decline_change(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def withdraw_change(request: PortalRequest, ref: str) -> HttpResponse:
    """Take back what one's own side proposed or recorded."""
    return answering.withdraw_change(request, ref, desk=DESK)
