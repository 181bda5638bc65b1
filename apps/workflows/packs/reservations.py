"""What was said and shown of the defects under which a milestone was accepted, as evidence: each word, each file."""

from itertools import groupby
from typing import Any

from django.db.models import Q, QuerySet

from apps.core.made import Kept
from apps.milestones.models import Milestone, Reservation, ReservationWord
from apps.workflows.packs import parts
from apps.workflows.packs.parts import Contents


def collect(milestones: "QuerySet[Milestone]", contents: Contents) -> None:
    """One record for each milestone with a defect of which something was said or shown since its acceptance."""
    told_of = Q(words__isnull=False) | Q(files__isnull=False)
    spoken = Reservation.objects.filter(told_of, milestone__in=milestones).distinct()
    read = spoken.select_related("milestone").prefetch_related("words", "files")
    read = read.order_by("milestone_id", "number", "ref")
    for milestone, group in groupby(read, key=lambda one: one.milestone):
        reservations = list(group)
        told = {"milestone": milestone.ref, "defects": [_defect(one) for one in reservations]}
        contents.add(parts.record(f"{parts.place(milestone)}/defects.json", "defects", told, ref=milestone.ref))
        for file in (file for one in reservations for file in one.files.all()):
            kept = Kept(file.stored_as, file.size, file.sha256)
            contents.add(parts.stored(f"evidence/{file.sha256}{parts.ending(file.name)}", "evidence", kept))


def _defect(reservation: Reservation) -> dict[str, Any]:
    return {
        "reservation": reservation.ref,
        **{part: getattr(reservation, part) for part in ("number", "title", "currency", "reduced_by")},
        "withheld": reservation.amount,
        "state": str(reservation.state),
        "words": [_word(one) for one in reservation.words.all()],
        **_files(reservation),
    }


def _files(reservation: Reservation) -> dict[str, Any]:
    """What was shown of it; nothing where nothing was, so that packs from before there were files come out the same."""
    files = [
        {"file": one.ref, **{part: getattr(one, part) for part in ("side", "name", "size", "sha256", "uploaded_at")}}
        for one in reservation.files.all()
    ]
    return {"files": files} if files else {}


def _word(word: ReservationWord) -> dict[str, Any]:
    return {
        **{part: getattr(word, part) for part in ("number", "kind", "side", "name", "written_at", "text")},
        "off": word.amount,
    }
