"""What the bank made of the payments of an order: carried out, or not.

Money that left is recorded as it is when somebody typed it: a confirmed payment funds its advance, or pays the reserve,
by the same services.
"""

from datetime import date, datetime
from typing import Any

from apps.core.errors import IllegalTransition
from apps.core.states import move
from apps.financing.models import OrderedPayment, PaymentOrder
from apps.financing.models.payment_order import OrderState, TransferState
from apps.financing.services.bank import require_day_of_payment
from apps.financing.services.ordering import lock_order, record_order
from apps.financing.services.record import person, reason_given
from apps.parties.actor import Actor
from apps.parties.roles import Action


def confirm_ordered_payment(*, payment_ref: str, actor: Actor, value_on: date, at: datetime) -> OrderedPayment:
    """The bank carried a payment out on ``value_on``, not before it had the file.

    The caller holds the contract, and books it as paid.
    """
    payment = _answer(payment_ref, actor=actor)
    order = payment.order
    require_day_of_payment(value_on, earliest=order.claimed_at or at, latest=at, financier=order.financier)
    move(payment, TransferState.CONFIRMED, OrderedPayment.TRANSITIONS)
    payment.answered_by_id, payment.answered_on = person(actor), value_on
    payment.save(update_fields=["state", "answered_by", "answered_on"])
    _close(payment, verb="payment.confirmed", actor=actor, at=at, value_on=value_on)
    return payment


def return_ordered_payment(*, payment_ref: str, actor: Actor, reason: str, at: datetime) -> OrderedPayment:
    """The bank did not carry a payment out, or gave it back: nothing was paid, and it can be picked anew."""
    payment = _answer(payment_ref, actor=actor)
    move(payment, TransferState.RETURNED, OrderedPayment.TRANSITIONS)
    payment.answered_by_id, payment.return_reason, payment.is_live = person(actor), reason_given(reason), False
    payment.save(update_fields=["state", "answered_by", "return_reason", "is_live"])
    _close(payment, verb="payment.returned", actor=actor, at=at, reason=payment.return_reason)
    return payment


def _answer(payment_ref: str, *, actor: Actor) -> OrderedPayment:
    """A payment whose file was handed out, held with its order."""
    order_ref = OrderedPayment.objects.filter(ref=payment_ref).values_list("order__ref", flat=True).first()
    order = lock_order(order_ref=order_ref or "")
    actor.require(Action.MOVE_MONEY, organisation_id=order.financier_id)
    if order.state != OrderState.HANDED_OUT:
        raise IllegalTransition("The bank has no file of this order, so it cannot have answered it.")
    payment = OrderedPayment.objects.get(ref=payment_ref)
    payment.order = order
    return payment


def _close(payment: OrderedPayment, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    """Write the answer down; with the last one the order is done."""
    order = payment.order
    record_order(order, verb=verb, actor=actor, at=at, payment=payment.ref, amount=payment.amount, **facts)
    if not order.payments.filter(state=TransferState.WAITING).exists():
        move(order, OrderState.CLOSED, PaymentOrder.TRANSITIONS)
        order.save(update_fields=["state"])
