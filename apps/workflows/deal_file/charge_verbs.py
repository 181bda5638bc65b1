"""What the verbs of damages, back-charges and bonuses do."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.core.errors import Refused
from apps.invoicing.models import Charge
from apps.parties.actor import Actor
from apps.workflows import charging
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key
from apps.workflows.once import Answer


def _claim(scene: Scene, event: Event, actor: Actor) -> Answer:
    return charging.claim_damages(actor=actor, key=new_key(), milestone_ref=scene.milestone(event).ref)


def _waive(scene: Scene, event: Event, actor: Actor) -> Answer:
    return charging.waive_damages(
        actor=actor, key=new_key(), milestone_ref=scene.milestone(event).ref, reason=event.text
    )


def _charge_back(scene: Scene, event: Event, actor: Actor) -> Answer:
    if event.amount is None:
        raise Refused("Say how much is charged back.")
    return charging.charge_back(
        actor=actor,
        key=new_key(),
        milestone_ref=scene.milestone(event).ref,
        amount=event.amount,
        reason=event.text,
        evidence=event.reference or event.text,
    )


def _agree(scene: Scene, event: Event, actor: Actor) -> Answer:
    return charging.answer_charge(actor=actor, key=new_key(), charge_ref=_newest(scene, event).ref, agrees=True)


def _object(scene: Scene, event: Event, actor: Actor) -> Answer:
    return charging.answer_charge(
        actor=actor, key=new_key(), charge_ref=_newest(scene, event).ref, agrees=False, reason=event.text
    )


def _withdraw(scene: Scene, event: Event, actor: Actor) -> Answer:
    return charging.withdraw_charge(actor=actor, key=new_key(), charge_ref=_newest(scene, event).ref, reason=event.text)


def _bonus(scene: Scene, event: Event, actor: Actor) -> Answer:
    return charging.claim_bonus(actor=actor, key=new_key(), milestone_ref=scene.milestone(event).ref)


def _newest(scene: Scene, event: Event) -> Charge:
    found = Charge.objects.live().filter(milestone=scene.milestone(event)).order_by("id").last()
    if found is None:
        raise Refused("Nothing is charged on this milestone.")
    return found


CHARGING: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "claim_damages": _claim,
        "waive_damages": _waive,
        "charge_back": _charge_back,
        "agree_charge": _agree,
        "object_to_charge": _object,
        "withdraw_charge": _withdraw,
        "claim_bonus": _bonus,
    }
)
"""The verbs of charges; an answer is to the newest on its milestone."""
