"""What may be done with revenue: recognise what happened, close a month, and read what came of it."""

from apps.revenue.services.closing import (
    ask_to_close,
    contracts_to_tend,
    note_failure,
    note_progress,
    refs_to_tend,
    shut,
)
from apps.revenue.services.recognising import closed_through, recognise

__all__ = [
    "ask_to_close",
    "closed_through",
    "contracts_to_tend",
    "note_failure",
    "note_progress",
    "recognise",
    "refs_to_tend",
    "shut",
]
