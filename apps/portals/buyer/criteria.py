"""The criteria of one cycle as the buyer reads them, each with what shows it and what was found of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.contracts.models import Criterion
from apps.milestones.models import Decision, EvidenceFile, Submission, Verdict
from apps.milestones.services import Link
from apps.portals.buyer.ways import Way

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What opens in place; everything else is downloaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One file beside its criterion, in the shape of ``components/files.html``."""

    name: str
    url: str
    size: int
    sha256: str
    is_picture: bool
    is_new: bool
    note: str = ""
    icon: str = "file-earmark-text"


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionReading:
    """One criterion: what the seller says of it, what shows it, and what the buyer said of it before and now."""

    criterion: Criterion
    is_claimed: bool
    note: str
    files: Sequence[Evidence]
    links: Sequence[Link]
    verdict: Verdict | None
    crossed_before: Verdict | None


def decision_of(submission: Submission) -> Decision | None:
    """What was decided of a cycle; None while it waits, or when it was withdrawn."""
    return getattr(submission, "decision", None)


def readings_of(
    submission: Submission, *, before: dict[int, Verdict], previous: Submission | None, way: Way
) -> list[CriterionReading]:
    """All of a cycle; ``before`` is what was found of each criterion the last time."""
    notes = {note.criterion_id: note for note in submission.notes.all()}
    verdicts = verdicts_of(submission)
    readings = []
    for criterion in submission.milestone.line.criteria.all():
        note, old = notes.get(criterion.pk), before.get(criterion.pk)
        readings.append(
            CriterionReading(
                criterion=criterion,
                is_claimed=note is not None and note.is_met,
                note=note.note if note is not None else "",
                files=[
                    evidence_of(file, previous=previous, way=way)
                    for file in submission.files.all()
                    if file.criterion_id == criterion.pk
                ],
                links=[Link(**link) for link in note.links] if note is not None else [],
                verdict=verdicts.get(criterion.pk),
                crossed_before=old if old is not None and not old.is_passed else None,
            )
        )
    return readings


def verdicts_of(submission: Submission | None) -> dict[int, Verdict]:
    """What was found of each criterion, if anything was."""
    decision = decision_of(submission) if submission is not None else None
    return {verdict.criterion_id: verdict for verdict in decision.verdicts.all()} if decision is not None else {}


def evidence_of(file: EvidenceFile, *, previous: Submission | None, way: Way) -> Evidence:
    """A file, which is new where the cycle before did not have it."""
    known = {old.sha256 for old in previous.files.all()} if previous is not None else {file.sha256}
    return Evidence(
        name=file.name,
        url=way.evidence(file),
        size=file.size,
        sha256=file.sha256,
        is_picture=file.content_type in PICTURES,
        is_new=file.sha256 not in known,
        icon="file-earmark-image" if file.content_type in PICTURES else "file-earmark-text",
    )
