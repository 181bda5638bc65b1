"""What has come of being late with invoices, as their contracts agree, and was not claimed yet: shown as it runs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Least

from apps.contracts.late_payment import LateTerms
from apps.contracts.models import ContractVersion
from apps.contracts.rules import read_late_payment
from apps.core import canonical, money
from apps.invoicing.models import (
    Allocation,
    CreditNote,
    DisputedInvoice,
    Invoice,
    InvoiceKind,
    LateClaim,
    OpenItem,
    PayeeInstruction,
    PaymentDocument,
    Withholding,
)
from apps.invoicing.rules.late_interest import Change, LateCharge, late_charge
from apps.invoicing.services.arrival import arrivals
from apps.invoicing.services.reserved import due_again


@dataclass(frozen=True, slots=True)
class Late:
    """One invoice that is or was paid late: what was agreed, when it was due, and what has come of it from the day
    after ``after`` until today, which nobody has claimed."""

    invoice: Invoice
    terms: LateTerms
    charge: LateCharge
    after: date
    due_on: date

    @property
    def number(self) -> str:
        return self.invoice.number


def late_charges(items: "QuerySet[OpenItem, OpenItem]", *, today: date) -> Mapping[int, Late]:
    """Of those open items that are overdue under a contract that agrees on it, by invoice; always nine queries.

    What counts as accepted earlier for computing interest alone counts as due earlier for that, and only for that.
    Reckoned on what is overdue, open and not in dispute, day by day: what is retained is asked for elsewhere, what is
    withheld for a defect counts from its release, and a day of a dispute counts for nobody whatever its outcome was.
    What was credited never was owed, and what a reversed payment settled never was paid. What was assigned is left out:
    it is its financier's to ask for. Nor does interest bear interest. Of an invoice whose mail came back it counts from
    the day on which the buyer is known to have it, and not at all before.
    """
    return _charges(items.filter(open__gt=0), today=today)


def claimable(items: "QuerySet[OpenItem, OpenItem]", *, today: date) -> Mapping[int, Late]:
    """The same with what was paid since, too late: what may be claimed of those open items."""
    earliest = Least("due_on", "invoice__due_on", Coalesce("invoice__interest_due_on", "due_on"))
    paid_late = Q(settled_at__date__gte=earliest)
    return _charges(items.filter(Q(open__gt=0) | paid_late), today=today)


def _charges(items: "QuerySet[OpenItem, OpenItem]", *, today: date) -> Mapping[int, Late]:
    is_late = Q(due_on__lt=today) | Q(invoice__due_on__lt=today) | Q(invoice__interest_due_on__lt=today)
    agreeing = ContractVersion.objects.filter(contract=OuterRef("contract"), late_payment__isnull=False)
    late = items.filter(is_late, Exists(agreeing))
    late = late.exclude(invoice__milestone__in=PayeeInstruction.objects.assigned().values("milestone"))
    late = late.exclude(invoice__kind=InvoiceKind.LATE_CHARGE)
    waited = PaymentDocument.objects.filter(invoice=OuterRef("invoice"))
    rows = list(late.annotate(waited=Exists(waited)).select_related("invoice__contract", "seller"))
    agreed = _agreed(rows) if rows else {}
    changes, claimed = (_changes(rows), _claimed(rows)) if rows else ({}, {})
    arrived = arrivals([item.invoice_id for item in rows]) if rows else {}
    found = {}
    for item in rows:
        terms, since = agreed.get(item.invoice_id), arrived.get(item.invoice_id, item.invoice.issued_at)
        if terms is None or since is None:
            continue
        due = _due_of(item)
        begins = item.invoice.interest_due_on or due
        until, has_fee = claimed.get(item.invoice_id, (begins, False))
        after = max(begins, until, _day(since, item)) if item.invoice_id in arrived else max(begins, until)
        charge = late_charge(
            terms,
            changes=changes[item.invoice_id],
            due_on=due,
            until=today,
            currency=item.currency,
            after=after,
        )
        charge = replace(charge, fee=money.ZERO) if has_fee else charge
        if charge.total:
            found[item.invoice_id] = Late(item.invoice, terms, charge, after, due)
    return found


def _agreed(rows: Iterable[OpenItem]) -> Mapping[int, LateTerms | None]:
    """What was agreed for each invoice: by the version of its contract on which it was issued, which it names. A
    change order says other terms for invoices from then on, and never of one that is there."""
    contracts = {item.contract_id for item in rows}
    made = ContractVersion.objects.filter(contract__in=contracts).order_by("number")
    signed = made.annotate(sides=Count("signatures"), since=Max("signatures__signed_at")).filter(sides=2)
    versions: dict[int, list[tuple[int, datetime, LateTerms | None]]] = defaultdict(list)
    for contract, number, since, said in signed.values_list("contract_id", "number", "since", "late_payment"):
        versions[contract].append((number, since, read_late_payment(said)))
    found: dict[int, LateTerms | None] = {}
    for item in rows:
        named = canonical.read(item.invoice.snapshot).get("contract_version")
        for number, since, terms in versions[item.contract_id]:
            # A statement of retention names no version: it is issued on what is in force.
            if number == named or (named is None and since <= item.invoice.issued_at):
                found[item.invoice_id] = terms
    return found


def _claimed(rows: Iterable[OpenItem]) -> Mapping[int, tuple[date, bool]]:
    """Of each invoice until which day it was claimed, and whether its fee was: also of one that it stands in place of,
    by then for days before this one is due."""
    billed = {item.invoice.milestone_id: item.invoice_id for item in rows if item.invoice.milestone_id is not None}
    own = {item.invoice_id for item in rows}
    made = LateClaim.objects.filter(Q(invoice__in=own) | Q(invoice__replaced_milestone__in=billed)).order_by()
    found: dict[int, tuple[date, bool]] = {}
    sums = made.values_list("invoice_id", "invoice__replaced_milestone").annotate(Max("until"), Sum("fee"))
    for pk, milestone, until, fee in sums:
        for invoice in {pk, billed.get(milestone, pk)} & own:
            before, had_fee = found.get(invoice, (until, False))
            found[invoice] = max(before, until), had_fee or bool(fee)
    return found


def _changes(rows: Iterable[OpenItem]) -> Mapping[int, list[Change]]:
    """What happened to each invoice, by days of its seller: payments, defects settled, disputes.

    What is credited leaves the invoice from its first day; so of what was withheld or in dispute only what was not
    credited in the end is left out meanwhile, or it would be left out twice.
    """
    items = {item.invoice_id: item for item in rows}
    changes: dict[int, list[Change]] = defaultdict(list)
    for pk, item in items.items():
        changes[pk].append(Change(_begins(item), item.gross - item.retained - item.credited))
    _paid(items, changes)
    _charged_again(items, changes)
    _withheld(items, changes)
    in_dispute = DisputedInvoice.objects.filter(invoice__in=items).select_related("dispute", "credit_note")
    for disputed in in_dispute.order_by("pk"):
        item, kept = items[disputed.invoice_id], _not_credited(disputed)
        changes[disputed.invoice_id].append(Change(_day(disputed.dispute.raised_at, item), -kept))
        if disputed.dispute.settled_at is not None:
            changes[disputed.invoice_id].append(Change(_day(disputed.dispute.settled_at, item), kept))
    return changes


def _due_of(item: OpenItem) -> date:
    """When an invoice is due as it was issued: what of it is settled later, because a defect was, has its own day. What
    had to be handed in before payment gave all of it another."""
    return item.due_on if vars(item)["waited"] else item.invoice.due_on


def _withheld(items: Mapping[int, OpenItem], changes: Mapping[int, list[Change]]) -> None:
    """What is withheld for a defect counts from its release. Where nothing else was open then, it had new days to pay,
    which are its own: what was paid late before stays late."""
    opened: dict[int, list[Change]] = {pk: list(changes[pk]) for pk in items}
    new_days: dict[int, date] = {pk: item.invoice.due_on for pk, item in items.items()}
    parts = Withholding.objects.filter(invoice__in=items).select_related("credit_note")
    for part in parts.order_by(F("released_at").asc(nulls_first=True), "pk"):
        pk, item, kept = part.invoice_id, items[part.invoice_id], _not_credited(part)
        for found in (changes[pk], opened[pk]):
            found.append(Change(_begins(item), -kept))
        if part.released_at is None:
            continue
        on = _day(part.released_at, item)
        if item.due_on > item.invoice.due_on:
            is_alone = money.total(one.amount for one in opened[pk] if one.on <= on) <= 0
            if is_alone:
                new_days[pk] = min(max(new_days[pk], due_again(item.invoice, from_day=on)), item.due_on)
            changes[pk].append(Change(max(on, new_days[pk]), kept))
        else:
            changes[pk].append(Change(on, kept))
        opened[pk].append(Change(on, kept))


def _charged_again(items: Mapping[int, OpenItem], changes: Mapping[int, list[Change]]) -> None:
    """What a charge had taken and is owed again counts from the day of its withdrawal: until then nobody could pay
    it."""
    undone = CreditNote.objects.filter(invoice__in=items, undoes__isnull=False).order_by("pk")
    for note in undone:
        changes[note.invoice_id].append(Change(_begins(items[note.invoice_id]), note.gross))
        changes[note.invoice_id].append(Change(note.issued_on, -note.gross))


def _begins(item: OpenItem) -> date:
    """From when on what an invoice asks for counts as owed: its date, or the day from which it bears interest."""
    invoice = item.invoice
    return min(invoice.issued_on, invoice.interest_due_on or invoice.issued_on)


def _not_credited(kept_back: Withholding | DisputedInvoice) -> Decimal:
    note = kept_back.credit_note
    return kept_back.gross - note.gross if note is not None else kept_back.gross


def _paid(items: Mapping[int, OpenItem], changes: Mapping[int, list[Change]]) -> None:
    """A payment counts on the bank's day for the invoice on which it was recorded, and on the day of its use for every
    other. What a credit note freed was paid on what is owed no more: it comes back on the day on which it counted."""
    made = Allocation.objects.filter(payment__reversal__isnull=True).select_related("payment").order_by("pk")
    first: dict[int, int] = {}
    counted: dict[tuple[int, int], date] = {}
    of_these = made.filter(invoice__in=items)
    recorded = made.filter(payment__in=of_these.values("payment"))
    for payment_id, pk in recorded.values_list("payment_id", "pk"):
        first.setdefault(payment_id, pk)
    for share in of_these:
        item = items[share.invoice_id]
        is_own = first[share.payment_id] == share.pk
        on = share.payment.received_on if is_own else _day(share.allocated_at, item)
        # Of a payment an invoice is settled once; whatever else is said of both takes of that.
        on = counted.setdefault((share.payment_id, share.invoice_id), on)
        changes[share.invoice_id].append(Change(on, -share.amount))


def _day(moment: datetime, item: OpenItem) -> date:
    return moment.astimezone(ZoneInfo(item.seller.time_zone)).date()
