"""What of an invoice can be advanced against, and how it is named in the texts of its sale."""

from datetime import datetime
from decimal import Decimal

from apps.core import money
from apps.core.errors import Refused
from apps.financing.rules.texts import Receivable
from apps.financing.services.record import day_of
from apps.invoicing.models import Invoice, OpenItem
from apps.parties.models import Organisation


def eligible_amount(invoice: Invoice, *, at: datetime) -> Decimal:
    """All of it, if nothing is paid and it is not past due; refused otherwise."""
    open_item = OpenItem.objects.get(invoice=invoice)
    if open_item.open != invoice.gross:
        raise Refused(
            "Of this invoice only {open} is still open. Only whole invoices are funded.",
            open=str(money.Money(open_item.open, invoice.currency)),
        )
    if invoice.due_on < day_of(invoice.seller, at=at):
        raise Refused("This invoice was due on {date}. Invoices past due are not funded.", date=invoice.due_on)
    return open_item.open


def sold(invoice: Invoice, *, financier: Organisation) -> Receivable:
    """The invoice as the disclosure and the notice name it."""
    return Receivable(
        seller=invoice.seller.legal_name,
        buyer=invoice.buyer.legal_name,
        financier=financier.legal_name,
        contract=str(invoice.contract),
        milestone=invoice.milestone.title,
        invoice=invoice.number,
        face=invoice.gross,
        currency=invoice.currency,
        due_on=invoice.due_on,
    )
