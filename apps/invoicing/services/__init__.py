"""What may be done with invoices: issue them, receive money for them, sell them, make their documents."""

from apps.invoicing.services.deliveries import deliver, deliver_again, delivered
from apps.invoicing.services.issuing import check_billable, issue
from apps.invoicing.services.reading import Claim, amount_to_bill, claims, contract_of, retry_document
from apps.invoicing.services.receipts import direct_payment, receive, withdraw_direction
from apps.invoicing.services.reversals import contract_of_payment, reverse_payment
from apps.invoicing.services.sales import (
    Advance,
    Sale,
    SaleSettlement,
    book_advance,
    book_reserve_received,
    book_sale,
)

__all__ = [
    "Advance",
    "Claim",
    "Sale",
    "SaleSettlement",
    "amount_to_bill",
    "book_advance",
    "book_reserve_received",
    "book_sale",
    "check_billable",
    "claims",
    "contract_of",
    "contract_of_payment",
    "deliver",
    "deliver_again",
    "delivered",
    "direct_payment",
    "issue",
    "receive",
    "retry_document",
    "reverse_payment",
    "withdraw_direction",
]
