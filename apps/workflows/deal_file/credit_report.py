"""What a report says of credit notes and corrected invoices."""

from collections.abc import Iterable
from typing import Any

from apps.invoicing import snapshot
from apps.invoicing.models import CorrectedInvoice, CreditNote
from apps.workflows.deal_file.report_parts import amount_of, written


def credit_note(note: CreditNote) -> dict[str, Any]:
    """One credit note, with every total."""
    return {
        "number": note.number,
        "invoice": note.invoice.number,
        "purpose": "retained_again" if note.invoice.is_release else note.purpose,
        "reason": note.reason,
        "issued_on": written(note.issued_on),
        "net": amount_of(note.net, note.currency),
        "tax": amount_of(note.tax, note.currency),
        "gross": amount_of(note.gross, note.currency),
        "document": note.document.state,
    }


def corrected_invoice(one: CorrectedInvoice) -> dict[str, Any]:
    """One corrected invoice, and what it changed."""
    said = snapshot.read(one.snapshot).corrects
    return {
        "number": one.number,
        "invoice": one.invoice.number,
        "in_place_of": said.number if said is not None else "",
        "reason": one.reason,
        "issued_on": written(one.issued_on),
        "changes": [list(change) for change in said.changes] if said is not None else [],
        "gross": amount_of(one.gross, one.currency),
        "document": one.state,
    }


def plain_of_corrected(rows: Iterable[dict[str, Any]]) -> list[str]:
    """The same as lines for a terminal; nothing where there is none."""
    lines = [f"  {row['number']:<16} in place of {row['in_place_of']:<16} {row['reason']}" for row in rows]
    return ["", "Corrected invoices", *lines] if lines else []


def plain(rows: Iterable[dict[str, Any]]) -> list[str]:
    """The same as lines for a terminal; nothing where there is none."""
    lines = [
        f"  {row['number']:<16} to {row['invoice']:<16} net {row['net']:>12}  tax {row['tax']:>11}"
        f"  {row['purpose']}: {row['reason']}"
        for row in rows
    ]
    return ["", "Credit notes", *lines] if lines else []
