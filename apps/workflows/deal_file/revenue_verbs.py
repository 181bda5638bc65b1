"""What the verb of revenue does: a month is closed."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.parties.actor import Actor
from apps.revenue import rules
from apps.workflows import revenue
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key
from apps.workflows.once import Answer


def _close_month(scene: Scene, event: Event, actor: Actor) -> Answer:
    """The month that ends on the day that is named, or was over last."""
    return revenue.close_period(actor=actor, key=new_key(), through=rules.month_ended_by(event.on))


REVENUE: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType({"close_month": _close_month})
