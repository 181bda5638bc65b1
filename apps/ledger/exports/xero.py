"""Xero, import of manual journals: the columns of its template, a debit positive and a credit negative.

Lines of one journal share narration and date, so each narration begins with the number of the entry. One file has 300
lines at most; a longer journal is a ZIP of files, and no entry is split between two. Source: Xero help, "Add or post
multiple manual journals" (help.xero.com/int/ManualJournalsImport).
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import IO, Final

from apps.core.errors import Refused
from apps.ledger.exports.parts import Heading, JournalEntry, Tally
from apps.ledger.rules import XERO_LINES, guarded, one_line

DECIMALS: Final = 2
COLUMNS: Final = (
    "*Narration",
    "*Date",
    "Description",
    "*AccountCode",
    "*TaxRate",
    "*Amount",
    "TrackingName1",
    "TrackingOption1",
    "TrackingName2",
    "TrackingOption2",
)
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a ZIP: the earliest that it knows, so that the same journal makes the same bytes."""


def check(heading: Heading, *, largest: Decimal, digits: int) -> None:
    """Refuse what the format cannot say, before anything is written."""
    if digits > DECIMALS:
        raise Refused(
            "Amounts in Xero have {decimals} decimals, and {currency} has {digits}. Export CSV or XLSX instead.",
            decimals=DECIMALS,
            currency=heading.currency,
            digits=digits,
        )


def write(entries: Iterable[JournalEntry], *, heading: Heading, to: IO[bytes], tally: Tally) -> None:
    """Write the file, or the ZIP of files."""
    if heading.lines <= XERO_LINES:
        to.write(_file(row for entry in entries for row in _rows(entry, heading)))
        return
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for number, rows in enumerate(_parts(entries, heading), start=1):
            info = zipfile.ZipInfo(f"journal-{number:03d}.csv", date_time=EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, _file(rows))


def _parts(entries: Iterable[JournalEntry], heading: Heading) -> Iterator[list[list[str]]]:
    rows: list[list[str]] = []
    for entry in entries:
        more = _rows(entry, heading)
        if rows and len(rows) + len(more) > XERO_LINES:
            yield rows
            rows = []
        rows = [*rows, *more]
    yield rows


def _rows(entry: JournalEntry, heading: Heading) -> list[list[str]]:
    narration = one_line(f"No. {entry.number} {entry.text}")
    about = guarded(" · ".join(part for part in (entry.document, entry.contract) if part))
    return [
        [
            *(narration, f"{entry.booked_on:%d/%m/%Y}", about, heading.accounts[line.account]),
            *(heading.details.tax_rate, f"{line.amount:.{DECIMALS}f}", "", "", "", ""),
        ]
        for line in entry.lines
    ]


def _file(rows: Iterable[list[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return buffer.getvalue().encode()
