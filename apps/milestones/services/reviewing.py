"""The review clock of a submission: when it began to run, what it asks for while it runs, and that it has run out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.contracts.rules import review_deadline
from apps.contracts.rules.review import DECIDES
from apps.milestones import rules
from apps.milestones.models import Decision, Reminder, Submission
from apps.milestones.models.submission import Proof, SubmissionState
from apps.milestones.services.silence import agreed_silence, knowing, silence_of
from apps.parties.actor import Actor


def deadline_if_notified(submission: Submission, *, at: datetime) -> datetime | None:
    """Until when the buyer may answer: as told already, or as it would be if the notice arrived at ``at``."""
    if submission.notified_at is not None:
        return submission.review_due_at
    line = submission.milestone.line
    return review_deadline(at, terms=contracts.review_terms(line.version, own=line.own))


def note_delivery(
    *, contract: Contract, submission_ref: str, proof: Proof, actor: Actor, at: datetime
) -> Submission | None:
    """The notice of a submission reached the buyer: its review runs from here, to a deadline that stands.

    Only the first proof counts, and only while the submission waits; None when nothing was to be noted.
    """
    submission = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("milestone__line__version__contract__buyer")
        .filter(ref=submission_ref, contract=contract, state=SubmissionState.SUBMITTED, notified_at__isnull=True)
        .order_by()
        .first()
    )
    if submission is None:
        return None
    # Clocks may differ by a moment; nobody is notified before there is something to be notified of.
    notified_at = max(at, submission.submitted_at or at)
    line = submission.milestone.line
    review = contracts.review_terms(line.version, own=line.own)
    submission.review_due_at, submission.review_zone = review_deadline(notified_at, terms=review), review.time_zone
    submission.notified_at, submission.notified_by = notified_at, proof
    submission.save(update_fields=["notified_at", "notified_by", "review_due_at", "review_zone"])
    contracts.record(
        contract,
        verb="submission.notified",
        subject=f"submission:{submission.ref}",
        actor=actor,
        at=at,
        cycle=submission.number,
        sha256=submission.sha256,
        proof=proof.value,
        review_due_at=submission.review_due_at,
    )
    return submission


def check_in_time(submission: Submission, *, at: datetime) -> None:
    """Refuse to decide or take back what silence has decided, written down already or not.

    The submission was read :func:`~apps.milestones.services.silence.knowing` what silence does. While its clock stands
    still it is never too late.
    """
    decided = submission.state != SubmissionState.SUBMITTED
    if (submission.review_due_at or at) >= at or (submission.suspended_at is not None and not decided):
        return
    if decided and not Decision.objects.filter(submission=submission, rule=Decision.Rule.SILENCE).exists():
        return
    rules.check_in_time(
        # What is written down was agreed; a defect that was found since does not undo it.
        silence=agreed_silence(submission) if decided else silence_of(submission),
        notified_at=submission.notified_at,
        due_at=submission.review_due_at,
        at=at,
        zone=submission.review_zone,
    )


@dataclass(frozen=True, slots=True)
class DueReview:
    """What the clock asks for of one review: ``silence`` to decide, or a kind of reminder, for one deadline."""

    submission_ref: str
    seller_id: int
    what: str
    due: str


SILENCE: Final = "silence"


def reviews_due(*, at: datetime, contract_refs: Sequence[str] | None = None) -> list[DueReview]:
    """Every review of which something is due and not done, of whichever organisations: read with the owner's eyes.

    ``contract_refs`` limits it to some contracts.
    """
    waiting = (
        Submission.objects.using("owner")
        .filter(state=SubmissionState.SUBMITTED, notified_at__isnull=False, suspended_at__isnull=True)
        .select_related("contract", "milestone__line__version")
        .defer("canonical_text", "milestone__line__version__canonical_text")
        .prefetch_related("reminders")
        .order_by("review_due_at", "id")
    )
    if contract_refs is not None:
        waiting = waiting.filter(contract__ref__in=contract_refs)
    due = ((submission, _due(submission, at=at)) for submission in knowing(waiting).iterator(chunk_size=500))
    return [
        DueReview(submission.ref, submission.contract.seller_id, what, submission.review_due_at.isoformat())
        for submission, what in due
        if what and submission.review_due_at is not None
    ]


def remind(*, contract: Contract, submission_ref: str, kind: str, actor: Actor, at: datetime) -> Reminder | None:
    """Keep that the buyer is reminded, or after the deadline the seller told; None when that is not due any more."""
    waiting = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("contract", "milestone__line__version")
        .filter(ref=submission_ref, contract=contract, state=SubmissionState.SUBMITTED, notified_at__isnull=False)
        .filter(suspended_at__isnull=True)
        .order_by()
    )
    submission = knowing(waiting).first()
    if submission is None or _due(submission, at=at) != kind:
        return None
    reminder = Reminder.objects.create(
        contract=contract,
        submission=submission,
        kind=kind,
        reminded_at=at,
        review_due_at=submission.review_due_at,
    )
    contracts.record(
        contract,
        verb="review.reminded",
        subject=f"submission:{submission.ref}",
        actor=actor,
        at=at,
        milestone=submission.milestone.ref,
        cycle=submission.number,
        kind=kind,
        review_due_at=submission.review_due_at,
    )
    return reminder


def next_moment(*, after: datetime, until: datetime, contract_refs: Sequence[str]) -> datetime | None:
    """The first instant after ``after``, and not after ``until``, at which a review asks for something.

    For the player of deal files, which goes through time in steps.
    """
    waiting = Submission.objects.using("owner").filter(
        contract__ref__in=contract_refs,
        state=SubmissionState.SUBMITTED,
        notified_at__isnull=False,
        suspended_at__isnull=True,
    )
    waiting = waiting.only("notified_at", "review_due_at", "review_zone")
    moments = [
        moment
        for submission in waiting
        if submission.notified_at is not None and submission.review_due_at is not None
        for moment in rules.review_moments(
            notified_at=submission.notified_at, due_at=submission.review_due_at, zone=submission.review_zone
        )
    ]
    return min((moment for moment in moments if after < moment <= until), default=None)


def _due(submission: Submission, *, at: datetime) -> str:
    """What is due of a review that runs and was not done yet; empty for nothing."""
    if submission.notified_at is None or submission.review_due_at is None:
        return ""
    if at > submission.review_due_at and silence_of(submission) in DECIDES:
        return SILENCE
    newest = rules.newest_reminder(
        notified_at=submission.notified_at,
        due_at=submission.review_due_at,
        zone=submission.review_zone,
        now=at,
        since=submission.resumed_at,
    )
    # Of a deadline that an answer has moved the buyer is reminded anew.
    done = {one.kind for one in submission.reminders.all() if one.review_due_at in (None, submission.review_due_at)}
    return newest if newest and newest not in done else ""
