"""Reservations, on the buyer's side."""

from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_http_methods, require_safe

from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.buyer.pages import contract_crumbs
from apps.portals.correcting.side import BUYER
from apps.portals.reserving import answering


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def reservation(request: PortalRequest, ref: str) -> HttpResponse:
    """Read what was said of a defect; release it, say what is missing, settle it at a lower price."""
    return answering.reservation(request, ref, side=BUYER, crumbs=contract_crumbs())


@require_safe
@portal("buyer")
def reservation_file(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The bytes of a file that a side showed of a defect."""
    file = answering.file_of(request, ref, side=BUYER)
    return attachment(file.stored_as, name=file.name, content_type=file.content_type)
