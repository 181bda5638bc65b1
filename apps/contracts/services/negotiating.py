"""Answers to a proposal that are no signature: changes asked for, another version, withdrawal, none in time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q

from apps.contracts import rules
from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.contracts.models.change_order import ChangeOrderState
from apps.contracts.models.contract import ContractState
from apps.contracts.services.changing import expire_change
from apps.contracts.services.copying import copy_of
from apps.contracts.services.grants import close_grants
from apps.contracts.services.people import require_seller
from apps.contracts.services.record import record
from apps.contracts.services.sides import (
    Side,
    newest_proposal,
    organisation_of,
    proposer_of,
    require_writer,
    side_of,
)
from apps.contracts.services.signing import record_version, require_answerer, require_open, version_of
from apps.core import states
from apps.core.errors import NotAllowed, Refused
from apps.parties.actor import Actor
from apps.parties.roles import Action

JUST_AFTER: Final = timedelta(microseconds=1)
"""The last second of the last day still counts; what comes after it does not."""

WAITS_FOR_A_SIGNATURE: Final = Q(contract__state=ContractState.PROPOSED) | Q(
    change_order__state=ChangeOrderState.PROPOSED
)
"""A proposal that may be open: of a contract, or of a change of one in force."""


def request_changes(
    *, contract: Contract, version_ref: str, actor: Actor, reason: str, at: datetime
) -> ContractVersion:
    """The other side asks for other terms: the refused version stays, and a draft of its proposer that copies it is the
    answer."""
    version = version_of(contract, version_ref=version_ref)
    require_answerer(version, actor=actor, at=at)
    require_open(version)
    wish = rules.check_reason(reason)
    states.move(contract, ContractState.DRAFT, Contract.TRANSITIONS)
    version.changes_asked_at, version.changes_asked = at, wish
    version.save(update_fields=["changes_asked_at", "changes_asked"])
    contract.save(update_fields=["state"])
    draft = copy_of(version, author=version.author, drafted_by_id=version.drafted_by_id, at=at)
    record_version(version, verb="contract.changes_requested", actor=actor, at=at, reason=wish)
    return draft


def answer(*, contract: Contract, version_ref: str, actor: Actor, at: datetime) -> ContractVersion:
    """The other side begins a version of its own that starts as the proposed one stands; its draft if it has one.

    Until it is proposed nothing changes: the proposal can still be signed, and only its own side sees the draft.
    """
    version = version_of(contract, version_ref=version_ref)
    side = require_writer(contract, actor=actor, at=at)
    if version.author == side:
        raise NotAllowed("This is your own proposal. Withdraw it, or wait for what the other side says.")
    mine = contract.versions.filter(author=side, proposed_at__isnull=True).first()
    if mine is not None:
        return mine
    require_open(version)
    if contract.state != ContractState.PROPOSED:
        raise Refused(
            "This contract is {state}: there is no proposal to answer.", state=str(contract.get_state_display())
        )
    draft = copy_of(version, author=side, drafted_by_id=actor.user_id, at=at)
    record_version(version, verb="contract.answer_begun", actor=actor, at=at, side=side)
    return draft


def may_withdraw(contract: Contract, *, side: str) -> bool:
    """Whether this side can end what is not signed yet."""
    if contract.state not in (ContractState.DRAFT, ContractState.PROPOSED):
        return False
    ends = newest_proposal(contract).author if contract.was_proposed else contract.begun_by
    return side == ends or (side == contract.begun_by and contract.state == ContractState.DRAFT)


def withdraw(*, contract: Contract, actor: Actor, at: datetime) -> None:
    """The side that proposed last takes its draft or its proposal back: the contract ends, every link to it dies.

    Who began it may also end what is a draft again: the other side's proposal was sent back, or nobody signed in time.
    """
    side = side_of(contract, actor=actor)
    if not may_withdraw(contract, side=side):
        raise NotAllowed("Only the side that proposed last can withdraw. Ask for changes instead.")
    if side == Side.SELLER:
        require_seller(contract, actor=actor, action=Action.EDIT_CONTRACT)
    else:
        require_writer(contract, actor=actor, at=at)
    states.move(contract, ContractState.WITHDRAWN, Contract.TRANSITIONS)
    contract.save(update_fields=["state"])
    live = GuestGrant.objects.filter(contract=contract, used_at__isnull=True, revoked_at__isnull=True)
    live.update(revoked_at=at)
    record(contract, verb="contract.withdrawn", subject=f"contract:{contract.ref}", actor=actor, at=at)


def expire(*, contract: Contract, version_ref: str, actor: Actor, at: datetime) -> ContractVersion | None:
    """Note that a proposal was not signed by its last day; nothing happens when it was answered, or has time left.

    The contract is a draft again, with a draft of the proposer that copies the version; the links to it show what came.
    One in force that a change order proposed to change stays as it is.
    """
    version = version_of(contract, version_ref=version_ref)
    if version.change_order_id is not None:
        changed = expire_change(version, actor=actor, at=at)
        if changed is not None:
            close_grants(subject_ref=version.ref, at=at)
        return changed
    is_open = proposer_of(contract) and newest_proposal(contract).pk == version.pk
    if not is_open or version.expires_at is None or at <= version.expires_at:
        return None
    states.move(contract, ContractState.DRAFT, Contract.TRANSITIONS)
    contract.save(update_fields=["state"])
    version.expired_at = at
    version.save(update_fields=["expired_at"])
    copy_of(version, author=version.author, drafted_by_id=version.drafted_by_id, at=at)
    close_grants(subject_ref=version.ref, at=at)
    record_version(version, verb="contract.expired", actor=actor, at=at, until=version.expires_at)
    return version


@dataclass(frozen=True, slots=True)
class OverdueProposal:
    """A proposal whose last day is over: the version, and the organisation that proposed it."""

    version_ref: str
    organisation_id: int


def proposals_overdue(*, at: datetime, contract_refs: list[str] | None = None) -> list[OverdueProposal]:
    """Every open proposal whose last day is over, or those of some contracts; read with the owner's eyes."""
    versions = ContractVersion.objects.using("owner").filter(
        WAITS_FOR_A_SIGNATURE,
        expires_at__lt=at,
        expired_at__isnull=True,
        changes_asked_at__isnull=True,
    )
    if contract_refs is not None:
        versions = versions.filter(contract__ref__in=contract_refs)
    # A proposal that was answered by another one is over already, whatever its last day.
    later = ContractVersion.objects.filter(
        contract=OuterRef("contract"), number__gt=OuterRef("number"), proposed_at__isnull=False
    )
    versions = versions.exclude(Exists(later))
    return [
        OverdueProposal(version.ref, organisation_of(version.contract, side=version.author))
        for version in versions.select_related("contract").order_by("pk")
    ]


def next_expiry(*, after: datetime, until: datetime, contract_refs: list[str]) -> datetime | None:
    """The first moment between two at which a proposal of these contracts has run out."""
    versions = ContractVersion.objects.using("owner").filter(
        WAITS_FOR_A_SIGNATURE, contract__ref__in=contract_refs, expires_at__gte=after
    )
    first = versions.filter(expires_at__lt=until - JUST_AFTER).order_by("expires_at").first()
    return first.expires_at + JUST_AFTER if first is not None and first.expires_at is not None else None
