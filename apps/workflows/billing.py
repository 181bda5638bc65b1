"""Being paid: payments of buyers to sellers, and the documents that ask for them."""

from datetime import date
from decimal import Decimal

from apps.contracts import services as contracts
from apps.core import clock
from apps.core.database import walls
from apps.invoicing import services as invoicing
from apps.parties.actor import Actor
from apps.workflows import jobs
from apps.workflows.once import Answer, once


@once
def record_payment(
    *, actor: Actor, key: str, invoice_ref: str, amount: Decimal, received_on: date, bank_reference: str
) -> Answer:
    """The seller records money that arrived from the buyer and settles the invoice with it.

    More than what is open stays on the payment, unallocated. An invoice assigned to a financier is refused: the buyer
    pays the financier, who records it.
    """
    contract = contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    at = walls.widen(contract.buyer_id)
    payment = invoicing.receive(
        invoice_ref=invoice_ref,
        recipient_id=actor.organisation_id,
        actor=actor,
        amount=amount,
        received_on=received_on,
        bank_reference=bank_reference,
        at=at,
    )
    jobs.send_payment_receipt.defer(payment_ref=payment.ref, organisation_id=contract.buyer_id)
    return {"payment": payment.ref}


@once
def reverse_payment(*, actor: Actor, key: str, payment_ref: str, reason: str) -> Answer:
    """The seller takes back a payment that it recorded by mistake; its invoices are open again, the buyer is told."""
    held = [
        contracts.lock(contract_id=contract_id)
        for contract_id in invoicing.contracts_of_payment(payment_ref=payment_ref)
    ]
    at = walls.widen(*(contract.buyer_id for contract in held))
    reversal = invoicing.reverse_payment(payment_ref=payment_ref, actor=actor, reason=reason, at=at)
    jobs.send_payment_reversed.defer(payment_ref=payment_ref, organisation_id=reversal.payer_id)
    return {"reversal": reversal.ref}


@once
def resend_invoice(*, actor: Actor, key: str, invoice_ref: str) -> Answer:
    """Mail an invoice with its document to the buyer once more, for when the first letter was lost."""
    contract = contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    delivery = invoicing.deliver_again(invoice_ref=invoice_ref, actor=actor, at=clock.now())
    jobs.send_invoice.defer(delivery_ref=delivery.ref, organisation_id=contract.buyer_id)
    return {"delivery": delivery.ref}


@once
def retry_document(*, actor: Actor, key: str, invoice_ref: str) -> Answer:
    """Render an invoice's document again after it failed; a document that exists is never made anew."""
    contract = contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    document = invoicing.retry_document(invoice_ref=invoice_ref, actor=actor, at=clock.now())
    jobs.render_invoice.defer(invoice_ref=invoice_ref, organisation_id=contract.seller_id)
    return {"document": document.ref}
