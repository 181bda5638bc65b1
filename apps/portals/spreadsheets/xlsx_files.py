"""XLSX files are read in a child process: what takes all memory, or hours, breaks nothing but the child."""

from typing import Final

from apps.contracts.rules.schedule import Cell
from apps.core.child import Child, ChildDied, ChildFailed, ChildTooSlow
from apps.core.errors import Refused
from apps.portals.spreadsheets import carried

MEMORY: Final = 512 * 2**20
"""Bytes of address space. A plan of 10,000 milestones takes a fifth of it."""
SECONDS: Final = 20.0
"""For one file, the start of the child included. A plan of 10,000 milestones takes three, on a busy machine more."""
_child = Child("apps.portals.spreadsheets.xlsx_reader", memory=MEMORY, seconds=SECONDS)


def read_xlsx(content: bytes) -> list[list[Cell]]:
    """The rows of the first sheet that is visible."""
    try:
        status, answer = _child.ask(content)
    except ChildFailed as failed:
        if failed.kind != MemoryError.__name__:
            raise
        raise _too_much() from failed
    except (ChildDied, ChildTooSlow) as error:
        raise _too_much() from error
    if status == carried.REFUSED:
        raise carried.read_refusal(answer)
    return carried.read(answer)


def _too_much() -> Refused:
    return Refused(
        "This file takes more memory or time to read than a plan does. Keep only the sheet with the plan, or save it as"
        " CSV."
    )
