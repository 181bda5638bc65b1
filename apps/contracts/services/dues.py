"""From the plain value of when a line is billed to the columns of its row, and back."""

from decimal import Decimal
from typing import Any

from apps.contracts import rules
from apps.contracts.drafts import DraftLine
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
        "starts_with": due.milestone,
        "period": due.period,
        "period_count": due.count,
        "per_period": rules.per_period(line),
    }


def agreed_amount(line: PlanLine) -> Decimal | None:
    """The amount as it was written: of one period where that was agreed, and none where a share was."""
    if line.basis != PlanLine.Basis.AMOUNT:
        return None
    return line.per_period if line.kind == PlanLine.Kind.RECURRING else line.amount
