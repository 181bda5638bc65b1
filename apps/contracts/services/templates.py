"""Templates: a plan with its terms under a name of an organisation's own, to start contracts from on either side."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from apps.audit import services as audit
from apps.contracts import rules
from apps.contracts.drafts import ContractDraft
from apps.contracts.models import ContractTemplate
from apps.contracts.services.locks import lock_by_ref
from apps.contracts.services.sides import organisation_of, require_writer
from apps.contracts.services.versions import as_draft, newest_version
from apps.core.errors import Refused
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action


def save_template(*, actor: Actor, contract_ref: str, name: str, at: datetime) -> ContractTemplate:
    """Keep the newest version of a contract that the actor's side knows, in whatever state it is, as a template of its
    organisation."""
    contract = lock_by_ref(contract_ref=contract_ref)
    side = require_writer(contract, actor=actor, at=at)
    draft = as_draft(newest_version(contract, side=side))
    template = ContractTemplate(
        organisation_id=organisation_of(contract, side=side),
        name=rules.check_template_name(name),
        title=draft.title,
        currency=draft.currency,
        price=draft.price,
        milestones=len(draft.lines),
        content=rules.template_text(draft),
        created_by_id=actor.user_id,
        created_at=at,
    )
    _save_named(template)
    _record(template, verb="template.saved", actor=actor, at=at, contract=contract.ref)
    return template


def rename_template(*, actor: Actor, template_ref: str, name: str, at: datetime) -> ContractTemplate:
    """Give a template another name; no other of the organisation has it."""
    template = _lock(template_ref, actor=actor)
    template.name = rules.check_template_name(name)
    _save_named(template)
    _record(template, verb="template.renamed", actor=actor, at=at)
    return template


def delete_template(*, actor: Actor, template_ref: str, at: datetime) -> None:
    """End a template, once. Contracts that were started from it stay as they are."""
    is_there = ContractTemplate.objects.select_for_update().filter(ref=template_ref).exists()
    if not is_there and template_was_deleted(template_ref=template_ref, actor=actor):
        return
    template = _lock(template_ref, actor=actor)
    _record(template, verb="template.deleted", actor=actor, at=at)
    template.delete()


def template_was_deleted(*, template_ref: str, actor: Actor) -> bool:
    """Whether the actor's organisation ended this template before, so that there is nothing left to do."""
    told = audit.last_told(verb="template.deleted", subject=f"template:{template_ref}", actor=actor)
    return told is not None and actor.may(Action.EDIT_CONTRACT)


def draft_of_template(template: ContractTemplate) -> ContractDraft:
    """The draft that a template starts: without parties, number and dates."""
    return rules.read_template(template.content)


def _lock(template_ref: str, *, actor: Actor) -> ContractTemplate:
    found = ContractTemplate.objects.select_for_update().filter(ref=template_ref).first()
    if found is None:
        raise Refused("There is no such template any more.")
    actor.require(Action.EDIT_CONTRACT, organisation_id=found.organisation_id)
    return found


def _save_named(template: ContractTemplate) -> None:
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:
        if "template_name_unique_per_organisation" not in str(error):
            raise
        raise Refused("You already have a template named {name}.", field="name", name=template.name) from error


def _record(template: ContractTemplate, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    organisation = Organisation.objects.get(pk=template.organisation_id)
    audit.record(
        chain=f"organisation:{organisation.ref}",
        parties=[organisation.pk],
        verb=verb,
        subject=f"template:{template.ref}",
        actor=actor,
        at=at,
        name=template.name,
        **facts,
    )
