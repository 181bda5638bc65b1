"""Files on their way out: what others uploaded is handed over to be kept, never to be run in the portal."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.utils.cache import add_never_cache_headers

from apps.invoicing.models import Document
from apps.milestones.models import EvidenceFile


def evidence_file(file: EvidenceFile) -> FileResponse:
    """The stored bytes of an evidence file, under the name that its uploader gave it."""
    return _attachment(file.stored_as, name=file.name, content_type=file.content_type)


def invoice_file(document: Document | None, *, number: str) -> FileResponse:
    """The stored bytes of an invoice's PDF; 404 until they exist."""
    if document is None or document.state != "ready":
        raise Http404
    return _attachment(document.stored_as, name=f"{number}.pdf", content_type="application/pdf")


def invoice_xml_file(document: Document | None, *, number: str) -> FileResponse:
    """The stored bytes of the XML that is inside the PDF; 404 until they exist, and where there are none."""
    if document is None or not document.has_xml:
        raise Http404
    return _attachment(document.xml_stored_as, name=f"{number}.xml", content_type="application/xml")


def stored_file(stored_as: str, *, name: str, content_type: str) -> FileResponse:
    """Stored bytes of which the caller knows that the reader may have them."""
    return _attachment(stored_as, name=name, content_type=content_type)


def _attachment(stored_as: str, *, name: str, content_type: str) -> FileResponse:
    """An attachment that no browser sniffs, frames, scripts or keeps."""
    try:
        stored = default_storage.open(stored_as)
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(stored, as_attachment=True, filename=name, content_type=content_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    add_never_cache_headers(response)
    return response
