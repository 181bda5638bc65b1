"""Payment orders: what treasury asks its bank to pay in one file, and what the bank made of it."""

from collections.abc import Sequence
from datetime import date

from apps.contracts import services as contracts
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.financing import services as financing
from apps.parties.actor import Actor
from apps.workflows import jobs, payouts
from apps.workflows.once import Answer, once


@once
def order_payments(
    *, actor: Actor, key: str, currency: str, wanted: Sequence[financing.Wanted], execute_on: date
) -> Answer:
    """Treasury picks advances and reserves for one file; a second person has to approve it."""
    order = financing.order_payments(
        actor=actor, currency=currency, wanted=wanted, execute_on=execute_on, at=clock.now()
    )
    return {"order": order.ref}


@once
def approve_payment_order(*, actor: Actor, key: str, order_ref: str) -> Answer:
    """A second person approves: the file is made, and its hash stands."""
    order = financing.approve_payment_order(order_ref=order_ref, actor=actor, at=clock.now())
    return {"order": order.ref, "sha256": order.message_sha256}


@once
def discard_payment_order(*, actor: Actor, key: str, order_ref: str, reason: str) -> Answer:
    """Give an order up whose file nobody has."""
    order = financing.discard_payment_order(order_ref=order_ref, actor=actor, reason=reason, at=clock.now())
    return {"order": order.ref}


@once
def hand_out_payment_file(*, actor: Actor, key: str, order_ref: str) -> Answer:
    """Claim the file before it is downloaded, so that no bank gets it twice."""
    order = financing.hand_out_payment_file(order_ref=order_ref, actor=actor, at=clock.now())
    return {"order": order.ref}


@once
def confirm_ordered_payment(*, actor: Actor, key: str, payment_ref: str, value_on: date) -> Answer:
    """A payment has left the account: its advance is funded, or its reserve paid, as if it were typed in.

    It is a fact, so a dispute or changes asked for since the file was handed out do not stand in its way.
    """
    contract_id, what, tranche_ref = financing.contract_of_payment(payment_ref=payment_ref)
    contract = contracts.lock(contract_id=contract_id)
    at = clock.now()
    walls.widen(contract.seller_id)
    payment = financing.confirm_ordered_payment(payment_ref=payment_ref, actor=actor, value_on=value_on, at=at)
    if what == "advance":
        transfer = financing.Transfer(value_on, payment.ref, was_ordered=True)
        tranche = payouts.funded(tranche_ref, contract=contract, actor=actor, transfer=transfer, at=at)
        jobs.send_funding_news.defer(request_ref=tranche.offer.request.ref, organisation_id=tranche.seller_id)
    else:
        payouts.reserve_paid(
            tranche_ref,
            contract=contract,
            actor=actor,
            value_on=value_on,
            bank_reference=payment.ref,
            ordered=payment.amount,
            at=at,
        )
    return {"payment": payment.ref}


@once
def return_ordered_payment(*, actor: Actor, key: str, payment_ref: str, reason: str) -> Answer:
    """The bank did not carry a payment out: nothing was paid, and it can be picked anew."""
    payment = financing.return_ordered_payment(payment_ref=payment_ref, actor=actor, reason=reason, at=clock.now())
    return {"payment": payment.ref}


def confirm_payment_order(*, actor: Actor, key: str, order_ref: str, value_on: date) -> list[tuple[str, Refused]]:
    """Confirm every payment of an order that waits, each in a transaction of its own; gives those that were refused.

    May be sent twice, or be cut off anywhere: what is confirmed is not waiting any more.
    """
    refused = []
    for payment_ref in financing.waiting_payments(order_ref=order_ref, financier_id=actor.organisation_id):
        try:
            confirm_ordered_payment(actor=actor, key=f"{key}:{payment_ref}", payment_ref=payment_ref, value_on=value_on)
        except Refused as refusal:
            refused.append((payment_ref, refusal))
    return refused
