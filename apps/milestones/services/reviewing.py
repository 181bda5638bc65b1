"""The review clock of a submission: when it began to run, what it asks for while it runs, and that it has run out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant, SentMail
from apps.contracts.models.version import Silence
from apps.contracts.rules import review_deadline
from apps.contracts.rules.review import DECIDES
from apps.milestones import rules
from apps.milestones.models import Decision, Reminder, Submission
from apps.milestones.models.submission import Proof, SubmissionState
from apps.milestones.services.silence import agreed_silence, decides_after, knowing, silence_of, waits_for
from apps.parties.actor import Actor


def deadline_if_notified(submission: Submission, *, at: datetime) -> datetime | None:
    """Until when the buyer may answer: as told already, or as it would be if the notice arrived at ``at``."""
    if submission.notified_at is not None:
        return submission.review_due_at
    line = submission.milestone.line
    return review_deadline(at, terms=contracts.review_terms(line.version, own=line.own))


def note_delivery(
    *,
    contract: Contract,
    submission_ref: str,
    proof: Proof,
    actor: Actor,
    at: datetime,
    notice: SentMail | None = None,
) -> Submission | None:
    """The notice of a submission reached the buyer: its review runs from here, to a deadline that stands.

    Only the first proof counts, and only while the submission waits; None when nothing was to be noted. ``notice`` is
    the mail that proves it: until it has stood for 24 hours, :func:`notice_came_back` takes its proof away again.
    """
    submission = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("milestone__line__version__contract__buyer")
        .filter(ref=submission_ref, contract=contract, state=SubmissionState.SUBMITTED, notified_at__isnull=True)
        .order_by()
        .first()
    )
    if submission is None or (notice is not None and contracts.proves_nothing(notice.pk, sent_at=at)):
        return None
    # Clocks may differ by a moment; nobody is notified before there is something to be notified of.
    notified_at = max(at, submission.submitted_at or at)
    line = submission.milestone.line
    review = contracts.review_terms(line.version, own=line.own)
    submission.review_due_at, submission.review_zone = review_deadline(notified_at, terms=review), review.time_zone
    submission.notified_at, submission.notified_by = notified_at, proof
    submission.notice, submission.came_back_at = notice, None
    noted = ["notified_at", "notified_by", "notice", "came_back_at", "review_due_at", "review_zone"]
    submission.save(update_fields=noted)
    told: dict[str, Any] = {"message": notice.message_id} if notice is not None else {}
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
        **told,
    )
    return submission


def notice_came_back(*, contract: Contract, notice: SentMail, actor: Actor, at: datetime) -> Submission | None:
    """The mail that proves a notice came back within 24 hours, so it proves nothing: the clock stops, and begins anew
    with the next proof. None when no review rests on it.

    Where another mail stands or the link was opened, that is the next proof. A clock that a question or a dispute has
    stopped already keeps its course, because both name it; in that cycle silence decides nothing any more.
    """
    submission = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("milestone")
        .filter(contract=contract, notice=notice, state=SubmissionState.SUBMITTED, came_back_at__isnull=True)
        .order_by()
        .first()
    )
    notified_at = submission.notified_at if submission is not None else None
    if submission is None or notified_at is None or not contracts.proves_nothing(notice.pk, sent_at=notified_at):
        return None
    submission.came_back_at = at
    taken = ["came_back_at"]
    if submission.suspended_at is None and submission.resumed_at is None:
        submission.notified_at, submission.notified_by, submission.notice = None, "", None
        taken += ["notified_at", "notified_by", "notice"]
    submission.save(update_fields=taken)
    contracts.record(
        contract,
        verb="submission.notice_came_back",
        subject=f"submission:{submission.ref}",
        actor=actor,
        at=at,
        cycle=submission.number,
        sha256=submission.sha256,
        message=notice.message_id,
    )
    other = _other_proof(submission, not_by=notice) if submission.notified_at is None else None
    if other is not None:
        proof, since, mail = other
        noted = note_delivery(
            contract=contract, submission_ref=submission.ref, proof=proof, actor=actor, at=since, notice=mail
        )
        return noted or submission
    return submission


def _other_proof(submission: Submission, *, not_by: SentMail) -> tuple[Proof, datetime, SentMail | None] | None:
    """The earliest other proof that the buyer was notified: a mail that did not come back, or an opened link."""
    links = GuestGrant.objects.filter(subject_ref=submission.ref, first_viewed_at__isnull=False)
    found: list[tuple[Proof, datetime, SentMail | None]] = [
        (Proof.VIEW, seen, None) for seen in links.values_list("first_viewed_at", flat=True) if seen is not None
    ]
    mails = SentMail.objects.filter(subject=f"submission:{submission.ref}", name=not_by.name).exclude(pk=not_by.pk)
    for mail in mails.order_by("pk"):
        if not contracts.proves_nothing(mail.pk, sent_at=mail.sent_at):
            found.append((Proof.MAIL, mail.sent_at, mail))
    return min(found, key=lambda proof: proof[1], default=None)


def check_in_time(submission: Submission, *, at: datetime) -> None:
    """Refuse to decide or take back what silence has decided, written down already or not.

    The submission was read :func:`~apps.milestones.services.silence.knowing` what silence does. While its clock stands
    still it is never too late.
    """
    decided = submission.state != SubmissionState.SUBMITTED
    if (decides_after(submission) or at) >= at or (submission.suspended_at is not None and not decided):
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
    decides_at = decides_after(submission)
    is_over = decides_at is not None and at > submission.review_due_at
    if is_over and (silence := silence_of(submission)) in DECIDES:
        # A notice by mail stands its 24 hours first, and what silence accepted above is written down before what builds
        # on it. Until then nothing is due, and nothing has passed.
        waits = at <= (decides_at or at) or (silence == Silence.ACCEPTED and waits_for(submission))
        return "" if waits else SILENCE
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
