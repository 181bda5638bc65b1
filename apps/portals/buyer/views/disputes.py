"""Disputes, on the buyer's side."""

from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_http_methods, require_safe

from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.buyer.pages import contract_crumbs, invoice_crumbs
from apps.portals.correcting.side import BUYER
from apps.portals.disputing import answering, raising


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def dispute_submission(request: PortalRequest, ref: str) -> HttpResponse:
    """Dispute what waits for sign-off or was sent back."""
    return raising.dispute_submission(request, ref, side=BUYER, crumbs=contract_crumbs())


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def dispute_invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """Dispute what is open of an invoice, or a part."""
    return raising.dispute_invoice(request, ref, side=BUYER, crumbs=invoice_crumbs())


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def dispute(request: PortalRequest, ref: str) -> HttpResponse:
    """Answer, show files, propose an outcome, agree, withdraw."""
    return answering.dispute(request, ref, side=BUYER, crumbs=contract_crumbs(), billed_crumbs=invoice_crumbs())


@require_safe
@portal("buyer")
def dispute_file(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The bytes of a file that a side showed."""
    file = answering.file_of(request, ref, side=BUYER)
    return attachment(file.stored_as, name=file.name, content_type=file.content_type)
