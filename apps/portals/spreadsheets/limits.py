"""How much of a file is read: sheets may claim a million rows of which ten are filled."""

from collections.abc import Iterable
from typing import Final

from apps.contracts.rules.schedule import MOST_ROWS, Cell
from apps.contracts.rules.schedule.cells import is_empty

MOST_COLUMNS: Final = 100


def bounded(rows: Iterable[list[Cell]]) -> list[list[Cell]]:
    """The rows up to the last one that is not empty, at most one more than a file may have, without empty ends."""
    kept: list[list[Cell]] = []
    gap = 0
    for row in rows:
        width = next((place for place in range(len(row), 0, -1) if not is_empty(row[place - 1])), 0)
        if not width:
            gap += 1
        else:
            kept += [[] for _ in range(min(gap, MOST_ROWS))]
            kept.append(row[:width])
            gap = 0
        if len(kept) > MOST_ROWS or gap > MOST_ROWS:
            break
    return kept[: MOST_ROWS + 1]
