"""What was said of the defects under which a milestone was accepted, as evidence: each word, in its order."""

from itertools import groupby
from typing import Any

from django.db.models import QuerySet

from apps.milestones.models import Milestone, Reservation, ReservationWord
from apps.workflows.packs import parts
from apps.workflows.packs.parts import Contents


def collect(milestones: "QuerySet[Milestone]", contents: Contents) -> None:
    """One record for each milestone with a defect of which something was said since its acceptance."""
    spoken = Reservation.objects.filter(milestone__in=milestones, words__isnull=False).distinct()
    read = spoken.select_related("milestone").prefetch_related("words").order_by("milestone_id", "number", "ref")
    for milestone, reservations in groupby(read, key=lambda one: one.milestone):
        told = {"milestone": milestone.ref, "defects": [_defect(one) for one in reservations]}
        contents.add(parts.record(f"{parts.place(milestone)}/defects.json", "defects", told, ref=milestone.ref))


def _defect(reservation: Reservation) -> dict[str, Any]:
    return {
        "reservation": reservation.ref,
        **{part: getattr(reservation, part) for part in ("number", "title", "currency", "reduced_by")},
        "withheld": reservation.amount,
        "state": str(reservation.state),
        "words": [_word(one) for one in reservation.words.all()],
    }


def _word(word: ReservationWord) -> dict[str, Any]:
    return {
        **{part: getattr(word, part) for part in ("number", "kind", "side", "name", "written_at", "text")},
        "off": word.amount,
    }
