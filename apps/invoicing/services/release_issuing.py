"""The statement of released retention: numbered, snapshotted, chained, written into the ledgers."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import MILESTONE, RetentionTerms, ScheduledRelease
from apps.core import money
from apps.invoicing import release_statement, rules, snapshot
from apps.invoicing.models import (
    Invoice,
    InvoiceKind,
    Retention,
    RetentionRelease,
    RetentionReturn,
    RetentionShare,
)
from apps.invoicing.services import facts
from apps.invoicing.services.demands import demand
from apps.invoicing.services.numbering import lock_series
from apps.ledger import services as ledger
from apps.ledger.charts import Seller

PREFIX = "RET"
"""The series of statements of released retention, by year: they are no tax invoices, so they use up no such number."""
Shared = list[tuple[Retention, Decimal]]
"""Invoices of which something is released, each with how much."""


def stated(
    ref: str,
    *,
    contract: Contract,
    version: ContractVersion,
    event: str,
    part: ScheduledRelease,
    terms: RetentionTerms,
    shares: Shared,
    left: Decimal,
    released_by: str,
    at: datetime,
) -> Invoice:
    """The statement with its number, its lines, its open item and its document to come."""
    seller, buyer, amount = contract.seller, contract.buyer, money.total(share for _one, share in shares)
    zone = ZoneInfo(seller.time_zone)
    year = at.astimezone(zone).year
    series, account = lock_series(PREFIX, milestone=None, contract=contract, year=year)
    at = max(at, series.last_issued_at or at)
    issued_on = at.astimezone(zone).date()
    due_on = version.due_on(issued_on)
    number = rules.invoice_number(prefix=PREFIX, year=series.year, position=series.last + 1)
    text = release_statement.write(
        release_statement.ReleaseStatement(
            kind=InvoiceKind.RETENTION_RELEASE.value,
            number=number,
            issued_at=at,
            issue_date=issued_on,
            time_zone=seller.time_zone,
            language=facts.language_of(buyer),
            currency=contract.currency,
            due_date=due_on,
            payment_days=version.payment_days,
            payment_basis=version.payment_basis,
            contract_number=contract.number,
            contract_title=contract.title,
            seller=facts.sender_of(seller, category=version.tax_category),
            buyer=facts.party_of(buyer, category=version.tax_category),
            credit_transfer=snapshot.CreditTransfer(**account.fields) if account.fields else None,
            event=event,
            released_by=released_by,
            position=part.position,
            parts=max(len(terms.schedule), part.position),
            shares=tuple(
                release_statement.ReleasedShare(
                    one.invoice.number, one.invoice.issued_on, one.invoice.about, one.held, one.released, share
                )
                for one, share in shares
            ),
            left=left,
            payment_reference=rules.payment_reference(number, iban=(account.fields or {}).get("iban", "")),
            milestone=part.release.milestone if event == MILESTONE else "",
            retention_name=terms.kinds[part.kind - 1].name,
            totals=snapshot.Totals(lines=amount, net=amount, tax=money.ZERO, gross=amount, due=amount),
        )
    )
    return demand(
        ref,
        contract=contract,
        kind=InvoiceKind.RETENTION_RELEASE,
        series=series,
        number=number,
        lines=[(f"{one.invoice.number} {one.invoice.about}", share) for one, share in shares],
        text=text,
        at=at,
        issued_on=issued_on,
        due_on=due_on,
    )


def kept_in_ledger(
    invoice: Invoice,
    *,
    part: ScheduledRelease,
    event: str,
    shares: Shared,
    by: str,
    back: RetentionReturn | None = None,
) -> RetentionRelease:
    """Write in the ledger of the retention what was released, for the first time or again after it came ``back``."""
    found = RetentionRelease.objects.create(
        contract=invoice.contract,
        position=part.position,
        kind=part.kind,
        event=event,
        invoice=invoice,
        currency=invoice.currency,
        amount=invoice.gross,
        released_on=invoice.issued_on,
        released_at=invoice.issued_at,
        released_by_name=by,
    )
    # A trigger compares each share with what is kept back before it.
    RetentionShare.objects.bulk_create(
        RetentionShare(release=found, retention=one, amount=share) for one, share in shares
    )
    for one, share in shares:
        one.released += share
        one.returned -= share if back is not None else money.ZERO
    Retention.objects.bulk_update([one for one, _share in shares], ["released", "returned"])
    return found


def post(invoice: Invoice) -> None:
    """Only time separates it from cash now: a receivable, and no part of the contract balance any more."""
    ledger.post(
        organisation_id=invoice.seller_id,
        currency=invoice.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"invoice:{invoice.ref}",
        description=f"Release of retention {invoice.number}",
        booked_on=invoice.issued_on,
        legs=[
            ledger.debit(Seller.RECEIVABLES, amount=invoice.gross, key=f"invoice:{invoice.ref}"),
            ledger.credit(Seller.RETENTION_HELD, amount=invoice.gross, key=f"contract:{invoice.contract.ref}"),
        ],
        at=invoice.issued_at,
    )
