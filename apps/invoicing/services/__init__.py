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
from apps.invoicing.services.creditable import (
    Preview,
    amount_to_credit,
    contract_of_credit_note,
    invoice_of_nullification,
    invoice_to_nullify,
    left_to_credit,
    needs_proof_to_credit,
    preview_credit,
    refuse_uncreditable,
    retry_credit_document,
)
from apps.invoicing.services.crediting import correct, credit_nullified
from apps.invoicing.services.deliveries import deliver, deliver_again, delivered, note_credit_sent
from apps.invoicing.services.disputes import (
    Disputable,
    disputable,
    disputed_milestones,
    end_dispute,
    invoice_of_dispute,
    keep_dispute,
)
from apps.invoicing.services.ending import billed_no_more, billed_of, cancel_instalments
from apps.invoicing.services.freeing import allocate, unapplied_of
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
from apps.invoicing.services.owed_back import OwedBack, book_owed_back, book_paid_back
from apps.invoicing.services.reading import (
    Claim,
    amount_to_bill,
    claims,
    contract_of,
    contracts_of,
    contracts_of_transaction,
    milestone_of,
    retry_document,
)
from apps.invoicing.services.receipts import direct_payment, receive, withdraw_direction
from apps.invoicing.services.release_dates import DueRelease, next_release, releases_ahead, releases_due
from apps.invoicing.services.releasing import release
from apps.invoicing.services.reminding import DueReminder, may_be_reminded, remind, reminders_due, set_reminders
from apps.invoicing.services.reserved import make_due, reduce
from apps.invoicing.services.retained import PartState, RetentionState, has_retention, retention_state
from apps.invoicing.services.reversals import contracts_of_payment, contracts_to_allocate, reverse_payment
from apps.invoicing.services.sales import (
    Advance,
    Sale,
    SaleSettlement,
    book_advance,
    book_reserve_received,
    book_sale,
)
from apps.invoicing.services.starting import plan_instalments, start_lines_of_change
from apps.invoicing.services.statements import Imported, account_key, import_statements
from apps.invoicing.services.withholding import withheld

__all__ = [
    "Advance",
    "Claim",
    "Disputable",
    "DueContract",
    "DueRelease",
    "DueReminder",
    "Imported",
    "OwedBack",
    "PartState",
    "Preview",
    "RetentionState",
    "Sale",
    "SaleSettlement",
    "account_key",
    "allocate",
    "amount_to_bill",
    "amount_to_credit",
    "apply_certain",
    "apply_transaction",
    "billed",
    "billed_no_more",
    "billed_of",
    "bills_for",
    "book_advance",
    "book_owed_back",
    "book_paid_back",
    "book_reserve_received",
    "book_sale",
    "cancel_instalments",
    "certain",
    "check_billable",
    "claims",
    "contract_of",
    "contract_of_credit_note",
    "contract_of_instalment",
    "contracts_of",
    "contracts_of_payment",
    "contracts_of_transaction",
    "contracts_to_allocate",
    "contracts_to_bill",
    "correct",
    "credit_nullified",
    "deliver",
    "deliver_again",
    "delivered",
    "direct_payment",
    "disputable",
    "disputed_milestones",
    "end_dispute",
    "has_retention",
    "import_statements",
    "invoice_of_dispute",
    "invoice_of_nullification",
    "invoice_to_nullify",
    "issue",
    "issue_instalment",
    "keep_dispute",
    "leave_to_people",
    "left_to_credit",
    "make_due",
    "may_be_reminded",
    "milestone_of",
    "money_in",
    "needs_proof_to_credit",
    "next_billing",
    "next_release",
    "note_credit_sent",
    "note_money_out",
    "payments_of",
    "plan_instalments",
    "preview_credit",
    "receive",
    "reduce",
    "refuse_uncreditable",
    "release",
    "releases_ahead",
    "releases_due",
    "remind",
    "reminders_due",
    "retention_state",
    "retry_credit_document",
    "retry_document",
    "reverse_payment",
    "set_aside",
    "set_reminders",
    "start_lines_of_change",
    "take_up",
    "to_bill",
    "unapplied_of",
    "unbilled",
    "waiting",
    "withdraw_direction",
    "withheld",
]
