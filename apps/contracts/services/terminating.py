"""Termination: one side gives notice, takes it back, and both end the contract by what they settle."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from apps.contracts import rules
from apps.contracts.models import ChangeOrder, Contract, GuestGrant, Termination
from apps.contracts.models.change_order import ChangeOrderState
from apps.contracts.models.contract import ContractState
from apps.contracts.models.termination import TerminationState
from apps.contracts.services.changing import proposed_version
from apps.contracts.services.grants import close_grants, end_signing_links
from apps.contracts.services.people import buyer_authority, require_seller
from apps.contracts.services.record import record
from apps.contracts.services.sides import Side, side_of
from apps.core import canonical, states
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action

ENDED_WITH_IT = "The contract was terminated."
"""Why a change order that nobody has signed is over."""


def give_notice(
    *, contract: Contract, actor: Actor, ground: str, reason: str, effective_on: date, at: datetime
) -> Termination:
    """One side says that an active contract ends on a day: today at the earliest, where the seller is, and for
    convenience after the period of notice that was agreed.

    For the seller somebody who signs contracts, for the buyer too, and no guest. One notice at a time.
    """
    side = require_terminator(contract, actor=actor, at=at)
    if contract.state != ContractState.ACTIVE:
        raise IllegalTransition(
            "This contract is {state}: only one that is active can be terminated.",
            state=str(contract.get_state_display()),
        )
    if contract.terminations.live().exists():
        raise IllegalTransition("Notice of termination was given already. Reload the page to see it.")
    why = rules.check_notice(
        ground=ground,
        reason=reason,
        effective_on=effective_on,
        today=_today(contract, at=at),
        notice_days=contract.active_version.notice_days if contract.active_version is not None else 0,
    )
    notice = Termination.objects.create(
        contract=contract,
        side=side,
        ground=ground,
        reason=why,
        effective_on=effective_on,
        given_at=at,
        given_by_id=_person(actor),
        given_by_name=actor.name,
    )
    _record(notice, verb="termination.noticed", actor=actor, at=at, reason_sha256=canonical.sha256(why))
    return notice


def withdraw_notice(*, contract: Contract, actor: Actor, at: datetime) -> Termination:
    """The side that gave notice takes it back before the day on which it takes effect: everything goes on."""
    notice = live_notice(contract)
    if require_terminator(contract, actor=actor, at=at) != notice.side:
        raise NotAllowed("Only the side that gave notice can withdraw it.")
    if is_effective(notice, at=at):
        raise Refused(
            "This notice took effect on {day}, so it cannot be withdrawn any more. Settle what is owed; to go on, agree"
            " a new contract.",
            day=notice.effective_on,
        )
    return _withdrawn(notice, actor=actor, at=at)


def lapse_notice(contract: Contract, *, actor: Actor, at: datetime) -> Termination | None:
    """A notice that the contract outlived, by being completed first, is over; None where there is none.

    Everything was accepted and billed, so there was nothing to settle. The contract goes on as it was agreed.
    """
    notice = contract.terminations.live().first()
    if notice is None:
        return None
    notice.contract = contract
    return _withdrawn(notice, actor=actor, at=at)


def live_notice(contract: Contract) -> Termination:
    """The notice that was given of a locked contract; refused when none stands."""
    notice = contract.terminations.live().first()
    if contract.state != ContractState.ACTIVE or notice is None:
        raise IllegalTransition(
            "No notice of termination stands for this contract, which is “{state}”. Reload the page to see what"
            " happened.",
            state=str(contract.get_state_display()),
        )
    notice.contract = contract
    return notice


def is_effective(notice: Termination, *, at: datetime) -> bool:
    """Whether the day on which a notice takes effect has come, where the seller is."""
    return notice.effective_on <= _today(notice.contract, at=at)


def require_running(contract: Contract, *, at: datetime) -> None:
    """Refuse to send new work for sign-off once a notice took effect: what is done by then is valued."""
    notice = contract.terminations.live().first()
    if notice is None:
        return
    notice.contract = contract
    if is_effective(notice, at=at):
        raise Refused(
            "The contract is terminated with effect from {day}. Propose in the settlement what your work is worth.",
            day=notice.effective_on,
        )


def terminate(*, contract: Contract, notice: Termination, actor: Actor, at: datetime, **facts: Any) -> None:
    """The contract is over: both sides settled it. Change orders that nobody signed end with it.

    Last in its workflow: from now on Postgres refuses whatever would be submitted, decided, changed or billed.
    """
    _end_orders(contract, at=at)
    end_signing_links(contract=contract, at=at)
    _close(notice, to=TerminationState.SETTLED, at=at)
    states.move(contract, ContractState.TERMINATED, Contract.TRANSITIONS)
    contract.terminated_at = at
    contract.save(update_fields=["state", "terminated_at"])
    record(
        contract,
        verb="contract.terminated",
        subject=f"contract:{contract.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        termination=notice.ref,
        **facts,
    )


def contract_of_notice(*, termination_ref: str) -> "QuerySet[Any, int]":
    """The id of the contract of which notice was given: a query, for :func:`lock` to ask while it locks."""
    return Termination.objects.filter(ref=termination_ref).order_by().values_list("contract_id", flat=True)[:1]


def require_terminator(contract: Contract, *, actor: Actor, at: datetime, notice: Termination | None = None) -> str:
    """The side for which a person may end a contract: whoever may sign one.

    Once there is a ``notice`` of the seller's, the signatory of the buyer may settle it by personal link.
    """
    side = side_of(contract, actor=actor)
    if actor.kind is not ActorKind.USER and notice is None:
        raise NotAllowed(
            "A personal link is for signing one thing. Take your organisation's place here first; then you can"
            " terminate a contract."
        )
    if side == Side.SELLER:
        require_seller(contract, actor=actor, action=Action.SIGN_CONTRACT)
        return side
    if contract.active_version is None:
        raise IllegalTransition("This contract is not active.")
    buyer_authority(
        contract,
        actor=actor,
        action=Action.SIGN_CONTRACT,
        version=contract.active_version,
        purpose=GuestGrant.Purpose.SETTLE,
        subject_ref=notice.ref if notice is not None else "",
        at=at,
    )
    return side


def _withdrawn(notice: Termination, *, actor: Actor, at: datetime) -> Termination:
    _close(notice, to=TerminationState.WITHDRAWN, at=at)
    _record(notice, verb="termination.withdrawn", actor=actor, at=at)
    return notice


def _close(notice: Termination, *, to: TerminationState, at: datetime) -> None:
    """A notice is over, and with it the personal links to what would settle it."""
    states.move(notice, to, Termination.TRANSITIONS)
    notice.closed_at = at
    notice.save(update_fields=["state", "closed_at"])
    close_grants(subject_ref=notice.ref, at=at)


def _end_orders(contract: Contract, *, at: datetime) -> None:
    for order in contract.change_orders.filter(state__in=[ChangeOrderState.UNPRICED, ChangeOrderState.PROPOSED]):
        if order.state == ChangeOrderState.PROPOSED:
            version = proposed_version(order)
            version.changes_asked_at, version.changes_asked = at, ENDED_WITH_IT
            version.save(update_fields=["changes_asked_at", "changes_asked"])
        states.move(order, ChangeOrderState.WITHDRAWN, ChangeOrder.TRANSITIONS)
        order.closed_at, order.closed_reason = at, ENDED_WITH_IT
        order.save(update_fields=["state", "closed_at", "closed_reason"])


def _person(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotAllowed("Only a person can terminate a contract.")
    return actor.user_id


def _today(contract: Contract, *, at: datetime) -> date:
    return at.astimezone(ZoneInfo(contract.seller.time_zone)).date()


def _record(notice: Termination, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    """The reason stays between the sides; the chain, which a financier may read, keeps its hash."""
    contract = notice.contract
    record(
        contract,
        verb=verb,
        subject=f"termination:{notice.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        side=notice.side,
        ground=notice.ground,
        effective_on=notice.effective_on,
        **facts,
    )
