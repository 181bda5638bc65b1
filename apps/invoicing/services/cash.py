"""What becomes of a bank transaction: applied to invoices as payments, set aside, or left for a person to look at."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from django.db.models import Max

from apps.audit import services as audit
from apps.core import money
from apps.core.errors import IllegalTransition, Refused
from apps.core.states import move
from apps.invoicing import rules
from apps.invoicing.models import BankTransaction, CashApplication, Payment
from apps.invoicing.models.transaction import TransactionState
from apps.invoicing.services.bills import bill_of, money_in, received_on
from apps.invoicing.services.receipts import MOST_SIGNS, receive
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action

CHUNK = 100
"""Transactions that are looked at before the page can say so."""
Certain = tuple[str, str]
"""The references of a transaction and of the invoice that it settles beyond doubt."""


def waiting(*, file_ref: str, actor: Actor) -> list[BankTransaction]:
    """The next transactions of a file that nobody has looked at, oldest first."""
    found = BankTransaction.objects.visible_to(actor).filter(
        statement__file__ref=file_ref, state=TransactionState.WAITING, amount__gt=0
    )
    return list(found.select_related("account").order_by("pk")[:CHUNK])


def certain(
    *, transactions: Sequence[BankTransaction], bills: rules.Bills, actor: Actor, at: datetime
) -> Iterator[Certain]:
    """Which of them settle an invoice beyond doubt; each invoice is taken once."""
    if not actor.may(Action.RECORD_PAYMENT):
        return
    today = at.astimezone(_zone(actor)).date()
    for transaction in transactions:
        bill = rules.exact_bill(money_in(transaction, today=today), bills)
        if bill is not None:
            bills.paid(bill)
            yield transaction.ref, bill.ref


def note_money_out(*, file_ref: str, actor: Actor) -> None:
    """Money that left the account is shown and never matched."""
    out = BankTransaction.objects.visible_to(actor).filter(
        statement__file__ref=file_ref, state=TransactionState.WAITING, amount__lt=0
    )
    out.update(state=TransactionState.NOTED)


def leave_to_people(*, transactions: Sequence[BankTransaction], actor: Actor) -> None:
    """What is not certain waits for a person."""
    looked_at = BankTransaction.objects.visible_to(actor).filter(pk__in=[one.pk for one in transactions])
    looked_at.filter(state=TransactionState.WAITING).update(state=TransactionState.OPEN)


def apply_certain(*, transaction_ref: str, invoice_ref: str, actor: Actor, at: datetime) -> Payment:
    """Record a transaction on the invoice that it settles beyond doubt; refused when that is not so any more.

    The caller holds the contract, so what is open on the invoice stays as it is read here.
    """
    transaction = _locked(transaction_ref, actor=actor)
    bill = bill_of(invoice_ref=invoice_ref, actor=actor)
    today = at.astimezone(_zone(actor)).date()
    if bill is None or rules.exact_bill(money_in(transaction, today=today), rules.Bills.of([bill])) is None:
        raise Refused("This is not certain any more. Look at it.")
    parts = [rules.Part(bill.ref, bill.number, transaction.unapplied)]
    (payment,) = _apply(transaction, parts, how=CashApplication.How.EXACT, actor=actor, at=at)
    return payment


def apply_transaction(
    *, transaction_ref: str, parts: Sequence[rules.Part], how: str, actor: Actor, at: datetime
) -> list[Payment]:
    """Record money that arrived on one or several invoices, each part as a payment of its own by the usual rules.

    Together the parts are at most what is left of the transaction; what exceeds an invoice stays on its payment,
    unallocated. The caller holds the contracts.
    """
    return _apply(_locked(transaction_ref, actor=actor), parts, how=how, actor=actor, at=at)


def _apply(
    transaction: BankTransaction, parts: Sequence[rules.Part], *, how: str, actor: Actor, at: datetime
) -> list[Payment]:
    if transaction.amount < 0 or transaction.state not in (TransactionState.OPEN, TransactionState.WAITING):
        _refuse(transaction)
    if not parts:
        raise Refused("Enter for at least one invoice how much of the money is for it.")
    if len({part.invoice_ref for part in parts}) != len(parts):
        raise Refused("One invoice is there twice. Put its amounts together.")
    amounts = [money.payable(part.amount, transaction.currency) for part in parts]
    whole = money.total(amounts)
    if whole > transaction.unapplied:
        raise Refused(
            "The parts come to {sum} {currency}, and only {left} {currency} of this payment are left.",
            sum=str(money.half_up(whole, transaction.currency)),
            left=str(money.half_up(transaction.unapplied, transaction.currency)),
            currency=transaction.currency,
        )
    first = 1 + (transaction.applications.aggregate(last=Max("position"))["last"] or 0)
    is_whole = len(parts) == 1 and first == 1 and whole == transaction.amount
    today = at.astimezone(_zone(actor)).date()
    payments = []
    for position, (part, amount) in enumerate(zip(parts, amounts, strict=True), start=first):
        payment = receive(
            invoice_ref=part.invoice_ref,
            recipient_id=transaction.organisation_id,
            actor=actor,
            amount=amount,
            received_on=received_on(transaction, today=today),
            bank_reference=_reference(transaction, position=0 if is_whole else position),
            at=at,
        )
        if payment.currency != transaction.currency:
            raise Refused(
                "The payment is in {currency}, and the invoice is in another currency.", currency=transaction.currency
            )
        CashApplication.objects.create(
            organisation_id=transaction.organisation_id,
            transaction=transaction,
            payment=payment,
            position=position,
            how=how,
            applied_by_name=actor.name,
            applied_at=at,
        )
        payments.append(payment)
    transaction.unapplied -= whole
    if transaction.unapplied == 0:
        move(transaction, TransactionState.APPLIED, BankTransaction.TRANSITIONS)
    elif transaction.state == TransactionState.WAITING:
        move(transaction, TransactionState.OPEN, BankTransaction.TRANSITIONS)
    transaction.save(update_fields=["unapplied", "state"])
    return payments


def release(*, payment: Payment) -> None:
    """A payment is taken back: what it took of a bank transaction is left again. Other payments have none."""
    made = CashApplication.objects.filter(payment=payment).first()
    if made is None:
        return
    transaction = BankTransaction.objects.select_for_update().get(pk=made.transaction_id)
    transaction.unapplied += payment.amount
    if transaction.state == TransactionState.APPLIED:
        move(transaction, TransactionState.OPEN, BankTransaction.TRANSITIONS)
    transaction.save(update_fields=["unapplied", "state"])


def set_aside(*, transaction_ref: str, reason: str, actor: Actor, at: datetime) -> BankTransaction:
    """This money has nothing to do with invoices: somebody says so, and why. It can be taken up again."""
    transaction = _locked(transaction_ref, actor=actor)
    actor.require(Action.RECORD_PAYMENT, organisation_id=transaction.organisation_id)
    written = rules.reason_given(reason, missing="Say what this money is, so that nobody has to ask again.")
    if transaction.state != TransactionState.OPEN:
        _refuse(transaction)
    move(transaction, TransactionState.SET_ASIDE, BankTransaction.TRANSITIONS)
    transaction.reason, transaction.decided_by_name, transaction.decided_at = written, actor.name, at
    transaction.save(update_fields=["state", "reason", "decided_by_name", "decided_at"])
    _record(transaction, verb="transaction.set_aside", actor=actor, at=at, reason=written)
    return transaction


def take_up(*, transaction_ref: str, actor: Actor, at: datetime) -> BankTransaction:
    """What was set aside waits for somebody again."""
    transaction = _locked(transaction_ref, actor=actor)
    actor.require(Action.RECORD_PAYMENT, organisation_id=transaction.organisation_id)
    if transaction.state != TransactionState.SET_ASIDE:
        raise IllegalTransition("This is not set aside any more. Reload the page to see what happened.")
    move(transaction, TransactionState.OPEN, BankTransaction.TRANSITIONS)
    transaction.reason, transaction.decided_by_name, transaction.decided_at = "", "", None
    transaction.save(update_fields=["state", "reason", "decided_by_name", "decided_at"])
    _record(transaction, verb="transaction.taken_up", actor=actor, at=at)
    return transaction


def payments_of(*, transaction_ref: str, actor: Actor) -> list[Payment]:
    """The payments that stand of a transaction, in the order in which they were recorded."""
    found = CashApplication.objects.visible_to(actor).live().filter(transaction__ref=transaction_ref)
    return [made.payment for made in found.select_related("payment").order_by("position")]


def _locked(transaction_ref: str, *, actor: Actor) -> BankTransaction:
    found = BankTransaction.objects.visible_to(actor).select_for_update(of=("self",)).select_related("account")
    transaction = found.filter(ref=transaction_ref).first()
    if transaction is None:
        raise Refused("There is no such transaction among yours. Open it from the list.")
    return transaction


def _reference(transaction: BankTransaction, *, position: int) -> str:
    """By what the payment is known: the bank's reference, or day and identity where the bank has none; with the number
    of the part, if it is one."""
    end = f" /{position}" if position else ""
    written = transaction.bank_reference or f"{transaction.booked_on:%Y-%m-%d} {transaction.identity[:12]}"
    reference = f"{written[: MOST_SIGNS - len(end)]}{end}"
    taken = CashApplication.objects.filter(
        organisation_id=transaction.organisation_id, payment__bank_reference=reference
    ).exclude(transaction=transaction)
    if taken.exists():
        # Another account has a line of this reference, or the bank used it anew.
        end = f" {transaction.identity[:12]}{end}"
        reference = f"{written[: MOST_SIGNS - len(end)]}{end}"
    return reference


def _zone(actor: Actor) -> ZoneInfo:
    return ZoneInfo(Organisation.objects.values_list("time_zone", flat=True).get(pk=actor.organisation_id))


def _record(transaction: BankTransaction, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    organisation = Organisation.objects.get(pk=transaction.organisation_id)
    audit.record(
        chain=f"organisation:{organisation.ref}",
        parties={organisation.pk},
        verb=verb,
        subject=f"bank_transaction:{transaction.ref}",
        actor=actor,
        at=at,
        amount=transaction.amount,
        currency=transaction.currency,
        identity=transaction.identity,
        **facts,
    )


def _refuse(transaction: BankTransaction) -> NoReturn:
    """Say why nothing can be done with a transaction in this state."""
    match transaction.state:
        case TransactionState.APPLIED:
            raise IllegalTransition("Somebody has applied this payment already. Nothing was changed.")
        case TransactionState.SET_ASIDE:
            raise IllegalTransition("Somebody has set this payment aside. Take it up again first.")
        case TransactionState.WAITING:
            raise IllegalTransition("It is being matched right now. Reload the page in a moment.")
        case _:
            raise IllegalTransition("This is money that left the account. It settles no invoice.")
