"""Submission and sign-off: the story by which work becomes an invoice."""

from collections.abc import Sequence
from uuid import UUID

from apps.contracts import services as contracts
from apps.core import clock
from apps.core.database import walls
from apps.invoicing import services as invoicing
from apps.milestones import services as milestones
from apps.milestones.services import CriterionVerdict
from apps.parties.actor import Actor
from apps.workflows import jobs
from apps.workflows.once import Answer, once


@once
def submit_milestone(*, actor: Actor, key: str, milestone_ref: str, seen: str) -> Answer:
    """The seller sends the drafted submission to the buyer: frozen, numbered, with its review deadline.

    ``seen`` is the SHA-256 of the text that the seller was shown on the review page.
    """
    at = clock.now()
    contract = contracts.lock_of_milestone(milestone_ref=milestone_ref)
    walls.widen(contract.buyer_id)
    submission = milestones.submit(milestone_ref=milestone_ref, actor=actor, seen=seen, at=at)
    grant = contracts.grant_sign_off(contract=contract, submission_ref=submission.ref, at=at)
    jobs.send_sign_off_request.defer(grant_ref=grant.ref, organisation_id=contract.buyer_id)
    return {"submission": submission.ref}


@once
def withdraw_submission(*, actor: Actor, key: str, submission_ref: str) -> Answer:
    """The seller takes a submission back before it is decided; the buyer's links to it die."""
    at = clock.now()
    submission = milestones.withdraw(submission_ref=submission_ref, actor=actor, at=at)
    contracts.revoke_grants(subject_ref=submission.ref, at=at)
    return {"submission": submission.ref}


@once
def accept_milestone(*, actor: Actor, key: str, submission_ref: str, seen: str, comment: str = "") -> Answer:
    """The buyer signs the milestone off, and the invoice exists: one transaction, nothing in between.

    ``seen`` is the SHA-256 of the submission's text that the buyer was shown; another text is :class:`Stale`.
    """
    at = clock.now()
    contract = contracts.lock_of_submission(submission_ref=submission_ref)
    walls.widen(contract.seller_id)
    milestone = milestones.accept(submission_ref=submission_ref, actor=actor, seen=seen, comment=comment, at=at)
    contracts.spend_grants(subject_ref=submission_ref, actor=actor, at=at)
    invoice = invoicing.issue(milestone=milestone, contract=contract, actor=actor, at=at)
    contracts.complete_when_all_accepted(
        contract=contract, open_milestones=milestones.count_open(contract_id=contract.pk), actor=actor, at=at
    )
    jobs.render_invoice.defer(invoice_ref=invoice.ref, organisation_id=contract.seller_id)
    jobs.send_acceptance.defer(submission_ref=submission_ref, organisation_id=contract.seller_id)
    return {"milestone": milestone.ref, "invoice": invoice.ref, "number": invoice.number}


@once
def request_changes(
    *, actor: Actor, key: str, submission_ref: str, seen: str, verdicts: Sequence[CriterionVerdict], comment: str = ""
) -> Answer:
    """The buyer says what is missing, criterion by criterion; the milestone can be submitted again as a new cycle."""
    at = clock.now()
    contract = contracts.lock_of_submission(submission_ref=submission_ref)
    walls.widen(contract.seller_id)
    milestone = milestones.request_changes(
        submission_ref=submission_ref, actor=actor, seen=seen, verdicts=verdicts, comment=comment, at=at
    )
    contracts.spend_grants(subject_ref=submission_ref, actor=actor, at=at)
    jobs.send_change_request.defer(submission_ref=submission_ref, organisation_id=contract.seller_id)
    return {"milestone": milestone.ref}
