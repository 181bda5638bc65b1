"""The days until which defects are to be mended: the seller is reminded before one, and once after it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core.errors import NotAllowed, Refused
from apps.milestones.models import Reservation
from apps.milestones.models.reservation import ReservationState
from apps.milestones.services.holding import lock_milestone
from apps.parties.actor import Actor, ActorKind

NEAR, PASSED = "near", "passed"
TOLD_BEFORE: Final = timedelta(days=3)
LOOKED_BACK: Final = timedelta(days=14)
"""So long after the day it is still worth a reminder, where the machine stood still."""


@dataclass(frozen=True, slots=True)
class DefectToMend:
    """A defect of which its seller is to be reminded; ``what`` is ``near`` or ``passed``."""

    reservation_ref: str
    seller_id: int
    what: str


def defects_to_mend(*, at: datetime) -> list[DefectToMend]:
    """What is not mended and due soon or lately, by the day of each seller: read with the owner's eyes."""
    day = timedelta(days=1)
    found = Reservation.objects.using("owner").filter(
        state=ReservationState.OPEN,
        due_on__gte=at.date() - LOOKED_BACK - day,
        due_on__lte=at.date() + TOLD_BEFORE + day,
    )
    rows = found.select_related("contract__seller").order_by("pk")
    told = ((one, _what(one.due_on, today=_day(one.contract, at))) for one in rows)
    return [DefectToMend(one.ref, one.contract.seller_id, what) for one, what in told if what]


def remind_of_defect(
    *, contract: Contract, reservation_ref: str, what: str, actor: Actor, at: datetime
) -> Reservation | None:
    """Keep that the seller was reminded; None where it is mended or settled by now, or the day is another."""
    if actor.kind is not ActorKind.SYSTEM:
        raise NotAllowed("Only the calendar reminds of the day of a defect.")
    known = Reservation.objects.filter(ref=reservation_ref, contract=contract)
    milestone_ref = known.values_list("milestone__ref", flat=True).first()
    if milestone_ref is None:
        raise Refused("There is no such reservation in this contract.")
    milestone = lock_milestone(contract, milestone_ref=milestone_ref)
    reservation = known.select_for_update(of=("self",)).get()
    if reservation.state != ReservationState.OPEN or _what(reservation.due_on, today=_day(contract, at)) != what:
        return None
    contracts.record(
        contract,
        verb="reservation.reminded",
        subject=f"milestone:{milestone.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        reservation=reservation.ref,
        number=reservation.number,
        title=reservation.title,
        due_on=reservation.due_on,
    )
    return reservation


def _what(due_on: date, *, today: date) -> str:
    if due_on < today:
        return PASSED if today - due_on <= LOOKED_BACK else ""
    return NEAR if due_on - today <= TOLD_BEFORE else ""


def _day(contract: Contract, at: datetime) -> date:
    """The calendar day where the seller is."""
    return at.astimezone(ZoneInfo(contract.seller.time_zone)).date()
