"""Money that was paid and settles nothing: freed by a credit note, or more than was open; and what becomes of it."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Sum

from apps.audit import services as audit
from apps.core import money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.invoicing.models import Allocation, CreditNote, OpenItem, Payment, Refund
from apps.invoicing.services.receipts import require_payee
from apps.invoicing.services.sales import bought_account, is_sold, receivable_account
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.ledger.models import Entry
from apps.parties.actor import Actor
from apps.parties.roles import Action


def free(note: CreditNote, *, at: datetime) -> Decimal:
    """Take from the credited invoice what was paid on it and is owed no more, the newest payment first.

    It stays on its payment, unapplied: the payer's own. What a financier collected of a sold invoice stays with it, for
    it settled what was advanced: the seller owes it to the payer. The open item has been lowered already; the answer
    is how much.
    """
    account, key = bought_account(note.invoice) if is_sold(note.invoice) else receivable_account(note.invoice)
    paid = OpenItem.objects.values_list("paid", flat=True).get(invoice_id=note.invoice_id)
    of_payments = (
        Allocation.objects.filter(invoice_id=note.invoice_id)
        .order_by()
        .values("payment_id", "payment__ref", "payment__recipient_id")
        .annotate(left=Sum("amount"))
        .filter(left__gt=0)
        .order_by("-payment_id")
    )
    rows = list(of_payments)
    surplus = freed = money.total(row["left"] for row in rows) - paid
    for row in rows:
        part = min(row["left"], surplus)
        if part <= 0:
            break
        Allocation.objects.create(
            payment_id=row["payment_id"], invoice_id=note.invoice_id, amount=-part, allocated_at=at, freed_by=note
        )
        _post_freed(note, ledger.debit(account, amount=part, key=key), payment_ref=row["payment__ref"], at=at)
        surplus -= part
    return freed


def allocate(*, payment_ref: str, invoice_ref: str, actor: Actor, amount: Decimal | None, at: datetime) -> Allocation:
    """Settle another invoice of the same buyer with money that is unapplied; without an amount, with all that fits.

    The caller holds the contracts of that invoice and of the one on which the payment was recorded, so nobody else
    spends or reverses it meanwhile.
    """
    payment = _standing(payment_ref)
    actor.require(Action.RECORD_PAYMENT, organisation_id=payment.recipient_id)
    item = (
        OpenItem.objects.select_related("invoice__contract", "seller")
        .select_for_update(of=("self",))
        .filter(invoice__ref=invoice_ref)
        .first()
    )
    if item is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    invoice = item.invoice
    require_payee(payment.recipient_id, item=item)
    if (invoice.buyer_id, invoice.currency) != (payment.payer_id, payment.currency):
        raise Refused("This money is another buyer's, or in another currency. It settles only what its payer owes.")
    if Allocation.objects.made().filter(payment=payment, invoice=invoice).exists():
        raise Refused(
            "A part of this payment was settled with {number} before. Reverse the payment and record it anew.",
            number=invoice.number,
        )
    left = unapplied_of(payment)
    if amount is None:
        amount = min(left, item.open)
    if left == 0:
        raise Refused("Nothing of this payment is left. Reload the page to see what happened.")
    if item.open == 0:
        raise Refused("Nothing is open on {number}.", number=invoice.number)
    amount = money.payable(amount, invoice.currency, field="amount")
    if amount > min(left, item.open):
        raise Refused(
            "{left} are left of the payment and {open} are open on {number}. Enter at most the smaller of them.",
            field="amount",
            left=Money(left, payment.currency),
            open=Money(item.open, invoice.currency),
            number=invoice.number,
        )
    made = Allocation.objects.create(payment=payment, invoice=invoice, amount=amount, allocated_at=at)
    item.paid += amount
    item.open -= amount
    item.settled_at = at if item.open == 0 else None
    item.save(update_fields=["paid", "open", "settled_at"])
    today = at.astimezone(ZoneInfo(item.seller.time_zone)).date()
    _post_allocated(made, booked_on=max(today, invoice.issued_on, payment.received_on), at=at)
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties={invoice.seller_id, invoice.buyer_id},
        verb="payment.allocated",
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=at,
        number=invoice.number,
        payment=payment.ref,
        currency=payment.currency,
        allocated=amount,
        open=item.open,
        bank_reference=payment.bank_reference,
    )
    return made


def unapplied_of(payment: Payment) -> Decimal:
    """What of a payment settles nothing and is not paid back, nor about to be."""
    allocated = payment.allocations.aggregate(sum=Sum("amount"))["sum"] or money.ZERO
    held = Refund.objects.holding().filter(payment=payment).aggregate(sum=Sum("amount"))["sum"] or money.ZERO
    return payment.amount - allocated - held


def reverse_allocated(payment: Payment, *, booked_on: date, at: datetime) -> None:
    """Undo in the book what unapplied money settled elsewhere, before the payment itself is reversed."""
    refs = Allocation.objects.made().filter(payment=payment).values_list("invoice__ref", flat=True)
    for entry in _entries(payment, causes=[_cause_of_allocated(payment.ref, ref) for ref in refs]):
        _reverse(entry, booked_on=booked_on, at=at)


def reverse_freed(payment: Payment, *, booked_on: date, at: datetime) -> None:
    """Undo in the book what credit notes freed of a payment, after the payment itself was reversed.

    In this order no balance changes its sign: what is taken from an invoice has come back to it before.
    """
    notes = Allocation.objects.filter(payment=payment, freed_by__isnull=False)
    refs = notes.values_list("freed_by__ref", flat=True)
    for entry in _entries(payment, causes=[_cause_of_freed(ref, payment.ref) for ref in refs]):
        _reverse(entry, booked_on=booked_on, at=at)


def _standing(payment_ref: str) -> Payment:
    payment = Payment.objects.filter(ref=payment_ref, reversal__isnull=True).first()
    if payment is None:
        raise Refused("There is no such payment among yours, or it is reversed. Open it from its invoice.")
    return payment


def _reverse(entry: Entry, *, booked_on: date, at: datetime) -> None:
    ledger.reverse(entry, cause=f"undo:{entry.cause}"[:80], booked_on=max(booked_on, entry.booked_on), at=at)


def _entries(payment: Payment, *, causes: list[str]) -> list[Entry]:
    found = Entry.objects.filter(organisation_id=payment.recipient_id, cause__in=causes)
    return list(found.filter(reversed_by__isnull=True).order_by("pk"))


def _cause_of_freed(note_ref: str, payment_ref: str) -> str:
    return f"freed:{note_ref}:{payment_ref}"


def _cause_of_allocated(payment_ref: str, invoice_ref: str) -> str:
    return f"allocation:{payment_ref}:{invoice_ref}"


def _post_freed(note: CreditNote, taken: ledger.Leg, *, payment_ref: str, at: datetime) -> None:
    ledger.post(
        organisation_id=note.seller_id,
        currency=note.currency,
        purpose=ledger.Purpose.SELLER,
        cause=_cause_of_freed(note.ref, payment_ref),
        description=f"Paid on {note.invoice.number} and credited by {note.number}",
        booked_on=note.issued_on,
        legs=[
            taken,
            ledger.credit(Seller.UNAPPLIED_RECEIPTS, amount=taken.amount, key=f"payment:{payment_ref}"),
        ],
        at=at,
    )


def _post_allocated(made: Allocation, *, booked_on: date, at: datetime) -> None:
    payment, invoice = made.payment, made.invoice
    ledger.post(
        organisation_id=payment.recipient_id,
        currency=payment.currency,
        purpose=ledger.Purpose.SELLER,
        cause=_cause_of_allocated(payment.ref, invoice.ref),
        description=f"Unapplied money settles {invoice.number}: {payment.bank_reference}",
        booked_on=booked_on,
        legs=[
            ledger.debit(Seller.UNAPPLIED_RECEIPTS, amount=made.amount, key=f"payment:{payment.ref}"),
            ledger.credit(Seller.RECEIVABLES, amount=made.amount, key=f"invoice:{invoice.ref}"),
        ],
        at=at,
    )
