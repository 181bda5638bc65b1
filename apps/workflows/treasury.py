"""What happens to a financier's money beside advances, reserves and collections: it comes back, goes astray, is swept,
arrives unidentified, or was recorded wrongly. Both books are posted in the transaction in which it happens."""

from datetime import date, datetime
from decimal import Decimal

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.financing import services as financing
from apps.invoicing import services as invoicing
from apps.parties.actor import Actor
from apps.workflows import collecting, jobs, recourse_jobs
from apps.workflows.once import Answer, once


@once
def return_disbursement(*, actor: Actor, key: str, tranche_ref: str, value_on: date, bank_reference: str) -> Answer:
    """The bank returned the transfer of an advance: nothing was advanced, by it or by its other parts.

    The buyer pays the seller again and is told so; the seller can ask anew once its account is right.
    """
    contract, at = _held(tranche_ref)
    returned = financing.return_transfer(
        tranche_ref=tranche_ref, actor=actor, value_on=value_on, bank_reference=bank_reference, at=at
    )
    for tranche in returned:
        invoicing.undo_sale(
            milestone=tranche.milestone,
            seller_id=tranche.seller_id,
            reference=tranche.ref,
            booked_on=value_on,
            at=at,
        )
        invoicing.withdraw_direction(milestone=tranche.milestone, at=at)
        contracts.revoke_grants(subject_ref=tranche.assignment.ref, at=at)
        jobs.send_assignment_revoked.defer(assignment_ref=tranche.assignment.ref, organisation_id=tranche.buyer_id)
        recourse_jobs.send_returned.defer(tranche_ref=tranche.ref, organisation_id=contract.seller_id)
    return {"tranche": tranche_ref, "tranches": str(len(returned))}


@once
def return_surplus(*, actor: Actor, key: str, tranche_ref: str, value_on: date, bank_reference: str) -> Answer:
    """Treasury pays back to the buyer what it paid beyond its invoice."""
    _contract, at = _held(tranche_ref)
    made = financing.return_surplus(
        tranche_ref=tranche_ref, actor=actor, value_on=value_on, bank_reference=bank_reference, at=at
    )
    return {"movement": made.ref}


@once
def record_misdirected(
    *, actor: Actor, key: str, tranche_ref: str, amount: Decimal, received_on: date, bank_reference: str
) -> Answer:
    """The buyer paid the seller by mistake: its invoice is settled, and the seller owes the money to the financier.

    Said by the financier's treasury or by the seller's own people. ``bank_reference`` is that of the seller's bank.
    """
    contract, at = _held(tranche_ref)
    payment = invoicing.receive_misdirected(
        invoice_ref=financing.invoice_ref_of(tranche_ref=tranche_ref),
        actor=actor,
        amount=amount,
        received_on=received_on,
        bank_reference=bank_reference,
        at=at,
    )
    collection = financing.collect(tranche_ref=tranche_ref, payment=payment, actor=actor, at=at)
    collecting.settle_reserve(collection, booked_on=received_on, at=at)
    recourse_jobs.send_misdirected.defer(collection_ref=collection.ref, organisation_id=contract.seller_id)
    return {"collection": collection.ref, "payment": payment.ref}


@once
def record_passed_on(
    *, actor: Actor, key: str, tranche_ref: str, received_on: date, bank_reference: str, amount: Decimal | None = None
) -> Answer:
    """The seller passed on what the buyer had paid it by mistake."""
    _contract, at = _held(tranche_ref)
    made = financing.pass_on(
        tranche_ref=tranche_ref,
        actor=actor,
        amount=amount,
        received_on=received_on,
        bank_reference=bank_reference,
        at=at,
    )
    tranche = made.tranche
    if tranche is not None:
        invoicing.book_paid_back(
            milestone=tranche.milestone,
            seller_id=tranche.seller_id,
            reference=made.ref,
            amount=made.amount,
            booked_on=received_on,
            at=at,
        )
    return {"movement": made.ref}


@once
def sweep_collections(
    *, actor: Actor, key: str, currency: str, amount: Decimal, value_on: date, bank_reference: str
) -> Answer:
    """Treasury moved collections to the financier's own cash."""
    made = financing.sweep(
        currency=currency,
        actor=actor,
        amount=amount,
        value_on=value_on,
        bank_reference=bank_reference,
        at=clock.now(),
    )
    return {"movement": made.ref}


@once
def record_unidentified(
    *,
    actor: Actor,
    key: str,
    currency: str,
    amount: Decimal,
    received_on: date,
    bank_reference: str,
    note: str = "",
) -> Answer:
    """Money arrived on the collection account, and nobody knows what it pays."""
    made = financing.receive_unidentified(
        currency=currency,
        actor=actor,
        amount=amount,
        received_on=received_on,
        bank_reference=bank_reference,
        note=note,
        at=clock.now(),
    )
    return {"movement": made.ref}


@once
def identify_receipt(*, actor: Actor, key: str, receipt_ref: str, tranche_ref: str) -> Answer:
    """A receipt is found to be a buyer's payment on an advance: shared out as of the day on which it arrived."""
    _contract, at = _held(tranche_ref)
    receipt = financing.receipt_of(receipt_ref=receipt_ref)
    answer = collecting.collect(
        tranche_ref=tranche_ref,
        actor=actor,
        amount=receipt.amount,
        received_on=receipt.value_on,
        bank_reference=receipt.bank_reference,
        at=at,
    )
    made = financing.identify(receipt_ref=receipt_ref, actor=actor, at=at)
    return {**answer, "movement": made.ref}


@once
def send_back_receipt(
    *, actor: Actor, key: str, receipt_ref: str, value_on: date, bank_reference: str, reason: str
) -> Answer:
    """A receipt that nobody could identify goes back to where it came from."""
    made = financing.send_back(
        receipt_ref=receipt_ref,
        actor=actor,
        value_on=value_on,
        bank_reference=bank_reference,
        reason=reason,
        at=clock.now(),
    )
    return {"movement": made.ref}


@once
def reverse_collection(*, actor: Actor, key: str, collection_ref: str, reason: str) -> Answer:
    """A buyer's payment was recorded wrongly, or its bank took it back: the invoice is open again, the advance out.

    The bank's reference may be recorded anew. Seller and buyer are told.
    """
    contract = contracts.lock(contract_id=financing.contract_of_collection(collection_ref=collection_ref))
    at = clock.now()
    walls.widen(contract.seller_id, contract.buyer_id)
    payment_ref = financing.payment_ref_of(collection_ref=collection_ref)
    financing.require_reversible(collection_ref=collection_ref, actor=actor)
    reversal = invoicing.reverse_collected(payment_ref=payment_ref, actor=actor, reason=reason, at=at)
    made = financing.reverse_collection(collection_ref=collection_ref, actor=actor, at=at)
    invoicing.undo_reserve_received(
        seller_id=contract.seller_id, reference=collection_ref, booked_on=reversal.reversed_on, at=at
    )
    jobs.send_payment_reversed.defer(payment_ref=payment_ref, organisation_id=reversal.payer_id)
    return {"collection": made.ref, "reversal": reversal.ref}


def _held(tranche_ref: str) -> tuple[Contract, datetime]:
    """Contract held, both sides' rows seen; the moment of the event."""
    contract = contracts.lock(contract_id=financing.contract_of_tranche(tranche_ref=tranche_ref))
    at = clock.now()
    walls.widen(contract.seller_id, contract.buyer_id, financing.financier_of_tranche(tranche_ref=tranche_ref))
    return contract, at
