"""What the sides of a dispute show: files, checked and stored as evidence of a submission is, and never taken back."""

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
from apps.milestones.models import DisputeFile
from apps.milestones.services.dispute_course import link_to, lock_dispute, record, require_party
from apps.milestones.services.quota import check_quota
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
    known = list(dispute.files.filter(side=side))
    same = next((one for one in known if (one.name, one.sha256) == (stored.name, stored.sha256)), None)
    if same is not None:
        return same
    if len(known) >= rules.MOST_FILES:
        raise Refused("Each side attaches at most {most} files.", field="file", most=rules.MOST_FILES)
    check_quota(contracts.organisation_of(contract, side=side), size=stored.size)
    file = DisputeFile.objects.create(
        contract=contract,
        dispute=dispute,
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
        dispute,
        verb="dispute.file_attached",
        actor=actor,
        at=at,
        file=file.ref,
        name_sha256=canonical.sha256(file.name),
        size=file.size,
        sha256=file.sha256,
    )
    return file
