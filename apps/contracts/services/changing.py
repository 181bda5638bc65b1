"""Change orders: an active contract is changed by a version of it that both sides sign, and by nothing else."""

from datetime import datetime
from typing import Any

from apps.contracts import rules
from apps.contracts.drafts import ChangeDraft
from apps.contracts.models import ChangeOrder, Contract, ContractVersion
from apps.contracts.models.change_order import ChangeOrderState
from apps.contracts.models.contract import ContractState
from apps.contracts.services.changed_versions import (
    active_version,
    named,
    new_order,
    order_in,
    order_of,
    preview_change,
    said,
    write_plan,
)
from apps.contracts.services.people import check_limit, check_signatory
from apps.contracts.services.record import record
from apps.contracts.services.sides import require_writer, side_of
from apps.contracts.services.signing import (
    compare,
    put_signature,
    record_signed,
    record_version,
    require_answerer,
    require_in_time,
    require_signer,
)
from apps.contracts.services.texts import text_of
from apps.contracts.services.versions import as_draft
from apps.core import canonical, states
from apps.core.errors import IllegalTransition, NotAllowed, Stale
from apps.parties.actor import Actor


def record_change(*, contract: Contract, actor: Actor, draft: ChangeDraft, at: datetime) -> ChangeOrder:
    """A side writes down that something changes whose price nobody knows yet; the other side reads it.

    Nothing of plan and price is different until it is priced, proposed and signed by both.
    """
    side = require_writer(contract, actor=actor, at=at)
    active_version(contract)
    order = new_order(contract, draft=draft)
    order.state, order.was_unpriced, order.author = ChangeOrderState.UNPRICED, True, side
    order.recorded_at, order.recorded_by_id = at, actor.user_id
    order.save()
    _record(order, verb="change.recorded", actor=actor, at=at)
    return order


def propose_change(*, contract: Contract, actor: Actor, draft: ChangeDraft, seen: str, at: datetime) -> ContractVersion:
    """A side signs a change of the active version; the other side may see it, and sign or decline it.

    ``seen`` is the SHA-256 of :func:`preview_change` on the review page; another text is :class:`Stale`. One change is
    proposed at a time, so that what waits is always a change of what is in force.
    """
    side = require_writer(contract, actor=actor, at=at)
    change = preview_change(contract, draft=draft, side=side)
    require_signer(change.version, side=side, actor=actor, at=at)
    order, version = change.order, change.version
    rules.check_answer_until(version.answer_until, now=at, time_zone=version.review_time_zone)
    if not draft.order_ref:
        order.state, order.recorded_at, order.recorded_by_id = ChangeOrderState.PROPOSED, at, actor.user_id
    else:
        states.move(order, ChangeOrderState.PROPOSED, ChangeOrder.TRANSITIONS)
    order.author, order.closed_at, order.closed_reason = side, None, ""
    order.save()
    version.change_order, version.drafted_by_id, version.created_at = order, actor.user_id, at
    version.save()
    write_plan(version, plan=change.after)
    text, _amounts = text_of(
        version,
        written=as_draft(version),
        positions=[one.position for one in change.after],
        change=said(order, base=active_version(contract), before=change.before, after=change.after, terms=change.terms),
    )
    version.canonical_text, version.sha256, version.proposed_at = text, canonical.sha256(text), at
    if version.answer_until is not None:
        version.expires_at = rules.end_of_day(version.answer_until, time_zone=version.review_time_zone)
    compare(version, seen=seen)
    version.save(update_fields=["canonical_text", "sha256", "proposed_at", "expires_at"])
    signature = put_signature(version, side=side, actor=actor, at=at)
    record_signed(signature, verb="change.proposed", actor=actor, **named(order))
    return version


def sign_change(*, contract: Contract, order_ref: str, actor: Actor, seen: str, at: datetime) -> ContractVersion:
    """The other side signs the change that one side proposed: the version that it makes is in force.

    Who may, up to which amount, and which text is asked as for the contract itself; the amount is the new price.
    """
    order = order_of(contract, order_ref=order_ref)
    version = proposed_version(order)
    side, limit = require_answerer(version, actor=actor, at=at)
    require_in_time(version, at=at)
    check_limit(version, limit=limit)
    if version.changes is not None and version.signatory_email != version.changes.signatory_email:
        check_signatory(contract, mailbox=version.signatory_email)
    if version.changes_id != contract.active_version_id or contract.state != ContractState.ACTIVE:
        raise Stale("The contract is no longer the one that this changes. Ask for a new proposal.")
    compare(version, seen=seen)
    signature = put_signature(version, side=side, actor=actor, at=at)
    states.move(order, ChangeOrderState.SIGNED, ChangeOrder.TRANSITIONS)
    order.closed_at = at
    order.save(update_fields=["state", "closed_at"])
    contract.active_version = version
    contract.save(update_fields=["active_version"])
    record_signed(signature, verb="change.signed", actor=actor, **named(order))
    return version


def decline_change(*, contract: Contract, order_ref: str, actor: Actor, reason: str, at: datetime) -> ContractVersion:
    """The other side does not sign, and says why: the contract stays as it is; the order may be proposed anew."""
    order = order_of(contract, order_ref=order_ref)
    version = proposed_version(order)
    require_answerer(version, actor=actor, at=at)
    _close(order, version, state=ChangeOrderState.DECLINED, reason=rules.check_reason(reason), at=at)
    record_version(version, verb="change.declined", actor=actor, at=at, reason=order.closed_reason, **named(order))
    return version


def withdraw_change(*, contract: Contract, order_ref: str, actor: Actor, reason: str, at: datetime) -> ChangeOrder:
    """The side that proposed takes its proposal back and says why; what was recorded without a price is so again.

    An order that has no proposal is ended by the side that recorded it.
    """
    order = order_of(contract, order_ref=order_ref)
    if require_writer(contract, actor=actor, at=at) != order.author:
        raise NotAllowed("Only the side that wrote this change can withdraw it. Decline it instead.")
    why = rules.check_reason(reason)
    if order.state == ChangeOrderState.PROPOSED:
        version = proposed_version(order)
        state = ChangeOrderState.UNPRICED if order.was_unpriced else ChangeOrderState.WITHDRAWN
        _close(order, version, state=state, reason=why, at=at)
    else:
        states.move(order, ChangeOrderState.WITHDRAWN, ChangeOrder.TRANSITIONS)
        order.closed_at, order.closed_reason = at, why
        order.save(update_fields=["state", "closed_at", "closed_reason"])
    _record(order, verb="change.withdrawn", actor=actor, at=at, reason=why)
    return order


def expire_change(version: ContractVersion, *, actor: Actor, at: datetime) -> ContractVersion | None:
    """Note that a change was not signed by its last day: the contract stays as it is, and the order may be proposed
    anew or withdrawn. Nothing happens when it was answered or taken back, or has time left."""
    order = order_in(version)
    is_open = order.state == ChangeOrderState.PROPOSED and proposed_version(order).pk == version.pk
    if not is_open or version.expires_at is None or at <= version.expires_at:
        return None
    version.expired_at = at
    version.save(update_fields=["expired_at"])
    states.move(order, ChangeOrderState.EXPIRED, ChangeOrder.TRANSITIONS)
    order.closed_at = at
    order.save(update_fields=["state", "closed_at"])
    record_version(version, verb="change.expired", actor=actor, at=at, until=version.expires_at, **named(order))
    return version


def proposed_version(order: ChangeOrder) -> ContractVersion:
    """The version that waits for the other side's signature; refused when none does."""
    version = order.versions.filter(changes_asked_at__isnull=True).order_by("number").last()
    if order.state != ChangeOrderState.PROPOSED or version is None:
        raise IllegalTransition(
            "This change order is already “{state}”, so there is nothing to answer. Reload the page to see what"
            " happened.",
            state=str(order.get_state_display()),
        )
    version.contract, version.change_order = order.contract, order
    return version


def is_signed(version: ContractVersion) -> bool:
    """Whether both sides signed a version, in force still or changed since."""
    return version.signatures.values("side").distinct().count() == 2


def _close(order: ChangeOrder, version: ContractVersion, *, state: str, reason: str, at: datetime) -> None:
    """A proposal is over without a signature, and its version says so; an order that waits for a price is open."""
    states.move(order, state, ChangeOrder.TRANSITIONS)
    if state != ChangeOrderState.UNPRICED:
        order.closed_at, order.closed_reason = at, reason
    order.save(update_fields=["state", "closed_at", "closed_reason"])
    version.changes_asked_at, version.changes_asked = at, reason
    version.save(update_fields=["changes_asked_at", "changes_asked"])


def _record(order: ChangeOrder, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    record(
        order.contract,
        verb=verb,
        subject=f"change_order:{order.ref}",
        actor=actor,
        at=at,
        side=side_of(order.contract, actor=actor),
        **named(order),
        **facts,
    )
