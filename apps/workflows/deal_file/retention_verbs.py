"""What the verbs of retention do: its release by a side's word, and its payment."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.core.errors import Refused
from apps.invoicing.models import Payment, RetentionRelease
from apps.parties.actor import Actor
from apps.workflows import billing, retention
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key, reference_of
from apps.workflows.once import Answer


def _release(scene: Scene, event: Event, actor: Actor) -> Answer:
    return retention.release_retention(
        actor=actor, key=new_key(), contract_ref=scene.contract_ref, position=event.part or 1
    )


def _pay(scene: Scene, event: Event, actor: Actor) -> Answer:
    """The seller records what the buyer paid of a statement: of the part that is named, or of the newest."""
    statement = released(scene, event).invoice
    return billing.record_payment(
        actor=actor,
        key=new_key(),
        invoice_ref=statement.ref,
        amount=event.amount or statement.open_item.open,
        received_on=event.on,
        bank_reference=reference_of(event),
    )


def _reverse_payment(scene: Scene, event: Event, actor: Actor) -> Answer:
    statement = released(scene, event).invoice
    paid = Payment.objects.filter(allocations__invoice=statement, reversal__isnull=True).order_by("id").last()
    if paid is None:
        raise Refused("No payment is recorded on this release statement.")
    return billing.reverse_payment(actor=actor, key=new_key(), payment_ref=paid.ref, reason=event.text)


def released(scene: Scene, event: Event) -> RetentionRelease:
    made = RetentionRelease.objects.filter(contract__ref=scene.contract_ref).select_related("invoice__open_item")
    found = (made.filter(position=event.part) if event.part else made).order_by("id").last()
    if found is None:
        raise Refused("Nothing of the retention is released yet, so there is no statement of it.")
    return found


RETENTION: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "release_retention": _release,
        "call_retention": _release,
        "pay_retention": _pay,
        "reverse_retention_payment": _reverse_payment,
    }
)
"""The verbs of retention; the buyer releases a part, the seller calls what is agreed to be his to call."""
