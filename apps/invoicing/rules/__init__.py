"""The arithmetic of invoices and of the money that arrives for them: no database, no Django."""

from apps.contracts.rules.payment import due_on
from apps.invoicing.rules.accounts import is_account
from apps.invoicing.rules.ageing import Band, ReleaseBand, band_of, release_band_of
from apps.invoicing.rules.amounts import (
    TaxedAmount,
    TaxSubtotal,
    Totals,
    invoice_number,
    line_net,
    tax_breakdown,
    totals,
)
from apps.invoicing.rules.certified import withheld_by_line
from apps.invoicing.rules.credits import (
    Credit,
    Creditable,
    OfLine,
    Share,
    Taken,
    credit,
    credit_tax,
    credited_amount,
    taken,
)
from apps.invoicing.rules.expected import less_retention
from apps.invoicing.rules.identities import Fingerprint, numbered
from apps.invoicing.rules.matching import Bill, Bills, MoneyIn, Part, Proposal, Reason, Why, exact_bill, proposals
from apps.invoicing.rules.names import are_alike
from apps.invoicing.rules.payment_codes import SWISS, PaymentCode, Place, payment_code, payment_reference
from apps.invoicing.rules.progress import Sheet, SheetLine, Standing
from apps.invoicing.rules.reasons import reason_given
from apps.invoicing.rules.references import creditor_reference, possible_numbers
from apps.invoicing.rules.reminders import reminder_due, schedule
from apps.invoicing.rules.replanning import AtOnce, billed_at_once, check_followed, starts_alike
from apps.invoicing.rules.replanning import Standing as CalendarStanding
from apps.invoicing.rules.resending import check_again
from apps.invoicing.rules.reserved import withheld_gross
from apps.invoicing.rules.retention import Billed as RetentionBilled
from apps.invoicing.rules.retention import (
    Kept,
    concerned,
    due_from,
    payable_before_final,
    released_of,
    shares_of,
    withheld_of,
)
from apps.invoicing.rules.retention import Past as RetentionPast
from apps.invoicing.rules.retention import Row as RetentionRow
from apps.invoicing.rules.retention import Scale as RetentionScale
from apps.invoicing.rules.taxation import (
    EXEMPT,
    EXPORT,
    INTRA_COMMUNITY,
    OUTSIDE_SCOPE,
    REVERSE_CHARGE,
    STANDARD,
    ZERO_RATED,
    TaxIdentity,
    check_reason,
    check_tax,
    usual_tax,
)

__all__ = [
    "EXEMPT",
    "EXPORT",
    "INTRA_COMMUNITY",
    "OUTSIDE_SCOPE",
    "REVERSE_CHARGE",
    "STANDARD",
    "SWISS",
    "ZERO_RATED",
    "AtOnce",
    "Band",
    "Bill",
    "Bills",
    "CalendarStanding",
    "Credit",
    "Creditable",
    "Fingerprint",
    "Kept",
    "MoneyIn",
    "OfLine",
    "Part",
    "PaymentCode",
    "Place",
    "Proposal",
    "Reason",
    "ReleaseBand",
    "RetentionBilled",
    "RetentionPast",
    "RetentionRow",
    "RetentionScale",
    "Share",
    "Sheet",
    "SheetLine",
    "Standing",
    "Taken",
    "TaxIdentity",
    "TaxSubtotal",
    "TaxedAmount",
    "Totals",
    "Why",
    "are_alike",
    "band_of",
    "billed_at_once",
    "check_again",
    "check_followed",
    "check_reason",
    "check_tax",
    "concerned",
    "credit",
    "credit_tax",
    "credited_amount",
    "creditor_reference",
    "due_from",
    "due_on",
    "exact_bill",
    "invoice_number",
    "is_account",
    "less_retention",
    "line_net",
    "numbered",
    "payable_before_final",
    "payment_code",
    "payment_reference",
    "possible_numbers",
    "proposals",
    "reason_given",
    "release_band_of",
    "released_of",
    "reminder_due",
    "schedule",
    "shares_of",
    "starts_alike",
    "taken",
    "tax_breakdown",
    "totals",
    "usual_tax",
    "withheld_by_line",
    "withheld_gross",
    "withheld_of",
]
