"""The files of the hosted page of an invoice: its bytes, its exports, its credit notes, what stands in its place."""

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from apps.invoicing.einvoice.profiles import PEPPOL, XRECHNUNG
from apps.invoicing.models import CorrectedInvoice, CreditNote
from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.buyer.files import invoice_file, invoice_xml_file
from apps.portals.buyer.visits import personal
from apps.portals.exported import export_file
from apps.portals.hosted.opening import Opened, opened


@portal("link")
@personal
@require_safe
def invoice_pdf(request: PortalRequest, token: str) -> HttpResponseBase:
    """The stored bytes of the invoice; 404 until they exist."""
    found = opened(request, token).shown
    return invoice_file(getattr(found, "document", None), number=found.number)


@portal("link")
@personal
@require_safe
def invoice_xml(request: PortalRequest, token: str) -> HttpResponseBase:
    """The stored bytes of the XML inside the invoice; 404 until they exist, and where there are none."""
    found = opened(request, token).shown
    return invoice_xml_file(getattr(found, "document", None), number=found.number)


@portal("link")
@personal
@require_safe
def invoice_peppol(request: PortalRequest, token: str) -> HttpResponse:
    """The invoice as Peppol BIS Billing 3, written from its snapshot; 404 where it lacks something of it."""
    return export_file(opened(request, token).shown, PEPPOL)


@portal("link")
@personal
@require_safe
def invoice_xrechnung(request: PortalRequest, token: str) -> HttpResponse:
    """The same as XRechnung."""
    return export_file(opened(request, token).shown, XRECHNUNG)


@portal("link")
@personal
@require_safe
def credit_note_pdf(request: PortalRequest, token: str, ref: str) -> HttpResponseBase:
    """The stored bytes of a credit note of this invoice; 404 until they exist."""
    note = _note(opened(request, token), ref)
    if note.document.state != "ready":
        raise Http404
    return attachment(note.document.stored_as, name=f"{note.number}.pdf", content_type="application/pdf")


@portal("link")
@personal
@require_safe
def credit_note_peppol(request: PortalRequest, token: str, ref: str) -> HttpResponse:
    """The same as Peppol BIS Billing 3, written from its snapshot; 404 where it lacks something of it."""
    return export_file(_note(opened(request, token), ref), PEPPOL)


@portal("link")
@personal
@require_safe
def credit_note_xrechnung(request: PortalRequest, token: str, ref: str) -> HttpResponse:
    """The same as XRechnung."""
    return export_file(_note(opened(request, token), ref), XRECHNUNG)


def _note(visit: Opened, ref: str) -> CreditNote:
    notes = CreditNote.objects.visible_to(visit.actor).filter(invoice=visit.shown).select_related("document")
    return get_object_or_404(notes, ref=ref)


@portal("link")
@personal
@require_safe
def corrected_pdf(request: PortalRequest, token: str, ref: str) -> HttpResponseBase:
    """The stored bytes of a corrected invoice that stands in place of this one; 404 until they exist."""
    visit = opened(request, token)
    mine = CorrectedInvoice.objects.visible_to(visit.actor).filter(invoice=visit.shown, state="ready")
    found = get_object_or_404(mine, ref=ref)
    return attachment(found.stored_as, name=f"{found.number}.pdf", content_type="application/pdf")
