"""The journal as a table, one row for each line: CSV for any program, XLSX for spreadsheets.

Numbers are numbers and dates are dates; what people typed is text, whatever it begins with. Source: OWASP, "CSV
Injection".
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import IO, Any, Final

from apps.core import money
from apps.ledger.exports.parts import Heading, JournalEntry, JournalLine, Tally
from apps.ledger.rules import guarded, one_line

COLUMNS: Final = (
    "Entry", "Date", "Cause", "Document", "Contract", "Account", "Account name", "Debit", "Credit", "Currency", "Text",
)  # fmt: skip
"""In English in every language: programs read them."""
WIDTHS: Final = (8, 12, 28, 18, 18, 9, 30, 16, 16, 9, 50)
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_UNREADABLE: Final = dict.fromkeys([0xFFFE, 0xFFFF, *range(0xD800, 0xE000)], "\N{REPLACEMENT CHARACTER}")
"""What XML cannot carry."""
_CHANGED: Final = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def check(heading: Heading, *, largest: Decimal, digits: int) -> None:
    """A table can say everything."""


def write_csv(entries: Iterable[JournalEntry], *, heading: Heading, to: IO[bytes], tally: Tally) -> None:
    """RFC 4180 in UTF-8 with a mark, by which spreadsheet programs know the encoding."""
    to.write("\N{ZERO WIDTH NO-BREAK SPACE}".encode())
    text = io.TextIOWrapper(to, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for entry in entries:
        about = [guarded(part) for part in (entry.cause, entry.document, entry.contract, entry.text)]
        cause, document, contract, said = about
        for line in entry.lines:
            debit, credit = (_number(side, heading.currency) for side in _sides(line))
            writer.writerow(
                [
                    *(entry.number, entry.booked_on.isoformat(), cause, document, contract),
                    *(line.account, guarded(line.name), debit, credit, heading.currency, said),
                ]
            )
    text.flush()
    text.detach()


def _sides(line: JournalLine) -> tuple[Decimal | None, Decimal | None]:
    return (line.amount, None) if line.amount > 0 else (None, -line.amount)


def _number(amount: Decimal | None, currency: str) -> str:
    """With the currency's decimals; three of them get a zero, or ``1.234`` could be read as a thousand and more."""
    if amount is None:
        return ""
    digits = money.digits(currency)
    return f"{amount:.{digits}f}" + ("0" if digits == 3 else "")


def write_xlsx(entries: Iterable[JournalEntry], *, heading: Heading, to: IO[bytes], tally: Tally) -> None:
    """The journal on one sheet, and on another what it is of and its totals, account by account."""
    import openpyxl  # heavy, and only the worker needs it

    book = openpyxl.Workbook(write_only=True)
    cells = _Cells(book.create_sheet("Journal"), currency=heading.currency)
    cells.widths(WIDTHS)
    cells.row(COLUMNS, is_bold=True)
    for entry in entries:
        for line in entry.lines:
            cells.row(
                (
                    *(entry.number, entry.booked_on, entry.cause, entry.document, entry.contract),
                    *(line.account, line.name, *_sides(line), heading.currency, entry.text),
                )
            )
    _totals(_Cells(book.create_sheet("Totals"), currency=heading.currency), heading, tally)
    made = io.BytesIO()
    book.save(made)
    _repack(made, to)


def _totals(cells: "_Cells", heading: Heading, tally: Tally) -> None:
    cells.widths((12, 34, 16, 16))
    cells.row(("Journal", heading.organisation))
    cells.row(("Period", f"{heading.starts_on} – {heading.ends_on}"))
    cells.row(("Entries", heading.numbers))
    cells.row(("Currency", heading.currency))
    cells.row(())
    cells.row(("Account", "Account name", "Debit", "Credit"), is_bold=True)
    for (account, name), (debit, credit) in sorted(tally.by_account.items()):
        cells.row((account, name, debit, credit))
    cells.row(("", "Total: debit equals credit", tally.debit, tally.credit), is_bold=True)


class _Cells:
    """One sheet, written row by row. Only text that could be taken for a formula, and amounts, get a style."""

    def __init__(self, sheet: Any, *, currency: str) -> None:
        digits = money.digits(currency)
        self.sheet = sheet
        self.format = "#,##0" + (f".{'0' * digits}" if digits else "")
        self.sheet.freeze_panes = "A2"

    def widths(self, widths: Iterable[int]) -> None:
        for place, width in enumerate(widths):
            self.sheet.column_dimensions["ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place]].width = width

    def row(self, values: Iterable[Any], *, is_bold: bool = False) -> None:
        self.sheet.append([self._cell(value, is_bold=is_bold) for value in values])

    def _cell(self, value: Any, *, is_bold: bool) -> Any:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font

        if isinstance(value, str):
            value = one_line(value.translate(_UNREADABLE))
            if not is_bold and value[:1].isalnum():
                return value
        elif value is None or (isinstance(value, int | date) and not is_bold):
            return value
        cell: Any = WriteOnlyCell(self.sheet, value=value)
        if isinstance(value, str):
            cell.data_type = "s"  # never a formula and never an error, whatever it begins with
        if isinstance(value, Decimal):
            cell.number_format = self.format
        if is_bold:
            cell.font = Font(bold=True)
        return cell


def _repack(made: io.BytesIO, to: IO[bytes]) -> None:
    """The same file without the time at which it was made: the same journal makes the same bytes."""
    with zipfile.ZipFile(made) as reading, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as writing:
        for name in reading.namelist():
            content = reading.read(name)
            if name == "docProps/core.xml":
                content = _CHANGED.sub(rb"\g<1>1980-01-01T00:00:00Z", content)
            info = zipfile.ZipInfo(name, date_time=EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            writing.writestr(info, content)
