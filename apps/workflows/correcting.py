"""What was written wrong on an issued invoice is put right by a corrected one, which changes no money."""

from apps.contracts import services as contracts
from apps.core import clock
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.invoicing import services as invoicing
from apps.invoicing.rules.corrections import Words
from apps.invoicing.services import correcting, correction_deliveries
from apps.parties.actor import Actor
from apps.workflows import correction_jobs
from apps.workflows.once import Answer, once


@once
def correct_invoice(*, actor: Actor, key: str, invoice_ref: str, right: Words, reason: str, seen: str) -> Answer:
    """The seller issues a corrected invoice, which stands in place of the one that was wrong.

    ``seen`` is the SHA-256 of the changes that were shown. What is owed stays as it is, whoever it is owed to.
    """
    contract = contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    made = correcting.correct_words(
        new_ref(), invoice_ref=invoice_ref, actor=actor, right=right, reason=reason, seen=seen, at=at
    )
    correction_jobs.render_corrected_invoice.defer(corrected_ref=made.ref, organisation_id=contract.seller_id)
    return {"corrected_invoice": made.ref, "number": made.number}


@once
def retry_corrected_document(*, actor: Actor, key: str, corrected_ref: str) -> Answer:
    """Make a corrected invoice's document again after it failed; a document that exists is never made anew."""
    contract = contracts.lock(contract_id=correcting.contract_of_corrected(corrected_ref=corrected_ref))
    correcting.retry_corrected(corrected_ref=corrected_ref, actor=actor, at=clock.now())
    correction_jobs.render_corrected_invoice.defer(corrected_ref=corrected_ref, organisation_id=contract.seller_id)
    return {"corrected_invoice": corrected_ref}


@once
def resend_corrected_invoice(*, actor: Actor, key: str, corrected_ref: str) -> Answer:
    """Mail a corrected invoice with its document to the buyer once more, for when the first letter was lost."""
    contract = contracts.lock(contract_id=correcting.contract_of_corrected(corrected_ref=corrected_ref))
    delivery = correction_deliveries.deliver_corrected_again(corrected_ref=corrected_ref, actor=actor, at=clock.now())
    correction_jobs.send_corrected_invoice.defer(delivery_ref=delivery.ref, organisation_id=contract.buyer_id)
    return {"delivery": delivery.ref}
