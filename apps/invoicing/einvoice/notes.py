"""The notes of an invoice (BG-1): the same in every syntax."""

from dataclasses import dataclass

from apps.invoicing import correction_wording, wording
from apps.invoicing.einvoice import codes
from apps.invoicing.snapshot import SemanticInvoice


@dataclass(frozen=True, slots=True)
class Note:
    """Subject as code (BT-21) and text (BT-22)."""

    subject: str
    words: str


def of(invoice: SemanticInvoice) -> list[Note]:
    """In the language that is active; nothing that has no words."""
    notes = [
        Note(codes.ASSIGNMENT, wording.assignment(invoice)),
        Note(codes.GENERAL, correction_wording.correction(invoice)),
        Note(codes.GENERAL, wording.cause(invoice)),
        Note(codes.PAYMENT_TERM, wording.retention(invoice)),
        Note(codes.PAYMENT_TERM, wording.reservations(invoice)),
    ]
    return [note for note in notes if note.words]
