"""The document of a credit note: PDF with XML inside, made once from its snapshot by a worker, as an invoice's is."""

from collections.abc import Callable
from typing import Final

from apps.audit import services as audit
from apps.core import clock, made
from apps.core.made import Kept
from apps.invoicing.documents import kept, made_of
from apps.invoicing.models import CreditNoteDocument
from apps.parties.actor import Actor

FOLDER: Final = "credit-notes"


def render(
    *, credit_note_ref: str, when_ready: Callable[[CreditNoteDocument], None] | None = None
) -> CreditNoteDocument:
    """Make and store the document of an issued credit note; nothing happens if it is there.

    ``when_ready`` is called once, in the transaction in which the document becomes ready. A failure is written on the
    document in words, and raised again so that the job is retried.
    """

    def ready(document: CreditNoteDocument) -> None:
        _record(document)
        if when_ready is not None:
            when_ready(document)

    return made.make(_locked(credit_note_ref), work=_printed, then=ready)


def _locked(credit_note_ref: str) -> Callable[[], CreditNoteDocument]:
    related = (
        "credit_note__contract",
        "credit_note__invoice__milestone",
        "credit_note__invoice__instalment",
        "credit_note__invoice__application",
    )
    documents = CreditNoteDocument.objects.select_related(*related).select_for_update(of=("self",))
    return lambda: documents.all().get(credit_note__ref=credit_note_ref)


def _printed(document: CreditNoteDocument) -> Kept:
    return kept(made_of(document.credit_note.snapshot), folder=f"{FOLDER}/{document.ref}")


def _record(document: CreditNoteDocument) -> None:
    """The audit chain says which bytes the document has, so that nobody can put others in their place."""
    note = document.credit_note
    audit.record(
        chain=f"contract:{note.contract.ref}",
        parties=(note.seller_id, note.buyer_id),
        verb="credit_note.made",
        subject=f"invoice:{note.invoice.ref}",
        actor=Actor.system(organisation_id=note.seller_id),
        at=document.made_at or clock.now(),
        number=note.number,
        credit_note=note.ref,
        **note.invoice.cause_told,
        sha256=document.sha256,
        size=document.size,
        xml_sha256=document.xml_sha256,
        xml_size=document.xml_size,
    )
