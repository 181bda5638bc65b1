"""Reservations, on the seller's side."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from apps.portals.access import PortalRequest, portal
from apps.portals.correcting.side import SELLER
from apps.portals.reserving import answering
from apps.portals.seller.pages import contract_crumbs


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def reservation(request: PortalRequest, ref: str) -> HttpResponse:
    """Read what was said of a defect; say that it is mended, settle it at a lower price."""
    return answering.reservation(request, ref, side=SELLER, crumbs=contract_crumbs())
