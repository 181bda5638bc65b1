"""The cycles of a milestone as its page shows them: what the seller said and showed, what the buyer found."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from apps.contracts.models import Criterion
from apps.milestones.models import (
    CriterionNote,
    Decision,
    EvidenceFile,
    FirstAcceptance,
    Inspection,
    Milestone,
    Submission,
    Verdict,
)
from apps.milestones.services import Link, PartBefore
from apps.parties.actor import Actor
from apps.portals import asking
from apps.portals.asking import Questions
from apps.portals.parts import File


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One criterion in one cycle."""

    criterion: Criterion
    note: CriterionNote | None
    verdict: Verdict | None
    files: Sequence[File]
    links: Sequence[Link]

    @property
    def state(self) -> str:
        """``met`` or ``not_met`` as the buyer found, ``open`` before that."""
        if self.verdict is None:
            return "open"
        return "met" if self.verdict.is_passed else "not_met"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One submission with its criteria, its other files and its decision."""

    submission: Submission
    rows: Sequence[Row]
    files: Sequence[File]
    links: Sequence[Link]
    decision: Decision | None
    questions: Questions
    inspections: Sequence[Inspection]
    first: FirstAcceptance | None


def cycles_of(actor: Actor, milestone: Milestone, criteria: Sequence[Criterion]) -> list[Cycle]:
    """Every cycle, newest first, the seller's draft among them; the number of queries does not grow with them."""
    submissions = list(
        Submission.objects.visible_to(actor)
        .filter(milestone=milestone)
        .order_by("-number")
        .select_related("submitted_by", "decision", "first_acceptance")
        .prefetch_related("notes", "files", "decision__verdicts", "inspections__verdicts__criterion")
    )
    asked = asking.to_answer(
        actor, submissions, url=lambda question: reverse("seller:answer_question", args=[question.ref])
    )
    return [_cycle(submission, criteria, questions) for submission, questions in zip(submissions, asked, strict=True)]


def cycle_before(before: PartBefore, criteria: Sequence[Criterion]) -> Cycle:
    """The cycle that was accepted in part, told by the criteria of the part that goes on: with what it starts."""
    return _cycle(before.submission, criteria, Questions(rows=()), heirs=before.heirs)


def _cycle(
    submission: Submission, criteria: Sequence[Criterion], questions: Questions, heirs: dict[int, int] | None = None
) -> Cycle:
    """``heirs``: the criterion that says the same for each of the submission's own; each itself if there is none."""

    def of(one: CriterionNote | Verdict | EvidenceFile) -> int | None:
        return heirs.get(one.criterion_id or 0) if heirs is not None else one.criterion_id

    decision: Decision | None = getattr(submission, "decision", None)
    notes = {of(note): note for note in submission.notes.all()}
    verdicts = {of(verdict): verdict for verdict in decision.verdicts.all()} if decision else {}
    files = list(submission.files.all())
    return Cycle(
        submission=submission,
        rows=[
            Row(
                criterion=criterion,
                note=notes.get(criterion.pk),
                verdict=verdicts.get(criterion.pk),
                files=[shown_file(file) for file in files if of(file) == criterion.pk],
                links=[Link(**link) for link in notes[criterion.pk].links] if criterion.pk in notes else [],
            )
            for criterion in criteria
        ],
        files=[shown_file(file) for file in files if of(file) is None],
        links=[Link(**link) for link in submission.links],
        decision=decision,
        questions=questions,
        inspections=list(submission.inspections.all()),
        first=getattr(submission, "first_acceptance", None),
    )


def shown_file(file: EvidenceFile) -> File:
    kind = file.content_type.partition("/")[0]
    icons = {"image": "file-earmark-image", "application/pdf": "file-earmark-pdf"}
    return File(
        name=file.name,
        url=reverse("seller:evidence", args=[file.ref]),
        size=file.size,
        sha256=file.sha256,
        icon=icons.get(kind, icons.get(file.content_type, "file-earmark-text")),
    )
