"""Decisions: the buyer signs a milestone off, or says what is missing; an immutable record with its evidence."""

from collections.abc import Sequence
from datetime import datetime

from apps.contracts import services as contracts
from apps.contracts.models import Contract, Criterion, GuestGrant
from apps.core import states
from apps.core.errors import IllegalTransition, Stale
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.models import Decision, Milestone, Submission, Verdict
from apps.milestones.models.milestone import MilestoneState
from apps.milestones.models.submission import SubmissionState
from apps.milestones.rules import CriterionVerdict
from apps.milestones.services.submitting import lock_submission
from apps.parties.actor import Actor
from apps.parties.roles import Action


def acceptance_statement(submission: Submission) -> rules.Statement:
    """What the buyer's person agrees to when signing this submission off."""
    milestone = submission.milestone
    return rules.acceptance_statement(
        organisation=submission.contract.buyer.legal_name,
        title=milestone.title,
        cycle=submission.number,
        amount=Money(milestone.amount, milestone.currency),
    )


def changes_statement(submission: Submission) -> rules.Statement:
    """What the buyer's person agrees to when requesting changes to this submission."""
    return rules.changes_statement(
        organisation=submission.contract.buyer.legal_name,
        title=submission.milestone.title,
        cycle=submission.number,
    )


def accept(
    *, contract: Contract, submission_ref: str, actor: Actor, seen: str, comment: str, at: datetime
) -> Milestone:
    """The buyer signs the milestone off, every criterion passed. From here on the seller may invoice it.

    Only by somebody who may decide for the buyer, up to the person's limit, and only on the text that was shown:
    ``seen`` is its SHA-256, another one is :class:`Stale`.
    """
    submission = lock_submission(contract, submission_ref=submission_ref)
    milestone = submission.milestone
    remark = rules.check_text(comment, most=rules.LONGEST_NOTE, field="comment")
    _require_decider(submission, actor=actor, at=at)
    states.move(submission, SubmissionState.ACCEPTED, Submission.TRANSITIONS)
    states.move(milestone, MilestoneState.ACCEPTED, Milestone.TRANSITIONS)
    _compare(submission, seen=seen)
    decision = _decide(
        submission,
        outcome=Decision.Outcome.ACCEPTED,
        actor=actor,
        comment=remark,
        statement=acceptance_statement(submission),
        at=at,
    )
    criteria = Criterion.objects.filter(line_id=milestone.line_id)
    Verdict.objects.bulk_create(
        Verdict(decision=decision, criterion=criterion, is_passed=True) for criterion in criteria
    )
    milestone.accepted_at = at
    milestone.accepted_submission = submission
    submission.save(update_fields=["state"])
    milestone.save(update_fields=["state", "accepted_at", "accepted_submission"])
    _record(decision, verb="milestone.accepted", actor=actor, at=at)
    return milestone


def request_changes(
    *,
    contract: Contract,
    submission_ref: str,
    actor: Actor,
    seen: str,
    verdicts: Sequence[CriterionVerdict],
    comment: str,
    at: datetime,
) -> Milestone:
    """The buyer does not accept yet and names at least one criterion that is not met, with the reason.

    The milestone can be submitted again, as a new cycle.
    """
    submission = lock_submission(contract, submission_ref=submission_ref)
    milestone = submission.milestone
    remark = rules.check_text(comment, most=rules.LONGEST_NOTE, field="comment")
    criteria = dict(Criterion.objects.filter(line_id=milestone.line_id).values_list("pk", "text"))
    _require_decider(submission, actor=actor, at=at)
    states.move(submission, SubmissionState.CHANGES_REQUESTED, Submission.TRANSITIONS)
    states.move(milestone, MilestoneState.CHANGES_REQUESTED, Milestone.TRANSITIONS)
    _compare(submission, seen=seen)
    rules.check_verdicts(verdicts, criteria=criteria)
    decision = _decide(
        submission,
        outcome=Decision.Outcome.CHANGES_REQUESTED,
        actor=actor,
        comment=remark,
        statement=changes_statement(submission),
        at=at,
    )
    Verdict.objects.bulk_create(
        Verdict(
            decision=decision,
            criterion_id=verdict.criterion_id,
            is_passed=verdict.is_passed,
            reason=rules.check_text(verdict.reason, most=rules.LONGEST_REASON, field="verdicts"),
        )
        for verdict in verdicts
    )
    submission.save(update_fields=["state"])
    milestone.save(update_fields=["state"])
    _record(decision, verb="milestone.changes_requested", actor=actor, at=at)
    return milestone


def _require_decider(submission: Submission, *, actor: Actor, at: datetime) -> None:
    """The person may decide for the buyer, at the latest now, and up to this amount."""
    contract, milestone = submission.contract, submission.milestone
    version = contract.active_version
    if version is None:
        raise IllegalTransition("This contract is not active.")
    limit = contracts.buyer_authority(
        contract,
        actor=actor,
        action=Action.DECIDE_MILESTONE,
        version=version,
        purpose=GuestGrant.Purpose.SIGN_OFF,
        subject_ref=submission.ref,
        at=at,
    )
    rules.check_limit(Money(milestone.amount, milestone.currency), limit=limit, limit_currency=contract.buyer.currency)


def _compare(submission: Submission, *, seen: str) -> None:
    if seen != submission.sha256:
        raise Stale("This is not the text that you were shown. Read the submission again; nothing was decided.")


def _decide(
    submission: Submission,
    *,
    outcome: Decision.Outcome,
    actor: Actor,
    comment: str,
    statement: rules.Statement,
    at: datetime,
) -> Decision:
    return Decision.objects.create(
        contract=submission.contract,
        submission=submission,
        outcome=outcome,
        comment=comment,
        user_id=actor.user_id,
        grant_id=actor.grant_id,
        name=actor.name,
        email=actor.email,
        organisation_name=submission.contract.buyer.legal_name,
        decided_at=at,
        address=actor.origin.address,
        agent=actor.origin.agent,
        authenticated_by=actor.origin.authenticated_by,
        statement=statement.text,
        statement_version=statement.version,
        sha256=submission.sha256,
    )


def _record(decision: Decision, *, verb: str, actor: Actor, at: datetime) -> None:
    submission = decision.submission
    contracts.record(
        submission.contract,
        verb=verb,
        subject=f"milestone:{submission.milestone.ref}",
        actor=actor,
        at=at,
        submission=submission.ref,
        cycle=submission.number,
        sha256=submission.sha256,
        amount=submission.milestone.amount,
        statement=decision.statement,
        comment=decision.comment,
    )
