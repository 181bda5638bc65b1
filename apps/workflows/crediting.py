"""Correcting what was billed: credit notes, acceptances that both sides withdraw, and money that comes free by it."""

from datetime import datetime
from decimal import Decimal

from procrastinate.jobs import JobDeferrer

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.invoicing import services as invoicing
from apps.invoicing.models import CreditNote
from apps.invoicing.rules import Share
from apps.invoicing.services import charge_terms, correction_deliveries, reissuing, withdrawing
from apps.invoicing.services.charging import withdraw_with_acceptance
from apps.milestones import services as milestones
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.workflows import credit_jobs, jobs, recourse, revenue_jobs
from apps.workflows.once import Answer, once


@once
def credit_invoice(*, actor: Actor, key: str, invoice_ref: str, share: Share, reason: str, seen: str) -> Answer:
    """The seller lowers the price of an invoice by a credit note; the work stays accepted.

    ``seen`` is the SHA-256 of the preview that was shown. Refused for what is assigned and not paid for yet; of what is
    sold the financier's reserve bears it, and then the seller, at once.
    """
    contract = contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    ref = new_ref()
    jobs.defer(document(ref, seller_id=contract.seller_id), revenue_jobs.following(contract))
    bought = recourse.hold_bought(invoicing.milestone_of(invoice_ref=invoice_ref))
    note = invoicing.correct(ref, invoice_ref=invoice_ref, actor=actor, share=share, reason=reason, seen=seen, at=at)
    recourse.follow_credit(bought, note_ref=note.ref, reason=note.reason, actor=actor, at=at)
    return_excess(contract=contract, actor=actor, at=note.issued_at)
    return {"credit_note": note.ref, "number": note.number}


@once
def reissue_invoice(*, actor: Actor, key: str, invoice_ref: str, reason: str, seen: str) -> Answer:
    """The seller cancels a wrong invoice and issues it anew, both at once; the work stays accepted.

    ``seen`` is the SHA-256 of the preview that was shown. What was paid on the wrong one settles the new one.
    """
    contract = contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    note_ref, ref = new_ref(), new_ref()
    new_document = jobs.render_invoice.configure(
        task_kwargs={"invoice_ref": ref, "organisation_id": contract.seller_id}
    )
    jobs.defer(document(note_ref, seller_id=contract.seller_id), new_document, revenue_jobs.following(contract))
    note, anew = reissuing.reissue(
        ref, note_ref=note_ref, invoice_ref=invoice_ref, actor=actor, reason=reason, seen=seen, at=at
    )
    return {"credit_note": note.ref, "number": anew.number, "invoice": anew.ref}


@once
def ask_nullification(*, actor: Actor, key: str, milestone_ref: str, share: Share, reason: str) -> Answer:
    """One side asks the other to withdraw an acceptance because of a defect found later; nothing changes yet."""
    contract = contracts.lock(contract_id=milestones.contract_of_milestone(milestone_ref=milestone_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    found = withdrawing.withdrawable(milestone_ref=milestone_ref)
    nullification = milestones.ask_nullification(
        contract=contract,
        milestone_ref=milestone_ref,
        actor=actor,
        amount=withdrawing.amount_to_withdraw(found, share=share),
        reason=reason,
        at=at,
    )
    credit_jobs.send_nullification_news.defer(
        nullification_ref=nullification.ref, organisation_id=_other_side(actor, contract.seller_id, contract.buyer_id)
    )
    return {"nullification": nullification.ref}


@once
def grant_nullification(*, actor: Actor, key: str, nullification_ref: str) -> Answer:
    """The other side agrees: the acceptance is withdrawn, its invoice credited, the milestone open again, all at once.

    What of it stood in an application for payment that collects is not billed, so that asks for less, and only what
    goes beyond it is credited. Refused for what is assigned and not paid for yet; of what is sold the seller owes the
    advance back.
    """
    contract = contracts.lock(contract_id=milestones.contract_of_nullification(nullification_ref=nullification_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    ref = new_ref()
    found = withdrawing.withdrawable_of(nullification_ref=nullification_ref)
    bought = recourse.hold_bought(found.invoice.milestone if found.invoice is not None else None)
    nullification = milestones.grant_nullification(
        contract=contract,
        nullification_ref=nullification_ref,
        actor=actor,
        left=found.left,
        unbilled=found.unbilled,
        withheld=found.withheld,
        at=at,
    )
    withdrawing.withdraw_standing(found, nullification=nullification)
    jobs.defer(revenue_jobs.following(contract))
    credit_jobs.send_nullification_news.defer(
        nullification_ref=nullification.ref, organisation_id=_other_side(actor, contract.seller_id, contract.buyer_id)
    )
    contracts.reopen(contract=contract, actor=actor, at=at)
    milestones.end_overtaken_settlements(contract=contract, at=at)
    end_charges(contract, milestone=nullification.milestone, reason=nullification.reason, actor=actor, at=at)
    if not nullification.credited:
        return {"credit_note": "", "number": "", "nullification": nullification.ref}
    jobs.defer(document(ref, seller_id=contract.seller_id))
    note = invoicing.credit_nullified(ref, nullification=nullification, found=found, actor=actor, at=at)
    recourse.follow_credit(bought, note_ref=note.ref, reason=note.reason, actor=actor, at=at)
    return {"credit_note": note.ref, "number": note.number, "nullification": nullification.ref}


@once
def decline_nullification(*, actor: Actor, key: str, nullification_ref: str, reason: str) -> Answer:
    """The other side does not agree; the acceptance stands, and whoever asked reads why."""
    contract = contracts.lock(contract_id=milestones.contract_of_nullification(nullification_ref=nullification_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    nullification = milestones.decline_nullification(
        contract=contract, nullification_ref=nullification_ref, actor=actor, reason=reason, at=at
    )
    credit_jobs.send_nullification_news.defer(
        nullification_ref=nullification.ref, organisation_id=_other_side(actor, contract.seller_id, contract.buyer_id)
    )
    return {"nullification": nullification.ref}


@once
def withdraw_nullification(*, actor: Actor, key: str, nullification_ref: str) -> Answer:
    """Whoever asked does not want it any more."""
    contract = contracts.lock(contract_id=milestones.contract_of_nullification(nullification_ref=nullification_ref))
    nullification = milestones.withdraw_nullification(
        contract=contract, nullification_ref=nullification_ref, actor=actor, at=clock.now()
    )
    return {"nullification": nullification.ref}


@once
def allocate_payment(
    *, actor: Actor, key: str, payment_ref: str, invoice_ref: str, amount: Decimal | None = None
) -> Answer:
    """The seller settles another invoice of the same buyer with money that settles nothing."""
    held = [
        contracts.lock(contract_id=contract_id)
        for contract_id in invoicing.contracts_to_allocate(payment_ref=payment_ref, invoice_ref=invoice_ref)
    ]
    at = walls.widen(*(contract.buyer_id for contract in held))
    made = invoicing.allocate(payment_ref=payment_ref, invoice_ref=invoice_ref, actor=actor, amount=amount, at=at)
    return {"payment": made.payment.ref}


@once
def retry_credit_document(*, actor: Actor, key: str, credit_note_ref: str) -> Answer:
    """Make a credit note's document again after it failed; a document that exists is never made anew."""
    contract = contracts.lock(contract_id=invoicing.contract_of_credit_note(credit_note_ref=credit_note_ref))
    invoicing.retry_credit_document(credit_note_ref=credit_note_ref, actor=actor, at=clock.now())
    credit_jobs.render_credit_note.defer(credit_note_ref=credit_note_ref, organisation_id=contract.seller_id)
    return {"credit_note": credit_note_ref}


@once
def resend_credit_note(*, actor: Actor, key: str, credit_note_ref: str) -> Answer:
    """Mail a credit note with its document to the buyer once more, for when the first letter was lost."""
    contract = contracts.lock(contract_id=invoicing.contract_of_credit_note(credit_note_ref=credit_note_ref))
    delivery = correction_deliveries.deliver_credit_note_again(
        credit_note_ref=credit_note_ref, actor=actor, at=clock.now()
    )
    credit_jobs.send_credit_note.defer(delivery_ref=delivery.ref, organisation_id=contract.buyer_id)
    return {"delivery": delivery.ref}


def return_excess(*, contract: Contract, actor: Actor, at: datetime) -> list[CreditNote]:
    """Credit what of deposits nothing that is still to be billed can give back, with the documents of these notes."""
    notes = invoicing.return_excess(contract=contract, actor=actor, at=at)
    if notes:
        jobs.defer(*(document(note.ref, seller_id=contract.seller_id) for note in notes))
    return notes


def end_charges(contract: Contract, *, milestone: Milestone | None, reason: str, actor: Actor, at: datetime) -> None:
    """Damages, back-charges and a bonus end with the acceptance on which they were charged."""
    for charge in charge_terms.standing_charges(milestone) if milestone is not None else ():
        ended = withdraw_with_acceptance(charge, note_ref=new_ref(), reason=reason, actor=actor, at=at)
        if ended.undone_by is not None:
            jobs.defer(document(ended.undone_by.ref, seller_id=contract.seller_id))


def document(credit_note_ref: str, *, seller_id: int) -> JobDeferrer:
    return credit_jobs.render_credit_note.configure(
        task_kwargs={"credit_note_ref": credit_note_ref, "organisation_id": seller_id}
    )


def _other_side(actor: Actor, seller_id: int, buyer_id: int) -> int:
    return buyer_id if actor.organisation_id == seller_id else seller_id
