"""Every format, written and read back: each account moves as in the ledger, and texts stay texts."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core import money
from apps.core.errors import Refused
from apps.ledger.charts import SELLER
from apps.ledger.exports import defaults
from apps.ledger.exports.formats import FORMATS
from apps.ledger.exports.parts import Heading, JournalEntry, JournalLine, Tally
from apps.ledger.models import ExportFormat
from apps.ledger.rules import Details, starts_a_formula
from tests.ledger import exported

NAMES = {str(plan.code): plan.name for plan in SELLER}
DETAILS = Details(consultant=29098, client=55003, chart="03", tax_rate="Tax Exempt (0%)")


def accounts_of(kind: ExportFormat) -> dict[str, str]:
    return defaults.accounts_of(FORMATS[kind].package, chart="03") if FORMATS[kind].package else {}


def heading(kind: ExportFormat, entries: list[JournalEntry], *, currency: str = "EUR") -> Heading:
    return Heading(
        organisation="Nordlicht GmbH",
        currency=currency,
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
        numbers=f"1–{len(entries)}",
        lines=sum(len(entry.lines) for entry in entries),
        last_posted_at=datetime(2026, 3, 2, 9, 0, 1, 234_567, tzinfo=UTC),
        accounts=accounts_of(kind),
        details=DETAILS,
    )


def written(kind: ExportFormat, entries: list[JournalEntry], *, currency: str = "EUR") -> tuple[bytes, Tally]:
    buffer, tally = io.BytesIO(), Tally()
    FORMATS[kind].write(
        tally.counting(entries), heading=heading(kind, entries, currency=currency), to=buffer, tally=tally
    )
    return buffer.getvalue(), tally


@st.composite
def journals(draw: st.DrawFn, *, currency: str = "EUR") -> list[JournalEntry]:
    """Entries with two to seven lines on any accounts, with any texts."""
    unit, found = money.unit(currency), []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        codes = draw(st.lists(st.sampled_from(sorted(NAMES)), min_size=2, max_size=6))
        amounts = [draw(st.integers(-(10**9), 10**9).filter(bool)) * unit for _ in codes]
        missing = -sum(amounts, Decimal(0))
        lines = [JournalLine(code, NAMES[code], amount) for code, amount in zip(codes, amounts, strict=True)]
        if missing:
            lines.append(JournalLine("1000", "Bank", missing))
        text, document, contract = (draw(st.text(max_size=80)) for _ in range(3))
        found.append(
            JournalEntry(
                number=number,
                booked_on=draw(st.dates(date(2026, 1, 1), date(2026, 12, 31))),
                cause=f"invoice:{number}",
                text=text,
                document=document,
                contract=contract,
                lines=tuple(lines),
            )
        )
    return found


@pytest.mark.parametrize("kind", ExportFormat)
def test_a_file_read_back_moves_every_account_as_the_ledger_does(kind: ExportFormat) -> None:
    @settings(max_examples=10 if kind is ExportFormat.XLSX else 40, deadline=None)
    @given(journals())
    def holds(entries: list[JournalEntry]) -> None:
        content, tally = written(kind, entries)
        assert exported.read(kind.value, content, accounts_of(kind)) == exported.sums_of(entries)
        assert tally.debit == tally.credit
        assert tally.lines == sum(len(entry.lines) for entry in entries)
        assert written(kind, entries)[0] == content

    holds()


@pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_tables_carry_every_currency_exactly(kind: str, currency: str) -> None:
    @settings(max_examples=5 if kind == "xlsx" else 20, deadline=None)
    @given(journals(currency=currency))
    def holds(entries: list[JournalEntry]) -> None:
        content, _tally = written(ExportFormat(kind), entries, currency=currency)
        assert exported.read(kind, content, {}) == exported.sums_of(entries)

    holds()


def one(text: str, *, lines: int = 2, number: int = 1, unit: str = "1.50") -> JournalEntry:
    amount = Decimal(unit)
    more = [JournalLine("1100", "Receivables", amount), JournalLine("2000", "Contract balance", -amount)]
    return JournalEntry(
        number=number,
        booked_on=date(2026, 3, 2),
        cause="invoice:abc",
        text=text,
        document="R-1",
        contract=text,
        lines=tuple(more * (lines // 2)),
    )


@pytest.mark.parametrize(("currency", "said"), [("JPY", "2"), ("EUR", "1.50"), ("KWD", "1.5000")])
def test_amounts_in_csv_have_their_currencys_decimals_and_are_never_thousands(currency: str, said: str) -> None:
    amount = "2" if currency == "JPY" else "1.500"
    content, _tally = written(ExportFormat.CSV, [one("x", unit=amount)], currency=currency)
    first, second = exported.rows_of_csv(content)
    assert (first["Debit"], first["Credit"]) == (said, "")
    assert (second["Debit"], second["Credit"]) == ("", said)


FORMULAS = ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "x\n=1", "＝1", '=HYPERLINK("http://x","y")']


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("kind", ["csv", "xero", "quickbooks", "datev"])
def test_no_text_cell_is_a_formula(kind: str, text: str) -> None:
    content, _tally = written(ExportFormat(kind), [one(text)])
    rows = exported.rows_of_datev(content) if kind == "datev" else exported.rows_of_csv(content)
    amounts = {"*Amount", "Debit", "Credit", "Debits", "Credits"}
    cells = [cell for row in rows for name, cell in row.items() if name not in amounts]
    assert cells
    assert not [cell for cell in cells if starts_a_formula(cell)]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_sheet_is_a_formula_and_numbers_are_numbers(text: str) -> None:
    content, _tally = written(ExportFormat.XLSX, [one(text)])
    book = openpyxl.load_workbook(io.BytesIO(content))
    row = list(book["Journal"].iter_rows())[1]
    assert [cell.data_type for cell in row] == list("ndsssssnnss")
    assert row[10].value == " ".join(text.split())
    totals = [[cell.value for cell in cells] for cells in book["Totals"].iter_rows()]
    assert totals[-1] == ["", "Total: debit equals credit", 1.5, 1.5] or totals[-1][2:4] == [1.5, 1.5]
    assert ["Entries", "1–1"] in [cells[:2] for cells in totals]


def test_the_first_line_of_datev_is_as_the_description_has_it() -> None:
    content, _tally = written(ExportFormat.DATEV, [one("x")])
    assert content.decode("cp1252").split("\r\n")[0] == (
        '"EXTF";700;21;"Buchungsstapel";13;20260302090001234;;"";"";"";29098;55003;20260101;4;20260101;20261231;'
        '"Cairn 1–1";"";1;0;0;"EUR";;"";;;"03";;;"";""'
    )


def test_a_record_of_datev_says_what_was_booked() -> None:
    (record,) = exported.rows_of_datev(written(ExportFormat.DATEV, [one('Müller "Süd"; Łódź')])[0])
    said = {name: value for name, value in record.items() if value}
    assert said == {
        "Umsatz (ohne Soll/Haben-Kz)": "1,50",
        "Soll/Haben-Kennzeichen": "S",
        "WKZ Umsatz": "EUR",
        "Konto": "1410",
        "Gegenkonto (ohne BU-Schlüssel)": "1710",
        "Belegdatum": "0203",
        "Belegfeld 1": "R-1",
        "Belegfeld 2": "1",
        "Buchungstext": 'Müller "Süd"; Lódz',
        "Beleginfo - Art 1": "Buchungsnummer",
        "Beleginfo - Inhalt 1": "1",
        "Beleginfo - Art 2": "Vertrag",
        "Beleginfo - Inhalt 2": 'Müller "Süd"; Lódz',
        "Beleginfo - Art 3": "Ursache",
        "Beleginfo - Inhalt 3": "invoice:abc",
        "Festschreibung": "0",
    }


def test_letters_that_were_replaced_are_counted() -> None:
    assert written(ExportFormat.DATEV, [one("Łódź 東")])[1].replaced == 6
    assert written(ExportFormat.DATEV, [one("Müller")])[1].replaced == 0
    assert written(ExportFormat.CSV, [one("Łódź 東")])[1].replaced == 0


def test_a_long_journal_for_xero_is_several_files_and_no_entry_is_in_two() -> None:
    entries = [one("x", lines=140, number=number) for number in range(1, 6)]
    content, _tally = written(ExportFormat.XERO, entries)
    assert content.startswith(b"PK")
    assert exported.read("xero", content, accounts_of(ExportFormat.XERO)) == exported.sums_of(entries)


@pytest.mark.parametrize("kind", ["datev", "xero", "quickbooks"])
def test_what_a_format_cannot_say_is_refused_before_anything_is_written(kind: str) -> None:
    form, about = FORMATS[ExportFormat(kind)], heading(ExportFormat(kind), [], currency="KWD")
    with pytest.raises(Refused, match="KWD has 3"):
        form.check(about, largest=Decimal(1), digits=3)


def test_amounts_and_periods_that_datev_cannot_say_are_refused() -> None:
    form, about = FORMATS[ExportFormat.DATEV], heading(ExportFormat.DATEV, [])
    form.check(about, largest=Decimal("9999999999.99"), digits=2)
    with pytest.raises(Refused, match="ten digits"):
        form.check(about, largest=Decimal(10) ** 10, digits=2)
    with pytest.raises(Refused, match="financial year"):
        form.check(replaced_year(about), largest=Decimal(1), digits=2)


def replaced_year(about: Heading) -> Heading:
    """The same days in years that begin with April."""
    return Heading(
        **{
            **{name: getattr(about, name) for name in Heading.__slots__},
            "details": Details(consultant=29098, client=55003, year_begins=4),
        }
    )
