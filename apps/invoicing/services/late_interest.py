"""What has come of being late with invoices, as their contracts agree: shown as it runs, and claimed by nobody yet."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet

from apps.contracts.late_payment import LateTerms
from apps.contracts.rules import read_late_payment
from apps.invoicing.models import Allocation, DisputedInvoice, OpenItem, PayeeInstruction, Withholding
from apps.invoicing.rules.late_interest import Change, LateCharge, late_charge


@dataclass(frozen=True, slots=True)
class Late:
    """One overdue invoice: what was agreed, and what has come of it until today."""

    number: str
    terms: LateTerms
    charge: LateCharge


def late_charges(items: "QuerySet[OpenItem, OpenItem]", *, today: date) -> Mapping[int, Late]:
    """Of those open items that are overdue under a contract that agrees on it, by invoice; five queries for any number.

    Reckoned on what is overdue, open and not in dispute, day by day: what is retained is asked for elsewhere, what is
    withheld for a defect counts from its release, and a day of a dispute counts for nobody whatever its outcome was.
    What was credited never was owed, and what a reversed payment settled never was paid. What was assigned is left out:
    it is its financier's to ask for.
    """
    late = items.filter(open__gt=0, due_on__lt=today, invoice__contract__active_version__late_payment__isnull=False)
    late = late.exclude(invoice__milestone__in=PayeeInstruction.objects.assigned().values("milestone"))
    rows = list(late.select_related("invoice", "seller").annotate(agreed=F("contract__active_version__late_payment")))
    changes = _changes(rows) if rows else {}
    found = {}
    for item in rows:
        terms = read_late_payment(vars(item)["agreed"])
        if terms is None:
            continue
        charge = late_charge(
            terms, changes=changes[item.invoice_id], due_on=item.due_on, until=today, currency=item.currency
        )
        if charge.total:
            found[item.invoice_id] = Late(item.invoice.number, terms, charge)
    return found


def _changes(rows: Iterable[OpenItem]) -> Mapping[int, list[Change]]:
    """What happened to each invoice, by days of its seller: payments, defects settled, disputes.

    What is credited leaves the invoice from its first day; so of what was withheld or in dispute only what was not
    credited in the end is left out meanwhile, or it would be left out twice.
    """
    items = {item.invoice_id: item for item in rows}
    changes: dict[int, list[Change]] = defaultdict(list)
    for pk, item in items.items():
        changes[pk].append(Change(item.invoice.issued_on, item.gross - item.retained - item.credited))
    _paid(items, changes)
    withheld = Withholding.objects.filter(invoice__in=items).select_related("credit_note").order_by("pk")
    for part in withheld:
        item, kept = items[part.invoice_id], _not_credited(part)
        changes[part.invoice_id].append(Change(item.invoice.issued_on, -kept))
        if part.released_at is not None:
            changes[part.invoice_id].append(Change(_day(part.released_at, item), kept))
    in_dispute = DisputedInvoice.objects.filter(invoice__in=items).select_related("dispute", "credit_note")
    for disputed in in_dispute.order_by("pk"):
        item, kept = items[disputed.invoice_id], _not_credited(disputed)
        changes[disputed.invoice_id].append(Change(_day(disputed.dispute.raised_at, item), -kept))
        if disputed.dispute.settled_at is not None:
            changes[disputed.invoice_id].append(Change(_day(disputed.dispute.settled_at, item), kept))
    return changes


def _not_credited(kept_back: Withholding | DisputedInvoice) -> Decimal:
    note = kept_back.credit_note
    return kept_back.gross - note.gross if note is not None else kept_back.gross


def _paid(items: Mapping[int, OpenItem], changes: Mapping[int, list[Change]]) -> None:
    """A payment counts on the bank's day for the invoice on which it was recorded, and on the day of its use for every
    other. What a credit note freed was paid on what is owed no more: it comes back as it was taken."""
    made = Allocation.objects.filter(payment__reversal__isnull=True).select_related("payment").order_by("pk")
    first: dict[int, int] = {}
    of_these = made.filter(invoice__in=items)
    recorded = made.filter(payment__in=of_these.values("payment"))
    for payment_id, pk in recorded.values_list("payment_id", "pk"):
        first.setdefault(payment_id, pk)
    for share in of_these:
        item = items[share.invoice_id]
        is_own = first[share.payment_id] == share.pk
        on = share.payment.received_on if is_own or share.amount < 0 else _day(share.allocated_at, item)
        changes[share.invoice_id].append(Change(on, -share.amount))


def _day(moment: datetime, item: OpenItem) -> date:
    return moment.astimezone(ZoneInfo(item.seller.time_zone)).date()
