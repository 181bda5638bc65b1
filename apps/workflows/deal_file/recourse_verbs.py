"""What the verbs do that touch an advance beside the buyer's payments: one workflow each, as a portal calls it."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from apps.financing.rules.events import Bears
from apps.parties.actor import Actor
from apps.workflows import recourse
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key, reference_of
from apps.workflows.once import Answer


def _slip(scene: Scene, event: Event, actor: Actor) -> Answer:
    return _postpone(scene, event, actor, borne_by=Bears.SELLER)


def _extend(scene: Scene, event: Event, actor: Actor) -> Answer:
    return _postpone(scene, event, actor, borne_by=Bears.NOBODY)


def _postpone(scene: Scene, event: Event, actor: Actor, *, borne_by: Bears) -> Answer:
    return recourse.postpone_advance(
        actor=actor,
        key=new_key(),
        tranche_ref=scene.tranche(event).ref,
        expected_on=event.on,
        borne_by=borne_by,
        reason=event.text,
    )


def _demand_back(scene: Scene, event: Event, actor: Actor) -> Answer:
    return recourse.demand_advance(actor=actor, key=new_key(), tranche_ref=scene.tranche(event).ref, reason=event.text)


def _pay_back(scene: Scene, event: Event, actor: Actor) -> Answer:
    return recourse.record_repayment(
        actor=actor,
        key=new_key(),
        tranche_ref=scene.tranche(event).ref,
        amount=event.amount,
        received_on=event.on,
        bank_reference=reference_of(event),
    )


def _default(scene: Scene, event: Event, actor: Actor) -> Answer:
    return recourse.declare_default(actor=actor, key=new_key(), tranche_ref=scene.tranche(event).ref, reason=event.text)


def _allow(scene: Scene, event: Event, actor: Actor) -> Answer:
    return recourse.allow_for_loss(
        actor=actor,
        key=new_key(),
        tranche_ref=scene.tranche(event).ref,
        amount=event.amount or Decimal(0),
        reason=event.text,
    )


def _write_off(scene: Scene, event: Event, actor: Actor) -> Answer:
    return recourse.write_off_advance(
        actor=actor, key=new_key(), tranche_ref=scene.tranche(event).ref, reason=event.text
    )


RECOURSE: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "slip": _slip,
        "extend": _extend,
        "demand_back": _demand_back,
        "pay_back": _pay_back,
        "default": _default,
        "allow": _allow,
        "write_off": _write_off,
    }
)
"""The verbs of what happens to an advance, each with what it does."""
