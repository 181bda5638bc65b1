"""Mails about documents that come before payment: to the buyer to check one, to the seller what became of it, and that
one ends."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.invoicing.models import PaymentDocument
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails.letter import Letter, absolute, fact, money, send

RELATED = ("contract__seller", "contract__buyer", "invoice__open_item")


def document_handed_in(*, document_ref: str) -> None:
    """Ask the buyer's people for payables to look at a document."""
    handed = PaymentDocument.objects.select_related(*RELATED).get(ref=document_ref)
    contract = handed.contract
    send(
        Letter(
            name="document_handed_in",
            key=handed.ref,
            sender=contract.seller,
            reader=contract.buyer,
            to=parties.mailboxes(organisation_id=contract.buyer_id, action=Action.CONFIRM_DOCUMENT),
            button=_("Look at it"),
            url=absolute(reverse("buyer:invoice", args=[handed.invoice.ref]) + "#documents"),
            facts=_facts(handed),
            context={"document": handed, "invoice": handed.invoice},
        )
    )


def document_decided(*, document_ref: str) -> None:
    """Tell the seller's people for billing that a document was confirmed, or why it was returned."""
    decided = PaymentDocument.objects.select_related(*RELATED).get(ref=document_ref)
    contract = decided.contract
    send(
        Letter(
            name="document_decided",
            key=f"{decided.ref}.{decided.state}",
            sender=contract.buyer,
            reader=contract.seller,
            to=parties.mailboxes(organisation_id=contract.seller_id, action=Action.RECORD_PAYMENT),
            button=_("Open the invoice"),
            url=absolute(reverse("seller:invoice", args=[decided.invoice.ref]) + "#documents"),
            facts=_facts(decided),
            context={
                "document": decided,
                "invoice": decided.invoice,
                "is_due": not decided.invoice.open_item.awaits_documents,
            },
        )
    )


def document_ending(*, document_ref: str) -> None:
    """Tell the seller's people for billing that a document ends, and what the invoices after that wait for."""
    ending = PaymentDocument.objects.select_related(*RELATED).get(ref=document_ref)
    contract = ending.contract
    send(
        Letter(
            name="document_ending",
            key=ending.ref,
            sender=contract.buyer,
            reader=contract.seller,
            to=parties.mailboxes(organisation_id=contract.seller_id, action=Action.RECORD_PAYMENT),
            button=_("Open the contract"),
            url=absolute(reverse("seller:contract", args=[contract.ref])),
            by=ending.valid_until,
            facts=[
                fact(_("Document"), ending.title),
                fact(_("Valid until"), on=ending.valid_until),
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
            ],
            context={"document": ending},
        )
    )


def _facts(document: PaymentDocument) -> list[dict[str, Any]]:
    contract, billed = document.contract, document.invoice
    return [
        fact(_("Document"), document.title),
        fact(_("Invoice"), billed.number),
        fact(_("Contract"), f"{contract.number} · {contract.title}"),
        money(_("Open"), billed.open_item.open, billed.currency),
        fact(_("Due"), on=billed.open_item.due_on),
    ]
