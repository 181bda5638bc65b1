"""The daily watch over a financier's book: alerts open and close, what is expected is written where it changed.

It looks at what is, not at what happened since the last run: after an outage one run makes up for all that was missed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Min, Q, Sum
from django.db.models.functions import Coalesce

from apps.core import money
from apps.financing.models import Alert, BankMovement, ExpectedCashFlow, ExposureLimit, Facility, Tranche
from apps.financing.models.tranche import TrancheState
from apps.financing.models.watch import AlertKind
from apps.financing.rules import watch as rules
from apps.financing.rules.price import HUNDRED
from apps.ledger import services as ledger
from apps.ledger.charts import Financier
from apps.ledger.models import Balance
from apps.milestones.models.milestone import MilestoneState


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing to look at."""

    kind: AlertKind
    subject: str
    about: str
    amount: Decimal
    currency: str


def watch_alerts(*, financier_id: int, on: date, at: datetime) -> int:
    """Open an alert for what is so now and was not, close those of what is over; how many were opened or closed."""
    live = {
        (alert.kind, alert.subject): alert
        for alert in Alert.objects.filter(financier_id=financier_id).live().select_for_update()
    }
    found = {(one.kind.value, one.subject): one for one in _all(financier_id, on=on)}
    over = [alert.pk for key, alert in live.items() if key not in found]
    Alert.objects.filter(pk__in=over).update(closed_at=at)
    opened = [one for key, one in found.items() if key not in live]
    Alert.objects.bulk_create(
        Alert(
            financier_id=financier_id,
            kind=one.kind,
            subject=one.subject,
            about=one.about[:200],
            amount=one.amount,
            currency=one.currency,
            opened_on=on,
            opened_at=at,
        )
        for one in opened
    )
    return len(over) + len(opened)


def _all(financier_id: int, *, on: date) -> Iterator[Found]:
    yield from _limits(financier_id)
    yield from _concentrations(financier_id)
    yield from _receipts(financier_id, on=on)
    yield from _advances(financier_id, on=on)


def _limits(financier_id: int) -> Iterator[Found]:
    promised = Coalesce(Sum("tranches__gross", filter=Q(tranches__state=TrancheState.ACCEPTED)), Decimal(0))
    lines = Facility.objects.live().filter(financier_id=financier_id).select_related("seller")
    for line in lines.annotate(promised=promised).order_by("pk"):
        used = line.advanced + line.promised  # type: ignore[attr-defined]
        if rules.is_near(used=used, limit=line.limit):
            yield Found(
                kind=AlertKind.LIMIT_NEAR,
                subject=f"facility:{line.ref}",
                about=line.seller.legal_name,
                amount=used,
                currency=line.currency,
            )
    for one in ExposureLimit.objects.filter(financier_id=financier_id).select_related("organisation").order_by("pk"):
        if rules.is_near(used=one.used + one.reserved, limit=one.limit):
            yield Found(
                kind=AlertKind.LIMIT_NEAR,
                subject=f"exposure:{one.ref}",
                about=one.organisation.legal_name,
                amount=one.used + one.reserved,
                currency=one.currency,
            )


def _concentrations(financier_id: int) -> Iterator[Found]:
    """Buyers that owe more of the book than the strictest facility says under which something is out on them."""
    out = Tranche.objects.filter(financier_id=financier_id).outstanding().order_by()
    agreed = out.values_list("buyer_id", "currency").annotate(rate=Min("facility__concentration_rate"))
    rates = {(buyer_id, currency): rate for buyer_id, currency, rate in agreed}
    buyers = ExposureLimit.objects.filter(financier_id=financier_id, side="buyer").select_related("organisation")
    rows = list(buyers.order_by("pk"))
    wholes: dict[str, Decimal] = {}
    for row in rows:
        wholes[row.currency] = wholes.get(row.currency, money.ZERO) + row.used
    for row in rows:
        rate = rates.get((row.organisation_id, row.currency), HUNDRED)
        if rules.is_concentrated(part=row.used, whole=wholes[row.currency], rate=rate):
            yield Found(
                kind=AlertKind.CONCENTRATION,
                subject=f"exposure:{row.ref}",
                about=row.organisation.legal_name,
                amount=row.used,
                currency=row.currency,
            )


def _receipts(financier_id: int, *, on: date) -> Iterator[Found]:
    for receipt in BankMovement.objects.filter(financier_id=financier_id).unidentified().order_by("pk"):
        if rules.has_aged(since=receipt.value_on, today=on):
            yield Found(
                kind=AlertKind.UNIDENTIFIED,
                subject=f"movement:{receipt.ref}",
                about=receipt.bank_reference,
                amount=receipt.amount,
                currency=receipt.currency,
            )


def _advances(financier_id: int, *, on: date) -> Iterator[Found]:
    out = Tranche.objects.filter(financier_id=financier_id).outstanding()
    related = ("milestone__invoice", "line", "offer")
    for tranche in out.select_related(*related).order_by("pk").iterator(chunk_size=1_000):
        for kind in _kinds_of(tranche, on=on):
            yield Found(
                kind=kind,
                subject=f"tranche:{tranche.ref}",
                about=tranche.name,
                amount=tranche.outstanding,
                currency=tranche.currency,
            )


def _kinds_of(tranche: Tranche, *, on: date) -> Iterator[AlertKind]:
    if tranche.state == TrancheState.FUNDED_PRE:
        signed_for = tranche.line.expected_on
        if rules.has_slipped_too_far(signed_for=signed_for, expected_on=tranche.expected_on, today=on):
            yield AlertKind.SLIPPED
        is_over = (on - tranche.expected_on).days > tranche.offer.grace_days
        if tranche.milestone.state == MilestoneState.CHANGES_REQUESTED and is_over:
            yield AlertKind.NOT_CURED
    elif tranche.outstanding and tranche.free_until is not None and on > tranche.free_until:
        yield AlertKind.BUYER_LATE


def write_expectations(*, financier_id: int, on: date, at: datetime) -> int:
    """Write a version for every advance of which amount or day differs from its last; how many were written.

    Before acceptance that is what its invoice will come to; then what the buyer owes; nothing once the advance is over.
    """
    mine = ExpectedCashFlow.objects.filter(financier_id=financier_id)
    last = {row.tranche_id: row for row in mine.newest()}
    owed = _owed(financier_id)
    rows = []
    funded = Tranche.objects.filter(financier_id=financier_id, funded_on__isnull=False)
    for tranche in funded.order_by("pk").iterator(chunk_size=1_000):
        amount = tranche.face if tranche.state == TrancheState.FUNDED_PRE else owed.get(tranche.key, money.ZERO)
        before = last.get(tranche.pk)
        if before is None and not amount:
            continue
        if before is not None and (before.amount, before.expected_on) == (amount, tranche.expected_on):
            continue
        rows.append(
            ExpectedCashFlow(
                financier_id=financier_id,
                tranche=tranche,
                version=1 if before is None else before.version + 1,
                expected_on=tranche.expected_on,
                amount=amount,
                written_on=on,
                written_at=at,
            )
        )
    ExpectedCashFlow.objects.bulk_create(rows, batch_size=1_000)
    return len(rows)


def _owed(financier_id: int) -> dict[str, Decimal]:
    """What buyers owe on what was bought, by the sub-ledger key of the advance."""
    return dict(
        Balance.objects.filter(
            organisation_id=financier_id,
            account__code=Financier.PURCHASED_RECEIVABLES,
            account__book__purpose=ledger.Purpose.FINANCIER,
        ).values_list("key", "amount")
    )
