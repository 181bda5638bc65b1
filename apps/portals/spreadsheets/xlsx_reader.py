"""XLSX: a zip of XML, so it is weighed before it is unpacked, and nothing in it is followed, run or reckoned.

Run as a child of the process that asks, because what is small on the way can be large to read: see
:mod:`~apps.portals.spreadsheets.xlsx_files`. openpyxl reads XML through defusedxml where that is installed, as it is
here: entities are refused. Source: openpyxl's documentation, "Security".
"""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.xml import DEFUSEDXML

from apps.contracts.rules.schedule import Cell, Formula, Share
from apps.contracts.rules.schedule.cells import as_text
from apps.core.child import serve
from apps.core.errors import Refused
from apps.portals.spreadsheets import carried
from apps.portals.spreadsheets.limits import MOST_COLUMNS, bounded

MOST_UNPACKED: Final = 60 * 1024 * 1024
MOST_PARTS: Final = 500
MOST_CELLS: Final = 500_000
"""Filled cells: 30,000 rows of sixteen columns."""
MOST_LETTERS: Final = 16_000_000
"""Of all cells together: a text that many cells share is kept once in the file, and many times when it is read."""
_DIGITS: Final = 15
"""A spreadsheet keeps this many digits of a number; what a float says beyond them was never typed."""
_BROKEN: Final = (
    zipfile.BadZipFile,
    InvalidFileException,
    SyntaxError,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
)
"""What openpyxl and zipfile raise for files that are not what they say; XML that is broken is a ``SyntaxError``."""


def read_xlsx(content: bytes) -> list[list[Cell]]:
    """The rows of the first sheet that is visible."""
    if not DEFUSEDXML:
        raise RuntimeError("openpyxl does not use defusedxml: XLSX files would be read without a guard")
    try:
        _weigh(content)
        return _rows(content)
    except _BROKEN as error:
        # openpyxl wraps what defusedxml refuses.
        if isinstance(error, DefusedXmlException) or isinstance(error.__cause__, DefusedXmlException):
            raise Refused("This file asks for other files or defines entities. Save it anew as XLSX.") from error
        raise Refused("This XLSX file is damaged. Save it anew from your spreadsheet program.") from error


def _weigh(content: bytes) -> None:
    """Refuse what would unpack to far more than a plan, or carries programs. Sizes are those of the zip's directory,
    and no more than they say is ever unpacked."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise Refused("This file unpacks to more than a plan can be. Keep only the sheet with the plan.")
        if any(part.flag_bits & 1 for part in parts):
            raise Refused("This file is encrypted. Save it as XLSX without a password, or as CSV.")
        if any("vbaproject" in part.filename.lower() for part in parts):
            raise Refused("This file carries macros. Save it as XLSX or CSV.")


def _rows(content: bytes) -> list[list[Cell]]:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    try:
        sheets: list[Any] = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise Refused("This file has no sheet that can be seen.")
        # What a file says of its own size may be wrong: rows are read as they come.
        sheets[0].reset_dimensions()
        return bounded(_counted(_filled(row) for row in sheets[0].iter_rows(max_col=MOST_COLUMNS)))
    finally:
        book.close()


def _counted(rows: Iterable[list[Cell]]) -> Iterator[list[Cell]]:
    """The rows, as long as all together are no more than a plan can be."""
    cells = letters = 0
    for row in rows:
        cells += len(row)
        letters += sum(len(as_text(cell)) for cell in row)
        if cells > MOST_CELLS or letters > MOST_LETTERS:
            raise Refused("This file holds more than a plan can be. Keep only the columns of the plan.")
        yield row


def _filled(row: Sequence[Any]) -> list[Cell]:
    """The cells up to the last that holds something; rows are filled up to the widest that is allowed."""
    width = next((place for place in range(len(row), 0, -1) if row[place - 1].value is not None), 0)
    return [_cell(cell) for cell in row[:width]]


def _cell(cell: Any) -> Cell:
    value = cell.value
    match value:
        case None:
            found: Cell = None
        case bool():
            found = "yes" if value else "no"
        case int() | float():
            number = Decimal(f"{value:.{_DIGITS}g}")
            found = Share(number * 100) if "%" in (cell.number_format or "") else number
        case datetime():
            found = value.date()
        case date():
            found = value
        case time() | timedelta():
            found = str(value)
        case _ if cell.data_type == "f":
            found = Formula(str(getattr(value, "text", None) or value))
        case _:
            found = str(value)
    return found


def _answer(question: list[bytes]) -> list[bytes]:
    (content,) = question
    try:
        return [carried.READ, carried.written(read_xlsx(content))]
    except Refused as refused:
        return [carried.REFUSED, carried.refusal(refused)]


if __name__ == "__main__":
    serve(_answer)
