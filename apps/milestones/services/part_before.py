"""What a part goes on from: the submission that was accepted in part, or of which an acceptance was withdrawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet

from apps.contracts.models import Criterion
from apps.milestones import rules
from apps.milestones.models import (
    CriterionNote,
    Decision,
    Dispute,
    EvidenceFile,
    Milestone,
    Nullification,
    Submission,
    Verdict,
)
from apps.milestones.models.dispute import DEFECT, LIVE
from apps.milestones.services.dispute_course import reason_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBefore:
    """What was said of the part before: its submission, whose ``decision`` names who said so, and the crosses.

    ``withdrawn``: both sides withdrew its acceptance, and this goes on. ``dispute`` is what was in dispute when the
    other part was accepted and nobody took back or lost since, and ``disputed_because`` why. ``heirs``: for each
    criterion of that submission the one of this part that says the same, if there is one; a change order may have
    moved the part to another line since.
    """

    submission: Submission
    milestone: Milestone
    decision: Decision
    withdrawn: Nullification | None
    dispute: Dispute | None
    disputed_because: str
    crossed: Sequence[Verdict]
    heirs: dict[int, int]

    @property
    def verdicts(self) -> dict[int, Verdict]:
        """What was found of the criteria that this part has too, by them."""
        found = self.decision.verdicts.all()
        return {self.heirs[one.criterion_id]: one for one in found if one.criterion_id in self.heirs}

    @property
    def crossed_elsewhere(self) -> Sequence[Verdict]:
        """The crosses at criteria that this part does not have, so that they stand beside none of its own."""
        return [one for one in self.crossed if one.criterion_id not in self.heirs]


def part_before(milestone: Milestone) -> PartBefore | None:
    """What this milestone is the rest of, with all that was said of it; None of what is no rest."""
    withdrawn = _withdrawn(milestone)
    found = _submission_of(milestone, withdrawn=withdrawn, among=_with_everything())
    if found is None:
        return None
    decision: Decision = found.decision
    verdicts = sorted(decision.verdicts.all(), key=lambda one: one.criterion.position)
    disputed = Dispute.objects.filter(submission=found, milestone=milestone, state__in=(*LIVE, *DEFECT))
    dispute = None if withdrawn else disputed.last()
    return PartBefore(
        submission=found,
        milestone=found.milestone,
        decision=decision,
        withdrawn=withdrawn,
        dispute=dispute,
        disputed_because=reason_of(dispute) if dispute is not None else "",
        crossed=[one for one in verdicts if not one.is_passed],
        heirs=heirs_of(found.notes.all(), criteria=milestone.line.criteria.all()),
    )


def submission_before(milestone: Milestone) -> Submission | None:
    """The submission of which this milestone is the rest: its first cycle starts with what was shown then."""
    return _submission_of(milestone, withdrawn=_withdrawn(milestone), among=Submission.objects.all())


def heirs_of(told: Iterable[CriterionNote], *, criteria: Iterable[Criterion]) -> dict[int, int]:
    """For each criterion of which something was told the one among ``criteria`` that says the same, by its words."""
    was = sorted((note.criterion for note in told), key=lambda one: one.position)
    return rules.heirs([(one.pk, one.text) for one in was], [(one.pk, one.text) for one in criteria])


def _withdrawn(milestone: Milestone) -> Nullification | None:
    if milestone.part == 1:
        return None
    asked = Nullification.objects.filter(rest=milestone)
    return asked.select_related("milestone").first()


def _with_everything() -> "QuerySet[Submission, Submission]":
    related: tuple[Any, ...] = ("milestone", "decision")
    return Submission.objects.select_related(*related).prefetch_related(
        "notes__criterion",
        Prefetch("files", queryset=EvidenceFile.objects.order_by("pk")),
        "decision__verdicts__criterion",
    )


def _submission_of(
    milestone: Milestone, *, withdrawn: Nullification | None, among: "QuerySet[Submission, Submission]"
) -> Submission | None:
    if milestone.part == 1:
        return None
    if withdrawn is not None:
        return among.filter(pk__in=[withdrawn.milestone.accepted_submission_id]).first()
    # Parts that go on after a nullification stand between them, so the rests are counted and not numbered.
    parts = Milestone.objects.filter(contract_id=milestone.contract_id, position=milestone.position)
    number = parts.filter(part__gt=1, part__lte=milestone.part, rest_of=None).count()
    split = among.filter(milestone__in=parts, decision__outcome=Decision.Outcome.PARTLY_ACCEPTED)
    return next(iter(split.order_by("decision__decided_at", "pk")[number - 1 : number]), None) if number else None
