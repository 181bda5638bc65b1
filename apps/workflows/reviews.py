"""What the review clock asks for: reminders while it runs, and what silence means once it has run out."""

from datetime import datetime

from apps.contracts import services as contracts
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.milestones import services as milestones
from apps.milestones.models import Reminder
from apps.milestones.services import SILENCE
from apps.parties.actor import Actor
from apps.workflows import applying, jobs, retention_jobs, sign_off
from apps.workflows.once import Answer, once


def due(*, at: datetime, contract_refs: list[str] | None = None) -> list[milestones.DueReview]:
    """Every review of which something is due at this moment."""
    return milestones.reviews_due(at=at, contract_refs=contract_refs)


def tend(*, submission_ref: str, seller_id: int, what: str, due: str = "") -> Answer:
    """Do what is due of one review, in a transaction of its own; done once, however often it is asked for.

    ``due`` is the deadline for which it is due, as text: an answer to a question moves it, and then it is due anew.
    """
    once_for = f"{submission_ref} by {due}" if due else submission_ref
    actor = Actor.system(organisation_id=seller_id)
    with walls.asking_for(seller_id):
        if what == SILENCE:
            return deem_milestone(actor=actor, key=f"silence on {once_for}", submission_ref=submission_ref)
        return remind_of_review(actor=actor, key=f"{what} of {once_for}", submission_ref=submission_ref, kind=what)


@once
def deem_milestone(*, actor: Actor, key: str, submission_ref: str) -> Answer:
    """The review period ended without an answer: what the contract says of silence takes effect, at the deadline.

    An acceptance issues its invoice in the same transaction, exactly as a sign-off does; its date is today.
    """
    contract, at = milestones.hold_contract_of_submission(submission_ref=submission_ref)
    decided = milestones.decide_by_silence(contract=contract, submission_ref=submission_ref, actor=actor, at=at)
    if decided is None:
        return {}
    decision, open_milestones = decided
    milestone = decision.submission.milestone
    contracts.close_grants(subject_ref=submission_ref, at=at)
    to_buyer = jobs.send_review_lapsed.configure(
        task_kwargs={"submission_ref": submission_ref, "organisation_id": contract.buyer_id}
    )
    if not decision.is_acceptance:
        milestones.follow_active_version(milestone)
        to_seller = jobs.send_change_request.configure(
            task_kwargs={"submission_ref": submission_ref, "organisation_id": contract.seller_id}
        )
        jobs.defer(to_seller, to_buyer)
        return {"milestone": milestone.ref}
    invoice_ref = new_ref()
    jobs.defer(
        *sign_off.news_of(invoice_ref, submission_ref=submission_ref, milestone=milestone, contract=contract),
        sign_off.certificate(submission_ref, contract=contract),
        to_buyer,
        *retention_jobs.following(milestone, contract=contract, others=open_milestones),
    )
    if milestone.line.version.is_by_application:
        return applying.apply_for(milestone, contract=contract, actor=actor, at=at)
    invoice = sign_off.bill(
        invoice_ref, milestone=milestone, contract=contract, others=open_milestones, actor=actor, at=at
    )
    return {"milestone": milestone.ref, "invoice": invoice.ref, "number": invoice.number}


@once
def remind_of_review(*, actor: Actor, key: str, submission_ref: str, kind: str) -> Answer:
    """The buyer's deciders are reminded of a review that runs; the seller hears of one that ended without an answer."""
    contract = milestones.lock_contract_of_submission(submission_ref=submission_ref)
    at = walls.widen(contract.buyer_id)
    reminder = milestones.remind(contract=contract, submission_ref=submission_ref, kind=kind, actor=actor, at=at)
    if reminder is None:
        return {}
    if reminder.kind == Reminder.Kind.PASSED:
        jobs.send_review_passed.defer(submission_ref=submission_ref, organisation_id=contract.seller_id)
    else:
        jobs.send_review_reminder.defer(submission_ref=submission_ref, kind=kind, organisation_id=contract.buyer_id)
    return {"reminder": kind}
