"""Decisions: the buyer signs a milestone off, or says what is missing; an immutable record with its evidence."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core import canonical, states
from apps.core.database import together
from apps.core.errors import IllegalTransition, Stale
from apps.core.money import Money
from apps.core.spoken import Said, said
from apps.milestones import rules
from apps.milestones.models import Decision, Milestone, Submission, Verdict
from apps.milestones.models.decision import SIGNED
from apps.milestones.models.milestone import MilestoneState
from apps.milestones.models.submission import SubmissionState
from apps.milestones.rules import CriterionVerdict
from apps.milestones.services.holding import lock_submission
from apps.milestones.services.reviewing import check_in_time
from apps.milestones.services.silence import accepted_for_interest_at
from apps.parties.actor import Actor, Proof, evidence_of
from apps.parties.roles import Action


def acceptance_statement(submission: Submission) -> Said:
    """What the buyer's person agrees to when signing this submission off."""
    milestone = submission.milestone
    return said(
        rules.acceptance_statement(
            organisation=submission.contract.buyer.legal_name,
            title=milestone.title,
            cycle=submission.number,
            amount=Money(milestone.amount, milestone.currency),
            by_application=milestone.line.version.is_by_application,
        )
    )


def changes_statement(submission: Submission) -> Said:
    """What the buyer's person agrees to when requesting changes to this submission."""
    return said(
        rules.changes_statement(
            organisation=submission.contract.buyer.legal_name,
            title=submission.milestone.title,
            cycle=submission.number,
        )
    )


def needs_proof(milestone: Milestone, *, contract: Contract) -> bool:
    """Whether the buyer's organisation wants whoever signs this off to show once more who it is."""
    buyer = contract.buyer
    amount = Money(milestone.amount, milestone.currency)
    return rules.needs_proof(amount, above=buyer.step_up_above, above_currency=buyer.currency)


def request_changes(
    *,
    contract: Contract,
    submission_ref: str,
    actor: Actor,
    seen: str,
    verdicts: Sequence[CriterionVerdict],
    comment: str,
    at: datetime,
    wanted_by: date | None = None,
) -> Milestone:
    """The buyer does not accept yet and names at least one criterion that is not met, with the reason.

    The milestone can be submitted again, as a new cycle; until when the buyer wants that it may say. It is a wish: the
    plan's dates are changed by a change order.
    """
    held = lock_submission(contract, submission_ref=submission_ref)
    submission, milestone = held.submission, held.submission.milestone
    remark = rules.check_text(comment, most=rules.LONGEST_NOTE, field="comment")
    wanted = rules.check_wanted(wanted_by, today=at.astimezone(ZoneInfo(contract.buyer.time_zone)).date())
    check_in_time(submission, at=at)
    require_decider(submission, actor=actor, at=at)
    states.move(submission, SubmissionState.CHANGES_REQUESTED, Submission.TRANSITIONS)
    states.move(milestone, MilestoneState.CHANGES_REQUESTED, Milestone.TRANSITIONS)
    compare(submission, seen=seen)
    given = rules.checked_verdicts(verdicts, criteria=held.criteria)
    decision = decide(
        submission,
        outcome=Decision.Outcome.CHANGES_REQUESTED,
        verdicts=given,
        actor=actor,
        comment=remark,
        statement=changes_statement(submission),
        at=at,
        wanted_by=wanted,
    )
    told: dict[str, Any] = {"wanted_by": wanted} if wanted is not None else {}
    verb = "milestone.changes_requested"
    record(decision, verb=verb, actor=actor, at=at, verdicts=given, criteria=held.criteria, **told)
    return milestone


def require_decider(submission: Submission, *, actor: Actor, at: datetime) -> None:
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


def compare(submission: Submission, *, seen: str) -> None:
    """Refuse a decision on another text than the one that was sent."""
    if seen != submission.sha256:
        raise Stale("This is not the text that you were shown. Read the submission again; nothing was decided.")


def decide(
    submission: Submission,
    *,
    outcome: Decision.Outcome,
    verdicts: Sequence[CriterionVerdict],
    actor: Actor,
    comment: str,
    statement: Said,
    at: datetime,
    proof: Proof | None = None,
    rest: Milestone | None = None,
    wanted_by: date | None = None,
) -> Decision:
    """Write a person's decision with its evidence; ``proof`` is the one that was asked for, None where none was.

    The caller has checked the person's limit. ``rest`` is what stays of a milestone that was accepted in part.
    """
    decision = Decision(
        contract=submission.contract,
        submission=submission,
        outcome=outcome,
        comment=comment,
        wanted_by=wanted_by,
        **actor.evidence(),
        **evidence_of(proof),
        circumstances=actor.circumstances(is_within_limit=True, statement=statement.kept()),
        grant_id=actor.grant_id,
        organisation_name=submission.contract.buyer.legal_name,
        decided_at=at,
        accepted_for_interest_at=accepted_for_interest_at(submission, at=at) if outcome in SIGNED else None,
        statement=statement.text,
        statement_version=statement.version,
        sha256=submission.sha256,
    )
    write(
        decision,
        verdicts=[
            Verdict(
                decision=decision,
                criterion_id=verdict.criterion_id,
                is_passed=verdict.is_passed,
                reason=verdict.reason,
            )
            for verdict in verdicts
        ],
        rest=rest,
    )
    return decision


def write(decision: Decision, *, verdicts: Sequence[Verdict], rest: Milestone | None = None) -> None:
    """The decision with its verdicts, and submission and milestone as they stand from now on: one statement."""
    submission = decision.submission
    changed = ["state", "accepted_at", "accepted_submission"]
    together.insert(
        decision,
        children=[*verdicts, *([] if rest is None else [rest])],
        after=[
            (submission, ["state"]),
            (submission.milestone, changed if rest is None else [*changed, "amount", "quantity"]),
        ],
    )


def record(
    decision: Decision,
    *,
    verb: str,
    actor: Actor,
    at: datetime,
    verdicts: Sequence[CriterionVerdict],
    criteria: Mapping[int, str],
    whole: Decimal | None = None,
    **facts: Any,
) -> None:
    """Write down everything by which somebody may be held to a decision; the seller is told from where it came.

    ``whole`` is what was shown, net, where a part of it was accepted; ``facts`` are what else is said of it."""
    submission = decision.submission
    contract = submission.contract
    contracts.record(
        contract,
        verb=verb,
        subject=f"milestone:{submission.milestone.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        private=decision.circumstances,
        submission=submission.ref,
        cycle=submission.number,
        sha256=submission.sha256,
        amount=submission.milestone.amount if whole is None else whole,
        accepted=submission.milestone.amount if decision.is_acceptance else None,
        organisation=decision.organisation_name,
        statement=decision.statement,
        statement_version=decision.statement_version,
        comment=decision.comment,
        proved_by=decision.proved_by,
        proved_at=decision.proved_at,
        **_for_interest(decision),
        verdicts_sha256=canonical.sha256(rules.verdicts_text(verdicts, criteria=criteria)),
        **facts,
    )


def _for_interest(decision: Decision) -> dict[str, Any]:
    """Since when an acceptance that came late counts for interest alone; nothing of one in time."""
    at = decision.accepted_for_interest_at
    return {"accepted_for_interest_at": at} if at is not None else {}
