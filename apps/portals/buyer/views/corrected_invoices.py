"""Corrected invoices that the buyer got: each stands in place of one that was wrong."""

from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from apps.invoicing.einvoice.profiles import PEPPOL, XRECHNUNG
from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.buyer.pages import invoice_crumbs
from apps.portals.correcting import corrected
from apps.portals.correcting.side import BUYER
from apps.portals.exported import export_file

TYPES = {"pdf": "application/pdf", "xml": "application/xml"}


@require_safe
@portal("buyer")
def corrected_invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """One corrected invoice: what is changed, and why."""
    return corrected.corrected_invoice(request, ref, side=BUYER, crumbs=invoice_crumbs())


@require_safe
@portal("buyer")
def corrected_pdf(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the corrected invoice; 404 until they exist."""
    return _file(request, ref, kind="pdf")


@require_safe
@portal("buyer")
def corrected_xml(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the XML inside it; 404 until they exist, and where there are none."""
    return _file(request, ref, kind="xml")


def _file(request: PortalRequest, ref: str, *, kind: str) -> HttpResponseBase:
    stored_as, name = corrected.file_of(corrected.corrected_of(request, ref, side=BUYER), kind=kind)
    return attachment(stored_as, name=name, content_type=TYPES[kind])


@require_safe
@portal("buyer")
def corrected_peppol(request: PortalRequest, ref: str) -> HttpResponse:
    """The corrected invoice as Peppol BIS Billing 3, written from its snapshot; 404 where it lacks something of it."""
    return export_file(corrected.corrected_of(request, ref, side=BUYER), PEPPOL)


@require_safe
@portal("buyer")
def corrected_xrechnung(request: PortalRequest, ref: str) -> HttpResponse:
    """The same as XRechnung."""
    return export_file(corrected.corrected_of(request, ref, side=BUYER), XRECHNUNG)
