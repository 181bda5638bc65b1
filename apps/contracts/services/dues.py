"""From the plain value of when a line is billed to the columns of its row, and back."""

from decimal import Decimal
from typing import Any

from apps.contracts import rules
from apps.contracts.drafts import EVENT, RATE, DraftLine, Measure, Recovery
from apps.contracts.models import PlanLine


def due_columns(line: DraftLine) -> dict[str, Any]:
    """What the row of a line says of its kind."""
    due = line.due
    if due is None:
        return {"kind": line.kind}
    return {
        "kind": line.kind,
        "start": due.start,
        "starts_on": due.on,
        "starts_with": due.event if due.start == EVENT else due.milestone,
        "period": due.period,
        "period_count": due.count,
        "per_period": rules.per_period(line),
        **_recovery_columns(due.recovery),
    }


def _recovery_columns(recovery: Recovery | None) -> dict[str, Any]:
    """How later invoices give it back; of what stays earned nothing."""
    if recovery is None:
        return {"recovery": "", "recovery_rate": None, "recovery_begins": None, "recovery_amount": None}
    begins = recovery.begins if recovery.way == RATE else None
    return {
        "recovery": recovery.way,
        "recovery_rate": recovery.rate,
        "recovery_begins": begins,
        "recovery_amount": recovery.amount,
    }


def measure_columns(measure: Measure | None) -> dict[str, Any]:
    """What it says of how much it is of what; of a lump sum nothing."""
    if measure is None:
        return {"quantity": None, "unit": "", "unit_price": None}
    return {"quantity": measure.quantity, "unit": measure.unit, "unit_price": measure.unit_price}


def agreed_amount(line: PlanLine) -> Decimal | None:
    """The amount as it was written: of one period where that was agreed, and none where a share was."""
    if line.basis == PlanLine.Basis.TOTAL:
        return line.amount
    if line.basis != PlanLine.Basis.AMOUNT:
        return None
    return line.per_period if line.kind == PlanLine.Kind.RECURRING else line.amount
