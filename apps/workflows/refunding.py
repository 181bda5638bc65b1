"""Money that settles nothing goes back to its payer: the seller asks, approves, pays out and records it."""

from datetime import date, datetime
from decimal import Decimal

from apps.contracts import services as contracts
from apps.core.database import walls
from apps.invoicing import services as invoicing
from apps.parties.actor import Actor
from apps.workflows import refund_jobs
from apps.workflows.once import Answer, once


@once
def ask_refund(*, actor: Actor, key: str, payment_ref: str, reason: str, amount: Decimal | None = None) -> Answer:
    """Ask that unapplied money goes back; from now on it settles nothing else. Above one's limit another approves."""
    at = _hold(payment_ref)
    refund = invoicing.ask_refund(payment_ref=payment_ref, actor=actor, amount=amount, reason=reason, at=at)
    return {"refund": refund.ref}


@once
def approve_refund(*, actor: Actor, key: str, refund_ref: str) -> Answer:
    """A second person of the seller agrees to a refund."""
    at = _hold(invoicing.payment_of_refund(refund_ref=refund_ref, actor=actor))
    refund = invoicing.approve_refund(refund_ref=refund_ref, actor=actor, at=at)
    return {"refund": refund.ref}


@once
def pay_refund(*, actor: Actor, key: str, refund_ref: str, paid_on: date, bank_reference: str) -> Answer:
    """The transfer to the payer was made; the payer is told."""
    at = _hold(invoicing.payment_of_refund(refund_ref=refund_ref, actor=actor))
    refund = invoicing.pay_refund(
        refund_ref=refund_ref, actor=actor, paid_on=paid_on, bank_reference=bank_reference, at=at
    )
    refund_jobs.send_refund.defer(refund_ref=refund.ref, organisation_id=refund.buyer_id)
    return {"refund": refund.ref}


@once
def withdraw_refund(*, actor: Actor, key: str, refund_ref: str, reason: str) -> Answer:
    """Nothing is paid back after all; the money is free for other invoices."""
    at = _hold(invoicing.payment_of_refund(refund_ref=refund_ref, actor=actor))
    refund = invoicing.withdraw_refund(refund_ref=refund_ref, actor=actor, reason=reason, at=at)
    return {"refund": refund.ref}


@once
def return_refund(*, actor: Actor, key: str, refund_ref: str, reason: str) -> Answer:
    """The transfer came back, or was recorded by mistake; the payer is told that the money is here again."""
    at = _hold(invoicing.payment_of_refund(refund_ref=refund_ref, actor=actor))
    refund = invoicing.return_refund(refund_ref=refund_ref, actor=actor, reason=reason, at=at)
    refund_jobs.send_refund_returned.defer(refund_ref=refund.ref, organisation_id=refund.buyer_id)
    return {"refund": refund.ref}


def _hold(payment_ref: str) -> datetime:
    """Nobody else settles, reverses or refunds the payment meanwhile; the answer is the time."""
    held = [
        contracts.lock(contract_id=contract_id)
        for contract_id in invoicing.contracts_of_payment(payment_ref=payment_ref)
    ]
    return walls.widen(*(contract.buyer_id for contract in held))
