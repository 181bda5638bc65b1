"""A payment that was recorded by mistake is taken back, and everything that it did is undone."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Max

from apps.audit import services as audit
from apps.core import money
from apps.core.errors import IllegalTransition, Refused
from apps.core.money import Money
from apps.invoicing import rules
from apps.invoicing.models import Allocation, Invoice, OpenItem, Payment, PaymentReversal, Refund, Withholding
from apps.invoicing.services import freeing
from apps.invoicing.services.cash import release
from apps.invoicing.services.sales import is_sold
from apps.ledger import services as ledger
from apps.ledger.models import Entry
from apps.parties.actor import Actor
from apps.parties.roles import Action


def contracts_of_payment(*, payment_ref: str) -> list[int]:
    """The contracts on whose invoices a payment was recorded and used, in the order in which they are locked."""
    _known(payment_ref)
    made = Allocation.objects.filter(payment__ref=payment_ref)
    return sorted(set(made.values_list("invoice__contract_id", flat=True)))


def contracts_to_allocate(*, payment_ref: str, invoice_ref: str) -> list[int]:
    """The contracts of the invoice on which a payment was recorded and of another that it is to settle, in order."""
    target = Invoice.objects.filter(ref=invoice_ref).values_list("contract_id", flat=True).first()
    if target is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    return sorted({_known(payment_ref).invoice.contract_id, target})


def reverse_payment(*, payment_ref: str, actor: Actor, reason: str, at: datetime) -> PaymentReversal:
    """Take a payment back that the seller recorded: its invoices are open again, and the book shows both entries.

    The entry is reversed on today's date where the seller is. The bank's reference may be recorded anew: mistakes are
    mostly about amount or invoice, and the bank's line is still the line. What a financier collected is refused.
    """
    made = _known(payment_ref)
    payment, invoice = made.payment, made.invoice
    items = _held(payment)
    if payment.recipient_id != invoice.seller_id or is_sold(invoice):
        raise Refused(
            "{number} is sold: what the financier collected is in the financier's book and is not reversed here.",
            number=invoice.number,
        )
    actor.require(Action.RECORD_PAYMENT, organisation_id=payment.recipient_id)
    return _undone(made, items=items, actor=actor, reason=reason, at=at)


def reverse_collected(*, payment_ref: str, actor: Actor, reason: str, at: datetime) -> PaymentReversal:
    """The same of what was paid on a receivable that is or was assigned. Whoever calls undoes what it did downstream,
    and asks there whether the actor may."""
    made = _known(payment_ref)
    return _undone(made, items=_held(made.payment), actor=actor, reason=reason, at=at)


def _held(payment: Payment) -> list[OpenItem]:
    """What is open on the invoices of a payment, held in the order of the invoices."""
    invoices = Allocation.objects.filter(payment=payment, reverses__isnull=True).values("invoice_id")
    held = OpenItem.objects.select_for_update(of=("self",)).select_related("invoice")
    return list(held.filter(invoice__in=invoices).order_by("invoice_id"))


def _undone(made: Allocation, *, items: list[OpenItem], actor: Actor, reason: str, at: datetime) -> PaymentReversal:
    payment, invoice = made.payment, made.invoice
    undone = list(Allocation.objects.filter(payment=payment, reverses__isnull=True).order_by("pk"))
    if actor.user_id is None:
        raise Refused("Only a person can reverse a payment.")
    written = rules.reason_given(reason, missing="Say why the payment is reversed; the buyer reads it too.")
    if PaymentReversal.objects.filter(payment=payment).exists():
        raise IllegalTransition("This payment is already reversed.")
    back = Refund.objects.holding().filter(payment=payment).first()
    if back is not None:
        raise Refused(
            "{amount} of this payment are paid back, or about to be. Withdraw the refund first; if it was paid out, say"
            " that it came back.",
            amount=Money(back.amount, back.currency),
        )

    today = at.astimezone(ZoneInfo(payment.recipient.time_zone)).date()
    reversal = PaymentReversal.objects.create(
        payment=payment,
        recipient_id=payment.recipient_id,
        payer_id=payment.payer_id,
        reason=written,
        reversed_by_id=actor.user_id,
        reversed_by_name=actor.name,
        reversed_on=today,
        reversed_at=at,
    )
    for row in undone:
        Allocation.objects.create(
            payment=payment, invoice_id=row.invoice_id, amount=-row.amount, allocated_at=at, reverses=row
        )
    for item in items:
        taken = money.total(row.amount for row in undone if row.invoice_id == item.invoice_id)
        item.paid -= taken
        item.open += taken
        item.settled_at = None if item.open else item.settled_at
        item.due_on = _due_again(item, undone=undone)
        item.save(update_fields=["paid", "open", "settled_at", "due_on"])
    release(payment=payment)
    freeing.reverse_allocated(payment, booked_on=today, at=at)
    # What a financier collected of a sold receivable is not in the seller's book.
    for entry in Entry.objects.filter(organisation_id=invoice.seller_id, cause=f"payment:{payment.ref}"):
        ledger.reverse(entry, cause=f"reversal:{reversal.ref}", booked_on=max(today, entry.booked_on), at=at)
    freeing.reverse_freed(payment, booked_on=today, at=at)
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties={invoice.seller_id, invoice.buyer_id, payment.recipient_id},
        verb="payment.reversed",
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=at,
        number=invoice.number,
        payment=payment.ref,
        reversal=reversal.ref,
        currency=payment.currency,
        amount=payment.amount,
        deallocated=money.total(row.amount for row in undone),
        open=next(item.open for item in items if item.invoice_id == invoice.pk),
        bank_reference=payment.bank_reference,
        reason=written,
    )
    return reversal


def _due_again(item: OpenItem, *, undone: Sequence[Allocation]) -> date:
    """When an invoice is due once a payment of it is taken back.

    What was withheld for defects may have given it new days to pay, because all else was paid then; what a payment from
    before had settled is owed again since the day that was agreed.
    """
    if item.due_on == item.invoice.due_on or item.invoice.payment_documents.exists():
        # What had to be handed in before payment gave it its day, whatever was paid meanwhile.
        return item.due_on
    last = Withholding.objects.filter(invoice=item.invoice_id).aggregate(last=Max("released_at"))["last"]
    made = [row for row in undone if row.invoice_id == item.invoice_id and row.amount > 0]
    return item.invoice.due_on if any(row.allocated_at < last for row in made) else item.due_on


def _known(payment_ref: str) -> Allocation:
    """The first allocation of a payment, to the invoice on which it was recorded."""
    made = (
        Allocation.objects.made()
        .select_related("payment", "invoice__contract", "invoice__seller")
        .filter(payment__ref=payment_ref)
        .order_by("pk")
        .first()
    )
    if made is None:
        raise Refused("There is no such payment among yours. Open it from its invoice.")
    return made
