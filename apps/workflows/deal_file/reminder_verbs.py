"""What the verbs of reminders do. A deal has no schedule of them: each is sent when its event says so."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.parties.actor import Actor
from apps.workflows import reminding
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key
from apps.workflows.once import Answer


def _remind(scene: Scene, event: Event, actor: Actor) -> Answer:
    return reminding.remind_buyer(actor=actor, key=new_key(), invoice_ref=scene.invoice(event).ref)


def _pause(scene: Scene, event: Event, actor: Actor) -> Answer:
    return reminding.pause_reminders(
        actor=actor, key=new_key(), invoice_ref=scene.invoice(event).ref, until=event.on, reason=event.text
    )


def _resume(scene: Scene, event: Event, actor: Actor) -> Answer:
    return reminding.resume_reminders(actor=actor, key=new_key(), invoice_ref=scene.invoice(event).ref)


REMINDING: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "remind": _remind,
        "pause_reminders": _pause,
        "resume_reminders": _resume,
    }
)
