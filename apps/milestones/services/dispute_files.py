"""What the sides of a dispute show: files, checked and stored as evidence of a submission is, and never taken back."""

from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.core.files.base import File

from apps.contracts.models import Contract
from apps.core.errors import NotAllowed
from apps.milestones import evidence
from apps.milestones.evidence import StoredFile
from apps.milestones.models import DisputeFile
from apps.milestones.services.dispute_course import link_to, lock_dispute, record, require_party
from apps.milestones.services.shown_files import show
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action


def receive_for_dispute(upload: "File[Any]", *, actor: Actor) -> StoredFile:
    """Check an upload and store its bytes; they count for nothing until :func:`attach_to_dispute` gives them a row."""
    actor.require(Action.RAISE_DISPUTE)
    return evidence.receive(upload, most=settings.EVIDENCE_MAX_BYTES)


def attach_to_dispute(
    *, contract: Contract, dispute_ref: str, actor: Actor, stored: StoredFile, at: datetime
) -> DisputeFile:
    """One side adds a stored file to a dispute that waits. The same bytes under the same name are there once."""
    dispute = lock_dispute(contract, dispute_ref=dispute_ref)
    side = require_party(contract, actor=actor, links=link_to(dispute), at=at)
    if actor.kind is ActorKind.SYSTEM:
        raise NotAllowed("Only people of the two sides attach files to a dispute.")
    tell = partial(record, dispute, verb="dispute.file_attached")
    return show(dispute.files, contract=contract, side=side, stored=stored, actor=actor, at=at, tell=tell)
