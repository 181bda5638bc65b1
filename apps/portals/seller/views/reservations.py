"""Reservations, on the seller's side."""

from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_http_methods, require_safe

from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.correcting.side import SELLER
from apps.portals.reserving import answering
from apps.portals.seller.pages import contract_crumbs


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def reservation(request: PortalRequest, ref: str) -> HttpResponse:
    """Read what was said of a defect; say that it is mended, settle it at a lower price."""
    return answering.reservation(request, ref, side=SELLER, crumbs=contract_crumbs())


@require_safe
@portal("seller")
def reservation_file(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The bytes of a file that a side showed of a defect."""
    file = answering.file_of(request, ref, side=SELLER)
    return attachment(file.stored_as, name=file.name, content_type=file.content_type)
