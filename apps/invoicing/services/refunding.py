"""Money that settles nothing goes back to its payer: asked for, approved, paid out; and what the bank sends back."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from apps.audit import services as audit
from apps.core import money
from apps.core.errors import NotAllowed, Refused
from apps.core.money import Money
from apps.core.states import move
from apps.invoicing import rules
from apps.invoicing.models import Allocation, Payment, Refund
from apps.invoicing.models.refund import RefundState
from apps.invoicing.services.freeing import unapplied_of
from apps.invoicing.services.receipts import MOST_SIGNS
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.ledger.models import Entry
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action


def payment_of_refund(*, refund_ref: str, actor: Actor) -> str:
    """The reference of the payment of which a refund pays back a part."""
    found = Refund.objects.visible_to(actor).filter(ref=refund_ref).values_list("payment__ref", flat=True).first()
    if found is None:
        raise Refused("There is no such refund among yours. Open it from its payment.")
    return found


def ask_refund(*, payment_ref: str, actor: Actor, amount: Decimal | None, reason: str, at: datetime) -> Refund:
    """Ask that unapplied money goes back to its payer; without an amount, all of it. Nothing is paid by that.

    Within the asker's own limit it is approved with that; above it, a second person approves. The caller holds the
    contracts of the payment, so nobody else spends it meanwhile.
    """
    payment = Payment.objects.select_related("recipient", "payer").filter(ref=payment_ref).first()
    if payment is None or hasattr(payment, "reversal"):
        raise Refused("There is no such payment among yours, or it is reversed. Open it from its invoice.")
    actor.require(Action.RECORD_PAYMENT, organisation_id=payment.recipient_id)
    if actor.user_id is None:
        raise Refused("Only a person can ask for a refund.")
    if _first(payment).invoice.seller_id != payment.recipient_id:
        raise Refused(
            "This money was collected by a financier, who sees to it. Refund only what you received yourself."
        )
    if Refund.objects.under_way().filter(payment=payment).exists():
        raise Refused("A refund of this payment is under way already. Pay it out or withdraw it first.")
    left = unapplied_of(payment)
    if left == 0:
        raise Refused("Nothing of this payment is left. Reload the page to see what happened.")
    wanted = money.payable(left if amount is None else amount, payment.currency, field="amount")
    if wanted > left:
        raise Refused(
            "{left} of this payment settle nothing. Enter at most that.",
            field="amount",
            left=Money(left, payment.currency),
        )
    needs_second = not _suffices(actor, wanted, currency=payment.currency, seller=payment.recipient)
    refund = Refund(
        payment=payment,
        seller_id=payment.recipient_id,
        buyer_id=payment.payer_id,
        amount=wanted,
        currency=payment.currency,
        reason=rules.reason_given(reason, missing="Say why the money goes back; the payer reads it too."),
        needs_second=needs_second,
        state=RefundState.ASKED if needs_second else RefundState.APPROVED,
        asked_by_id=actor.user_id,
        asked_by_name=actor.name,
        asked_at=at,
    )
    if not needs_second:
        refund.approved_by_id, refund.approved_by_name, refund.approved_at = actor.user_id, actor.name, at
    refund.save()
    _record(refund, verb="refund.asked", actor=actor, at=at, reason=refund.reason, needs_second=needs_second)
    return refund


def approve_refund(*, refund_ref: str, actor: Actor, at: datetime) -> Refund:
    """A second person agrees: not the one who asked, and with a limit that suffices."""
    refund = _locked(refund_ref, actor=actor)
    if actor.user_id is None or actor.user_id == refund.asked_by_id:
        raise NotAllowed("You asked for this refund, and it is above your limit. Somebody else has to approve it.")
    if not _suffices(actor, refund.amount, currency=refund.currency, seller=refund.seller):
        raise NotAllowed(
            "This is above your limit of {limit}. Ask a colleague with a higher one.",
            limit=Money(actor.approval_limit or money.ZERO, refund.seller.currency),
        )
    move(refund, RefundState.APPROVED, Refund.TRANSITIONS)
    refund.approved_by_id, refund.approved_by_name, refund.approved_at = actor.user_id, actor.name, at
    refund.save(update_fields=["state", "approved_by", "approved_by_name", "approved_at"])
    _record(refund, verb="refund.approved", actor=actor, at=at)
    return refund


def pay_refund(*, refund_ref: str, actor: Actor, paid_on: date, bank_reference: str, at: datetime) -> Refund:
    """Record that the transfer to the payer was made: the book says so on that day, and the money is unapplied no more.

    The bank's reference is unique among the seller's refunds: the same line is never recorded twice.
    """
    refund = _locked(refund_ref, actor=actor)
    reference = " ".join(bank_reference.split())
    if not reference:
        raise Refused("Enter the bank's reference, so that the refund is not recorded twice.", field="bank_reference")
    if len(reference) > MOST_SIGNS:
        raise Refused("The bank's reference is longer than {most} characters.", field="bank_reference", most=MOST_SIGNS)
    today = at.astimezone(ZoneInfo(refund.seller.time_zone)).date()
    if paid_on > today:
        raise Refused("The money cannot have left after today, {today}.", field="paid_on", today=today)
    if paid_on < refund.payment.received_on:
        raise Refused(
            "The money cannot have left before it arrived on {received}. Check the date.",
            field="paid_on",
            received=refund.payment.received_on,
        )
    move(refund, RefundState.PAID, Refund.TRANSITIONS)
    refund.paid_on, refund.bank_reference = paid_on, reference
    refund.paid_by_name, refund.recorded_at = actor.name, at
    try:
        with transaction.atomic():
            refund.save(update_fields=["state", "paid_on", "bank_reference", "paid_by_name", "recorded_at"])
    except IntegrityError as error:
        if "refund_of_a_bank_line_once" not in str(error):
            raise
        raise Refused(
            "A refund with the bank reference {reference} is already recorded.",
            field="bank_reference",
            reference=reference,
        ) from error
    ledger.post(
        organisation_id=refund.seller_id,
        currency=refund.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"refund:{refund.ref}",
        description=f"Paid back of {refund.payment.bank_reference}: {reference}",
        booked_on=paid_on,
        legs=[
            ledger.debit(Seller.UNAPPLIED_RECEIPTS, amount=refund.amount, key=f"payment:{refund.payment.ref}"),
            ledger.credit(Seller.BANK, amount=refund.amount),
        ],
        at=at,
    )
    _record(refund, verb="refund.paid", actor=actor, at=at, paid_on=paid_on, bank_reference=reference)
    return refund


def withdraw_refund(*, refund_ref: str, actor: Actor, reason: str, at: datetime) -> Refund:
    """It is not paid back after all: its money may settle an invoice again, or be asked back anew."""
    refund = _locked(refund_ref, actor=actor)
    written = rules.reason_given(reason, missing="Say why the refund is withdrawn.")
    move(refund, RefundState.WITHDRAWN, Refund.TRANSITIONS)
    _end(refund, actor=actor, reason=written, at=at)
    _record(refund, verb="refund.withdrawn", actor=actor, at=at, reason=written)
    return refund


def return_refund(*, refund_ref: str, actor: Actor, reason: str, at: datetime) -> Refund:
    """The transfer did not reach the payer, or was recorded by mistake: the money is unapplied again, as of today."""
    refund = _locked(refund_ref, actor=actor)
    written = rules.reason_given(reason, missing="Say why the money is back; the payer reads it too.")
    move(refund, RefundState.RETURNED, Refund.TRANSITIONS)
    _end(refund, actor=actor, reason=written, at=at)
    entry = Entry.objects.get(organisation_id=refund.seller_id, cause=f"refund:{refund.ref}")
    today = at.astimezone(ZoneInfo(refund.seller.time_zone)).date()
    ledger.reverse(entry, cause=f"refund-returned:{refund.ref}", booked_on=today, at=at)
    _record(refund, verb="refund.returned", actor=actor, at=at, reason=written)
    return refund


def _locked(refund_ref: str, *, actor: Actor) -> Refund:
    found = Refund.objects.visible_to(actor).select_related("seller", "payment").select_for_update(of=("self",))
    refund = found.filter(ref=refund_ref).first()
    if refund is None:
        raise Refused("There is no such refund among yours. Open it from its payment.")
    actor.require(Action.RECORD_PAYMENT, organisation_id=refund.seller_id)
    return refund


def _suffices(actor: Actor, amount: Decimal, *, currency: str, seller: Organisation) -> bool:
    """Whether somebody may do this alone. A limit in another currency says nothing, so it permits nothing."""
    return actor.approval_limit is None or (currency == seller.currency and amount <= actor.approval_limit)


def _end(refund: Refund, *, actor: Actor, reason: str, at: datetime) -> None:
    refund.ended_on = at.astimezone(ZoneInfo(refund.seller.time_zone)).date()
    refund.ended_by_name, refund.ended_reason = actor.name, reason
    refund.save(update_fields=["state", "ended_on", "ended_by_name", "ended_reason"])


def _first(payment: Payment) -> Allocation:
    """To the invoice on which a payment was recorded."""
    made = Allocation.objects.made().filter(payment=payment).select_related("invoice__contract")
    return made.order_by("pk")[0]


def _record(refund: Refund, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    """The payer reads of what was paid back, and of what came back; why something is only planned, or is not any more,
    is told to the seller's own people alone."""
    is_told = refund.recorded_at is not None
    said = facts if is_told else {name: fact for name, fact in facts.items() if name != "reason"}
    private = {name: fact for name, fact in facts.items() if name not in said}
    invoice = _first(refund.payment).invoice
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties={refund.seller_id, *({refund.buyer_id} if is_told else ())},
        verb=verb,
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=at,
        number=invoice.number,
        refund=refund.ref,
        payment=refund.payment.ref,
        currency=refund.currency,
        amount=refund.amount,
        private=private,
        **said,
    )
