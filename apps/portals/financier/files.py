"""Files through the financiers' door: handed over to be kept, never to be run in the portal."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from apps.financing.models import FundingRequest, Tranche
from apps.invoicing.models import Document, Invoice
from apps.milestones.models import EvidenceFile
from apps.portals.financier.pages import asker


def request_invoice_pdf(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The invoice that a seller asks to have bought."""
    asked = get_object_or_404(FundingRequest.objects.visible_to(asker(request)), ref=ref)
    return _invoice(request, asked.invoice_id)


def tranche_invoice_pdf(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The invoice that an advance bought."""
    tranche = get_object_or_404(Tranche.objects.visible_to(asker(request)), ref=ref)
    return _invoice(request, tranche.invoice_id)


def evidence(request: HttpRequest, ref: str) -> HttpResponseBase:
    """A file of the sign-off by which the invoice of a request came to be."""
    actor = asker(request)
    asked = FundingRequest.objects.visible_to(actor).values("invoice__milestone")
    files = EvidenceFile.objects.visible_to(actor).filter(submission__state="accepted", submission__milestone__in=asked)
    file = get_object_or_404(files, ref=ref)
    return _handed_over(file.stored_as, name=file.name, content_type=file.content_type)


def _invoice(request: HttpRequest, invoice_id: int) -> FileResponse:
    invoice = get_object_or_404(Invoice.objects.visible_to(asker(request)), pk=invoice_id)
    document = Document.objects.filter(invoice=invoice, state="ready").first()
    if document is None:
        raise Http404
    return _handed_over(document.stored_as, name=f"{invoice.number}.pdf", content_type="application/pdf")


def _handed_over(stored_as: str, *, name: str, content_type: str) -> FileResponse:
    """The stored bytes as an attachment that no browser sniffs, frames or scripts."""
    try:
        stored = default_storage.open(stored_as)
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(stored, as_attachment=True, filename=name, content_type=content_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
