"""Documents that ask for money and are no tax invoice: outside the scope of tax, each kind in a series of its own."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from apps.contracts.models import Contract
from apps.core import canonical, money
from apps.invoicing import rules
from apps.invoicing.models import Document, Invoice, InvoiceKind, InvoiceLine, NumberSeries, OpenItem

Asked = tuple[str, Decimal]
"""A line of a demand: what for, and how much."""


def demand(
    ref: str,
    *,
    contract: Contract,
    kind: InvoiceKind,
    series: NumberSeries,
    number: str,
    lines: Sequence[Asked],
    text: str,
    at: datetime,
    issued_on: date,
    due_on: date,
) -> Invoice:
    """Write a demand with the next number of its locked series: its lines, what is owed on it, its document to come.

    ``text`` is the canonical snapshot that bears ``number``; it is chained to the one before.
    """
    amount, sha256 = money.total(net for _what, net in lines), canonical.sha256(text)
    series.last += 1
    series.head = canonical.sha256(series.head + number + sha256)
    series.last_issued_at = at
    series.save(update_fields=["last", "head", "last_issued_at"])
    asked = Invoice.objects.create(
        ref=ref,
        seller=contract.seller,
        buyer=contract.buyer,
        contract=contract,
        kind=kind,
        number=number,
        series_prefix=series.prefix,
        series_year=series.year,
        series_position=series.last,
        currency=contract.currency,
        net=amount,
        tax=money.ZERO,
        gross=amount,
        issued_at=at,
        issued_on=issued_on,
        due_on=due_on,
        snapshot=text,
        snapshot_sha256=sha256,
        chain_sha256=series.head,
    )
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=asked,
            position=place,
            description=what,
            quantity=Decimal(1),
            unit_price=net,
            net=net,
            tax_category=rules.OUTSIDE_SCOPE,
            tax_rate=money.ZERO,
        )
        for place, (what, net) in enumerate(lines, start=1)
    )
    OpenItem.objects.create(
        invoice=asked,
        contract=contract,
        seller=contract.seller,
        buyer=contract.buyer,
        currency=contract.currency,
        due_on=due_on,
        gross=amount,
        open=amount,
    )
    Document.objects.create(invoice=asked, requested_at=at)
    return asked
