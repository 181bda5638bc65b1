"""Credit notes that the buyer got, and acceptances that are to be withdrawn."""

from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_http_methods, require_safe

from apps.invoicing.einvoice.profiles import PEPPOL, XRECHNUNG
from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.buyer.pages import contract_crumbs, invoice_crumbs
from apps.portals.correcting import notes, nullifying
from apps.portals.correcting.side import BUYER
from apps.portals.exported import export_file

TYPES = {"pdf": "application/pdf", "xml": "application/xml"}


@require_safe
@portal("buyer")
def credit_note(request: PortalRequest, ref: str) -> HttpResponse:
    """One credit note: what is owed less, and why."""
    return notes.credit_note(request, ref, side=BUYER, crumbs=invoice_crumbs())


@require_safe
@portal("buyer")
def credit_note_pdf(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the credit note; 404 until they exist."""
    return _file(request, ref, kind="pdf")


@require_safe
@portal("buyer")
def credit_note_xml(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the XML inside it; 404 until they exist, and where there are none."""
    return _file(request, ref, kind="xml")


@require_safe
@portal("buyer")
def credit_note_peppol(request: PortalRequest, ref: str) -> HttpResponse:
    """The credit note as Peppol BIS Billing 3, written from its snapshot; 404 where it lacks something of it."""
    return export_file(notes.note_of(request, ref, side=BUYER), PEPPOL)


@require_safe
@portal("buyer")
def credit_note_xrechnung(request: PortalRequest, ref: str) -> HttpResponse:
    """The same as XRechnung."""
    return export_file(notes.note_of(request, ref, side=BUYER), XRECHNUNG)


def _file(request: PortalRequest, ref: str, *, kind: str) -> HttpResponseBase:
    stored_as, name = notes.file_of(notes.note_of(request, ref, side=BUYER), kind=kind)
    return attachment(stored_as, name=name, content_type=TYPES[kind])


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def ask_nullification(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask the seller to withdraw an acceptance."""
    return nullifying.ask_nullification(request, ref, side=BUYER, crumbs=contract_crumbs())


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def answer_nullification(request: PortalRequest, ref: str) -> HttpResponse:
    """Answer the seller who asks to withdraw an acceptance, or take back one's own question."""
    return nullifying.answer_nullification(request, ref, side=BUYER, crumbs=contract_crumbs())
