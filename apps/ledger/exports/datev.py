"""DATEV-Format, Buchungsstapel: header version 700, format category 21, format version 13.

Windows-1252, semicolons, CR LF, a header, a row of names, then one record for each transfer from one account to one
other: entries of more lines are split. Sources: developer.datev.de, "DATEV-Format": Einstieg
(/datev/platform/de/dtvf/einstieg), Header (…/formate/header) and Buchungsstapel (…/formate/buchungsstapel).
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import IO, Final

from apps.core.errors import Refused
from apps.ledger.exports.datev_columns import COLUMNS, TEXTS
from apps.ledger.exports.parts import Heading, JournalEntry, Tally
from apps.ledger.rules import (
    Replaced,
    Side,
    Transfer,
    first_day_of_year,
    guarded,
    in_windows_1252,
    same_year,
    transfers,
)

TOO_LARGE: Final = Decimal(10) ** 10
"""Amounts have up to ten digits before the comma."""
DECIMALS: Final = 2
_NOT_IN_A_REFERENCE: Final = re.compile(r"[^A-Za-z0-9$&%*+\-/]")


def check(heading: Heading, *, largest: Decimal, digits: int) -> None:
    """Refuse what the format cannot say, before anything is written. ``digits`` are the decimals of the currency."""
    if digits > DECIMALS:
        raise Refused(
            "Amounts in DATEV have {decimals} decimals, and {currency} has {digits}. Export CSV or XLSX instead.",
            decimals=DECIMALS,
            currency=heading.currency,
            digits=digits,
        )
    if largest >= TOO_LARGE:
        raise Refused("Amounts in DATEV have up to ten digits, and one of these has more. Export CSV or XLSX instead.")
    if not same_year(heading.starts_on, heading.ends_on, begins=heading.details.year_begins):
        raise Refused(
            "In DATEV one file is of one financial year, and yours begins in month {month}. Choose a shorter period.",
            field="ends_on",
            month=heading.details.year_begins,
        )


def write(entries: Iterable[JournalEntry], *, heading: Heading, to: IO[bytes], tally: Tally) -> None:
    """Write the file. Characters that Windows-1252 lacks are counted in the tally."""
    _put(to, _header(heading))
    _put(to, ";".join(COLUMNS))
    for entry in entries:
        sides = [Side(heading.accounts[line.account], line.amount) for line in entry.lines]
        said = _said(entry, tally) if sides else {}
        for transfer in transfers(sides):
            _put(to, _record(transfer, said, currency=heading.currency))


def _put(to: IO[bytes], line: str) -> None:
    to.write(f"{line}\r\n".encode("cp1252"))


def _header(heading: Heading) -> str:
    """The first line. Created is when the newest entry was posted, so that the same journal makes the same file."""
    details, accounts = heading.details, list(heading.accounts.values())
    created = heading.last_posted_at.strftime("%Y%m%d%H%M%S%f")[:17]
    name = in_windows_1252(f"Cairn {heading.numbers}").text[:30]
    year = first_day_of_year(heading.starts_on, begins=details.year_begins)
    fields = [
        *(_quoted("EXTF"), "700", "21", _quoted("Buchungsstapel"), "13", created, "", _quoted(""), _quoted("")),
        *(_quoted(""), str(details.consultant), str(details.client), f"{year:%Y%m%d}", str(len(accounts[0]))),
        *(f"{heading.starts_on:%Y%m%d}", f"{heading.ends_on:%Y%m%d}", _quoted(name), _quoted(""), "1", "0", "0"),
        *(_quoted(heading.currency), "", _quoted(""), "", "", _quoted(details.chart), "", "", _quoted(""), _quoted("")),
    ]
    return ";".join(fields)


def _said(entry: JournalEntry, tally: Tally) -> dict[str, str]:
    """What every record of an entry says beside its amount and accounts."""
    texts = {
        "Buchungstext": in_windows_1252(guarded(entry.text)),
        "Beleginfo - Inhalt 2": in_windows_1252(guarded(entry.contract)),
        "Beleginfo - Inhalt 3": in_windows_1252(guarded(entry.cause)),
    }
    longest = {"Buchungstext": 60}
    tally.replaced += sum(one.count for one in texts.values())
    return {
        "Belegdatum": f"{entry.booked_on:%d%m}",
        "Belegfeld 1": _reference(entry.document)[:36],
        "Belegfeld 2": str(entry.number)[:12],
        "Beleginfo - Art 1": "Buchungsnummer",
        "Beleginfo - Inhalt 1": str(entry.number),
        "Beleginfo - Art 2": "Vertrag" if entry.contract else "",
        "Beleginfo - Art 3": "Ursache",
        "Festschreibung": "0",
        **{name: _cut(one, longest.get(name, 210)) for name, one in texts.items()},
    }


def _cut(said: Replaced, longest: int) -> str:
    return said.text[:longest]


def _reference(document: str) -> str:
    """A document's number in the signs that a Belegfeld takes; it begins with none that a spreadsheet reckons with."""
    return _NOT_IN_A_REFERENCE.sub("", in_windows_1252(document).text).lstrip("+-")


def _record(transfer: Transfer, said: dict[str, str], *, currency: str) -> str:
    values = {
        **said,
        "Umsatz (ohne Soll/Haben-Kz)": f"{transfer.amount:.{DECIMALS}f}".replace(".", ","),
        "Soll/Haben-Kennzeichen": "S",
        "WKZ Umsatz": currency,
        "Konto": transfer.debit,
        "Gegenkonto (ohne BU-Schlüssel)": transfer.credit,
    }
    return ";".join(_quoted(values.get(name, "")) if name in TEXTS else values.get(name, "") for name in COLUMNS)


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
