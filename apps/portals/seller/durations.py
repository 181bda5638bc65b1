"""How long it takes from a submission to its acceptance and to its money."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Max, OuterRef, Q, QuerySet, Subquery

from apps.invoicing.models import Allocation, Invoice
from apps.parties.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """One invoice of an accepted milestone; ``amount`` with tax, days where the seller is."""

    amount: Decimal
    submitted_on: date
    accepted_on: date
    paid_on: date | None


def invoices_to_cash(actor: Actor, *, currency: str) -> QuerySet[Invoice, Invoice]:
    """Those of accepted milestones, each with the day of its last receipt.

    What is settled without money took no time to come: it was credited, or given back by deposits.
    """
    receipts = Allocation.objects.filter(invoice=OuterRef("pk")).order_by().values("invoice")
    rows = Invoice.objects.visible_to(actor).filter(
        seller_id=actor.organisation_id,
        currency=currency,
        milestone__accepted_submission__submitted_at__isnull=False,
        milestone__accepted_at__isnull=False,
    )
    received = Subquery(receipts.annotate(last=Max("payment__received_on")).values("last"))
    return rows.annotate(received=received).exclude(Q(open_item__open=0) & Q(received__isnull=True))


def durations(rows: QuerySet[Invoice, Invoice], *, zone: ZoneInfo) -> Iterator[Took]:
    """How long each of them took, read two thousand at a time."""
    names = ("gross", "milestone__accepted_submission__submitted_at", "milestone__accepted_at")
    found = rows.order_by().values_list(*names, "open_item__open", "received")
    for amount, submitted, accepted, left, received in found.iterator(chunk_size=2000):
        yield took(amount, submitted, accepted, received if not left else None, zone=zone)


def took(amount: Decimal, submitted: datetime, accepted: datetime, paid_on: date | None, *, zone: ZoneInfo) -> Took:
    return Took(
        amount=amount,
        submitted_on=submitted.astimezone(zone).date(),
        accepted_on=accepted.astimezone(zone).date(),
        paid_on=paid_on,
    )
