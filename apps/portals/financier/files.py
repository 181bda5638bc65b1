"""Files through the financiers' door: handed over to be kept, never to be run in the portal."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from apps.contracts.models import ContractDocument
from apps.invoicing.models import Document
from apps.milestones.models import Certificate, EvidenceFile
from apps.portals.attachments import attachment
from apps.portals.financier.pages import asker


def invoice_pdf(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of an invoice of a contract whose invoices one was asked to buy; 404 until they exist."""
    documents = Document.objects.visible_to(asker(request)).select_related("invoice")
    document = get_object_or_404(documents, invoice__ref=ref, state="ready")
    return attachment(document.stored_as, name=f"{document.invoice.number}.pdf", content_type="application/pdf")


def invoice_xml(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the XML inside such an invoice; 404 until they exist, and where there are none."""
    documents = Document.objects.visible_to(asker(request)).select_related("invoice")
    document = get_object_or_404(documents, invoice__ref=ref, state="ready", xml_obstacle="")
    return attachment(document.xml_stored_as, name=f"{document.invoice.number}.xml", content_type="application/xml")


def evidence(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of a file that shows that a milestone of such a contract is complete."""
    file = get_object_or_404(EvidenceFile.objects.visible_to(asker(request)), ref=ref)
    return attachment(file.stored_as, name=file.name, content_type=file.content_type)


def certificate(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the certificate of acceptance of a milestone of such a contract; 404 until they exist."""
    certificates = Certificate.objects.visible_to(asker(request)).select_related("contract")
    found = get_object_or_404(certificates, ref=ref, state="ready")
    return attachment(
        found.stored_as, name=f"certificate-{found.contract.number}-{found.ref}.pdf", content_type="application/pdf"
    )


def contract_pdf(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the signed contract on whose milestones one was asked to advance; 404 until they exist."""
    documents = ContractDocument.objects.visible_to(asker(request)).select_related("contract")
    found = get_object_or_404(documents, ref=ref, state="ready")
    return attachment(found.stored_as, name=f"{found.contract.number}.pdf", content_type="application/pdf")
