"""Questions of the buyer about an invoice, by the portal or by the hosted page, and their answers."""

from datetime import datetime
from typing import Final

from apps.audit import services as audit
from apps.contracts.models import Contract
from apps.core import canonical
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.invoicing.models import Invoice, InvoiceLink, InvoiceQuestion
from apps.milestones.rules import check_words
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action

MOST_WAITING: Final = 5
"""So many may wait for an answer at a time: each is a mail to the seller."""
LONGEST_NAME: Final = 160


def contract_of_invoice_question(*, question_ref: str) -> int:
    """The contract in which a question was asked, so that a workflow can lock it first."""
    found = InvoiceQuestion.objects.filter(ref=question_ref).values_list("contract_id", flat=True).first()
    if found is None:
        raise Refused("There is no such question, or your organisation is no party to its contract.")
    return found


def ask_about_invoice(
    *, contract: Contract, invoice_ref: str, actor: Actor, link_ref: str, name: str, text: str, at: datetime
) -> InvoiceQuestion:
    """Somebody of the buyer asks the seller about an invoice. Nothing is decided by it, and it stays due.

    ``link_ref`` is the live link of whoever came by the hosted page, and ``name`` what they call themselves; a member
    asks under the own name.
    """
    invoice = Invoice.objects.filter(ref=invoice_ref, contract=contract).first()
    if invoice is None or invoice.buyer_id != actor.organisation_id:
        raise Refused("There is no such invoice for you. Open it from your list of invoices.")
    link = link_of_guest(invoice, actor=actor, link_ref=link_ref)
    called = " ".join(check_words(name if link else actor.name, field="name", missing="Say who asks.").split())
    if len(called) > LONGEST_NAME:
        raise Refused("This text is longer than {most} characters.", field="name", most=LONGEST_NAME)
    words = check_words(text, field="text", missing="Write what you want to know.")
    asked = InvoiceQuestion.objects.filter(invoice=invoice)
    if asked.waiting().count() >= MOST_WAITING:
        raise Refused(
            "{most} questions about this invoice wait for an answer. Wait for it, or call the seller.",
            most=MOST_WAITING,
        )
    question = InvoiceQuestion.objects.create(
        contract=contract,
        invoice=invoice,
        number=asked.count() + 1,
        user_id=actor.user_id if link is None else None,
        link=link,
        name=called,
        asked_at=at,
        text=words,
    )
    _record(question, verb="invoice.asked", words=words, actor=actor, at=at)
    return question


def answer_about_invoice(
    *, contract: Contract, question_ref: str, actor: Actor, text: str, at: datetime
) -> InvoiceQuestion:
    """Somebody of the seller answers, once."""
    found = InvoiceQuestion.objects.select_for_update(of=("self",)).select_related("invoice")
    question = found.filter(ref=question_ref, contract=contract).first()
    if question is None:
        raise Refused("There is no such question in this contract.")
    actor.require(Action.RECORD_PAYMENT, organisation_id=contract.seller_id)
    if question.answered_at is not None:
        raise IllegalTransition("{name} has answered this question already.", name=question.answered_name)
    words = check_words(text, field="text", missing="Write what the buyer wants to know.")
    question.answer, question.answered_at = words, at
    question.answered_by_id, question.answered_name = actor.user_id, actor.name
    question.save(update_fields=["answer", "answered_at", "answered_by", "answered_name"])
    _record(question, verb="invoice.answered", words=words, actor=actor, at=at)
    return question


def link_of_guest(invoice: Invoice, *, actor: Actor, link_ref: str) -> InvoiceLink | None:
    """By which link the actor came; None for a member who may ask. A personal link to something else may not."""
    if actor.kind is ActorKind.USER:
        actor.require(Action.ASK_ABOUT_INVOICE, organisation_id=invoice.buyer_id)
        return None
    link = InvoiceLink.objects.live().filter(invoice=invoice, ref=link_ref).first() if link_ref else None
    if link is None or actor.kind is not ActorKind.GUEST or actor.grant_id is not None:
        raise NotAllowed("This link does not work any more. Ask the seller for a new one.")
    return link


def _record(question: InvoiceQuestion, *, verb: str, words: str, actor: Actor, at: datetime) -> None:
    """The words are between the two sides; the chain, which a financier may read later, keeps their hash."""
    invoice = question.invoice
    audit.record(
        chain=f"contract:{question.contract.ref}",
        parties=(invoice.seller_id, invoice.buyer_id),
        verb=verb,
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=at,
        told_to=(invoice.seller_id, invoice.buyer_id),
        number=invoice.number,
        question=question.number,
        question_ref=question.ref,
        text_sha256=canonical.sha256(words),
    )
