"""What a report says of the steps between a submission and its decision; nothing of what did not happen."""

from typing import Any, Final

from apps.core import canonical
from apps.milestones.models import FirstAcceptance, Submission

WITH: Final = ("first_acceptance", "questions", "inspections")


def steps_of(cycle: Submission) -> dict[str, Any]:
    """Questions, inspections and the first of two acceptances of a cycle read ``WITH`` them; instants as text."""
    first: FirstAcceptance | None = getattr(cycle, "first_acceptance", None)
    told = {
        "questions": [
            {
                "by": one.name,
                "stops_clock": one.stops_clock,
                "asked_at": one.asked_at,
                "answered_at": one.answered_at,
                "due_after": one.due_after,
            }
            for one in cycle.questions.all()
        ],
        "inspections": [
            {"by": one.name, "is_passed": one.is_passed, "at": one.inspected_at} for one in cycle.inspections.all()
        ],
        "first_accepted_by": first.name if first is not None else "",
        "first_listed": [one.title for one in first.listed] if first is not None else [],
    }
    plain: dict[str, Any] = canonical.read(canonical.text({name: value for name, value in told.items() if value}))
    return plain
