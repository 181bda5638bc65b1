"""Disputes: one side says that an amount is not to be accepted or not owed; the other one answers; the clock waits."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.contracts.rules import moved_deadline
from apps.core import canonical, money, states
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.models import Dispute, DisputePosition, Milestone, Submission
from apps.milestones.models.dispute import DisputeState, Side
from apps.milestones.models.milestone import MilestoneState
from apps.milestones.models.submission import SubmissionState
from apps.milestones.services.holding import lock_submission
from apps.milestones.services.reviewing import check_in_time
from apps.parties.actor import Actor
from apps.parties.roles import Action


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
    nothing; what the buyer sent back may be disputed too. One dispute of a submission at a time.
    """
    held = lock_submission(contract, submission_ref=submission_ref)
    submission, milestone = held.submission, held.submission.milestone
    _require_disputable(submission, at=at)
    side = require_party(contract, actor=actor, subject_ref=submission.ref, at=at)
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
    subject: str,
    whole: Money,
    amount: Decimal,
    actor: Actor,
    reason: str,
    answer_days: int,
    at: datetime,
) -> Dispute:
    """One side disputes ``amount`` of something that was billed and comes to ``whole``, both net of tax.

    What that is the caller knows, who keeps the dispute beside it; ``subject`` names it in the record.
    """
    side = require_party(contract, actor=actor, subject_ref="", at=at)
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
    record(dispute, verb="dispute.raised", actor=actor, at=at, subject=subject, text_sha256=canonical.sha256(said.text))
    return dispute


def write_position(*, contract: Contract, dispute_ref: str, actor: Actor, text: str, at: datetime) -> DisputePosition:
    """One side says what it holds; from here it is the other side's turn, for as many days as each position has."""
    dispute = lock_dispute(contract, dispute_ref=dispute_ref)
    side = require_party(contract, actor=actor, subject_ref=_subject_ref(dispute), at=at)
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
    side = require_party(contract, actor=actor, subject_ref=_subject_ref(dispute), at=at)
    if side != dispute.raised_by:
        raise NotAllowed("The other side raised this dispute. Propose that it is rejected instead.")
    end(dispute, to=DisputeState.WITHDRAWN, upheld=money.ZERO, side=side, actor=actor, at=at)
    record(dispute, verb="dispute.withdrawn", actor=actor, at=at)
    return dispute


def go_on_with_rest(submission: Submission, *, part: int) -> None:
    """What is not disputed was accepted as a part; the dispute goes on with the rest, which is another part."""
    milestone = submission.milestone
    parts = Milestone.objects.filter(contract_id=milestone.contract_id, position=milestone.position)
    Dispute.objects.live().filter(submission=submission).update(milestone=parts.get(part=part))


def reason_of(dispute: Dispute) -> str:
    """Why it was raised."""
    return dispute.positions.get(number=1).text


def lock_dispute(contract: Contract, *, dispute_ref: str) -> Dispute:
    """Hold a dispute that waits, and its submission before it; refused when it is settled."""
    known = Dispute.objects.filter(ref=dispute_ref, contract=contract)
    about = known.values_list("submission__ref", flat=True).first()
    submission = lock_submission(contract, submission_ref=about).submission if about else None
    dispute = known.select_for_update(of=("self",)).order_by().first()
    if dispute is None:
        raise Refused("There is no such dispute in this contract.")
    dispute.contract, dispute.submission = contract, submission
    if not dispute.is_live:
        raise IllegalTransition("This dispute is over already. Reload the page to see how it ended.")
    return dispute


def require_party(contract: Contract, *, actor: Actor, subject_ref: str, at: datetime) -> str:
    """The side for which somebody disputes or answers; refused for whoever may not."""
    side = contracts.side_of(contract, actor=actor)
    if side == Side.SELLER:
        contracts.require_seller(contract, actor=actor, action=Action.RAISE_DISPUTE)
        return side
    if contract.active_version is None:
        raise IllegalTransition("This contract is not active.")
    contracts.buyer_authority(
        contract,
        actor=actor,
        action=Action.RAISE_DISPUTE,
        version=contract.active_version,
        purpose=GuestGrant.Purpose.SIGN_OFF,
        subject_ref=subject_ref,
        at=at,
    )
    return side


def say(dispute: Dispute, *, text: str, side: str, actor: Actor, at: datetime) -> DisputePosition:
    """Write down what a side says, in its number."""
    return DisputePosition.objects.create(
        contract=dispute.contract,
        dispute=dispute,
        number=dispute.positions.count() + 1,
        side=side,
        user_id=actor.user_id,
        grant_id=actor.grant_id,
        name=actor.name,
        written_at=at,
        text=rules.check_words(text, field="reason", missing="Say what you dispute and why; the other side reads it."),
    )


def pass_turn(dispute: Dispute, *, side: str, at: datetime) -> None:
    """It is the other side's turn, until a new deadline; the caller saves."""
    version = dispute.contract.active_version
    if version is None:
        raise IllegalTransition("This contract is not active.")
    dispute.awaits = contracts.other_side(side)
    dispute.answer_due_at = rules.answer_due_at(
        at, days=dispute.answer_days, time_zone=contracts.review_terms(version).time_zone
    )


def end(dispute: Dispute, *, to: DisputeState, upheld: Decimal, side: str, actor: Actor, at: datetime) -> None:
    """The dispute is over; a clock that stood still for it runs on, to a later deadline."""
    states.move(dispute, to, Dispute.TRANSITIONS)
    dispute.upheld, dispute.awaits = upheld, ""
    dispute.settled_at, dispute.settled_by = at, side
    dispute.settler_id, dispute.settler_name = actor.user_id, actor.name
    submission = dispute.submission
    resumes = submission is not None and dispute.stopped_at is not None and _waits_for_nothing_else(submission)
    if resumes and submission is not None:
        dispute.due_after = _due_after(submission, dispute=dispute, at=at)
    dispute.save(
        update_fields=["state", "upheld", "awaits", "settled_at", "settled_by", "settler", "settler_name", "due_after"]
    )
    if resumes and submission is not None:
        submission.suspended_at, submission.resumed_at = None, at
        submission.review_due_at = dispute.due_after
        submission.save(update_fields=["suspended_at", "resumed_at", "review_due_at"])


def _require_disputable(submission: Submission, *, at: datetime) -> None:
    if submission.state == SubmissionState.SUBMITTED:
        check_in_time(submission, at=at)
        if submission.notified_at is None:
            raise IllegalTransition(
                "The buyer was not notified of this submission yet, so its review did not begin. Dispute it once it"
                " has."
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


def _waits_for_nothing_else(submission: Submission) -> bool:
    """Whether the clock of what still waits for sign-off may run on: no question that stopped it waits either."""
    if submission.state != SubmissionState.SUBMITTED or submission.suspended_at is None:
        return False
    return not submission.questions.filter(stops_clock=True, answered_at__isnull=True).exists()


def _due_after(submission: Submission, *, dispute: Dispute, at: datetime) -> datetime:
    started = submission.resumed_at or submission.notified_at
    if dispute.due_before is None or dispute.stopped_at is None or started is None:
        raise IllegalTransition("The clock did not stand still.")
    line = submission.milestone.line
    return moved_deadline(
        dispute.due_before,
        started_at=started,
        asked_at=dispute.stopped_at,
        answered_at=at,
        terms=contracts.review_terms(line.version, own=line.own),
    )


def _subject_ref(dispute: Dispute) -> str:
    """What a personal link has to be about to speak in it."""
    return dispute.submission.ref if dispute.submission is not None else ""


def record(dispute: Dispute, *, verb: str, actor: Actor, at: datetime, subject: str = "", **facts: Any) -> None:
    """Both sides are told from where somebody spoke; the words stay between them, and the chain keeps their hash."""
    contract, submission = dispute.contract, dispute.submission
    contracts.record(
        contract,
        verb=verb,
        subject=subject or f"dispute:{dispute.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        dispute=dispute.ref,
        submission=submission.ref if submission is not None else None,
        amount=dispute.amount,
        whole=dispute.whole,
        currency=dispute.currency,
        raised_by=dispute.raised_by,
        state=str(dispute.state),
        answer_due_at=dispute.answer_due_at,
        **facts,
    )
