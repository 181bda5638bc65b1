"""CSV as it comes: UTF-8 with or without a mark, UTF-16 with one, or Windows-1252; comma, semicolon, tab or bar."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from apps.contracts.rules.schedule import Cell
from apps.contracts.rules.schedule.columns import find_header
from apps.core.errors import Refused
from apps.portals.spreadsheets.limits import MOST_COLUMNS, bounded

DELIMITERS: Final = ",;\t|"
_LONGEST_CELL: Final = 32_768
"""No spreadsheet program keeps more in a cell."""
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_csv(content: bytes) -> list[list[Cell]]:
    """The rows of a CSV file, every cell as text."""
    text = _decoded(content)
    if "\0" in text:
        raise Refused("This file is no text. Save the sheet as CSV or XLSX.")
    return bounded(_rows(text))


def _rows(text: str) -> Iterator[list[Cell]]:
    # Strict, so that a quote that is never closed is said, and does not swallow the rest of the file.
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            if len(row) > MOST_COLUMNS or any(len(cell) > _LONGEST_CELL for cell in row):
                raise Refused(
                    "Row {row} is too long: it has more than {most} columns, or a cell with more text than a"
                    " spreadsheet holds.",
                    row=number,
                    most=MOST_COLUMNS,
                )
            yield list(row)
    except csv.Error as error:
        raise Refused(
            "Row {row} cannot be split into cells. Look for a quotation mark that stands alone.", row=number + 1
        ) from error


def _decoded(content: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    for name in (encoding, "cp1252"):
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
    raise Refused("The letters of this file cannot be read. Save it as “CSV UTF-8”.")


def _delimiter(text: str) -> str:
    """The sign by which a row names the most columns; else the one that splits the first rows most evenly."""
    sample = text[:20_000]
    first = sample.split("\n", 1)[0].strip("\r")
    if first.lower().startswith("sep=") and len(first) == len("sep=") + 1:
        return first[-1]
    best, most = ",", (0, 0, 0)
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row]
        except csv.Error:
            continue
        widths, header = [len(row) for row in rows], find_header(rows)
        common = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        score = (len(header.places) if header else 0, widths.count(common) if common > 1 else 0, common)
        if score > most:
            best, most = delimiter, score
    return best
