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
from apps.invoicing.services.instalments import (
    DueContract,
    billed,
    contract_of_instalment,
    contracts_to_bill,
    issue_instalment,
    next_billing,
    to_bill,
    unbilled,
)
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
from apps.invoicing.services.reversals import contract_of_payment, reverse_payment
from apps.invoicing.services.sales import (
    Advance,
    Sale,
    SaleSettlement,
    book_advance,
    book_reserve_received,
    book_sale,
)
from apps.invoicing.services.starting import plan_instalments
from apps.invoicing.services.statements import Imported, account_key, import_statements

__all__ = [
    "Advance",
    "Claim",
    "DueContract",
    "Imported",
    "Sale",
    "SaleSettlement",
    "account_key",
    "amount_to_bill",
    "apply_certain",
    "apply_transaction",
    "billed",
    "bills_for",
    "book_advance",
    "book_reserve_received",
    "book_sale",
    "certain",
    "check_billable",
    "claims",
    "contract_of",
    "contract_of_instalment",
    "contract_of_payment",
    "contracts_of",
    "contracts_of_transaction",
    "contracts_to_bill",
    "deliver",
    "deliver_again",
    "delivered",
    "direct_payment",
    "import_statements",
    "issue",
    "issue_instalment",
    "leave_to_people",
    "money_in",
    "next_billing",
    "note_money_out",
    "payments_of",
    "plan_instalments",
    "receive",
    "retry_document",
    "reverse_payment",
    "set_aside",
    "take_up",
    "to_bill",
    "unbilled",
    "waiting",
    "withdraw_direction",
]
