"""What the sides show of a defect: files, checked and stored as evidence of a submission is, and never taken back."""

from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.core.files.base import File

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core.errors import NotAllowed
from apps.milestones import evidence
from apps.milestones.evidence import StoredFile
from apps.milestones.models import ReservationFile
from apps.milestones.models.dispute import Side
from apps.milestones.services.mending import held, record, require_releaser
from apps.milestones.services.shown_files import show
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action


def receive_for_reservation(upload: "File[Any]", *, actor: Actor) -> StoredFile:
    """Check an upload and store its bytes; they count for nothing until :func:`attach_to_reservation` gives a row."""
    if not actor.may(Action.SUBMIT_MILESTONE):
        actor.require(Action.DECIDE_MILESTONE)
    return evidence.receive(upload, most=settings.EVIDENCE_MAX_BYTES)


def attach_to_reservation(
    *, contract: Contract, reservation_ref: str, actor: Actor, stored: StoredFile, at: datetime
) -> ReservationFile:
    """The seller shows how a defect was mended, the buyer what is still missing. The same file is there once."""
    reservation = held(contract, reservation_ref=reservation_ref)
    if actor.kind is ActorKind.SYSTEM:
        raise NotAllowed("Only people of the two sides attach files to a defect.")
    side = contracts.side_of(contract, actor=actor)
    if side == Side.SELLER:
        contracts.require_seller(contract, actor=actor, action=Action.SUBMIT_MILESTONE)
    else:
        require_releaser(reservation, actor=actor, at=at)
    tell = partial(record, reservation, verb="reservation.file_attached")
    return show(reservation.files, contract=contract, side=side, stored=stored, actor=actor, at=at, tell=tell)
