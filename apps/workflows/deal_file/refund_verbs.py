"""What the verbs of refunds do: money of the contract that settles nothing goes back."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.core.errors import Refused
from apps.invoicing.models import Payment, Refund
from apps.invoicing.models.refund import RefundState
from apps.parties.actor import Actor
from apps.workflows import refunding
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key, reference_of
from apps.workflows.once import Answer


def _ask(scene: Scene, event: Event, actor: Actor) -> Answer:
    """Of the oldest payment of which something is left."""
    left = Payment.objects.unapplied().filter(allocations__invoice__contract__ref=scene.contract_ref)
    payment = left.order_by("pk").first()
    if payment is None:
        raise Refused("There is no money that settles nothing.")
    return refunding.ask_refund(
        actor=actor, key=new_key(), payment_ref=payment.ref, amount=event.amount, reason=event.text
    )


def _approve(scene: Scene, event: Event, actor: Actor) -> Answer:
    return refunding.approve_refund(actor=actor, key=new_key(), refund_ref=_in(scene, RefundState.ASKED).ref)


def _pay(scene: Scene, event: Event, actor: Actor) -> Answer:
    return refunding.pay_refund(
        actor=actor,
        key=new_key(),
        refund_ref=_in(scene, RefundState.APPROVED).ref,
        paid_on=event.on,
        bank_reference=reference_of(event),
    )


def _withdraw(scene: Scene, event: Event, actor: Actor) -> Answer:
    refund = _in(scene, RefundState.ASKED, RefundState.APPROVED)
    return refunding.withdraw_refund(actor=actor, key=new_key(), refund_ref=refund.ref, reason=event.text)


def _return(scene: Scene, event: Event, actor: Actor) -> Answer:
    refund = _in(scene, RefundState.PAID)
    return refunding.return_refund(actor=actor, key=new_key(), refund_ref=refund.ref, reason=event.text)


def _in(scene: Scene, *states: RefundState) -> Refund:
    """The newest refund of the contract that is so far."""
    of_contract = Refund.objects.filter(payment__allocations__invoice__contract__ref=scene.contract_ref)
    found = of_contract.filter(state__in=states).order_by("pk").last()
    if found is None:
        raise Refused("There is no refund of which this could be said.")
    return found


REFUNDING: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "ask_refund": _ask,
        "approve_refund": _approve,
        "pay_refund": _pay,
        "withdraw_refund": _withdraw,
        "return_refund": _return,
    }
)
