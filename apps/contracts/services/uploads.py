"""A plan from a file: read, shown, and put into the draft in one go when somebody confirms it."""

from dataclasses import replace
from datetime import datetime

from apps.contracts import rules
from apps.contracts.drafts import ContractDraft, DraftLine, DraftOption
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
    plan_name: str = "",
    options: tuple[DraftOption, ...] | None = None,
) -> PlanUpload:
    """Keep a plan that was read from a file until it is confirmed. The draft stays as it is.

    ``options`` are the other plans of a file that names its plans, ``plan_name`` is then what the base plan is called;
    None: those that the draft offers stay. ``reading`` is how it was read, as canonical text. An earlier file that
    still waits is given up.
    """
    contract = lock_by_ref(contract_ref=contract_ref)
    side = require_writer(contract, actor=actor, at=at)
    stands, owner = draft_of(contract, side=side), organisation_of(contract, side=side)
    said = _written(stands, rules.SaidPlans(lines, plan_name, options))
    checked = rules.check_draft_with_options(said) if options is not None else rules.check_draft(said)
    kept = rules.SaidPlans(checked.lines, checked.plan_name, None if options is None else checked.options)
    PlanUpload.objects.filter(contract=contract, organisation_id=owner).delete()
    return PlanUpload.objects.create(
        contract=contract,
        organisation_id=owner,
        file_name=file_name[:200],
        file_sha256=file_sha256,
        plan=rules.plans_text(kept),
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
    draft = _written(stands, rules.read_plans(upload.plan))
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


def _written(stands: ContractDraft, plans: rules.SaidPlans) -> ContractDraft:
    """A draft with these plans in the place of its own."""
    named = {} if plans.options is None else {"plan_name": plans.plan_name, "options": plans.options}
    return replace(stands, lines=plans.lines, **named)  # type: ignore[arg-type]
