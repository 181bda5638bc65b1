"""What passed between a seller and a buyer in one currency, and what is owed after each of it: the same for both."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import CombinedExpression

from apps.core import money
from apps.invoicing.models import (
    Allocation,
    CreditNote,
    Invoice,
    InvoiceKind,
    OpenItem,
    Payment,
    PaymentReversal,
    Refund,
    Withholding,
)
from apps.invoicing.models.invoice import InvoiceQuerySet
from apps.invoicing.models.open_item import PAYABLE
from apps.parties.actor import Actor
from apps.parties.models import Organisation

MOST_ROWS: Final = 2_000
"""As many are read at once; a longer period is asked for in parts."""


class Event(StrEnum):
    """What changes what is owed."""

    INVOICE = "invoice"
    RELEASE = "retention_release"
    LATE_CHARGE = "late_charge"
    MENDED = "defect_settled"
    CREDIT_NOTE = "credit_note"
    RETURNED = "refund_returned"
    PAYMENT = "payment"
    COLLECTED = "collected"
    REVERSAL = "payment_reversed"
    REFUND = "refund"


ASKED: Final = {
    InvoiceKind.RETENTION_RELEASE: Event.RELEASE,
    InvoiceKind.LATE_CHARGE: Event.LATE_CHARGE,
}
"""What asks for money and bills nothing, by the kind of its document."""
ORDER: Final = list(Event)
"""On one day, what is asked for stands before what settles it."""


@dataclass(frozen=True, slots=True)
class Between:
    """A seller, a buyer and a currency: one account."""

    seller: Organisation
    buyer: Organisation
    currency: str


@dataclass(frozen=True, slots=True)
class Row:
    """One event: ``amount`` raises what is owed (positive) or lowers it, and ``balance`` is what is owed after it.

    ``name`` is the number of a document or the bank's reference; ``ref`` finds the document, or the invoice that a
    payment settles first. ``retained`` of an invoice, also for defects, is owed later and not in its amount.
    """

    on: date
    event: Event
    name: str
    amount: Decimal
    ref: str = ""
    about: str = ""
    due_on: date | None = None
    retained: Decimal = money.ZERO
    balance: Decimal = money.ZERO

    @property
    def lowers(self) -> Decimal:
        """By how much what is owed is lowered."""
        return -self.amount


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """From ``opening``, what was owed before the first day, to ``closing``; negative is the seller's debt.

    ``is_cut`` says that there were more events than are shown; ``closing`` is right nevertheless.
    """

    between: Between
    since: date
    until: date
    opening: Decimal
    rows: list[Row]
    closing: Decimal
    is_cut: bool

    @property
    def raised(self) -> Decimal:
        return money.total(row.amount for row in self.rows if row.amount > 0)

    @property
    def lowered(self) -> Decimal:
        return -money.total(row.amount for row in self.rows if row.amount < 0)


def account_statement(actor: Actor, *, between: Between, since: date, until: date) -> AccountStatement:
    """The account from the first to the last day, both included; as many queries for a long one as for a short one.

    An invoice counts with what is payable by its due date: what it retains is asked for by a statement of its own, and
    what is withheld of it for a defect counts from the day on which that is settled.
    Money that the seller received counts whole, also what settles nothing yet, until it is paid back. What a financier
    collected on an invoice that was assigned counts with what it settled, on the day on which that was recorded: the
    bank's day is known to the financier alone.
    """
    sources = _Sources(actor, between)
    rows = sorted(sources.rows(since=since, until=until), key=lambda row: (row.on, ORDER.index(row.event), row.name))
    opening = sources.balance_before(since)
    balance, shown = opening, list[Row]()
    for row in rows[:MOST_ROWS]:
        balance += row.amount
        shown.append(
            Row(row.on, row.event, row.name, row.amount, row.ref, row.about, row.due_on, row.retained, balance)
        )
    is_cut = len(rows) > MOST_ROWS
    closing = sources.balance_before(until + timedelta(days=1)) if is_cut else balance
    return AccountStatement(between, since, until, opening, shown, closing, is_cut)


class _Sources:
    """The tables that say what was asked for and what was settled between two parties, as the actor may see them."""

    def __init__(self, actor: Actor, between: Between) -> None:
        sides: dict[str, Any] = {"seller": between.seller, "buyer": between.buyer, "currency": between.currency}
        paid: dict[str, Any] = {"recipient": between.seller, "payer": between.buyer}
        self.zone = ZoneInfo(between.seller.time_zone)
        payments = Payment.objects.visible_to(actor).filter(**paid, currency=between.currency)
        self.invoices: InvoiceQuerySet = Invoice.objects.visible_to(actor).filter(**sides)
        self.credit_notes: QuerySet[CreditNote, CreditNote] = CreditNote.objects.visible_to(actor).filter(**sides)
        self.payments: QuerySet[Payment, Payment] = payments
        self.reversals: QuerySet[PaymentReversal, PaymentReversal] = PaymentReversal.objects.visible_to(actor).filter(
            **paid, payment__currency=between.currency
        )
        self.refunds: QuerySet[Refund, Refund] = Refund.objects.visible_to(actor).filter(
            **sides, recorded_at__isnull=False
        )
        self.withheld: QuerySet[Withholding, Withholding] = Withholding.objects.visible_to(actor).filter(
            **{f"invoice__{side}": value for side, value in sides.items()}
        )
        self.collected = (
            Allocation.objects.visible_to(actor)
            .filter(**{f"invoice__{side}": value for side, value in sides.items()})
            .exclude(payment__in=payments)
        )

    def rows(self, *, since: date, until: date) -> Iterator[Row]:
        """Every event of the period, in no order, each table once; of each at most one more than is shown."""
        days = (since, until)
        billed = self.invoices.with_what_is_billed().select_related("open_item")
        invoices = billed.filter(issued_on__range=days).order_by("issued_on", "pk")
        invoices = invoices.annotate(withheld=Sum("withholdings__gross", default=money.ZERO))
        fallen = self.credit_notes.filter(invoice=OuterRef("pk")).order_by().values("invoice")
        invoices = invoices.annotate(fallen=Subquery(fallen.annotate(sum=Sum("retained")).values("sum")))
        for bill in invoices[: MOST_ROWS + 1]:
            kept = bill.open_item.retained + vars(bill)["withheld"] + (vars(bill)["fallen"] or money.ZERO)
            yield Row(
                bill.issued_on,
                ASKED.get(InvoiceKind(bill.kind), Event.INVOICE),
                bill.number,
                bill.gross - kept,
                bill.ref,
                bill.about,
                bill.open_item.due_on,
                kept,
            )
        released = self.withheld.filter(released_at__gte=self._begins(since), released_at__lt=self._ends(until))
        for part in released.select_related("invoice", "reservation").order_by("released_at", "pk")[: MOST_ROWS + 1]:
            day = part.released_at.astimezone(self.zone).date() if part.released_at is not None else until
            name, title = part.invoice.number, part.reservation.title
            yield Row(day, Event.MENDED, name, part.gross, part.invoice.ref, title)
        notes = self.credit_notes.filter(issued_on__range=days).order_by("issued_on", "pk")
        for note in notes.select_related("invoice")[: MOST_ROWS + 1]:
            yield Row(
                note.issued_on,
                Event.CREDIT_NOTE,
                note.number,
                note.retained - note.gross,
                note.ref,
                note.invoice.number,
            )
        payments = self.payments.filter(received_on__range=days).order_by("received_on", "pk")
        for payment in payments[: MOST_ROWS + 1]:
            yield Row(payment.received_on, Event.PAYMENT, payment.bank_reference, -payment.amount)
        reversals = self.reversals.filter(reversed_on__range=days).order_by("reversed_on", "pk")
        for reversal in reversals.select_related("payment")[: MOST_ROWS + 1]:
            made = reversal.payment
            yield Row(reversal.reversed_on, Event.REVERSAL, made.bank_reference, made.amount, about=reversal.reason)
        refunds = self.refunds.filter(paid_on__range=days).order_by("paid_on", "pk")
        for refund in refunds[: MOST_ROWS + 1]:
            yield Row(refund.paid_on or since, Event.REFUND, refund.bank_reference, refund.amount, about=refund.reason)
        returned = self.refunds.filter(ended_on__range=days).order_by("ended_on", "pk")
        for refund in returned[: MOST_ROWS + 1]:
            name, why = refund.bank_reference, refund.ended_reason
            yield Row(refund.ended_on or since, Event.RETURNED, name, -refund.amount, about=why)
        of_period = {"allocated_at__gte": self._begins(since), "allocated_at__lt": self._ends(until)}
        collected = self.collected.filter(**of_period).order_by("allocated_at", "pk")
        for share in collected.select_related("invoice")[: MOST_ROWS + 1]:
            on = share.allocated_at.astimezone(self.zone).date()
            yield Row(on, Event.COLLECTED, share.invoice.number, -share.amount, share.invoice.ref)

    def balance_before(self, day: date) -> Decimal:
        """What was owed when the day began."""

        asked = _sum(self.invoices.filter(issued_on__lt=day), F("open_item__gross") - F("open_item__retained"))
        taken_back = _sum(self.reversals.filter(reversed_on__lt=day), F("payment__amount"))
        refunded = _sum(self.refunds.filter(paid_on__lt=day), F("amount"))
        came_back = _sum(self.refunds.filter(ended_on__lt=day), F("amount"))
        credited = _sum(self.credit_notes.filter(issued_on__lt=day), F("gross") - F("retained"))
        fallen = self.credit_notes.filter(invoice__issued_on__lt=day)
        paid = _sum(self.payments.filter(received_on__lt=day), F("amount"))
        collected = _sum(self.collected.filter(allocated_at__lt=self._begins(day)), F("amount"))
        withheld = self.withheld.filter(invoice__issued_on__lt=day)
        not_yet = _sum(withheld, F("gross")) - _sum(withheld.filter(released_at__lt=self._begins(day)), F("gross"))
        asked -= _sum(fallen, F("retained"))
        return asked + taken_back + refunded - came_back - credited - paid - collected - not_yet

    def _begins(self, day: date) -> datetime:
        """When the day begins where the seller is."""
        return datetime.combine(day, time.min, self.zone)

    def _ends(self, day: date) -> datetime:
        return self._begins(day + timedelta(days=1))


def _sum(rows: QuerySet[Any, Any], amount: F | CombinedExpression) -> Decimal:
    summed: Decimal | None = rows.aggregate(sum=Sum(amount))["sum"]
    return summed or money.ZERO


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as it stands now: what is open, of it what is overdue and not disputed, and what is unapplied."""

    open: Decimal
    overdue: Decimal
    unapplied: Decimal

    @property
    def balance(self) -> Decimal:
        """What a statement until today closes with."""
        return self.open - self.unapplied


def standing_of(actor: Actor, *, between: Between, today: date) -> Standing:
    """The account from what is kept with each invoice and payment, and not from its history."""
    sides: dict[str, Any] = {"seller": between.seller, "buyer": between.buyer, "currency": between.currency}
    sums = (
        OpenItem.objects.visible_to(actor)
        .open()
        .filter(**sides)
        .aggregate(is_open=Sum("open"), is_late=Sum(PAYABLE, filter=Q(due_on__lt=today)))
    )
    paid = Payment.objects.visible_to(actor).filter(recipient=between.seller, payer=between.buyer)
    left = paid.filter(currency=between.currency).unapplied().aggregate(sum=Sum("left"))["sum"]
    return Standing(sums["is_open"] or money.ZERO, sums["is_late"] or money.ZERO, left or money.ZERO)
