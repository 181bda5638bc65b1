"""What the verbs of change orders do: one workflow each, called as a portal calls it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from apps.contracts import services as contracts
from apps.contracts.drafts import ChangedLine, ChangeDraft
from apps.contracts.models import ChangeOrder
from apps.contracts.rules import PlacedLine
from apps.core.errors import Refused
from apps.parties.actor import Actor
from apps.workflows import changing
from apps.workflows.deal_file.deal import ChangedMilestone, Event, SaidChange
from apps.workflows.deal_file.scene import Scene, new_key
from apps.workflows.once import Answer


def _record_change(scene: Scene, event: Event, actor: Actor) -> Answer:
    noted = ChangeDraft(title=_said(event).title, reason=event.text)
    return changing.record_change(actor=actor, key=new_key(), contract_ref=scene.contract_ref, draft=noted)


def _propose_change(scene: Scene, event: Event, actor: Actor) -> Answer:
    """Propose it; a change of this name that waits for its price, or was declined, is the one that is proposed."""
    contract, said = scene.contract(), _said(event)
    version = contract.active_version
    if version is None:
        raise Refused("The contract is not signed yet, so there is nothing to change.")
    version.contract = contract
    plan = {one.position: one for one in contracts.plan_of(version)}
    waiting = contract.change_orders.filter(title=said.title, state__in=["unpriced", "declined", "expired"]).first()
    draft = ChangeDraft(
        title=said.title,
        reason=event.text,
        lines=tuple(_line(plan, one) for one in said.lines),
        added=said.added,
        terms=said.terms,
        order_ref=waiting.ref if waiting is not None else "",
        answer_until=said.answer_until,
    )
    seen = contracts.preview_change(contract, draft=draft, side=event.by.side).sha256
    return changing.propose_change(actor=actor, key=new_key(), contract_ref=scene.contract_ref, draft=draft, seen=seen)


def _line(plan: Mapping[int, PlacedLine], said: ChangedMilestone) -> ChangedLine:
    stands = plan.get(said.milestone)
    if stands is None:
        raise Refused("Milestone {number} is not in the plan any more.", number=said.milestone)
    if said.is_out:
        return ChangedLine(said.milestone, None)
    line = said.of(stands.line)
    if line.due is None:
        line = replace(line, basis="amount", amount=said.amount or stands.amount)
    elif said.amount is not None:
        line = replace(line, basis="amount", percent=None, amount=said.amount)
    if said.measure is not None:
        line = replace(line, amount=None, measure=said.measure)
    return ChangedLine(said.milestone, line)


def _sign_change(scene: Scene, event: Event, actor: Actor) -> Answer:
    order = _open_order(scene)
    seen = contracts.proposed_version(order).sha256
    return changing.sign_change(actor=actor, key=new_key(), order_ref=order.ref, seen=seen)


def _decline_change(scene: Scene, event: Event, actor: Actor) -> Answer:
    return changing.decline_change(actor=actor, key=new_key(), order_ref=_open_order(scene).ref, reason=event.text)


def _withdraw_change(scene: Scene, event: Event, actor: Actor) -> Answer:
    return changing.withdraw_change(actor=actor, key=new_key(), order_ref=_open_order(scene).ref, reason=event.text)


def _open_order(scene: Scene) -> ChangeOrder:
    """The change order that waits for an answer, else the one that waits for its price."""
    contract = scene.contract()
    orders = contract.change_orders.filter(state__in=["proposed", "unpriced"]).order_by("-state", "-number")
    order = next((one for one in orders if one.state == "proposed"), orders[0] if orders else None)
    if order is None:
        raise Refused("No change order waits.")
    order.contract = contract
    return order


def _said(event: Event) -> SaidChange:
    return event.change or SaidChange("")


CHANGES: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "record_change": _record_change,
        "propose_change": _propose_change,
        "sign_change": _sign_change,
        "decline_change": _decline_change,
        "withdraw_change": _withdraw_change,
        "record_buyers_change": _record_change,
        "propose_buyers_change": _propose_change,
        "sign_buyers_change": _sign_change,
        "decline_buyers_change": _decline_change,
        "withdraw_buyers_change": _withdraw_change,
    }
)
"""The verbs of change orders, each with what it does."""
