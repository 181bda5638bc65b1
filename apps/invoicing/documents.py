"""The document of an invoice: PDF with XML inside, made once from the snapshot by a worker, stored with the SHA-256 of
both, never rendered anew."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.core.files.storage import default_storage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from apps.audit import services as audit
from apps.core import canonical, clock, storage
from apps.core.made import Kept
from apps.core.printing import press, shelf
from apps.core.printing.press import PangoMissingError
from apps.core.states import move
from apps.invoicing import factur_x, release_page, release_statement, snapshot
from apps.invoicing.einvoice import cii, codes
from apps.invoicing.einvoice.obstacles import Obstacle, obstacle_of
from apps.invoicing.looks import logo_of
from apps.invoicing.models import Document
from apps.invoicing.models.document import DocumentState
from apps.invoicing.page import page_of
from apps.parties.actor import Actor

TEMPLATE = "documents/invoice.html"
RELEASE_TEMPLATE = "documents/retention_release.html"
FOLDER = "invoices"
STYLE = "invoice"


@dataclass(frozen=True, slots=True)
class Made:
    """The bytes that a snapshot makes. ``xml`` is empty where there is an ``obstacle`` to it."""

    pdf: bytes
    xml: bytes
    obstacle: str


def render(*, invoice_ref: str, when_ready: Callable[[Document], None] | None = None) -> Document:
    """Make and store the document of an issued invoice; nothing happens if it is there.

    ``when_ready`` is called once, in the transaction in which the document becomes ready: what it does stands or falls
    with that. A failure is written on the document in words, and raised again so that the job is retried.
    """
    document = _begin(invoice_ref)
    if document.state == DocumentState.READY:
        return document
    try:
        made = made_of(document.invoice.snapshot)
        stored_as = _store(document, made.pdf, "pdf")
        xml_stored_as = _store(document, made.xml, "xml") if made.xml else ""
    except Exception as error:
        _fail(document, error)
        raise
    return _finish(document, made=made, stored_as=stored_as, xml_stored_as=xml_stored_as, when_ready=when_ready)


def made_of(text: str) -> Made:
    """PDF and XML of a snapshot, in the language of its buyer: the same bytes on every run."""
    if release_statement.is_one(text):
        return _made_of_release(text)
    invoice = snapshot.read(text)
    obstacle = obstacle_of(invoice)
    xml = b"" if obstacle else cii.write(invoice)
    with translation.override(invoice.language):
        page = page_of(invoice)
        html = render_to_string(TEMPLATE, {"page": page})
    inside, says = ([factur_x.inside(xml)], [factur_x.schema(codes.profile(invoice))]) if xml else ([], [])
    pdf = press.pdf(html, style=STYLE, at=page.issued_at, inside=inside, says=says, logo=logo_of(invoice.seller))
    return Made(pdf=pdf, xml=xml, obstacle=obstacle or "")


def kept(content: Made, *, folder: str) -> Kept:
    """The bytes of a document in their folder, PDF and XML, and what its row says of them."""
    return Kept(
        stored_as=shelf.put(folder, content.pdf, ending="pdf"),
        size=len(content.pdf),
        sha256=canonical.sha256(content.pdf),
        also={
            "xml_stored_as": shelf.put(folder, content.xml, ending="xml") if content.xml else "",
            "xml_size": len(content.xml),
            "xml_sha256": canonical.sha256(content.xml) if content.xml else "",
            "xml_obstacle": content.obstacle,
        },
    )


def _made_of_release(text: str) -> Made:
    statement = release_statement.read(text)
    with translation.override(statement.language):
        page = release_page.page_of(statement)
        html = render_to_string(RELEASE_TEMPLATE, {"page": page})
    return Made(
        pdf=press.pdf(html, style=STYLE, at=page.issued_at, logo=logo_of(statement.seller)),
        xml=b"",
        obstacle=Obstacle.RETENTION,
    )


def sweep_orphans(*, before: datetime) -> int:
    """Delete stored bytes that are no finished document's, written before this moment; the answer is how many.

    What a document that is still to be made has left behind stays: its next run takes it up under the same name.
    """
    swept = 0
    for names in storage.stored_before(FOLDER, before):
        folders = {name: name.split("/")[1] for name in names if name.count("/") > 1}
        documents = Document.objects.using("owner").filter(ref__in=set(folders.values()))
        stored = {name for both in documents.values_list("stored_as", "xml_stored_as") for name in both}
        unfinished = set(documents.exclude(state=DocumentState.READY).values_list("ref", flat=True))
        for name, ref in folders.items():
            if ref not in unfinished and name not in stored:
                default_storage.delete(name)
                swept += 1
    return swept


def _begin(invoice_ref: str) -> Document:
    with transaction.atomic():
        document = _locked(invoice_ref)
        if document.state == DocumentState.FAILED:
            move(document, DocumentState.RENDERING, Document.TRANSITIONS)
            document.save(update_fields=["state"])
    return document


def _store(document: Document, content: bytes, ending: str) -> str:
    return shelf.put(f"{FOLDER}/{document.ref}", content, ending=ending)


def _finish(
    document: Document,
    *,
    made: Made,
    stored_as: str,
    xml_stored_as: str,
    when_ready: Callable[[Document], None] | None,
) -> Document:
    with transaction.atomic():
        document = _locked(document.invoice.ref)
        if document.state == DocumentState.READY:
            # Another worker was faster; its bytes are the same, and so are the names of the files.
            return document
        move(document, DocumentState.READY, Document.TRANSITIONS)
        document.rendered_at = clock.now()
        document.stored_as = stored_as
        document.size = len(made.pdf)
        document.sha256 = canonical.sha256(made.pdf)
        document.xml_stored_as = xml_stored_as
        document.xml_size = len(made.xml)
        document.xml_sha256 = canonical.sha256(made.xml) if made.xml else ""
        document.xml_obstacle = made.obstacle
        document.failure = ""
        document.save()
        if when_ready is not None:
            when_ready(document)
        _record(document)
    return document


def _record(document: Document) -> None:
    """The audit chain says which bytes the document has, so that nobody can put others in their place."""
    invoice = document.invoice
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties=(invoice.seller_id, invoice.buyer_id),
        verb="document.made",
        subject=f"invoice:{invoice.ref}",
        actor=Actor.system(organisation_id=invoice.seller_id),
        at=document.rendered_at or clock.now(),
        number=invoice.number,
        **invoice.cause_told,
        sha256=document.sha256,
        size=document.size,
        xml_sha256=document.xml_sha256,
        xml_size=document.xml_size,
    )


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
    related = ("invoice__contract", "invoice__milestone", "invoice__instalment", "invoice__application")
    documents = Document.objects.select_related(*related).select_for_update(of=("self",))
    return documents.get(invoice__ref=invoice_ref)
