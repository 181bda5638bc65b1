"""Mails about an invoice that somebody asks about: the question to the seller, the answer to the buyer."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.invoicing.models import InvoiceQuestion
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails.invoices import page_of, people_for_invoices
from apps.workflows.mails.letter import Letter, absolute, fact, money, send

RELATED = (
    "contract__seller",
    "contract__buyer",
    "contract__active_version",
    "invoice__open_item",
    "invoice__contract__active_version",
    "invoice__buyer",
)


def invoice_question(*, question_ref: str) -> None:
    """Tell the seller's people for billing what the buyer asks."""
    asked = InvoiceQuestion.objects.select_related(*RELATED).get(ref=question_ref)
    contract, billed = asked.contract, asked.invoice
    send(
        Letter(
            name="invoice_question",
            key=asked.ref,
            sender=contract.buyer,
            reader=contract.seller,
            to=parties.mailboxes(organisation_id=contract.seller_id, action=Action.RECORD_PAYMENT),
            button=_("Read and answer"),
            url=absolute(reverse("seller:answer_about_invoice", args=[asked.ref])),
            facts=[
                fact(_("Invoice"), billed.number),
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                money(_("Open"), billed.open_item.open, billed.currency),
                fact(_("Due"), on=billed.open_item.due_on),
            ],
            context={"question": asked, "invoice": billed},
        )
    )


def invoice_answer(*, question_ref: str) -> None:
    """Tell the mailboxes to which the invoice went what the seller answers."""
    asked = InvoiceQuestion.objects.select_related(*RELATED).get(ref=question_ref)
    contract, billed = asked.contract, asked.invoice
    send(
        Letter(
            name="invoice_answer",
            key=asked.ref,
            sender=contract.seller,
            reader=contract.buyer,
            to=people_for_invoices(billed),
            button=_("Open the invoice"),
            url=page_of(billed, buyer=contract.buyer),
            facts=[
                fact(_("Invoice"), billed.number),
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                money(_("Open"), billed.open_item.open, billed.currency),
                fact(_("Due"), on=billed.open_item.due_on),
            ],
            context={"question": asked, "invoice": billed},
        )
    )
