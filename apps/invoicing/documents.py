"""The PDF of an invoice: made once from the snapshot by a worker, stored with its SHA-256, never rendered anew."""

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from apps.core import canonical, clock
from apps.core.states import move
from apps.invoicing import snapshot
from apps.invoicing.models import Document
from apps.invoicing.models.document import DocumentState
from apps.invoicing.page import page_of

TEMPLATE = "documents/invoice.html"


class PangoMissingError(RuntimeError):
    """The system library that lays out text is not installed; everything but documents works without it."""

    def __init__(self) -> None:
        super().__init__("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0")


def render(*, invoice_ref: str) -> Document:
    """Make and store the document of an issued invoice; nothing happens if it is there.

    A failure is written on the document in words, and raised again so that the job is retried.
    """
    document = _begin(invoice_ref)
    if document.state == DocumentState.READY:
        return document
    try:
        content = pdf_of(document.invoice.snapshot)
        stored_as = _store(document, content)
    except Exception as error:
        _fail(document, error)
        raise
    return _finish(document, content=content, stored_as=stored_as)


def pdf_of(text: str) -> bytes:
    """The PDF that a snapshot makes, in the language of its buyer: the same bytes on every run."""
    invoice = snapshot.read(text)
    with translation.override(invoice.language):
        html = render_to_string(TEMPLATE, {"page": page_of(invoice)})
    try:
        # Here and not above: the import takes a second and needs Pango, which a web worker can do without.
        from apps.invoicing import printing
    except OSError as error:
        raise PangoMissingError from error
    return printing.pdf(html)


def _begin(invoice_ref: str) -> Document:
    with transaction.atomic():
        document = _locked(invoice_ref)
        if document.state == DocumentState.FAILED:
            move(document, DocumentState.RENDERING, Document.TRANSITIONS)
            document.save(update_fields=["state"])
    return document


def _store(document: Document, content: bytes) -> str:
    """Under a name that its bytes decide: a second run after a crash finds the same file."""
    name = f"invoices/{document.ref}/{canonical.sha256(content)}.pdf"
    if default_storage.exists(name):
        with default_storage.open(name) as stored:
            if stored.read() == content:
                return name
        # Half a file, left by a worker that was killed.
        default_storage.delete(name)
    return default_storage.save(name, ContentFile(content))


def _finish(document: Document, *, content: bytes, stored_as: str) -> Document:
    with transaction.atomic():
        document = _locked(document.invoice.ref)
        if document.state == DocumentState.READY:
            # Another worker was faster; its bytes are the same, and so is the name of the file.
            return document
        move(document, DocumentState.READY, Document.TRANSITIONS)
        document.rendered_at = clock.now()
        document.stored_as = stored_as
        document.size = len(content)
        document.sha256 = canonical.sha256(content)
        document.failure = ""
        document.save(update_fields=["state", "rendered_at", "stored_as", "size", "sha256", "failure"])
    return document


def _fail(document: Document, error: Exception) -> None:
    reason = str(error) if isinstance(error, PangoMissingError) else f"The document could not be made ({error!r})."
    with transaction.atomic():
        document = _locked(document.invoice.ref)
        if document.state != DocumentState.RENDERING:
            return
        move(document, DocumentState.FAILED, Document.TRANSITIONS)
        document.failure = reason[:400]
        document.save(update_fields=["state", "failure"])


def _locked(invoice_ref: str) -> Document:
    documents = Document.objects.select_related("invoice").select_for_update(of=("self",))
    return documents.get(invoice__ref=invoice_ref)
