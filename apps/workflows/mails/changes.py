"""What changed since the last time, in brief: a new version of a contract, a milestone that is submitted again."""

from typing import Any

from apps.contracts.models import ContractVersion
from apps.milestones import services as milestones
from apps.milestones.models import Decision, Submission

Line = dict[str, Any]
"""A term with ``before`` and ``after``: amounts where there is a ``currency``, else values; or a ``word`` alone."""


def before(version: ContractVersion) -> ContractVersion | None:
    """The version of the same contract that was proposed last before this one."""
    earlier = ContractVersion.objects.filter(
        contract_id=version.contract_id, number__lt=version.number, proposed_at__isnull=False
    )
    return earlier.select_related("contract").order_by("-number").first()


def said_before(submission: Submission) -> dict[str, object]:
    """What the buyer found missing and wrote the last time: of this milestone, or of the part of which it is the rest
    (``before``). Of an acceptance that was withdrawn, the reason says it.
    """
    decisions = Decision.objects.filter(
        submission__milestone_id=submission.milestone_id, submission__number__lt=submission.number
    ).prefetch_related("verdicts__criterion")
    said = decisions.order_by("-submission__number").first() if submission.number > 1 else None
    before = milestones.part_before(submission.milestone) if said is None else None
    if before is not None and before.withdrawn is None:
        said = before.decision
    verdicts = sorted(said.verdicts.all(), key=lambda one: one.criterion.position) if said is not None else []
    return {
        "before": before,
        "crossed": [one for one in verdicts if not one.is_passed],
        "wrote": said.comment if said is not None else "",
    }
