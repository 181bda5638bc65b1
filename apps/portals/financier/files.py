"""Files through the financiers' door: handed over to be kept, never to be run in the portal."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from apps.contracts.models import ContractDocument
from apps.invoicing.models import Document
from apps.milestones.models import Certificate, EvidenceFile
from apps.portals.financier.pages import asker


def invoice_pdf(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of an invoice of a contract whose invoices one was asked to buy; 404 until they exist."""
    documents = Document.objects.visible_to(asker(request)).select_related("invoice")
    document = get_object_or_404(documents, invoice__ref=ref, state="ready")
    return _handed_over(document.stored_as, name=f"{document.invoice.number}.pdf", content_type="application/pdf")


def invoice_xml(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the XML inside such an invoice; 404 until they exist, and where there are none."""
    documents = Document.objects.visible_to(asker(request)).select_related("invoice")
    document = get_object_or_404(documents, invoice__ref=ref, state="ready", xml_obstacle="")
    return _handed_over(document.xml_stored_as, name=f"{document.invoice.number}.xml", content_type="application/xml")


def evidence(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of a file that shows that a milestone of such a contract is complete."""
    file = get_object_or_404(EvidenceFile.objects.visible_to(asker(request)), ref=ref)
    return _handed_over(file.stored_as, name=file.name, content_type=file.content_type)


def certificate(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the certificate of acceptance of a milestone of such a contract; 404 until they exist."""
    certificates = Certificate.objects.visible_to(asker(request)).select_related("contract")
    found = get_object_or_404(certificates, ref=ref, state="ready")
    return _handed_over(
        found.stored_as, name=f"certificate-{found.contract.number}-{found.ref}.pdf", content_type="application/pdf"
    )


def contract_pdf(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the signed contract on whose milestones one was asked to advance; 404 until they exist."""
    documents = ContractDocument.objects.visible_to(asker(request)).select_related("contract")
    found = get_object_or_404(documents, ref=ref, state="ready")
    return _handed_over(found.stored_as, name=f"{found.contract.number}.pdf", content_type="application/pdf")


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
