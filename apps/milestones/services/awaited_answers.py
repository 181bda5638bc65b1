"""What was mended and waits for the buyer: it is reminded before its days are over, and the seller told once after."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apps.contracts.models import Contract
from apps.core.errors import NotAllowed
from apps.milestones.models import Reservation
from apps.milestones.models.dispute import LIVE
from apps.milestones.models.reservation import ReservationState
from apps.milestones.services.mending import lock_reservation, record
from apps.parties.actor import Actor, ActorKind

LOOK, UNANSWERED = "look", "unanswered"
TOLD_BEFORE: Final = timedelta(days=2)
LOOKED_BACK: Final = timedelta(days=14)
"""So long after the deadline it is still worth telling, where the machine stood still."""


@dataclass(frozen=True, slots=True)
class AwaitedAnswer:
    """A mended defect of which a side is to be told: the buyer to ``look``, or the seller that it is ``unanswered``.

    ``due`` is the deadline as text: a defect that was sent back and mended again has another one.
    """

    reservation_ref: str
    seller_id: int
    what: str
    due: str


def answers_awaited(*, at: datetime) -> list[AwaitedAnswer]:
    """Every mended defect whose deadline is near or passed lately: read with the owner's eyes."""
    waiting = Reservation.objects.using("owner").filter(
        state=ReservationState.MENDED, answer_due_at__gt=at - LOOKED_BACK, answer_due_at__lte=at + TOLD_BEFORE
    )
    rows = waiting.exclude(disputes__state__in=LIVE).select_related("contract").order_by("pk")
    told = ((one, _what(one, at=at)) for one in rows)
    return [
        AwaitedAnswer(one.ref, one.contract.seller_id, what, one.answer_due_at.isoformat())
        for one, what in told
        if what and one.answer_due_at is not None
    ]


def remind_of_mended(
    *, contract: Contract, reservation_ref: str, what: str, actor: Actor, at: datetime
) -> Reservation | None:
    """Keep that a side was told; None where it was answered, settled or disputed by now."""
    if actor.kind is not ActorKind.SYSTEM:
        raise NotAllowed("Only the calendar reminds of an answer.")
    known = Reservation.objects.filter(ref=reservation_ref, contract=contract, state=ReservationState.MENDED)
    if not known.exists():
        return None
    reservation = lock_reservation(contract, reservation_ref=reservation_ref)
    if _what(reservation, at=at) != what or reservation.disputes.live().exists():
        return None
    record(
        reservation,
        verb="reservation.answer_awaited",
        actor=actor,
        at=at,
        answer_due_at=reservation.answer_due_at,
        is_over=what == UNANSWERED,
    )
    return reservation


def _what(reservation: Reservation, *, at: datetime) -> str:
    due = reservation.answer_due_at
    if reservation.state != ReservationState.MENDED or due is None:
        return ""
    if at <= due:
        return LOOK if due - at <= TOLD_BEFORE else ""
    return UNANSWERED if reservation.amount and at - due < LOOKED_BACK else ""
