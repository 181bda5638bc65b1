"""What other stories need to know of an invoice, and asking for its document again."""

from datetime import datetime, timedelta

from apps.audit import services as audit
from apps.core.errors import NotAllowed, Refused
from apps.core.states import move
from apps.invoicing.models import Document, Invoice, OpenItem, PayeeInstruction
from apps.invoicing.models.document import DocumentState
from apps.parties.actor import Actor

GIVEN_UP_AFTER = timedelta(minutes=5)
"""A document that is still being made after this time is not being made any more."""


def contract_of(*, invoice_ref: str) -> int:
    """The contract that an invoice bills, so that a workflow can lock it first."""
    contract = Invoice.objects.filter(ref=invoice_ref).values_list("contract_id", flat=True).first()
    if contract is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    return contract


def eligible(*, invoice_ref: str) -> Invoice:
    """The invoice, if its receivable is whole: nothing paid, not assigned, and the contract lets it be assigned."""
    item = (
        OpenItem.objects.select_related("invoice__contract", "invoice__milestone__line__version")
        .select_for_update(of=("self",))
        .filter(invoice__ref=invoice_ref)
        .first()
    )
    if item is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    invoice = item.invoice
    if item.open == 0:
        raise Refused("{number} is paid; there is nothing left to fund.", number=invoice.number)
    if item.paid:
        raise Refused("A part of {number} is already paid. Only a whole invoice is funded.", number=invoice.number)
    if not invoice.milestone.line.version.is_assignable:
        raise Refused("The contract does not allow its receivables to be assigned, so they cannot be funded.")
    if PayeeInstruction.objects.live().filter(milestone_id=invoice.milestone_id).exists():
        raise Refused("{number} is already assigned to a financier.", number=invoice.number)
    return invoice


def retry_document(*, invoice_ref: str, actor: Actor, at: datetime) -> Document:
    """Ask for a document again after it failed, or after its making was given up. A document that is there stays."""
    document = (
        Document.objects.visible_to(actor)
        .select_related("invoice__contract")
        .select_for_update(of=("self",))
        .filter(invoice__ref=invoice_ref)
        .first()
    )
    if document is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    if document.invoice.seller_id != actor.organisation_id:
        raise NotAllowed("Only the seller can have the document made again.")
    if document.state == DocumentState.READY:
        raise Refused("The document is already there. Reload the page to see it.")
    if document.state == DocumentState.RENDERING and at - document.requested_at < GIVEN_UP_AFTER:
        raise Refused("The document is being made right now. Reload the page in a moment.")
    if document.state == DocumentState.FAILED:
        move(document, DocumentState.RENDERING, Document.TRANSITIONS)
    document.failure = ""
    document.requested_at = at
    document.save(update_fields=["state", "failure", "requested_at"])
    contract = document.invoice.contract
    audit.record(
        chain=f"contract:{contract.ref}",
        parties=(contract.seller_id, contract.buyer_id),
        verb="document.requested_again",
        subject=f"invoice:{invoice_ref}",
        actor=actor,
        at=at,
        document=document.ref,
    )
    return document
