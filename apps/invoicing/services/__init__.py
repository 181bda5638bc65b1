"""What may be done with invoices: issue them, receive money for them, sell them, make their documents."""

from apps.invoicing.services.bills import bills_for, money_in
from apps.invoicing.services.cash import (
    apply_certain,
    apply_transaction,
    certain,
    leave_to_people,
    note_money_out,
    payments_of,
    set_aside,
    take_up,
    waiting,
)
from apps.invoicing.services.deliveries import deliver, deliver_again, delivered
from apps.invoicing.services.issuing import check_billable, issue
from apps.invoicing.services.reading import (
    Claim,
    amount_to_bill,
    claims,
    contract_of,
    contracts_of,
    contracts_of_transaction,
    retry_document,
)
from apps.invoicing.services.receipts import direct_payment, receive, withdraw_direction
from apps.invoicing.services.release_dates import DueRelease, next_release, releases_ahead, releases_due
from apps.invoicing.services.releasing import release
from apps.invoicing.services.retained import PartState, RetentionState, has_retention, retention_state
from apps.invoicing.services.reversals import contract_of_payment, reverse_payment
from apps.invoicing.services.sales import (
    Advance,
    Sale,
    SaleSettlement,
    book_advance,
    book_reserve_received,
    book_sale,
)
from apps.invoicing.services.statements import Imported, account_key, import_statements

__all__ = [
    "Advance",
    "Claim",
    "DueRelease",
    "Imported",
    "PartState",
    "RetentionState",
    "Sale",
    "SaleSettlement",
    "account_key",
    "amount_to_bill",
    "apply_certain",
    "apply_transaction",
    "bills_for",
    "book_advance",
    "book_reserve_received",
    "book_sale",
    "certain",
    "check_billable",
    "claims",
    "contract_of",
    "contract_of_payment",
    "contracts_of",
    "contracts_of_transaction",
    "deliver",
    "deliver_again",
    "delivered",
    "direct_payment",
    "has_retention",
    "import_statements",
    "issue",
    "leave_to_people",
    "money_in",
    "next_release",
    "note_money_out",
    "payments_of",
    "receive",
    "release",
    "releases_ahead",
    "releases_due",
    "retention_state",
    "retry_document",
    "reverse_payment",
    "set_aside",
    "take_up",
    "waiting",
    "withdraw_direction",
]
