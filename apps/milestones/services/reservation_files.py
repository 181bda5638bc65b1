"""What the sides show of a defect: files, checked and stored as evidence of a submission is, and never taken back."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.base import File

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import canonical
from apps.core.errors import NotAllowed, Refused
from apps.milestones import evidence, rules
from apps.milestones.evidence import StoredFile
from apps.milestones.models import ReservationFile
from apps.milestones.models.dispute import Side
from apps.milestones.services.mending import held, record, require_releaser
from apps.milestones.services.quota import check_quota
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
    known = list(reservation.files.filter(side=side))
    same = next((one for one in known if (one.name, one.sha256) == (stored.name, stored.sha256)), None)
    if same is not None:
        return same
    if len(known) >= rules.MOST_FILES:
        raise Refused("Each side attaches at most {most} files.", field="file", most=rules.MOST_FILES)
    check_quota(contracts.organisation_of(contract, side=side), size=stored.size)
    file = ReservationFile.objects.create(
        contract=contract,
        reservation=reservation,
        side=side,
        user_id=actor.user_id,
        grant_id=actor.grant_id,
        name=stored.name,
        content_type=stored.content_type,
        size=stored.size,
        sha256=stored.sha256,
        stored_as=stored.stored_as,
        uploaded_at=at,
    )
    record(
        reservation,
        verb="reservation.file_attached",
        actor=actor,
        at=at,
        file=file.ref,
        name_sha256=canonical.sha256(file.name),
        size=file.size,
        sha256=file.sha256,
    )
    return file
