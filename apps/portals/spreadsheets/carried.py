"""Rows of cells, and refusals, on their way between two processes: as JSON, so that nothing of it can run."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from apps.contracts.rules.schedule import Cell, Formula, Share
from apps.core.errors import Refused

READ, REFUSED = b"read", b"refused"
KINDS: Final[Mapping[str, Callable[[str], Cell]]] = {
    "number": Decimal,
    "date": date.fromisoformat,
    "share": lambda text: Share(Decimal(text)),
    "formula": Formula,
}


def written(rows: list[list[Cell]]) -> bytes:
    """The rows; text is itself, everything else says what it is."""
    return json.dumps([[_told(cell) for cell in row] for row in rows], ensure_ascii=False).encode()


def read(content: bytes) -> list[list[Cell]]:
    """The rows again."""
    return [[_cell(told) for told in row] for row in json.loads(content)]


def refusal(refused: Refused) -> bytes:
    """What a person is told: the template and its parts, which are texts and numbers."""
    return json.dumps([refused.template, refused.parts]).encode()


def read_refusal(content: bytes) -> Refused:
    """The same refusal, to be raised here."""
    template, parts = json.loads(content)
    return Refused(template, **parts)


def _told(cell: Cell) -> Any:
    match cell:
        case None | str():
            return cell
        case Decimal():
            return ["number", str(cell)]
        case date():
            return ["date", cell.isoformat()]
        case Share():
            return ["share", str(cell.percent)]
        case Formula():
            return ["formula", cell.text]


def _cell(told: Any) -> Cell:
    if told is None or isinstance(told, str):
        return told
    kind, text = told
    return KINDS[kind](text)
