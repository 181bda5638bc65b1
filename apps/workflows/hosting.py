"""The hosted page of an invoice: its link, the questions that are asked about it, and the way to a dispute of it."""

from apps.contracts import services as contracts
from apps.contracts.models import GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed
from apps.invoicing import services as invoicing
from apps.parties.actor import Actor
from apps.workflows import going_on, hosting_jobs, limits, link_jobs
from apps.workflows.once import Answer, once


@once
def renew_invoice_link(*, actor: Actor, key: str, invoice_ref: str) -> Answer:
    """The seller gives the page of an invoice another address: the old one was seen by somebody, or was revoked."""
    contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    link = invoicing.renew_link(invoice_ref=invoice_ref, actor=actor, at=clock.now())
    return {"link": link.ref}


@once
def revoke_invoice_link(*, actor: Actor, key: str, invoice_ref: str) -> Answer:
    """The seller closes the page of an invoice to everybody without an account."""
    contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    link = invoicing.revoke_link(invoice_ref=invoice_ref, actor=actor, at=clock.now())
    return {"link": link.ref}


@once
def ask_about_invoice(
    *, actor: Actor, key: str, invoice_ref: str, text: str, name: str = "", link_ref: str = ""
) -> Answer:
    """Somebody of the buyer, or whoever holds the invoice's link, asks the seller about it."""
    contract = contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    limits.spare(limits.INVOICE_QUESTIONS, invoice_ref)
    at = walls.widen(contract.seller_id)
    question = invoicing.ask_about_invoice(
        contract=contract, invoice_ref=invoice_ref, actor=actor, link_ref=link_ref, name=name, text=text, at=at
    )
    hosting_jobs.send_invoice_question.defer(question_ref=question.ref, organisation_id=contract.seller_id)
    return {"question": question.ref}


@once
def answer_about_invoice(*, actor: Actor, key: str, question_ref: str, text: str) -> Answer:
    """The seller answers a question about an invoice; the answer goes to the buyer's mailboxes for invoices."""
    contract = contracts.lock(contract_id=invoicing.contract_of_invoice_question(question_ref=question_ref))
    at = walls.widen(contract.buyer_id)
    question = invoicing.answer_about_invoice(
        contract=contract, question_ref=question_ref, actor=actor, text=text, at=at
    )
    hosting_jobs.send_invoice_answer.defer(question_ref=question.ref, organisation_id=contract.buyer_id)
    return {"question": question.ref}


@once
def ask_to_dispute(*, actor: Actor, key: str, invoice_ref: str, link_ref: str) -> Answer:
    """Whoever holds the link of an invoice asks that it can be disputed: the signatory of a buyer without people here
    gets a personal link for that, by mail to the mailbox that the signed contract names. Nothing is disputed by asking.
    """
    contract = contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    limits.spare(limits.DISPUTE_LINKS, invoice_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    invoicing.require_askable(invoice_ref=invoice_ref, link_ref=link_ref, actor=actor)
    grant = going_on.keep_link(contract, GuestGrant.Purpose.DISPUTE_INVOICE, invoice_ref, actor=actor, at=at)
    if grant is None:
        raise NotAllowed(
            "{buyer} has people of its own here. Sign in, and dispute the invoice in your portal.",
            buyer=contract.buyer.legal_name,
        )
    link_jobs.send_link.defer(grant_ref=grant.ref, organisation_id=contract.buyer_id)
    return {"link": grant.ref}
