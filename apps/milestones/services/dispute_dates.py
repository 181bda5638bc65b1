"""Deadlines of positions: a missed one is told to the side that missed it, once, and decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.milestones.models import Dispute, DisputeReminder
from apps.milestones.models.dispute import LIVE
from apps.milestones.services.dispute_course import record
from apps.parties.actor import Actor

MOMENT: Final = timedelta(seconds=1)
"""A deadline is the last second in which it is kept."""


@dataclass(frozen=True, slots=True)
class MissedPosition:
    """A position whose deadline passed: of which dispute, on behalf of whom it is told, which deadline (as text)."""

    dispute_ref: str
    organisation_id: int
    due: str


def positions_missed(*, at: datetime, contract_refs: Sequence[str] | None = None) -> list[MissedPosition]:
    """Every deadline that passed and was not reminded of, whoever's: read with the owner's eyes."""
    known = DisputeReminder.objects.using("owner").order_by().values_list("dispute_id", "due_at")
    waiting = Dispute.objects.using("owner").filter(state__in=LIVE, answer_due_at__lt=at).select_related("contract")
    if contract_refs is not None:
        waiting = waiting.filter(contract__ref__in=contract_refs)
    waiting = waiting.order_by("answer_due_at", "id")
    told = set(known.filter(dispute__in=waiting.order_by().values("pk")))
    return [
        MissedPosition(one.ref, contracts.organisation_of(one.contract, side=one.awaits), one.answer_due_at.isoformat())
        for one in waiting
        if one.answer_due_at is not None and (one.pk, one.answer_due_at) not in told
    ]


def remind_of_position(*, contract: Contract, dispute_ref: str, actor: Actor, at: datetime) -> DisputeReminder | None:
    """Keep that the side that is awaited is reminded; None when nothing was missed, or it was told already."""
    dispute = (
        Dispute.objects.select_for_update(of=("self",))
        .select_related("submission")
        .filter(ref=dispute_ref, contract=contract, state__in=LIVE, answer_due_at__lt=at)
        .first()
    )
    if dispute is None or dispute.answer_due_at is None:
        return None
    if dispute.reminders.filter(due_at=dispute.answer_due_at).exists():
        return None
    dispute.contract = contract
    reminder = DisputeReminder.objects.create(
        contract=contract, dispute=dispute, due_at=dispute.answer_due_at, reminded_at=at
    )
    record(dispute, verb="dispute.reminded", actor=actor, at=at, awaits=dispute.awaits)
    return reminder


def next_missed(*, after: datetime, until: datetime, contract_refs: Sequence[str]) -> datetime | None:
    """The first deadline of a position that passes in this time, for the player of deal files."""
    waiting = Dispute.objects.using("owner").filter(
        state__in=LIVE, contract__ref__in=contract_refs, answer_due_at__gte=after, answer_due_at__lt=until
    )
    due = waiting.order_by("answer_due_at").values_list("answer_due_at", flat=True).first()
    moment = due + MOMENT if due is not None else None
    return moment if moment is not None and after < moment <= until else None
