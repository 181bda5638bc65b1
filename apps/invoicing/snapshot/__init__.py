"""What an issued invoice says, as one text that never changes: ``model`` has its terms, ``reading`` reads it back."""

from apps.invoicing.snapshot.model import (
    CREDIT_NOTE,
    VERSION,
    Acceptance,
    Address,
    CreditTransfer,
    ElectronicAddress,
    Instalment,
    Line,
    Party,
    Payee,
    Preceding,
    Retained,
    SemanticInvoice,
    TaxRow,
    Totals,
    write,
)
from apps.invoicing.snapshot.reading import credit_transfer_of, read, read_party

__all__ = [
    "CREDIT_NOTE",
    "VERSION",
    "Acceptance",
    "Address",
    "CreditTransfer",
    "ElectronicAddress",
    "Instalment",
    "Line",
    "Party",
    "Payee",
    "Preceding",
    "Retained",
    "SemanticInvoice",
    "TaxRow",
    "Totals",
    "credit_transfer_of",
    "read",
    "read_party",
    "write",
]
