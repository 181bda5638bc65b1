"""What was exported imports again as the same plan, whatever stands in it; and nothing in it can run."""

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.contracts.drafts import Condition, DraftCriterion, DraftLine, Due, LineTerms, Measure, Recovery
from apps.contracts.exemptions import CODES, OF_CATEGORY
from apps.contracts.rules.checks import check_line
from apps.contracts.rules.measures import UNITS
from apps.contracts.rules.review import SILENCES
from apps.contracts.rules.schedule import read_schedule, written_schedule
from apps.core.errors import Refused
from apps.portals.spreadsheets import CSV, XLSX, read_rows, written
from tests.portals.spreadsheets.samples import uploaded

DIGITS = {"JPY": 0, "EUR": 2, "KWD": 3}
signs = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
dangerous = st.sampled_from(
    ["=", "+", "-", "@", "\uff1d", "\t", "\n", "'", '"', ",", ";", "|", " ", "Total", "x", "_x0041_"]
)
texts = st.lists(signs | dangerous, max_size=12).map("".join)
criteria = st.builds(
    DraftCriterion,
    text=texts.filter(str.strip),
    needs_evidence=st.booleans(),
    nature=st.sampled_from(["", "objective", "subjective"]),
)

# Names that other lines and documents are found by: one line each.
names = texts.map(lambda text: " ".join(text.split())).filter(bool)
days = st.dates(date(1970, 1, 1), date(2200, 12, 31))
shares = st.decimals(min_value=Decimal("0.000001"), max_value=50, places=6)
conditions = st.builds(
    Condition,
    needs=st.sampled_from(["all", "any"]),
    milestones=st.lists(names, max_size=2).map(tuple),
    on=st.none() | days,
    events=st.lists(names, max_size=2).map(tuple),
)
either = st.none() | st.booleans()
TAXES = [
    ("", None),
    ("S", Decimal(7)),
    ("S", Decimal("8.125")),
    *((code, Decimal(0)) for code in ("Z", "E", "AE", "K", "G", "O")),
]
rates = st.none() | st.decimals(min_value=0, max_value=100, places=4)


def taxed(draw: st.DrawFn, own: LineTerms) -> LineTerms:
    """The same with a treatment and its rate, or neither."""
    category, rate = draw(st.sampled_from(TAXES))
    if category not in CODES:
        return replace(own, tax_category=category, tax_rate=rate)
    code, words = draw(st.sampled_from(["", *CODES[category]])), draw(st.just("") | names)
    code = "" if code == OF_CATEGORY.get(category) else code
    return replace(own, tax_category=category, tax_rate=rate, exemption_code=code, exemption_reason=words)


owns = st.builds(
    LineTerms,
    review_days=st.none() | st.integers(1, 365),
    silence=st.sampled_from(["", *SILENCES]),
    is_cumulative=st.booleans(),
    retention_rate=st.none() | st.decimals(min_value=0, max_value=50, places=3),
    is_materials=st.booleans(),
    condition=st.none() | conditions,
    documents=st.lists(names, max_size=2, unique_by=str.casefold).map(tuple),
    payment_days=st.none() | st.integers(0, 365),
    partial_acceptance=either,
    needs_inspection=either,
    two_acceptors=either,
    question_suspensions=st.none() | st.integers(0, 3),
    damages_percent=rates,
    bonus_percent=rates,
)


def dues(amounts: st.SearchStrategy[Decimal]) -> st.SearchStrategy[tuple[str, Due]]:
    """A kind of line that the calendar bills, and when."""
    starts = [st.just(Due()), days.map(lambda day: Due("date", day))]
    named = [
        names.map(lambda name: Due("acceptance", milestone=name)),
        names.map(lambda name: Due("event", event=name)),
    ]
    recoveries = st.one_of(
        st.sampled_from([Recovery("proportion"), Recovery("first")]),
        st.builds(lambda rate, begins: Recovery("rate", rate, begins), shares, shares | st.just(Decimal(0))),
        amounts.map(lambda amount: Recovery("fixed", amount=amount)),
    )
    earned = st.one_of(*starts)
    recovered = st.builds(lambda due, way: replace(due, recovery=way), st.one_of(*starts, *named), recoveries)
    repeated = st.builds(
        lambda due, period, count: replace(due, period=period, count=count),
        st.one_of(*starts, named[0]),
        st.sampled_from(["", "month", "quarter", "year"]),
        st.none() | st.integers(1, 240),
    )
    return st.one_of(
        (earned | recovered).map(lambda due: ("deposit", due)), repeated.map(lambda due: ("recurring", due))
    )


@st.composite
def plans(draw: st.DrawFn) -> tuple[str, tuple[DraftLine, ...]]:
    """A currency and a plan that a draft could hold."""
    currency = draw(st.sampled_from(sorted(DIGITS)))
    amounts = st.decimals(min_value=1, max_value=10**12, places=DIGITS[currency])
    percents = st.decimals(min_value=Decimal("0.000001"), max_value=100, places=6)
    lines = []
    for basis in draw(st.lists(st.sampled_from(["percent", "amount"]), min_size=1, max_size=6)):
        line = DraftLine(
            title=draw(texts.filter(str.strip)),
            scope=draw(texts),
            basis=basis,
            percent=draw(st.none() | percents) if basis == "percent" else None,
            amount=draw(st.none() | amounts) if basis == "amount" else None,
            planned_on=draw(st.none() | st.dates(date(1970, 1, 1), date(2200, 12, 31))),
            criteria=tuple(draw(st.lists(criteria, max_size=3))),
            own=taxed(draw, draw(st.just(LineTerms()) | owns)),
        )
        lines.append(line)
    for kind, due in draw(st.lists(dues(amounts), max_size=3)):
        own = taxed(draw, LineTerms(payment_days=draw(st.none() | st.integers(0, 365))))
        title = draw(texts.filter(str.strip))
        line = DraftLine(title=title, kind=kind, due=due, basis="percent", percent=Decimal(0), own=own)
        if draw(st.booleans()):
            lines.append(replace(line, percent=draw(percents)))
        else:
            lines.append(replace(line, basis="amount", percent=None, amount=draw(amounts)))
    if draw(st.booleans()):
        lines.append(DraftLine(title=draw(texts.filter(str.strip)), basis="remainder"))
    if draw(st.booleans()):
        counted = st.decimals(min_value=Decimal("0.5"), max_value=10**4, places=3)
        measure = Measure(draw(counted), draw(st.sampled_from(UNITS)), draw(counted))
        lines.append(DraftLine(title=draw(texts.filter(str.strip)), basis="amount", measure=measure))
    try:
        return currency, tuple(check_line(line, position=1, currency=currency) for line in lines)
    except Refused:
        # Trimmed to nothing, or longer once composed: no draft holds it.
        return currency, (DraftLine(title="All", basis="remainder"),)


def exported(lines: tuple[DraftLine, ...], *, kind: str, language: str = "en") -> bytes:
    amounts = [Decimal("12.50")] * len(lines)
    rows = written_schedule(lines, amounts=amounts, language=language)
    return bytes(written(rows, kind=kind, name="Plan 1").content)


@pytest.mark.parametrize("kind", [CSV, XLSX])
@pytest.mark.parametrize("language", ["en", "de", "fr"])
@settings(max_examples=40)
@given(plan=plans())
def test_what_was_exported_imports_again(kind: str, language: str, plan: tuple[str, tuple[DraftLine, ...]]) -> None:
    currency, lines = plan
    content = exported(lines, kind=kind, language=language)
    schedule = read_schedule(read_rows(uploaded(content, f"plan.{kind}")), currency=currency)
    assert [str(problem.refusal) for problem in schedule.problems] == []
    assert schedule.lines == lines


@given(plan=plans())
def test_no_cell_of_an_export_begins_a_formula(plan: tuple[str, tuple[DraftLine, ...]]) -> None:
    _currency, lines = plan
    table = csv.reader(io.StringIO(exported(lines, kind=CSV).decode("utf-8-sig"), newline=""))
    for cell in (cell for row in table for cell in row):
        for part in cell.split("\n"):
            assert not part.lstrip(" \u00a0").startswith(
                ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t")
            )
    book = openpyxl.load_workbook(io.BytesIO(exported(lines, kind=XLSX)))
    sheet: Any = book.active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "inlineStr", "n", "d"}


def test_numbers_stay_numbers_and_dates_dates() -> None:
    line = DraftLine("A", basis="amount", amount=Decimal("12400.50"), planned_on=date(2027, 1, 15))
    book = openpyxl.load_workbook(io.BytesIO(exported((line,), kind=XLSX)))
    sheet: Any = book.active
    title, _scope, basis, _percent, amount, day, *_rest, comes_to = [cell.value for cell in sheet[2]]
    assert (title, basis, amount, day.date(), comes_to) == ("A", "amount", 12400.5, date(2027, 1, 15), 12.5)


def test_a_number_with_three_decimals_cannot_be_taken_for_thousands() -> None:
    lines = (DraftLine("A", basis="amount", amount=Decimal("1.234")),)
    assert b",1.2340," in exported(lines, kind=CSV)


def test_the_file_is_a_download_with_a_harmless_name() -> None:
    answer = written([["A"]], kind=CSV, name='NL/1 "x"\r\nSet-Cookie: a=b')
    assert answer["Content-Disposition"] == 'attachment; filename="nl1-x-set-cookie-ab.csv"'
    assert answer["X-Content-Type-Options"] == "nosniff"
