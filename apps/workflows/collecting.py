"""What more than one workflow does with a buyer's money, inside their transaction: they hold the contract."""

from datetime import date, datetime
from decimal import Decimal

from apps.contracts import services as contracts
from apps.financing import services as financing
from apps.financing.models import Collection, Tranche
from apps.invoicing import services as invoicing
from apps.parties.actor import Actor
from apps.workflows import jobs
from apps.workflows.once import Answer


def cancel(tranche_ref: str, *, actor: Actor, reason: str, at: datetime) -> Tranche:
    """End an advance that is not paid out: the buyer pays the seller again, and is told so."""
    tranche = financing.cancel(tranche_ref=tranche_ref, actor=actor, reason=reason, at=at)
    invoicing.withdraw_direction(milestone=tranche.milestone, at=at)
    contracts.revoke_grants(subject_ref=tranche.assignment.ref, at=at)
    jobs.send_assignment_revoked.defer(assignment_ref=tranche.assignment.ref, organisation_id=tranche.buyer_id)
    return tranche


def collect(
    *, tranche_ref: str, actor: Actor, amount: Decimal, received_on: date, bank_reference: str, at: datetime
) -> Answer:
    """The buyer's money arrived: its invoice is settled, and the waterfall runs.

    Before the advance is paid out there is none to repay: it is cancelled, and the money is the seller's.
    """
    payment = invoicing.receive(
        invoice_ref=financing.invoice_ref_of(tranche_ref=tranche_ref),
        recipient_id=actor.organisation_id,
        actor=actor,
        amount=amount,
        received_on=received_on,
        bank_reference=bank_reference,
        at=at,
    )
    if not financing.is_paid_out(tranche_ref=tranche_ref):
        tranche = cancel(tranche_ref, actor=actor, reason=financing.PAID_BEFORE, at=at)
        passed_on = financing.collect_for_the_seller(tranche=tranche, payment=payment, actor=actor, at=at)
        return {"collection": passed_on.ref, "payment": payment.ref}
    collection = financing.collect(tranche_ref=tranche_ref, payment=payment, actor=actor, at=at)
    settle_reserve(collection, booked_on=received_on, at=at)
    return {"collection": collection.ref, "payment": payment.ref}


def settle_reserve(collection: Collection, *, booked_on: date, at: datetime) -> None:
    """Where late charges used the reserve up, the seller books that nothing of it comes back."""
    settlement = financing.used_up_reserve(collection)
    if settlement is None:
        return
    invoicing.book_reserve_received(
        invoice_id=collection.tranche.bought.pk,
        reference=collection.ref,
        settlement=settlement,
        booked_on=booked_on,
        at=at,
    )
