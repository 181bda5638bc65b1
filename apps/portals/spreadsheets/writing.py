"""A table as a CSV or XLSX file: numbers stay numbers, dates stay dates, and text stays text."""

import csv
import io
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

import openpyxl
from django.http import HttpResponse
from django.utils.text import slugify
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from apps.contracts.rules.schedule import Cell
from apps.core.canonical import plain

CSV, XLSX = "csv", "xlsx"
_TYPES: Final = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_UNREADABLE: Final = dict.fromkeys([0xFFFE, 0xFFFF, *range(0xD800, 0xE000)], "\N{REPLACEMENT CHARACTER}")
"""What XML cannot carry."""
_WIDEST: Final = 60


def written(rows: Iterable[list[Cell]], *, kind: str, name: str) -> HttpResponse:
    """The file as a download; ``name`` becomes its name."""
    content = _csv(rows) if kind == CSV else _xlsx(rows)
    response = HttpResponse(content, content_type=_TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{slugify(name) or "plan"}.{kind}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _csv(rows: Iterable[list[Cell]]) -> bytes:
    """RFC 4180 in UTF-8 with a mark, by which spreadsheet programs know the encoding."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerows([_text(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Decimal():
            return unmistakable(cell)
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


def unmistakable(number: Decimal) -> str:
    """A number with a decimal point that cannot be taken for a thousands separator: ``1.2340``, not ``1.234``."""
    written = plain(number)
    return f"{written}0" if len(written.partition(".")[2]) == 3 else written


def _xlsx(rows: Iterable[list[Cell]]) -> bytes:
    table = list(rows)
    book = openpyxl.Workbook(write_only=True)
    sheet: Any = book.create_sheet("Plan")
    sheet.freeze_panes = "A2"
    for place in range(len(table[0])):
        longest = max(len(_text(row[place])) for row in table)
        sheet.column_dimensions[get_column_letter(place + 1)].width = min(longest, _WIDEST) + 2
    for number, row in enumerate(table):
        sheet.append([_xlsx_cell(sheet, cell, is_name=number == 0) for cell in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _xlsx_cell(sheet: Any, value: Cell, *, is_name: bool) -> Any:
    """The value alone where that is enough: a style for each cell makes a long plan ten times as slow."""
    if not isinstance(value, str):
        return value
    text = value.translate(_UNREADABLE)
    if not is_name and not text.startswith(("=", "#")):
        return text
    cell: Any = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"  # never a formula and never an error, whatever it begins with
    cell.font = Font(bold=is_name)
    return cell
