"""Documents before payment: handed in by the seller, confirmed or returned by the buyer, told of before they end."""

from datetime import date, datetime
from typing import Any

from django.core.files.base import File
from django.db import transaction

from apps.audit import services as audit
from apps.contracts import services as contracts
from apps.core.database import walls
from apps.invoicing import services as invoicing
from apps.invoicing.services.payment_documents import EndingDocument, documents_ending, tell_of_end
from apps.parties.actor import Actor
from apps.workflows import payment_document_jobs as jobs
from apps.workflows.once import Answer, once


def hand_in_document(
    *,
    actor: Actor,
    document_ref: str,
    note: str = "",
    upload: "File[Any] | None" = None,
    valid_until: date | None = None,
) -> Answer:
    """The seller hands in what an invoice waits for, and says until when it is good. Sent twice, it is there once.

    The bytes are stored first and counted only with their row; bytes without a row are deleted again.
    """
    stored = invoicing.receive_payment_document(upload, actor=actor) if upload is not None else None
    try:
        with transaction.atomic(durable=True), audit.written_together():
            contract = contracts.lock(contract_id=invoicing.contract_of_document(document_ref=document_ref))
            at = walls.widen(contract.buyer_id)
            document, is_news = invoicing.hand_in_document(
                contract=contract,
                document_ref=document_ref,
                actor=actor,
                note=note,
                stored=stored,
                at=at,
                valid_until=valid_until,
            )
            if is_news:
                jobs.send_document_handed_in.defer(document_ref=document.ref, organisation_id=contract.buyer_id)
    finally:
        if stored is not None:
            invoicing.discard_unless_handed_in(stored.stored_as)
    return {"document": document.ref}


@once
def confirm_document(*, actor: Actor, key: str, document_ref: str) -> Answer:
    """The buyer has the document; with the last one the invoice is due by its terms."""
    contract = contracts.lock(contract_id=invoicing.contract_of_document(document_ref=document_ref))
    at = walls.widen(contract.seller_id)
    document = invoicing.confirm_document(contract=contract, document_ref=document_ref, actor=actor, at=at)
    jobs.send_document_decided.defer(document_ref=document.ref, organisation_id=contract.seller_id)
    return {"document": document.ref}


@once
def return_document(*, actor: Actor, key: str, document_ref: str, reason: str) -> Answer:
    """The buyer gives a document back and says why; it is missing anew."""
    contract = contracts.lock(contract_id=invoicing.contract_of_document(document_ref=document_ref))
    at = walls.widen(contract.seller_id)
    document = invoicing.return_document(
        contract=contract, document_ref=document_ref, actor=actor, reason=reason, at=at
    )
    jobs.send_document_decided.defer(document_ref=document.ref, organisation_id=contract.seller_id)
    return {"document": document.ref}


def ending(*, at: datetime) -> list[EndingDocument]:
    """Every document whose end its seller is to be told of."""
    return documents_ending(at=at)


def tend(*, document_ref: str, seller_id: int, on: date) -> Answer:
    """Tell of one, once; asked again on a later day where it was too early."""
    with walls.asking_for(seller_id):
        return tell_of_ending_document(
            actor=Actor.system(organisation_id=seller_id),
            key=f"end of document {document_ref} on {on}",
            document_ref=document_ref,
        )


@once
def tell_of_ending_document(*, actor: Actor, key: str, document_ref: str) -> Answer:
    """What serves all invoices ends soon: the seller hears of it before the next one waits for a new document."""
    contract = contracts.lock(contract_id=invoicing.contract_of_document(document_ref=document_ref))
    at = walls.widen(contract.buyer_id)
    document = tell_of_end(contract=contract, document_ref=document_ref, actor=actor, at=at)
    if document is None:
        return {}
    jobs.send_document_ending.defer(document_ref=document.ref, organisation_id=contract.seller_id)
    return {"document": document.ref}
