"""What comes in a file is read as it was meant, and what could do harm is refused in words before it is read."""

import io
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import openpyxl.xml
import pytest

from apps.contracts.rules.schedule import Cell, Formula, Share
from apps.core.errors import Refused
from apps.portals.spreadsheets import MOST_BYTES, read_rows
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
    monkeypatch.setattr("apps.portals.spreadsheets.xlsx_files.DEFUSEDXML", False)
    with pytest.raises(RuntimeError, match="without a guard"):
        read_rows(uploaded(SMALL, "plan.xlsx"))


def test_a_sheet_that_says_it_is_endless_is_read_as_long_as_it_is() -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="str"><v>A</v></c></row></sheetData>'
        b"</worksheet>"
    )
    assert read_rows(uploaded(repacked(SMALL, xl__worksheets__sheet1_dot_xml=sheet), "plan.xlsx")) == [["A"]]


def test_rows_beyond_what_a_file_may_have_are_not_read() -> None:
    assert len(read_rows(uploaded("A;B\n" * 40_000))) == 30_001
