"""Disputes: one side says that an amount is not to be accepted or not owed, the other answers, both settle it."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.files.base import File

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.financing import services as financing
from apps.invoicing import services as invoicing
from apps.invoicing.rules import Share
from apps.milestones import services as milestones
from apps.milestones.models import Dispute, FirstAcceptance
from apps.milestones.services import CriterionVerdict, MissedPosition, Part
from apps.parties.actor import Actor
from apps.workflows import (
    before_acceptance,
    crediting,
    dispute_jobs,
    dispute_news,
    going_on,
    jobs,
    mended,
    recourse,
    revenue_jobs,
    sign_off,
)
from apps.workflows.attaching import with_its_row
from apps.workflows.dispute_jobs import ENDED, RAISED
from apps.workflows.dispute_news import DISPUTE
from apps.workflows.once import Answer, once


@once
def dispute_submission(
    *, actor: Actor, key: str, submission_ref: str, amount: Decimal | None, reason: str, answer_days: int
) -> Answer:
    """Either side disputes what was submitted, all of it or an amount net of tax; its review clock stands still."""
    contract, at = milestones.hold_contract_of_submission(submission_ref=submission_ref)
    dispute = milestones.dispute_submission(
        contract=contract,
        submission_ref=submission_ref,
        actor=actor,
        amount=amount,
        reason=reason,
        answer_days=answer_days,
        at=at,
    )
    jobs.defer(
        *dispute_news.news(dispute, RAISED, actor=actor),
        *dispute_news.to_financiers(dispute),
        *dispute_news.own_link(dispute, actor=actor, at=at),
    )
    return {"dispute": dispute.ref}


@once
def dispute_rest(
    *,
    actor: Actor,
    key: str,
    submission_ref: str,
    seen: str,
    amount: Decimal,
    verdicts: Sequence[CriterionVerdict],
    reason: str,
    answer_days: int,
) -> Answer:
    """The buyer disputes an amount and accepts the rest of what waits, which is billed at once: both or neither.

    Whether or not the contract provides for acceptance in part; where two people accept, the first one's acceptance is
    kept.
    """
    contract, at = milestones.hold_contract_of_submission(submission_ref=submission_ref)
    financing.require_divisible(submission_ref=submission_ref)
    dispute = milestones.dispute_submission(
        contract=contract,
        submission_ref=submission_ref,
        actor=actor,
        amount=amount,
        reason=reason,
        answer_days=answer_days,
        at=at,
    )
    done = milestones.accept_part(
        contract=contract,
        submission_ref=submission_ref,
        actor=actor,
        seen=seen,
        part=Part(amount=dispute.whole - dispute.amount),
        verdicts=verdicts,
        comment=reason,
        at=at,
    )
    jobs.defer(*dispute_news.news(dispute, RAISED, actor=actor), *dispute_news.own_link(dispute, actor=actor, at=at))
    if isinstance(done, FirstAcceptance):
        return {**before_acceptance.call_second(done, contract=contract), "dispute": dispute.ref}
    answer = sign_off.bill_accepted(
        done,
        submission_ref=submission_ref,
        contract=contract,
        actor=actor,
        at=at,
        rest=milestones.newest_part_of(done[0]),
    )
    return {**answer, "dispute": dispute.ref}


@once
def dispute_invoice(*, actor: Actor, key: str, invoice_ref: str, share: Share, reason: str, answer_days: int) -> Answer:
    """Either side, or a guest by a link asked for on its page, disputes what is open of an invoice, or a part of it."""
    contract = contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    about = invoicing.disputable(invoice_ref=invoice_ref, share=share)
    dispute = milestones.dispute_billed(
        contract=contract,
        invoice_ref=invoice_ref,
        whole=about.whole,
        amount=about.net,
        actor=actor,
        reason=reason,
        answer_days=answer_days,
        at=at,
    )
    invoicing.keep_dispute(dispute=dispute, about=about)
    contracts.spend_grants(subject_ref=invoice_ref, actor=actor, at=at)
    told = [*dispute_news.to_financiers(dispute), *dispute_news.own_link(dispute, actor=actor, at=at)]
    jobs.defer(*dispute_news.news(dispute, RAISED, actor=actor), *told)
    return {"dispute": dispute.ref}


@once
def answer_dispute(*, actor: Actor, key: str, dispute_ref: str, text: str) -> Answer:
    """One side writes what it holds; it is the other side's turn."""
    contract = contracts.lock(contract_id=milestones.contract_of_dispute(dispute_ref=dispute_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    said = milestones.write_position(contract=contract, dispute_ref=dispute_ref, actor=actor, text=text, at=at)
    jobs.defer(*dispute_news.news(said.dispute, f"position.{said.number}", actor=actor))
    return {"dispute": dispute_ref, "position": str(said.number)}


def attach_to_dispute(*, actor: Actor, dispute_ref: str, upload: "File[Any]") -> Answer:
    """One side adds a file to what it says. Sent twice, it is there once."""
    stored = milestones.receive_for_dispute(upload, actor=actor)
    with with_its_row(stored.stored_as):
        contract = contracts.lock(contract_id=milestones.contract_of_dispute(dispute_ref=dispute_ref))
        at = walls.widen(contract.seller_id, contract.buyer_id)
        file = milestones.attach_to_dispute(
            contract=contract, dispute_ref=dispute_ref, actor=actor, stored=stored, at=at
        )
    return {"file": file.ref}


@once
def propose_outcome(
    *,
    actor: Actor,
    key: str,
    dispute_ref: str,
    outcome: str,
    amount: Decimal | None = None,
    note: str = "",
    kept_until: date | None = None,
) -> Answer:
    """One side says how it would settle the dispute; nothing is settled before the other side agrees.

    Retention that was released in error is kept back again, ``kept_until`` or until the buyer releases it.
    """
    contract = contracts.lock(contract_id=milestones.contract_of_dispute(dispute_ref=dispute_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    proposal = milestones.propose_outcome(
        contract=contract,
        dispute_ref=dispute_ref,
        actor=actor,
        outcome=outcome,
        amount=amount,
        note=note,
        kept_until=kept_until,
        at=at,
    )
    invoicing.require_upheld_creditable(proposal=proposal)
    jobs.defer(*dispute_news.news(proposal.dispute, f"outcome.{proposal.number}", actor=actor))
    return {"dispute": dispute_ref, "proposal": proposal.ref}


@once
def agree_outcome(*, actor: Actor, key: str, proposal_ref: str) -> Answer:
    """The other side agrees: what is upheld of an invoice is credited, a clock that stood still runs on, at once."""
    contract = contracts.lock(contract_id=milestones.contract_of_proposal(proposal_ref=proposal_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    dispute = milestones.agree_outcome(contract=contract, proposal_ref=proposal_ref, actor=actor, at=at)
    return _end(dispute, contract=contract, actor=actor, at=at)


@once
def withdraw_dispute(*, actor: Actor, key: str, dispute_ref: str) -> Answer:
    """Whoever raised a dispute lets it go: everything is owed, or to be decided, as before."""
    contract = contracts.lock(contract_id=milestones.contract_of_dispute(dispute_ref=dispute_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    dispute = milestones.withdraw_dispute(contract=contract, dispute_ref=dispute_ref, actor=actor, at=at)
    return _end(dispute, contract=contract, actor=actor, at=at)


def missed(*, at: datetime, contract_refs: list[str] | None = None) -> list[MissedPosition]:
    """Every position whose deadline passed at this moment, of which nobody was told."""
    return milestones.positions_missed(at=at, contract_refs=contract_refs)


def tend(*, dispute_ref: str, organisation_id: int, due: str) -> Answer:
    """Tell of one missed deadline, in a transaction of its own; done once, however often it is asked for."""
    with walls.asking_for(organisation_id):
        return remind_of_position(
            actor=Actor.system(organisation_id=organisation_id),
            key=f"position in {dispute_ref} by {due}",
            dispute_ref=dispute_ref,
        )


@once
def remind_of_position(*, actor: Actor, key: str, dispute_ref: str) -> Answer:
    """A deadline passed without a position: the side that is awaited is reminded, and nothing is decided."""
    contract = contracts.lock(contract_id=milestones.contract_of_dispute(dispute_ref=dispute_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    reminder = milestones.remind_of_position(contract=contract, dispute_ref=dispute_ref, actor=actor, at=at)
    if reminder is None:
        return {}
    awaited = contracts.organisation_of(contract, side=reminder.dispute.awaits)
    if awaited == contract.buyer_id:
        going_on.keep_link(contract, DISPUTE, dispute_ref, actor=actor, at=at)
    dispute_jobs.send_dispute_reminder.defer(dispute_ref=dispute_ref, organisation_id=awaited)
    return {"dispute": dispute_ref}


def _end(dispute: Dispute, *, contract: Contract, actor: Actor, at: datetime) -> Answer:
    """What follows the end of a dispute. Last in its workflow: the number of a credit note is taken here."""
    news = [*dispute_news.news(dispute, ENDED, actor=actor), *dispute_news.to_financiers(dispute)]
    contracts.close_grants(subject_ref=dispute.ref, at=at)
    if dispute.reservation is not None:
        return mended.settle_defect(dispute, news=news, contract=contract, actor=actor, at=at)
    if dispute.submission is not None:
        news += before_acceptance.longer_link(
            dispute.submission.ref, until=dispute.due_after, contract=contract, actor=actor, at=at
        )
    ref = new_ref()
    if dispute.submission is None and dispute.upheld:
        news += [crediting.document(ref, seller_id=contract.seller_id), revenue_jobs.following(contract)]
    jobs.defer(*news)
    invoice = invoicing.invoice_of_dispute(dispute)
    # Where nothing is credited, nobody bears it.
    bought = recourse.hold_bought(invoice.milestone if invoice is not None and dispute.upheld else None)
    proposer = milestones.proposer_of(dispute)
    note = invoicing.end_dispute(
        ref,
        dispute=dispute,
        reason=milestones.reason_of(dispute),
        actor=actor,
        issuer=invoicing.Issuer(*proposer) if proposer is not None else None,
        at=at,
    )
    if note is not None:
        recourse.follow_credit(bought, note_ref=note.ref, reason=note.reason, actor=actor, at=at)
    answer = {"dispute": dispute.ref, "state": str(dispute.state)}
    return answer if note is None else {**answer, "credit_note": note.ref, "number": note.number}
