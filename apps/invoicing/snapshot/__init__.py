"""What an issued invoice says, as one text that never changes: ``model`` has its terms, ``reading`` reads it back."""

from apps.invoicing.snapshot.causes import Acceptance, Application, Instalment
from apps.invoicing.snapshot.kept_back import Reserved, ReservedItem, Retained, RetainedKind
from apps.invoicing.snapshot.model import (
    CREDIT_NOTE,
    FINAL,
    ONE,
    VERSION,
    Corrects,
    Deposit,
    Line,
    Preceding,
    Replaces,
    SemanticInvoice,
    TaxRow,
    Totals,
    write,
)
from apps.invoicing.snapshot.reading import credit_transfer_of, read, read_party, remittance_of, sides_of
from apps.invoicing.snapshot.sides import Address, Brand, CreditTransfer, ElectronicAddress, Party, Payee

__all__ = [
    "CREDIT_NOTE",
    "FINAL",
    "ONE",
    "VERSION",
    "Acceptance",
    "Address",
    "Application",
    "Brand",
    "Corrects",
    "CreditTransfer",
    "Deposit",
    "ElectronicAddress",
    "Instalment",
    "Line",
    "Party",
    "Payee",
    "Preceding",
    "Replaces",
    "Reserved",
    "ReservedItem",
    "Retained",
    "RetainedKind",
    "SemanticInvoice",
    "TaxRow",
    "Totals",
    "credit_transfer_of",
    "read",
    "read_party",
    "remittance_of",
    "sides_of",
    "write",
]
