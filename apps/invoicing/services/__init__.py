"""What may be done with invoices: issue them, receive money for them, sell them, make their documents."""

from apps.invoicing.services.issuing import check_billable, issue
from apps.invoicing.services.reading import contract_of, eligible, retry_document
from apps.invoicing.services.receipts import direct_payment, receive, withdraw_direction
from apps.invoicing.services.sales import Sale, SaleSettlement, book_reserve_received, book_sale

__all__ = [
    "Sale",
    "SaleSettlement",
    "book_reserve_received",
    "book_sale",
    "check_billable",
    "contract_of",
    "direct_payment",
    "eligible",
    "issue",
    "receive",
    "retry_document",
    "withdraw_direction",
]
