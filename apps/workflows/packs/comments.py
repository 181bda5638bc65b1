"""What the two sides wrote to each other about a milestone, as evidence: each word, by whom and when."""

from itertools import groupby
from typing import Any

from django.db.models import QuerySet

from apps.milestones.models import Milestone, MilestoneComment
from apps.workflows.packs import parts
from apps.workflows.packs.parts import Contents


def collect(milestones: "QuerySet[Milestone]", contents: Contents) -> None:
    """One record for each milestone about which something was written, outside of the questions of its cycles."""
    written = MilestoneComment.objects.filter(milestone__in=milestones).select_related("milestone")
    for milestone, group in groupby(written.order_by("milestone_id", "pk"), key=lambda one: one.milestone):
        told = {"milestone": milestone.ref, "comments": [_comment(one) for one in group]}
        contents.add(parts.record(f"{parts.place(milestone)}/comments.json", "comments", told, ref=milestone.ref))


def _comment(comment: MilestoneComment) -> dict[str, Any]:
    return {
        "comment": comment.ref,
        **{part: getattr(comment, part) for part in ("side", "name", "written_at", "text")},
    }
