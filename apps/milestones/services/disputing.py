"""Disputes: one side says that an amount is not to be accepted or not owed; the other one answers; the clock waits."""

from datetime import datetime
from decimal import Decimal

from apps.contracts.models import Contract
from apps.core import canonical, money
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.models import Dispute, DisputePosition, Submission
from apps.milestones.models.dispute import DisputeState, Side
from apps.milestones.models.milestone import MilestoneState
from apps.milestones.models.submission import Proof, SubmissionState
from apps.milestones.services.dispute_course import (
    end,
    link_to,
    link_to_billed,
    link_to_submission,
    lock_dispute,
    pass_turn,
    record,
    require_party,
    say,
)
from apps.milestones.services.holding import lock_submission
from apps.milestones.services.reviewing import check_in_time, note_delivery
from apps.parties.actor import Actor


def contract_of_dispute(*, dispute_ref: str) -> int:
    """The contract to which a dispute belongs, so that a workflow can lock it first."""
    contract = Dispute.objects.filter(ref=dispute_ref).values_list("contract_id", flat=True).first()
    if contract is None:
        raise Refused("There is no such dispute among yours. Open it from its milestone or its invoice.")
    return contract


def dispute_submission(
    *,
    contract: Contract,
    submission_ref: str,
    actor: Actor,
    amount: Decimal | None,
    reason: str,
    answer_days: int,
    at: datetime,
) -> Dispute:
    """One side disputes what was submitted, for ``amount`` of it net of tax; None means all.

    Of what waits for sign-off the review clock stands still from here until the dispute ends, and silence accepts
    nothing; what the buyer sent back may be disputed too. One dispute of a submission at a time. Where the notice was
    not proven yet, it is by the buyer's own dispute: its review begins, and stands still.
    """
    held = lock_submission(contract, submission_ref=submission_ref)
    side = require_party(contract, actor=actor, links=link_to_submission(held.submission.ref), at=at)
    if side == Side.BUYER and note_delivery(
        contract=contract, submission_ref=submission_ref, proof=Proof.DISPUTE, actor=actor, at=at
    ):
        held = lock_submission(contract, submission_ref=submission_ref)
    submission, milestone = held.submission, held.submission.milestone
    _require_disputable(submission, at=at)
    if held.disputed is not None:
        raise Refused("This submission is in dispute already. Say there what else you dispute.")
    whole = Money(milestone.amount, milestone.currency)
    stopped_at = _stops(submission, at=at)
    dispute = _raise(
        contract,
        submission=submission,
        amount=whole.amount if amount is None else rules.check_disputed(amount, whole=whole),
        whole=whole,
        side=side,
        actor=actor,
        answer_days=answer_days,
        stopped_at=stopped_at,
        at=at,
    )
    if stopped_at is not None and submission.suspended_at is None:
        submission.suspended_at = stopped_at
        submission.save(update_fields=["suspended_at"])
    said = say(dispute, text=reason, side=side, actor=actor, at=at)
    record(dispute, verb="dispute.raised", actor=actor, at=at, text_sha256=canonical.sha256(said.text))
    return dispute


def dispute_billed(
    *,
    contract: Contract,
    invoice_ref: str,
    whole: Money,
    amount: Decimal,
    actor: Actor,
    reason: str,
    answer_days: int,
    at: datetime,
) -> Dispute:
    """One side disputes ``amount`` of something that was billed and comes to ``whole``, both net of tax.

    What that is the caller knows, who keeps the dispute beside it; ``invoice_ref`` names it in the record.
    """
    side = require_party(contract, actor=actor, links=link_to_billed(invoice_ref), at=at)
    dispute = _raise(
        contract,
        submission=None,
        amount=rules.check_disputed(amount, whole=whole),
        whole=whole,
        side=side,
        actor=actor,
        answer_days=answer_days,
        stopped_at=None,
        at=at,
    )
    said = say(dispute, text=reason, side=side, actor=actor, at=at)
    record(
        dispute,
        verb="dispute.raised",
        actor=actor,
        at=at,
        subject=f"invoice:{invoice_ref}",
        text_sha256=canonical.sha256(said.text),
    )
    return dispute


def write_position(*, contract: Contract, dispute_ref: str, actor: Actor, text: str, at: datetime) -> DisputePosition:
    """One side says what it holds; from here it is the other side's turn, for as many days as each position has."""
    dispute = lock_dispute(contract, dispute_ref=dispute_ref)
    side = require_party(contract, actor=actor, links=link_to(dispute), at=at)
    if dispute.positions.count() >= rules.MOST_POSITIONS:
        raise Refused("{most} positions were written already. Propose an outcome.", most=rules.MOST_POSITIONS)
    said = say(dispute, text=text, side=side, actor=actor, at=at)
    pass_turn(dispute, side=side, at=at)
    dispute.save(update_fields=["awaits", "answer_due_at"])
    record(
        dispute,
        verb="dispute.answered",
        actor=actor,
        at=at,
        position=said.number,
        text_sha256=canonical.sha256(said.text),
    )
    return said


def withdraw_dispute(*, contract: Contract, dispute_ref: str, actor: Actor, at: datetime) -> Dispute:
    """Whoever raised it lets it go: what was in dispute is to be accepted or owed as before."""
    dispute = lock_dispute(contract, dispute_ref=dispute_ref)
    side = require_party(contract, actor=actor, links=link_to(dispute), at=at)
    if side != dispute.raised_by:
        raise NotAllowed("The other side raised this dispute. Propose that it is rejected instead.")
    end(dispute, to=DisputeState.WITHDRAWN, upheld=money.ZERO, side=side, actor=actor, at=at)
    record(dispute, verb="dispute.withdrawn", actor=actor, at=at, review_due_at=dispute.due_after)
    return dispute


def _require_disputable(submission: Submission, *, at: datetime) -> None:
    if submission.state == SubmissionState.SUBMITTED:
        check_in_time(submission, at=at)
        if submission.notified_at is None:
            raise IllegalTransition(
                "The buyer was not notified of this submission yet, so its review did not begin. Take the submission"
                " back, or dispute it once the review has begun."
            )
        return
    sent_back = submission.state == SubmissionState.CHANGES_REQUESTED
    if not sent_back or submission.milestone.state != MilestoneState.CHANGES_REQUESTED:
        raise IllegalTransition(
            "Only what waits for sign-off, or was sent back, is disputed here. Dispute the invoice of what was"
            " accepted."
        )


def _stops(submission: Submission, *, at: datetime) -> datetime | None:
    """Since when the clock stands still: from now, or since the question that stopped it; None where none runs."""
    due = submission.review_due_at
    if submission.state != SubmissionState.SUBMITTED or due is None:
        return None
    return submission.suspended_at or (at if at <= due else None)


def _raise(
    contract: Contract,
    *,
    submission: Submission | None,
    amount: Decimal,
    whole: Money,
    side: str,
    actor: Actor,
    answer_days: int,
    stopped_at: datetime | None,
    at: datetime,
) -> Dispute:
    dispute = Dispute(
        contract=contract,
        submission=submission,
        milestone=submission.milestone if submission is not None else None,
        amount=amount,
        whole=whole.amount,
        currency=whole.currency,
        raised_by=side,
        raised_at=at,
        raiser_id=actor.user_id,
        grant_id=actor.grant_id,
        raiser_name=actor.name,
        answer_days=rules.check_answer_days(answer_days),
        stopped_at=stopped_at,
        due_before=submission.review_due_at if submission is not None and stopped_at is not None else None,
    )
    pass_turn(dispute, side=side, at=at)
    dispute.save()
    return dispute
