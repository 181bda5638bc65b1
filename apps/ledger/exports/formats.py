"""Which module writes which format."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Final, Protocol

from apps.ledger.exports import datev, quickbooks, tables, xero
from apps.ledger.exports.parts import Heading, JournalEntry, Tally
from apps.ledger.models import ExportFormat, Package


class Check(Protocol):
    """Refuses what a format cannot say of a journal; ``digits`` are the decimals of its currency."""

    def __call__(self, heading: Heading, *, largest: Decimal, digits: int) -> None: ...


class Write(Protocol):
    """Writes a journal in a format."""

    def __call__(self, entries: Iterable[JournalEntry], *, heading: Heading, to: IO[bytes], tally: Tally) -> None: ...


@dataclass(frozen=True, slots=True)
class Format:
    """How a journal gets into one format; ``package`` is the program whose accounts it is written in, or empty."""

    check: Check
    write: Write
    content_type: str
    package: str = ""


FORMATS: Final = {
    ExportFormat.CSV: Format(tables.check, tables.write_csv, "text/csv; charset=utf-8"),
    ExportFormat.XLSX: Format(
        tables.check, tables.write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ),
    ExportFormat.DATEV: Format(datev.check, datev.write, "text/csv; charset=windows-1252", Package.DATEV),
    ExportFormat.XERO: Format(xero.check, xero.write, "text/csv; charset=utf-8", Package.XERO),
    ExportFormat.QUICKBOOKS: Format(quickbooks.check, quickbooks.write, "text/csv; charset=utf-8", Package.QUICKBOOKS),
}
