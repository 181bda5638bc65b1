"""The verbs of terminations: one workflow each, called as a portal calls it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.contracts.models import Termination
from apps.core import money
from apps.core.errors import Refused
from apps.milestones import services as milestones
from apps.milestones.models import Settlement
from apps.milestones.services import GivenValue
from apps.parties.actor import Actor
from apps.workflows import terminating
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key
from apps.workflows.once import Answer


def _give_notice(scene: Scene, event: Event, actor: Actor) -> Answer:
    return terminating.give_notice(
        actor=actor,
        key=new_key(),
        contract_ref=scene.contract_ref,
        ground=event.ground,
        reason=event.text,
        effective_on=event.on,
    )


def _withdraw_notice(scene: Scene, event: Event, actor: Actor) -> Answer:
    notice = Termination.objects.live().filter(contract__ref=scene.contract_ref).first()
    if notice is None:
        raise Refused("No notice of termination stands.")
    return terminating.withdraw_notice(actor=actor, key=new_key(), termination_ref=notice.ref)


def _value_work(scene: Scene, event: Event, actor: Actor) -> Answer:
    """Whatever is open and not named is worth nothing."""
    contract = scene.contract()
    worth = {one.milestone: one for one in event.worth}
    given, seen = [], set()
    for value in milestones.open_values(contract):
        said = worth.get(value.position) if value.position not in seen else None
        seen.add(value.position)
        given.append(GivenValue(value.milestone_ref, said.amount if said else money.ZERO, said.note if said else ""))
    if not worth.keys() <= seen:
        raise Refused("One of the milestones under `worth` is not open any more.")
    preview = terminating.preview_settlement(contract, side=event.by.side, given=given, note=event.text)
    return terminating.propose_settlement(
        actor=actor,
        key=new_key(),
        contract_ref=scene.contract_ref,
        values=given,
        note=event.text,
        seen=preview.draft.sha256,
    )


def _withdraw_values(scene: Scene, event: Event, actor: Actor) -> Answer:
    return terminating.withdraw_settlement(actor=actor, key=new_key(), settlement_ref=_waiting(scene).ref)


def _sign_settlement(scene: Scene, event: Event, actor: Actor) -> Answer:
    settlement = _waiting(scene)
    return terminating.sign_settlement(
        actor=actor, key=new_key(), settlement_ref=settlement.ref, seen=settlement.sha256
    )


def _waiting(scene: Scene) -> Settlement:
    settlement = Settlement.objects.filter(contract__ref=scene.contract_ref, state="proposed").first()
    if settlement is None:
        raise Refused("No settlement waits.")
    return settlement


TERMINATION: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "give_notice": _give_notice,
        "give_sellers_notice": _give_notice,
        "withdraw_notice": _withdraw_notice,
        "withdraw_sellers_notice": _withdraw_notice,
        "value_work": _value_work,
        "answer_values": _value_work,
        "withdraw_values": _withdraw_values,
        "withdraw_buyers_values": _withdraw_values,
        "sign_settlement": _sign_settlement,
        "sign_buyers_settlement": _sign_settlement,
    }
)
"""The verbs of terminations, each with what it does."""
