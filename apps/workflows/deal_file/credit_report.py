"""What a report says of credit notes."""

from collections.abc import Iterable
from typing import Any

from apps.invoicing.models import CreditNote
from apps.workflows.deal_file.report_parts import amount_of, written


def credit_note(note: CreditNote) -> dict[str, Any]:
    """One credit note, with every total."""
    return {
        "number": note.number,
        "invoice": note.invoice.number,
        "purpose": note.purpose,
        "reason": note.reason,
        "issued_on": written(note.issued_on),
        "net": amount_of(note.net, note.currency),
        "tax": amount_of(note.tax, note.currency),
        "gross": amount_of(note.gross, note.currency),
        "document": note.document.state,
    }


def plain(rows: Iterable[dict[str, Any]]) -> list[str]:
    """The same as lines for a terminal; nothing where there is none."""
    lines = [
        f"  {row['number']:<16} to {row['invoice']:<16} net {row['net']:>12}  tax {row['tax']:>11}"
        f"  {row['purpose']}: {row['reason']}"
        for row in rows
    ]
    return ["", "Credit notes", *lines] if lines else []
