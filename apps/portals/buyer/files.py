"""Files on their way out: what others uploaded is handed over to be kept, never to be run in the portal."""

from django.http import FileResponse, Http404

from apps.invoicing.models import Document
from apps.milestones.models import EvidenceFile
from apps.portals.attachments import attachment


def evidence_file(file: EvidenceFile) -> FileResponse:
    """The stored bytes of an evidence file, under the name that its uploader gave it."""
    return attachment(file.stored_as, name=file.name, content_type=file.content_type)


def invoice_file(document: Document | None, *, number: str) -> FileResponse:
    """The stored bytes of an invoice's PDF; 404 until they exist."""
    if document is None or document.state != "ready":
        raise Http404
    return attachment(document.stored_as, name=f"{number}.pdf", content_type="application/pdf")


def invoice_xml_file(document: Document | None, *, number: str) -> FileResponse:
    """The stored bytes of the XML that is inside the PDF; 404 until they exist, and where there are none."""
    if document is None or not document.has_xml:
        raise Http404
    return attachment(document.xml_stored_as, name=f"{number}.xml", content_type="application/xml")
