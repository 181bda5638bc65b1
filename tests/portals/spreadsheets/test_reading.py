"""What comes in a file is read as it was meant, and what could do harm is refused in words before it is read."""

import io
import re
import resource
import time
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import openpyxl.xml
import pytest

from apps.contracts.rules.schedule import Cell, Formula, Share
from apps.core.errors import Refused
from apps.portals.spreadsheets import MOST_BYTES, read_rows, xlsx_files, xlsx_reader
from tests.portals.spreadsheets.samples import repacked, uploaded, xlsx

PLAN: list[list[Cell]] = [["Milestone", "Amount"], ["Prüfung", "1,5"]]


@pytest.mark.parametrize(
    "content",
    [
        "Milestone;Amount\nPrüfung;1,5\n".encode(),
        "\ufeffMilestone;Amount\r\nPrüfung;1,5\r\n".encode(),
        "Milestone;Amount\r\nPrüfung;1,5".encode("cp1252"),
        "Milestone;Amount\nPrüfung;1,5\n".encode("utf-16"),
        'Milestone,Amount\nPrüfung,"1,5"\n'.encode(),
        "Milestone\tAmount\nPrüfung\t1,5\n".encode(),
        "Milestone|Amount\nPrüfung|1,5\n".encode(),
    ],
)
def test_csv_in_every_usual_dress(content: bytes) -> None:
    assert read_rows(uploaded(content)) == PLAN


def test_a_first_line_that_names_the_delimiter_is_believed() -> None:
    assert read_rows(uploaded("sep=;\nA;B,C\n"))[1:] == [["A", "B,C"]]


def test_xlsx_keeps_the_kinds_of_its_cells() -> None:
    rows = read_rows(
        uploaded(
            xlsx(
                ["A", 0.1 + 0.2, 12400.5, (0.3, "0%"), date(2027, 1, 15), True, "=1+1", None, 7],
            ),
            "plan.xlsx",
        )
    )
    assert rows == [
        [
            "A",
            Decimal("0.3"),
            Decimal("12400.5"),
            Share(Decimal(30)),
            date(2027, 1, 15),
            "yes",
            Formula("=1+1"),
            None,
            Decimal(7),
        ]
    ]


def test_the_first_sheet_that_is_visible_is_read() -> None:
    assert read_rows(uploaded(xlsx(["Shown"], hidden_first=True), "plan.xlsx")) == [["Shown"]]


SMALL = xlsx(["Milestone", "Amount"], ["A", 1])
ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY more "&lol;&lol;&lol;">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="str">
<v>&more;</v></c></row></sheetData></worksheet>"""
OUTSIDE = ENTITIES.replace(b'<!ENTITY lol "lol">', b'<!ENTITY lol SYSTEM "file:///etc/hostname">')


def bomb() -> bytes:
    return repacked(SMALL, xl__worksheets__sheet1_dot_xml=b"<a>" + b" " * (61 * 1024 * 1024) + b"</a>")


def many_parts() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(501):
            archive.writestr(f"part{number}", b"")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("plan.csv", lambda: b"", "The file is empty."),
        ("plan.csv", lambda: b" \n ", "The file is empty."),
        ("plan.csv", lambda: b"x" * (MOST_BYTES + 1), "The file is larger than 5 MB."),
        ("plan.pdf", lambda: b"%PDF-1.7", "Choose a CSV or an XLSX file."),
        ("plan", lambda: b"A;B", "Choose a CSV or an XLSX file."),
        ("plan.csv", lambda: SMALL, "This file is named as text but is a spreadsheet"),
        ("plan.xlsx", lambda: b"A;B", "This file is named XLSX but is none."),
        ("plan.xls", lambda: b"\xd0\xcf\x11\xe0rest", "This is an old or an encrypted Excel file."),
        ("plan.xlsm", lambda: SMALL, "Files of this kind can carry macros."),
        ("plan.csv", lambda: b"A\0B;C", "This file is no text."),
        ("plan.csv", lambda: b"A;B\x81\n\xff\x8d", "The letters of this file cannot be read."),
        ("plan.csv", lambda: b'Milestone,Amount\n"A,5\nB,6\n', "Row 2 cannot be split into cells."),
        ("plan.csv", lambda: b"," * 200, "Row 1 is too long"),
        ("plan.csv", lambda: b"A,B\n" + b"x" * 40_000 + b",1\n", "Row 2 is too long"),
        ("plan.xlsx", lambda: b"PK\x03\x04 and nothing", "This XLSX file is damaged."),
        ("plan.xlsx", many_parts, "This file unpacks to more than a plan can be."),
        ("plan.xlsx", bomb, "This file unpacks to more than a plan can be."),
        ("plan.xlsx", lambda: repacked(SMALL, xl__vbaProject_dot_bin=b"x"), "This file carries macros."),
        (
            "plan.xlsx",
            lambda: repacked(SMALL, xl__worksheets__sheet1_dot_xml=ENTITIES),
            "This file asks for other files",
        ),
        (
            "plan.xlsx",
            lambda: repacked(SMALL, xl__worksheets__sheet1_dot_xml=OUTSIDE),
            "This file asks for other files",
        ),
        ("plan.xlsx", lambda: repacked(SMALL, xl__workbook_dot_xml=b"<broken"), "This XLSX file is damaged."),
        ("plan.xlsx", lambda: repacked(SMALL, xl__worksheets__sheet1_dot_xml=b"<broken"), "This XLSX file is damaged."),
    ],
)
def test_what_is_no_plan_or_means_harm_is_refused_in_words(name: str, content: Callable[[], bytes], words: str) -> None:
    with pytest.raises(Refused) as refused:
        read_rows(uploaded(content(), name))
    assert str(refused.value).startswith(words)


def test_without_its_guard_no_xlsx_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert openpyxl.xml.DEFUSEDXML
    monkeypatch.setattr("apps.portals.spreadsheets.xlsx_reader.DEFUSEDXML", False)
    with pytest.raises(RuntimeError, match="without a guard"):
        xlsx_reader.read_xlsx(SMALL)


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
STRINGS = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</sst>'


SIZED = SHEET.replace(b"<sheetData>", b'<dimension ref="A1"/><sheetData>')
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"


def sharing(strings: bytes, content: bytes) -> bytes:
    """The workbook with a table of texts that its cells share."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        types = archive.read("[Content_Types].xml")
    one_more = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{KIND}"/></Types>'.encode()
    parts = {
        "[Content_Types]_dot_xml": types.replace(b"</Types>", one_more),
        "xl__sharedStrings_dot_xml": STRINGS % strings,
    }
    return repacked(content, **parts)


def many_strings() -> bytes:
    """57 MB that are four million texts when they are read: 170 kB on the way."""
    return sharing(b"<si><t/></si>" * 4_400_000, SMALL)


def one_text_many_times() -> bytes:
    """A text of 30,000 letters that stands in two million cells."""
    row = b"<row>" + b'<c t="s"><v>0</v></c>' * 100 + b"</row>"
    sheet = repacked(SMALL, xl__worksheets__sheet1_dot_xml=SIZED % (row * 20_000))
    return sharing(b"<si><t>" + b"x" * 30_000 + b"</t></si>", sheet)


def many_cells() -> bytes:
    """Three million numbers in two hundred kilobytes."""
    row = b"<row>" + b"<c><v>1</v></c>" * 100 + b"</row>"
    return repacked(SMALL, xl__worksheets__sheet1_dot_xml=SIZED % (row * 30_000))


def one_endless_row() -> bytes:
    """Four million cells side by side."""
    row = b"<row>" + b"<c><v>1</v></c>" * 3_900_000 + b"</row>"
    return repacked(SMALL, xl__worksheets__sheet1_dot_xml=SHEET % row)


@pytest.mark.parametrize(
    ("bomb", "seconds", "words"),
    [
        (many_strings, 3.0, "This file takes more memory or time"),
        (one_text_many_times, 8.0, "This file holds more than a plan can be"),
        # Before half a million are counted, the time may be over.
        (many_cells, 8.0, "This file (holds|takes) more"),
        (one_endless_row, 3.0, "This file takes more memory or time"),
    ],
)
def test_what_passes_the_scales_and_is_huge_breaks_a_child_and_not_this_process(
    monkeypatch: pytest.MonkeyPatch, bomb: Callable[[], bytes], seconds: float, words: str
) -> None:
    content = bomb()
    assert len(content) < MOST_BYTES
    before, begun = _peak(), time.monotonic()
    with monkeypatch.context() as patch:
        patch.setattr(xlsx_files._child, "seconds", seconds)
        with pytest.raises(Refused) as refused:
            read_rows(uploaded(content, "plan.xlsx"))
    assert re.match(words, str(refused.value))
    assert _peak() - before < 64 * 2**20
    assert time.monotonic() - begun < 15
    assert read_rows(uploaded(SMALL, "plan.xlsx")) == [["Milestone", "Amount"], ["A", Decimal(1)]], (
        "the next one is read"
    )


def _peak() -> int:
    """The most memory that this process has held so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_the_longest_plan_is_read_within_the_limits() -> None:
    rows = [[f"Milestone {number}", 0.5, "x" * 200, "Criterion", "yes", date(2027, 1, 15)] for number in range(10_000)]
    assert len(read_rows(uploaded(xlsx(*rows), "plan.xlsx"))) == 10_000


def test_a_sheet_that_says_it_is_endless_is_read_as_long_as_it_is() -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="str"><v>A</v></c></row></sheetData>'
        b"</worksheet>"
    )
    assert read_rows(uploaded(repacked(SMALL, xl__worksheets__sheet1_dot_xml=sheet), "plan.xlsx")) == [["A"]]


def test_rows_beyond_what_a_file_may_have_are_not_read() -> None:
    assert len(read_rows(uploaded("A;B\n" * 40_000))) == 30_001
