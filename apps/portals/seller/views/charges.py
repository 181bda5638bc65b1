"""What is charged on a milestone: damages for delay, back-charges, a bonus."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from apps.portals.access import PortalRequest, portal
from apps.portals.charging import pages
from apps.portals.correcting.side import SELLER
from apps.portals.seller.pages import contract_crumbs


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def milestone_charges(request: PortalRequest, ref: str) -> HttpResponse:
    """What stands, and what this side may do about it."""
    return pages.milestone_charges(request, ref, side=SELLER, crumbs=contract_crumbs())
