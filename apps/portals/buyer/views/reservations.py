"""Reservations, on the buyer's side."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from apps.portals.access import PortalRequest, portal
from apps.portals.buyer.pages import contract_crumbs
from apps.portals.correcting.side import BUYER
from apps.portals.reserving import answering


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def reservation(request: PortalRequest, ref: str) -> HttpResponse:
    """Read what was said of a defect; release it, say what is missing, settle it at a lower price."""
    return answering.reservation(request, ref, side=BUYER, crumbs=contract_crumbs())
