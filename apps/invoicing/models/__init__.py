from apps.invoicing.models.account_letter import AccountLetter, AccountLetterSchedule
from apps.invoicing.models.application import Application, ApplicationLine
from apps.invoicing.models.charge import Charge
from apps.invoicing.models.corrected_invoice import CorrectedInvoice
from apps.invoicing.models.correction_delivery import CorrectionDelivery
from apps.invoicing.models.credit_document import CreditNoteDocument
from apps.invoicing.models.credit_note import CreditNote
from apps.invoicing.models.credit_note_line import CreditNoteLine
from apps.invoicing.models.delivery import Delivery
from apps.invoicing.models.disputed import DisputedInvoice
from apps.invoicing.models.document import Document
from apps.invoicing.models.instalment import Instalment
from apps.invoicing.models.invoice import BESIDE_PLAN, NO_SUPPLY, Invoice, InvoiceKind
from apps.invoicing.models.invoice_line import InvoiceLine
from apps.invoicing.models.invoice_link import InvoiceLink
from apps.invoicing.models.invoice_question import InvoiceQuestion
from apps.invoicing.models.late_claim import LateClaim
from apps.invoicing.models.open_item import OpenItem
from apps.invoicing.models.open_sum import OpenSum
from apps.invoicing.models.payee import PayeeInstruction
from apps.invoicing.models.payment import Allocation, Payment
from apps.invoicing.models.payment_document import DocumentStep, PaymentDocument
from apps.invoicing.models.refund import Refund
from apps.invoicing.models.reminder_pause import ReminderPause
from apps.invoicing.models.reminders import ReminderSchedule
from apps.invoicing.models.retention import Retention, RetentionRelease, RetentionShare
from apps.invoicing.models.retention_return import RetentionReturn, RetentionReturnShare
from apps.invoicing.models.reversal import PaymentReversal
from apps.invoicing.models.series import NumberSeries
from apps.invoicing.models.statement import BankStatement, StatementFile
from apps.invoicing.models.transaction import BankTransaction, CashApplication
from apps.invoicing.models.withholding import Withholding

__all__ = [
    "BESIDE_PLAN",
    "NO_SUPPLY",
    "AccountLetter",
    "AccountLetterSchedule",
    "Allocation",
    "Application",
    "ApplicationLine",
    "BankStatement",
    "BankTransaction",
    "CashApplication",
    "Charge",
    "CorrectedInvoice",
    "CorrectionDelivery",
    "CreditNote",
    "CreditNoteDocument",
    "CreditNoteLine",
    "Delivery",
    "DisputedInvoice",
    "Document",
    "DocumentStep",
    "Instalment",
    "Invoice",
    "InvoiceKind",
    "InvoiceLine",
    "InvoiceLink",
    "InvoiceQuestion",
    "LateClaim",
    "NumberSeries",
    "OpenItem",
    "OpenSum",
    "PayeeInstruction",
    "Payment",
    "PaymentDocument",
    "PaymentReversal",
    "Refund",
    "ReminderPause",
    "ReminderSchedule",
    "Retention",
    "RetentionRelease",
    "RetentionReturn",
    "RetentionReturnShare",
    "RetentionShare",
    "StatementFile",
    "Withholding",
]
