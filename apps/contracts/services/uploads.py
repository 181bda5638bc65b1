"""A plan from a file: read, shown, and put into the draft in one go when somebody confirms it."""

from dataclasses import replace
from datetime import datetime

from apps.contracts import rules
from apps.contracts.drafts import DraftLine
from apps.contracts.models import Contract, PlanUpload
from apps.contracts.services.drafting import change_draft
from apps.contracts.services.locks import lock_by_ref
from apps.contracts.services.record import record
from apps.contracts.services.sides import organisation_of, require_writer
from apps.contracts.services.versions import draft_of, fingerprint
from apps.core.errors import Refused, Stale
from apps.parties.actor import Actor


def keep_plan(
    *,
    actor: Actor,
    contract_ref: str,
    lines: tuple[DraftLine, ...],
    file_name: str,
    file_sha256: str,
    reading: str,
    at: datetime,
) -> PlanUpload:
    """Keep a plan that was read from a file until it is confirmed. The draft stays as it is.

    ``reading`` is how it was read, as canonical text. An earlier file that still waits is given up.
    """
    contract = lock_by_ref(contract_ref=contract_ref)
    side = require_writer(contract, actor=actor, at=at)
    stands, owner = draft_of(contract, side=side), organisation_of(contract, side=side)
    checked = rules.check_draft(replace(stands, lines=lines))
    PlanUpload.objects.filter(contract=contract, organisation_id=owner).delete()
    return PlanUpload.objects.create(
        contract=contract,
        organisation_id=owner,
        file_name=file_name[:200],
        file_sha256=file_sha256,
        plan=rules.plan_text(checked.lines),
        reading=reading,
        draft_sha256=fingerprint(stands),
        uploaded_by_id=actor.user_id,
        uploaded_at=at,
    )


def import_plan(*, actor: Actor, contract_ref: str, upload_ref: str, at: datetime) -> Contract:
    """Put the plan of a file in the place of the draft's: all of its lines or, when anything is refused, none.

    A draft that was changed since the file was shown beside it is :class:`Stale`.
    """
    contract = lock_by_ref(contract_ref=contract_ref)
    side = require_writer(contract, actor=actor, at=at)
    own = PlanUpload.objects.filter(contract=contract, organisation_id=organisation_of(contract, side=side))
    upload = own.filter(ref=upload_ref).first()
    if upload is None:
        raise Refused(
            "This file was replaced by another or is imported already. Look at the draft, or upload it again."
        )
    stands = draft_of(contract, side=side)
    if fingerprint(stands) != upload.draft_sha256:
        raise Stale(
            "Somebody changed this draft after the file was uploaded, so nothing was imported. Look at the draft as it"
            " is now, and upload the file again if it should take its place."
        )
    draft = replace(stands, lines=rules.read_plan(upload.plan))
    change_draft(contract=contract, actor=actor, draft=draft, at=at)
    upload.delete()
    record(
        contract,
        verb="contract.plan_imported",
        subject=f"contract:{contract.ref}",
        actor=actor,
        at=at,
        file_sha256=upload.file_sha256,
        lines=len(draft.lines),
    )
    return contract
