"""What the verbs of late payment do: the claim of interest and fees, its payment, and its waiver."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.contracts.models import Contract
from apps.core import clock
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import Invoice, InvoiceKind
from apps.invoicing.rules import Share
from apps.parties.actor import Actor
from apps.workflows import billing, crediting, late_payment
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key, reference_of
from apps.workflows.once import Answer


def _claim(scene: Scene, event: Event, actor: Actor) -> Answer:
    contract = Contract.objects.select_related("seller").get(ref=scene.contract_ref)
    late = invoicing.late_of(contract, today=clock.today(contract.seller.time_zone))
    return late_payment.claim_late_payment(
        actor=actor, key=new_key(), contract_ref=contract.ref, seen=invoicing.seen_of(late)
    )


def _pay(scene: Scene, event: Event, actor: Actor) -> Answer:
    claim = _newest(scene)
    return billing.record_payment(
        actor=actor,
        key=new_key(),
        invoice_ref=claim.ref,
        amount=event.amount or claim.open_item.open,
        received_on=event.on,
        bank_reference=reference_of(event),
    )


def _waive(scene: Scene, event: Event, actor: Actor) -> Answer:
    """Without an amount all of it that was not waived before."""
    claim, share = _newest(scene), Share(amount=event.amount)
    preview = invoicing.preview_credit(invoice_ref=claim.ref, share=share)
    return crediting.credit_invoice(
        actor=actor, key=new_key(), invoice_ref=claim.ref, share=share, reason=event.text, seen=preview.sha256
    )


def _newest(scene: Scene) -> Invoice:
    made = Invoice.objects.filter(contract__ref=scene.contract_ref, kind=InvoiceKind.LATE_CHARGE)
    found = made.select_related("open_item").order_by("id").last()
    if found is None:
        raise Refused("Nothing was claimed for late payment yet.")
    return found


LATE_PAYMENT: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "claim_late_payment": _claim,
        "pay_late_payment": _pay,
        "waive_late_payment": _waive,
    }
)
"""The verbs of late payment; each is about the newest claim."""
