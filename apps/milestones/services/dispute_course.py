"""The course of a dispute: held, spoken in by both sides in turn, over; and the review clock that waits with it."""

from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.contracts.rules import moved_deadline
from apps.core import states
from apps.core.errors import IllegalTransition, Refused
from apps.milestones import rules
from apps.milestones.models import Dispute, DisputePosition, Milestone, Submission
from apps.milestones.models.dispute import DisputeState, Side
from apps.milestones.models.submission import SubmissionState
from apps.milestones.services.holding import lock_submission
from apps.milestones.services.mending import lock_reservation
from apps.parties.actor import Actor
from apps.parties.roles import Action


def go_on_with_rest(submission: Submission, *, part: int) -> None:
    """What is not disputed was accepted as a part; the dispute goes on with the rest, which is another part."""
    milestone = submission.milestone
    parts = Milestone.objects.filter(contract_id=milestone.contract_id, position=milestone.position)
    Dispute.objects.live().filter(submission=submission).update(milestone=parts.get(part=part))


def reason_of(dispute: Dispute) -> str:
    """Why it was raised."""
    return dispute.positions.get(number=1).text


def lock_dispute(contract: Contract, *, dispute_ref: str) -> Dispute:
    """Hold a dispute that waits, and its submission or defect before it; refused when it is settled."""
    known = Dispute.objects.filter(ref=dispute_ref, contract=contract)
    about, defect = known.values_list("submission__ref", "reservation__ref").first() or (None, None)
    submission = lock_submission(contract, submission_ref=about).submission if about else None
    reservation = lock_reservation(contract, reservation_ref=defect) if defect else None
    dispute = known.select_for_update(of=("self",)).order_by().first()
    if dispute is None:
        raise Refused("There is no such dispute in this contract.")
    dispute.contract, dispute.submission, dispute.reservation = contract, submission, reservation
    if not dispute.is_live:
        raise IllegalTransition("This dispute is over already. Reload the page to see how it ended.")
    return dispute


def require_party(contract: Contract, *, actor: Actor, links: "Links", at: datetime) -> str:
    """The side for which somebody disputes or answers; refused for whoever may not.

    ``links`` are those by which a guest may: to the submission, and to the dispute once there is one.
    """
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
        at=at,
        **links,
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
    dispute.settler_id, dispute.settler_grant_id, dispute.settler_name = actor.user_id, actor.grant_id, actor.name
    submission = dispute.submission
    resumes = submission is not None and dispute.stopped_at is not None and _waits_for_nothing_else(submission)
    if resumes and submission is not None:
        dispute.due_after = _due_after(submission, dispute=dispute, at=at)
    settled = ("settled_at", "settled_by", "settler", "settler_grant", "settler_name")
    dispute.save(update_fields=["state", "upheld", "awaits", *settled, "due_after"])
    if resumes and submission is not None:
        submission.suspended_at, submission.resumed_at = None, at
        submission.review_due_at = dispute.due_after
        submission.save(update_fields=["suspended_at", "resumed_at", "review_due_at"])


class Links(TypedDict):
    """By which personal links a guest may speak, as ``contracts.buyer_authority`` asks for them."""

    purpose: str
    subject_ref: str
    or_for: tuple[str, str] | None


def link_to_submission(submission_ref: str) -> Links:
    """The link to a submission alone."""
    return {"purpose": GuestGrant.Purpose.SIGN_OFF, "subject_ref": submission_ref, "or_for": None}


def link_to_billed(invoice_ref: str) -> Links:
    """The link to dispute one invoice, which the signatory got because somebody asked for it."""
    return {"purpose": GuestGrant.Purpose.DISPUTE_INVOICE, "subject_ref": invoice_ref, "or_for": None}


def link_to(dispute: Dispute) -> Links:
    """The link to what is in dispute, as long as that waits for sign-off; or the dispute's own."""
    submission = dispute.submission
    waits = (str(GuestGrant.Purpose.SIGN_OFF), submission.ref) if submission is not None else None
    return {"purpose": GuestGrant.Purpose.DISPUTE, "subject_ref": dispute.ref, "or_for": waits}


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
