"""Submissions: the seller says that a milestone is complete, shows why, and sends it as one frozen text."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import Max

from apps.contracts import services as contracts
from apps.contracts.models import Contract, Criterion
from apps.contracts.rules import review_deadline
from apps.core import canonical, states
from apps.core.errors import IllegalTransition, Refused, Stale
from apps.milestones import rules
from apps.milestones.models import CriterionNote, EvidenceFile, Milestone, Submission, Verdict
from apps.milestones.models.milestone import MilestoneState
from apps.milestones.models.submission import SubmissionState
from apps.milestones.rules import CriterionAnswer, Link
from apps.milestones.services.conditions import check_condition
from apps.milestones.services.holding import lock_milestone, lock_submission
from apps.milestones.services.part_before import heirs_of, submission_before
from apps.milestones.services.reviewing import check_in_time
from apps.parties.actor import Actor
from apps.parties.roles import Action


def prepare(
    *,
    contract: Contract,
    milestone_ref: str,
    actor: Actor,
    note: str,
    answers: Sequence[CriterionAnswer],
    at: datetime,
    links: Sequence[Link] = (),
) -> Submission:
    """Keep what the seller has written so far: opens the next cycle's draft, or continues the open one.

    A criterion without an answer stays as it was; ``links`` are those to the whole. The buyer sees nothing of a draft.
    """
    contracts.require_seller(contract, actor=actor, action=Action.SUBMIT_MILESTONE)
    milestone = lock_milestone(contract, milestone_ref=milestone_ref)
    submission = open_or_continue(milestone, at=at)
    notes = {kept.criterion_id: kept for kept in submission.notes.all()}
    for answer in answers:
        kept = notes.get(answer.criterion_id)
        if kept is None:
            raise Refused("These are not the criteria of this milestone. Reload the page.", field="criteria")
        kept.is_met = answer.is_met
        kept.note = rules.check_text(answer.note, most=rules.LONGEST_REASON, field="criteria")
        kept.links = _kept_links(answer.links, field="criteria")
    CriterionNote.objects.bulk_update(notes.values(), ["is_met", "note", "links"])
    submission.note = rules.check_text(note, most=rules.LONGEST_NOTE, field="note")
    submission.links = _kept_links(links, field="links")
    submission.save(update_fields=["note", "links"])
    _record(submission, verb="submission.prepared", actor=actor, at=at)
    return submission


def _kept_links(links: Sequence[Link], *, field: str) -> list[dict[str, Any]]:
    return [asdict(link) for link in rules.checked_links(links, field=field)]


def open_draft(milestone: Milestone) -> Submission | None:
    """The draft that the seller is working on, if there is one."""
    return milestone.submissions.filter(state=SubmissionState.DRAFT).first()


def preview(milestone: Milestone) -> tuple[str, str]:
    """The text that would be sent to the buyer now, and its SHA-256. Refused while something is missing."""
    submission = open_draft(milestone)
    if submission is None:
        raise IllegalTransition("There is no draft to submit. Reload the page to see what happened.")
    text = _text(submission)
    return text, canonical.sha256(text)


def submit(*, contract: Contract, milestone_ref: str, actor: Actor, seen: str, at: datetime) -> Submission:
    """Send the draft to the buyer: frozen from now on, with its review deadline.

    ``seen`` is the SHA-256 of :func:`preview` on the review page; another text is :class:`Stale`.
    """
    contracts.require_seller(contract, actor=actor, action=Action.SUBMIT_MILESTONE)
    milestone = lock_milestone(contract, milestone_ref=milestone_ref)
    contracts.require_running(contract, at=at)
    check_condition(milestone, at=at)
    states.move(milestone, MilestoneState.SUBMITTED, Milestone.TRANSITIONS)
    submission = open_draft(milestone)
    if submission is None:
        raise Refused("Say first how each criterion is met.")
    states.move(submission, SubmissionState.SUBMITTED, Submission.TRANSITIONS)
    text = _text(submission)
    if canonical.sha256(text) != seen:
        raise Stale("The submission changed after this page was shown. Read it again; nothing was sent.")
    version = contract.active_version
    if version is None:
        raise IllegalTransition("This contract is not active.")
    submission.canonical_text, submission.sha256 = text, seen
    submission.submitted_at, submission.submitted_by_id = at, actor.user_id
    review = contracts.review_terms(version, own=milestone.line.own)
    submission.review_due_at, submission.review_zone = review_deadline(at, terms=review), review.time_zone
    submission.save()
    milestone.save(update_fields=["state"])
    _record(submission, verb="milestone.submitted", actor=actor, at=at)
    return submission


def withdraw(*, contract: Contract, submission_ref: str, actor: Actor, at: datetime) -> Submission:
    """The seller takes a submission back before it is decided; the milestone can be submitted again.

    What had been sent back before is sent back again, and a rest stays the rest that it was.
    """
    contracts.require_seller(contract, actor=actor, action=Action.SUBMIT_MILESTONE)
    submission = lock_submission(contract, submission_ref=submission_ref).submission
    check_in_time(submission, at=at)
    states.move(submission, SubmissionState.WITHDRAWN, Submission.TRANSITIONS)
    milestone = submission.milestone
    back = milestone.part > 1 or milestone.submissions.filter(state=SubmissionState.CHANGES_REQUESTED).exists()
    states.move(milestone, MilestoneState.CHANGES_REQUESTED if back else MilestoneState.PLANNED, Milestone.TRANSITIONS)
    submission.withdrawn_at = at
    submission.save(update_fields=["state", "withdrawn_at"])
    milestone.save(update_fields=["state"])
    _record(submission, verb="submission.withdrawn", actor=actor, at=at)
    return submission


def open_or_continue(milestone: Milestone, *, at: datetime) -> Submission:
    """The open draft of a locked milestone; a new one starts where the last cycle ended, less what was crossed."""
    draft = open_draft(milestone)
    if draft is not None:
        draft.milestone, draft.contract = milestone, milestone.contract
        return draft
    if milestone.state not in (MilestoneState.PLANNED, MilestoneState.CHANGES_REQUESTED):
        raise IllegalTransition(
            "This milestone is {state}; there is nothing to prepare.", state=str(milestone.state).replace("_", " ")
        )
    last = milestone.submissions.order_by("-number").first() or submission_before(milestone)
    highest = milestone.submissions.aggregate(highest=Max("number"))["highest"] or 0
    draft = Submission.objects.create(
        contract=milestone.contract,
        milestone=milestone,
        number=highest + 1,
        note=last.note if last else "",
        links=last.links if last else [],
        created_at=at,
    )
    _carry_forward(last, draft=draft)
    return draft


def _carry_forward(last: Submission | None, *, draft: Submission) -> None:
    """By the words of the criteria: a change order may have moved the milestone to another line since."""
    told = list(last.notes.select_related("criterion")) if last else []
    crossed = Verdict.objects.filter(decision__submission=last, is_passed=False) if last else Verdict.objects.none()
    failed = set(crossed.values_list("criterion_id", flat=True))
    criteria = list(Criterion.objects.filter(line_id=draft.milestone.line_id))
    heirs = heirs_of(told, criteria=criteria)
    notes = {heirs[note.criterion_id]: note for note in told if note.criterion_id in heirs}
    CriterionNote.objects.bulk_create(
        CriterionNote(
            submission=draft,
            criterion=criterion,
            is_met=criterion.pk in notes
            and notes[criterion.pk].is_met
            and notes[criterion.pk].criterion_id not in failed,
            note=notes[criterion.pk].note if criterion.pk in notes else "",
            links=notes[criterion.pk].links if criterion.pk in notes else [],
        )
        for criterion in criteria
    )
    EvidenceFile.objects.bulk_create(
        EvidenceFile(
            submission=draft,
            criterion_id=heirs.get(file.criterion_id or 0),
            name=file.name,
            content_type=file.content_type,
            size=file.size,
            sha256=file.sha256,
            stored_as=file.stored_as,
            uploaded_at=file.uploaded_at,
        )
        for file in (last.files.all() if last else ())
    )


def _text(submission: Submission) -> str:
    milestone = submission.milestone
    contract = milestone.contract
    version = contract.active_version
    files = list(submission.files.all())
    notes = submission.notes.select_related("criterion").order_by("criterion__position")
    criteria = [
        rules.CriterionText(
            position=note.criterion.position,
            text=note.criterion.text,
            needs_evidence=note.criterion.needs_evidence,
            nature=note.criterion.nature,
            is_met=note.is_met,
            note=note.note,
            files=[_file(file) for file in files if file.criterion_id == note.criterion_id],
            links=[Link(**link) for link in note.links],
        )
        for note in notes
    ]
    rules.check_complete(criteria)
    return rules.submission_text(
        contract={
            "ref": contract.ref,
            "number": contract.number,
            "title": contract.title,
            "sha256": version.sha256 if version else "",
        },
        milestone={
            "ref": milestone.ref,
            "position": milestone.position,
            **({"part": milestone.part} if milestone.part > 1 else {}),
            "title": milestone.title,
            "amount": milestone.amount,
            "currency": milestone.currency,
        },
        cycle=submission.number,
        note=submission.note,
        criteria=criteria,
        files=[_file(file) for file in files if file.criterion_id is None],
        links=[Link(**link) for link in submission.links],
    )


def _file(file: EvidenceFile) -> rules.FileText:
    return rules.FileText(name=file.name, content_type=file.content_type, size=file.size, sha256=file.sha256)


def _record(submission: Submission, *, verb: str, actor: Actor, at: datetime) -> None:
    contracts.record(
        submission.contract,
        verb=verb,
        subject=f"submission:{submission.ref}",
        actor=actor,
        at=at,
        milestone=submission.milestone.ref,
        cycle=submission.number,
        sha256=submission.sha256,
        review_due_at=submission.review_due_at,
    )
