"""Documents before payment: handed in by the seller, confirmed or returned by the buyer."""

from typing import Any

from django.core.files.base import File
from django.db import transaction

from apps.audit import services as audit
from apps.contracts import services as contracts
from apps.core.database import walls
from apps.invoicing import services as invoicing
from apps.parties.actor import Actor
from apps.workflows import payment_document_jobs as jobs
from apps.workflows.once import Answer, once


def hand_in_document(*, actor: Actor, document_ref: str, note: str = "", upload: "File[Any] | None" = None) -> Answer:
    """The seller hands in what an invoice waits for. Sent twice, it is there once.

    The bytes are stored first and counted only with their row; bytes without a row are deleted again.
    """
    stored = invoicing.receive_payment_document(upload, actor=actor) if upload is not None else None
    try:
        with transaction.atomic(durable=True), audit.written_together():
            contract = contracts.lock(contract_id=invoicing.contract_of_document(document_ref=document_ref))
            at = walls.widen(contract.buyer_id)
            document, is_news = invoicing.hand_in_document(
                contract=contract, document_ref=document_ref, actor=actor, note=note, stored=stored, at=at
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
