"""Money that nobody can identify is held for whoever paid it, until somebody does, or it goes back."""

from datetime import date, datetime
from decimal import Decimal

from apps.core import money
from apps.core.errors import IllegalTransition, Refused
from apps.financing.models import BankMovement
from apps.financing.models.movement import Movement
from apps.financing.services.movements import moved, not_after_today, own_financier, post, record_movement
from apps.financing.services.record import reason_given
from apps.ledger import services as ledger
from apps.ledger.charts import Financier
from apps.ledger.models import Entry
from apps.ledger.services import credit, debit
from apps.parties.actor import Actor
from apps.parties.roles import Action


def receive_unidentified(
    *, currency: str, actor: Actor, amount: Decimal, received_on: date, bank_reference: str, note: str, at: datetime
) -> BankMovement:
    """Record money of which nobody knows what it pays: it is owed to whoever paid until it is identified."""
    financier = own_financier(actor)
    amount = money.payable(amount, currency, field="amount")
    not_after_today(received_on, financier=financier, at=at, field="received_on")
    movement = moved(
        Movement.UNIDENTIFIED,
        amount=amount,
        actor=actor,
        currency=currency,
        on=received_on,
        reference=bank_reference,
        note=note,
        at=at,
    )
    legs = [
        debit(Financier.COLLECTIONS, amount=amount, key=movement.key),
        credit(Financier.UNIDENTIFIED_RECEIPTS, amount=amount, key=movement.key),
    ]
    post(movement, cause=_cause_of_receipt(movement), description="Received, not identified", legs=legs, at=at)
    record_movement(movement, verb="receipt.unidentified", actor=actor, at=at)
    return movement


def identify(*, receipt_ref: str, actor: Actor, at: datetime) -> BankMovement:
    """Somebody knows what a receipt pays: its entry is negated, on the day of the receipt, so that it can be collected
    as if it had been known from the start. Whoever calls collects it in the same transaction."""
    receipt = _unidentified(receipt_ref, actor=actor)
    movement = moved(
        Movement.IDENTIFIED,
        amount=receipt.amount,
        actor=actor,
        currency=receipt.currency,
        on=receipt.value_on,
        reference=receipt.bank_reference,
        closes=receipt,
        at=at,
    )
    entry = Entry.objects.get(organisation_id=receipt.financier_id, cause=_cause_of_receipt(receipt))
    ledger.reverse(entry, cause=f"identified:{movement.ref}", booked_on=entry.booked_on, at=at)
    record_movement(movement, verb="receipt.identified", actor=actor, at=at)
    return movement


def send_back(
    *, receipt_ref: str, actor: Actor, value_on: date, bank_reference: str, reason: str, at: datetime
) -> BankMovement:
    """Record that a receipt that nobody could identify was paid back to where it came from."""
    receipt = _unidentified(receipt_ref, actor=actor)
    if value_on < receipt.value_on:
        raise Refused(
            "The money arrived on {date}. It cannot have left before.", field="value_on", date=receipt.value_on
        )
    not_after_today(value_on, financier=receipt.financier, at=at, field="value_on")
    movement = moved(
        Movement.SENT_BACK,
        amount=receipt.amount,
        actor=actor,
        currency=receipt.currency,
        on=value_on,
        reference=bank_reference,
        note=reason_given(reason),
        closes=receipt,
        at=at,
    )
    legs = [
        debit(Financier.UNIDENTIFIED_RECEIPTS, amount=receipt.amount, key=movement.key),
        credit(Financier.COLLECTIONS, amount=receipt.amount, key=movement.key),
    ]
    post(movement, cause=f"sent-back:{movement.ref}", description="Sent back to whoever paid", legs=legs, at=at)
    record_movement(movement, verb="receipt.sent_back", actor=actor, at=at)
    return movement


def receipt_of(*, receipt_ref: str) -> BankMovement:
    """A receipt that nobody has identified yet."""
    receipt = BankMovement.objects.unidentified().filter(ref=receipt_ref).first()
    if receipt is None:
        raise Refused("There is no such receipt, or it is identified or sent back already.")
    return receipt


def _unidentified(receipt_ref: str, *, actor: Actor) -> BankMovement:
    receipt = BankMovement.objects.filter(ref=receipt_ref, kind=Movement.UNIDENTIFIED).first()
    if receipt is None:
        raise Refused("There is no such receipt, or it is not yours.")
    actor.require(Action.MOVE_MONEY, organisation_id=receipt.financier_id)
    if BankMovement.objects.filter(closes=receipt).exists():
        raise IllegalTransition(
            "This receipt is already identified or sent back. Reload the page to see what happened."
        )
    return receipt


def _cause_of_receipt(receipt: BankMovement) -> str:
    return f"receipt:{receipt.ref}"
