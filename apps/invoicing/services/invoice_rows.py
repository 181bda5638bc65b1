"""What an invoice consists of when it is issued: its lines, what is owed on it, what is posted. No lookups."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model

from apps.contracts.payment_documents import Wanted
from apps.core import money
from apps.core.days import NOT_YET
from apps.invoicing import snapshot
from apps.invoicing.models import Document, Invoice, InvoiceKind, InvoiceLine, OpenItem, PaymentDocument, Retention
from apps.invoicing.services import causes
from apps.invoicing.services.recovery import Deduction
from apps.invoicing.services.sales import Sale, sale_of
from apps.invoicing.services.withholding import Withholding
from apps.ledger import services as ledger
from apps.ledger.batches import Posting, post_all
from apps.ledger.charts import Seller


def rows_of(
    invoice: Invoice,
    *,
    cause: causes.Cause,
    kept: Withholding,
    reserved: snapshot.Reserved | None,
    documents: Sequence[Wanted],
    at: datetime,
) -> list[Model]:
    """What belongs to an invoice from its first moment on: its line, what is owed on it now and what later, its
    document to come, and those that come before payment."""
    lines = [
        InvoiceLine(
            invoice=invoice,
            position=place,
            description=one.name,
            quantity=one.priced[0],
            unit_price=one.priced[1],
            net=one.amount,
            tax_category=one.taxed.category,
            tax_rate=one.taxed.rate,
            exemption_code=one.exemption.exemption_code,
            exemption_reason=one.exemption.exemption_reason,
            milestone=one.milestone if cause.parts else None,
        )
        for place, one in enumerate(cause.billed, start=1)
    ]
    retained = kept.said
    due = invoice.gross - held(retained) - held(reserved)
    open_item = OpenItem(
        invoice=invoice,
        contract=invoice.contract,
        seller=invoice.seller,
        buyer=invoice.buyer,
        currency=invoice.currency,
        due_on=NOT_YET if documents else invoice.due_on,
        gross=invoice.gross,
        retained=held(retained),
        reserved=held(reserved),
        open=due,
        settled_at=None if due else at,
    )
    rows: list[Model] = [*lines, open_item, Document(invoice=invoice, requested_at=at)]
    rows += [
        Retention(
            invoice=invoice,
            contract=invoice.contract,
            seller=invoice.seller,
            buyer=invoice.buyer,
            currency=invoice.currency,
            kind=kind,
            held=one.held,
            carried=one.carried,
        )
        for kind, one in enumerate(kept.kinds, start=1)
        if one.held or one.carried
    ]
    rows += [
        PaymentDocument(contract=invoice.contract, invoice=invoice, title=one.title, is_once=one.is_once)
        for one in documents
    ]
    return rows


def deductions_of(invoice: Invoice, *, deduction: Deduction) -> list[InvoiceLine]:
    """The lines by which it gives deposits back, each with the invoice of that deposit."""
    return [
        InvoiceLine(
            invoice=invoice,
            position=int(line.identifier),
            description=line.name,
            quantity=line.quantity,
            unit_price=line.net_price,
            net=line.net,
            tax_category=line.tax_category,
            tax_rate=line.tax_rate,
            exemption_code=line.exemption_code,
            exemption_reason=line.exemption_reason,
            advance=one.advance,
        )
        for one, line in zip(deduction.parts, deduction.lines, strict=True)
    ]


def held(part: snapshot.Retained | snapshot.Reserved | None) -> Decimal:
    """What is kept back of it."""
    return part.withheld if part is not None else money.ZERO


def post(invoice: Invoice, *, held_back: Decimal, sale: Sale | None, at: datetime) -> None:
    """Billing moves the contract balance, never revenue. What is held back is no receivable before its release; what is
    invoiced ahead of the price is a deposit received until a later invoice gives it back. Its ``sale``, where it was
    sold before it was issued, is posted in the same statement."""
    is_advance = invoice.kind == InvoiceKind.ADVANCE
    billed = Seller.DEPOSITS_RECEIVED if is_advance else Seller.CONTRACT_BALANCE
    issued = Posting(
        cause=f"invoice:{invoice.ref}",
        description=f"Invoice {invoice.number}",
        booked_on=invoice.issued_on,
        legs=[
            ledger.debit(Seller.RECEIVABLES, amount=invoice.gross - held_back, key=f"invoice:{invoice.ref}"),
            ledger.debit(Seller.RETENTION_HELD, amount=held_back, key=f"contract:{invoice.contract.ref}"),
            ledger.debit(Seller.DEPOSITS_RECEIVED, amount=invoice.recovered, key=f"contract:{invoice.contract.ref}"),
            ledger.credit(billed, amount=invoice.worth, key=f"contract:{invoice.contract.ref}"),
            ledger.credit(Seller.OUTPUT_TAX, amount=invoice.tax),
        ],
    )
    book: dict[str, Any] = {
        "organisation_id": invoice.seller_id,
        "currency": invoice.currency,
        "purpose": ledger.Purpose.SELLER,
    }
    if sale is not None:
        sold = sale_of(invoice, sale=sale, booked_on=invoice.issued_on)
        post_all(**book, postings=[issued, sold], at=at)
        return
    ledger.post(
        **book,
        cause=issued.cause,
        description=issued.description,
        booked_on=issued.booked_on,
        legs=issued.legs,
        at=at,
    )
