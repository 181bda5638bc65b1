"""Bank statements: imported, matched with what is open, applied by rule or by somebody, and taken back."""

from apps.contracts import services as contracts
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import Payment
from apps.invoicing.rules import Part
from apps.invoicing.statements.parts import ReadFile
from apps.parties.actor import Actor
from apps.workflows import jobs
from apps.workflows.once import Answer, once

AT_ONCE = 100
"""So many transactions are matched while the person waits; more are matched by a job that shows how far it is."""


@once
def import_statements(
    *, actor: Actor, key: str, read: ReadFile, file_name: str, file_sha256: str, account: str = ""
) -> Answer:
    """Keep what a file of bank statements says, whole; the same file again changes nothing, and the answer says so.

    What is new in it is matched by :func:`match_statements`, at the latest by a job that is deferred here.
    """
    imported = invoicing.import_statements(
        actor=actor, read=read, file_name=file_name, file_sha256=file_sha256, account=account, at=clock.now()
    )
    file = imported.file
    if imported.was_known and invoicing.waiting(file_ref=file.ref, actor=actor):
        # The job that matches gave up, or is still at it: then this one finds nothing to do.
        jobs.match_statements.defer(file_ref=file.ref, organisation_id=file.organisation_id)
    if imported.was_known:
        return {"file": file.ref, "known": "yes"}
    if file.brought:
        jobs.match_statements.defer(file_ref=file.ref, organisation_id=file.organisation_id)
    return {"file": file.ref, "known": ""}


def match_statements(*, actor: Actor, file_ref: str) -> None:
    """Apply what settles an invoice beyond doubt, each in a transaction of its own; leave the rest to people.

    May run twice, or be cut off anywhere: what is done is not waiting any more, and the next run goes on with the rest.
    """
    invoicing.note_money_out(file_ref=file_ref, actor=actor)
    while transactions := invoicing.waiting(file_ref=file_ref, actor=actor):
        bills = invoicing.bills_for(actor=actor, transactions=transactions)
        found = invoicing.certain(transactions=transactions, bills=bills, actor=actor, at=clock.now())
        for transaction_ref, invoice_ref in found:
            _match_one(actor, transaction_ref, invoice_ref)
        invoicing.leave_to_people(transactions=transactions, actor=actor)


def _match_one(actor: Actor, transaction_ref: str, invoice_ref: str) -> None:
    try:
        match_transaction(
            actor=actor, key=f"match:{transaction_ref}", transaction_ref=transaction_ref, invoice_ref=invoice_ref
        )
    except Refused:
        # Paid or assigned a moment ago, or the books are closed: a person looks at it and reads why.
        return


@once
def match_transaction(*, actor: Actor, key: str, transaction_ref: str, invoice_ref: str) -> Answer:
    """Record a bank transaction on the one invoice that it settles beyond doubt, and tell the buyer."""
    contract = contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    at = walls.widen(contract.buyer_id)
    payment = invoicing.apply_certain(transaction_ref=transaction_ref, invoice_ref=invoice_ref, actor=actor, at=at)
    _tell(payment)
    return {"payment": payment.ref}


@once
def apply_transaction(*, actor: Actor, key: str, transaction_ref: str, parts: tuple[Part, ...], how: str) -> Answer:
    """Record a bank transaction, or parts of it, on invoices that somebody chose, and tell the buyers.

    The rules are those of a payment that is typed in: an invoice that is assigned to a financier is refused.
    """
    held = [
        contracts.lock(contract_id=contract_id)
        for contract_id in invoicing.contracts_of(invoice_refs=[part.invoice_ref for part in parts])
    ]
    at = walls.widen(*(contract.buyer_id for contract in held))
    payments = invoicing.apply_transaction(transaction_ref=transaction_ref, parts=parts, how=how, actor=actor, at=at)
    for payment in payments:
        _tell(payment)
    return {"transaction": transaction_ref}


def _tell(payment: Payment) -> None:
    jobs.send_payment_receipt.defer(payment_ref=payment.ref, organisation_id=payment.payer_id)


@once
def undo_transaction(*, actor: Actor, key: str, transaction_ref: str, reason: str) -> Answer:
    """Take back every payment of a bank transaction; its invoices are open again, and the buyers are told."""
    held = [
        contracts.lock(contract_id=contract_id)
        for contract_id in invoicing.contracts_of_transaction(transaction_ref=transaction_ref)
    ]
    at = walls.widen(*(contract.buyer_id for contract in held))
    payments = invoicing.payments_of(transaction_ref=transaction_ref, actor=actor)
    if not payments:
        raise Refused("Nothing of this transaction is applied any more. Reload the page to see what happened.")
    for payment in payments:
        invoicing.reverse_payment(payment_ref=payment.ref, actor=actor, reason=reason, at=at)
        jobs.send_payment_reversed.defer(payment_ref=payment.ref, organisation_id=payment.payer_id)
    return {"transaction": transaction_ref}


@once
def set_aside_transaction(*, actor: Actor, key: str, transaction_ref: str, reason: str) -> Answer:
    """Say that a bank transaction is no payment of an invoice, and what it is."""
    transaction = invoicing.set_aside(transaction_ref=transaction_ref, reason=reason, actor=actor, at=clock.now())
    return {"transaction": transaction.ref}


@once
def take_up_transaction(*, actor: Actor, key: str, transaction_ref: str) -> Answer:
    """What was set aside waits for somebody again."""
    transaction = invoicing.take_up(transaction_ref=transaction_ref, actor=actor, at=clock.now())
    return {"transaction": transaction.ref}
