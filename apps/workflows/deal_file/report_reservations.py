"""What a report says of reservations."""

from collections.abc import Iterable

from apps.contracts.models import Contract
from apps.milestones.models import Reservation
from apps.workflows.deal_file.report_parts import Report, amount_of, written


def reservations(contract: Contract) -> list[Report]:
    """Every defect under which something was accepted, in the order of the plan; ``withheld`` and ``reduced_by`` are
    net of tax, ``gross`` is what is withheld with it."""
    found = Reservation.objects.using("owner").filter(contract=contract)
    rows = found.select_related("milestone", "withholding__credit_note")
    return [_reservation(one) for one in rows.order_by("milestone__position", "milestone__part", "number")]


def plain(rows: Iterable[Report]) -> list[str]:
    """The same as lines for a terminal; nothing where there is none."""
    lines = [f"  {row['title']:<34}{row['withheld']:>14} by {row['due_on']}  {row['state']}" for row in rows]
    return ["", "Reservations", *lines] if lines else []


def _reservation(one: Reservation) -> Report:
    withholding = getattr(one, "withholding", None)
    note = withholding.credit_note if withholding is not None else None
    return {
        "milestone": one.milestone.title,
        "number": one.number,
        "title": one.title,
        "due_on": written(one.due_on),
        "withheld": amount_of(one.amount, one.currency),
        "gross": amount_of(withholding.gross, one.currency) if withholding is not None else None,
        "state": one.state,
        "settled_at": written(one.settled_at),
        "reduced_by": amount_of(one.reduced_by, one.currency) if one.reduced_by else None,
        "credit_note": note.number if note is not None else None,
    }
