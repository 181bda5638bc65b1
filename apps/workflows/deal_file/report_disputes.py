"""What a report says of disputes."""

from collections.abc import Iterable

from apps.contracts.models import Contract
from apps.milestones.models import Dispute
from apps.workflows.deal_file.report_parts import Report, amount_of, written


def disputes(contract: Contract) -> list[Report]:
    """Every dispute of a contract, oldest first; amounts net of tax, ``gross`` with it where an invoice is disputed."""
    found = Dispute.objects.using("owner").filter(contract=contract).order_by("id")
    return [
        _dispute(one)
        for one in found.select_related("billed__invoice", "billed__credit_note", "milestone", "reservation")
    ]


def plain(rows: Iterable[Report]) -> list[str]:
    """The same as lines for a terminal; nothing where there is none."""
    lines = [
        f"  {row['about']:<34}{row['amount']:>14} of {row['whole']:>14}  {row['state']}, upheld {row['upheld'] or '–'}"
        for row in rows
    ]
    return ["", "Disputes", *lines] if lines else []


def _dispute(dispute: Dispute) -> Report:
    billed = getattr(dispute, "billed", None)
    milestone = dispute.milestone or dispute.reservation
    return {
        "about": billed.invoice.number if billed is not None else milestone.title if milestone is not None else "",
        "raised_by": dispute.raised_by,
        "raised_at": written(dispute.raised_at),
        "amount": amount_of(dispute.amount, dispute.currency),
        "whole": amount_of(dispute.whole, dispute.currency),
        "gross": amount_of(billed.gross, dispute.currency) if billed is not None else None,
        "state": dispute.state,
        "positions": dispute.positions.using("owner").count(),
        "reminders": dispute.reminders.using("owner").count(),
        "settled_at": written(dispute.settled_at),
        "upheld": amount_of(dispute.upheld, dispute.currency) if dispute.upheld is not None else None,
        "credit_note": billed.credit_note.number if billed is not None and billed.credit_note is not None else None,
    }
