"""What the verbs do that are about a financier's money beside advances, reserves and collections: one workflow each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.core.errors import Refused
from apps.financing.models import BankMovement
from apps.parties.actor import Actor
from apps.workflows import treasury, watching
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key, reference_of
from apps.workflows.once import Answer


def _came_back(scene: Scene, event: Event, actor: Actor) -> Answer:
    return treasury.return_disbursement(
        actor=actor,
        key=new_key(),
        tranche_ref=scene.tranche(event).ref,
        value_on=event.on,
        bank_reference=reference_of(event),
    )


def _return_surplus(scene: Scene, event: Event, actor: Actor) -> Answer:
    return treasury.return_surplus(
        actor=actor,
        key=new_key(),
        tranche_ref=scene.tranche(event).ref,
        value_on=event.on,
        bank_reference=reference_of(event),
    )


def _misdirect(scene: Scene, event: Event, actor: Actor) -> Answer:
    return treasury.record_misdirected(
        actor=actor,
        key=new_key(),
        tranche_ref=scene.tranche(event).ref,
        amount=event.amount or scene.invoice(event).open_item.open,
        received_on=event.on,
        bank_reference=reference_of(event),
    )


def _pass_on(scene: Scene, event: Event, actor: Actor) -> Answer:
    return treasury.record_passed_on(
        actor=actor,
        key=new_key(),
        tranche_ref=scene.tranche(event).ref,
        amount=event.amount,
        received_on=event.on,
        bank_reference=reference_of(event),
    )


def _sweep(scene: Scene, event: Event, actor: Actor) -> Answer:
    if event.amount is None:
        raise Refused("Say how much is swept.")
    return treasury.sweep_collections(
        actor=actor,
        key=new_key(),
        currency=scene.deal.contract.currency,
        amount=event.amount,
        value_on=event.on,
        bank_reference=reference_of(event),
    )


def _receive_unidentified(scene: Scene, event: Event, actor: Actor) -> Answer:
    if event.amount is None:
        raise Refused("Say how much arrived.")
    return treasury.record_unidentified(
        actor=actor,
        key=new_key(),
        currency=scene.deal.contract.currency,
        amount=event.amount,
        received_on=event.on,
        bank_reference=reference_of(event),
        note=event.text,
    )


def _identify(scene: Scene, event: Event, actor: Actor) -> Answer:
    return treasury.identify_receipt(
        actor=actor, key=new_key(), receipt_ref=_receipt(actor).ref, tranche_ref=scene.tranche(event).ref
    )


def _send_back(scene: Scene, event: Event, actor: Actor) -> Answer:
    return treasury.send_back_receipt(
        actor=actor,
        key=new_key(),
        receipt_ref=_receipt(actor).ref,
        value_on=event.on,
        bank_reference=reference_of(event),
        reason=event.text,
    )


def _reverse_collection(scene: Scene, event: Event, actor: Actor) -> Answer:
    standing = scene.tranche(event).collections.filter(reverses__isnull=True, reversed_by__isnull=True)
    latest = standing.order_by("pk").last()
    if latest is None:
        raise Refused("Nothing is collected on this milestone.")
    return treasury.reverse_collection(actor=actor, key=new_key(), collection_ref=latest.ref, reason=event.text)


def _watch(_scene: Scene, event: Event, actor: Actor) -> Answer:
    return watching.watch_book(actor=actor, key=new_key(), on=event.on)


def _receipt(actor: Actor) -> BankMovement:
    """The oldest receipt that nobody has identified yet."""
    found = BankMovement.objects.visible_to(actor).unidentified().order_by("pk").first()
    if found is None:
        raise Refused("No receipt waits to be identified.")
    return found


TREASURY: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "came_back": _came_back,
        "return_surplus": _return_surplus,
        "misdirect": _misdirect,
        "pass_on": _pass_on,
        "sweep": _sweep,
        "receive_unidentified": _receive_unidentified,
        "identify": _identify,
        "send_back": _send_back,
        "reverse_collection": _reverse_collection,
        "watch": _watch,
    }
)
"""The verbs of a financier's other money, each with what it does."""
