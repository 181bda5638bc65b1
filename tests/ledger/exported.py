"""Files of exports read back: what each says of every account, by our own codes."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from decimal import Decimal

import openpyxl

from apps.ledger.exports.parts import JournalEntry

Sums = dict[str, Decimal]


def sums_of(entries: Iterable[JournalEntry]) -> Sums:
    """What the ledger says: debit less credit of every account, those that did not move left out."""
    found: Sums = {}
    for entry in entries:
        for line in entry.lines:
            _add(found, line.account, line.amount)
    return moved(found)


def moved(sums: Sums) -> Sums:
    return {account: amount for account, amount in sums.items() if amount}


def read(kind: str, content: bytes, accounts: Mapping[str, str]) -> Sums:
    """What a file of a format says."""
    own = {account: code for code, account in accounts.items()}
    return moved(READERS[kind](content, own))


def rows_of_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def rows_of_datev(content: bytes) -> list[dict[str, str]]:
    text = content.decode("cp1252")
    assert text.endswith("\r\n")
    _header, names, *records = text.removesuffix("\r\n").split("\r\n")
    columns = names.split(";")
    assert len(columns) == 125
    rows = list(csv.reader(records, delimiter=";", strict=True))
    assert {len(row) for row in rows} <= {125}
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _csv(content: bytes, own: Mapping[str, str]) -> Sums:
    found: Sums = {}
    for row in rows_of_csv(content):
        _add(found, row["Account"], _decimal(row["Debit"]) - _decimal(row["Credit"]))
    return found


def _xlsx(content: bytes, own: Mapping[str, str]) -> Sums:
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Journal"]
    found: Sums = {}
    for row in list(sheet.iter_rows(values_only=True))[1:]:
        debit, credit = (Decimal(str(cell)) if cell is not None else Decimal(0) for cell in row[7:9])
        _add(found, str(row[5]), debit - credit)
    return found


def _datev(content: bytes, own: Mapping[str, str]) -> Sums:
    found: Sums = {}
    for row in rows_of_datev(content):
        assert row["Soll/Haben-Kennzeichen"] == "S"
        amount = Decimal(row["Umsatz (ohne Soll/Haben-Kz)"].replace(",", "."))
        assert amount > 0
        _add(found, own[row["Konto"]], amount)
        _add(found, own[row["Gegenkonto (ohne BU-Schlüssel)"]], -amount)
    return found


def _xero(content: bytes, own: Mapping[str, str]) -> Sums:
    files = [content]
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [archive.read(name) for name in sorted(archive.namelist())]
    found: Sums = {}
    for file in files:
        rows = rows_of_csv(file)
        journals: dict[tuple[str, str], Decimal] = {}
        assert 0 < len(rows) <= 300
        for row in rows:
            amount = Decimal(row["*Amount"])
            _add(found, own[row["*AccountCode"]], amount)
            about = (row["*Narration"], row["*Date"])
            journals[about] = journals.get(about, Decimal(0)) + amount
        assert not any(journals.values())
    return found


def _quickbooks(content: bytes, own: Mapping[str, str]) -> Sums:
    found: Sums = {}
    journals: dict[str, Decimal] = {}
    for row in rows_of_csv(content):
        amount = _decimal(row["Debits"]) - _decimal(row["Credits"])
        _add(found, own[row["Account Name"]], amount)
        journals[row["Journal No."]] = journals.get(row["Journal No."], Decimal(0)) + amount
    assert not any(journals.values())
    return found


READERS = {"csv": _csv, "xlsx": _xlsx, "datev": _datev, "xero": _xero, "quickbooks": _quickbooks}


def _decimal(text: str) -> Decimal:
    return Decimal(text) if text else Decimal(0)


def _add(sums: Sums, account: str, amount: Decimal) -> None:
    sums[account] = sums.get(account, Decimal(0)) + amount
