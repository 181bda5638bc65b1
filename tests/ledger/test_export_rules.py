"""What a journal becomes on its way to other programs: pure rules, tried with everything that people may type."""

import itertools
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import Refused
from apps.ledger.charts import SELLER
from apps.ledger.exports import defaults
from apps.ledger.models import Package
from apps.ledger.rules import (
    Details,
    Side,
    checked_accounts,
    checked_details,
    first_day_of_year,
    guarded,
    in_windows_1252,
    one_line,
    ranges,
    same_year,
    starts_a_formula,
    told,
    transfers,
)

AMOUNTS = st.decimals(min_value=-10_000, max_value=10_000, places=2).filter(bool)
SIDES = st.lists(st.builds(Side, st.sampled_from(["1200", "1410", "1710", "1770", "2100"]), AMOUNTS), max_size=12)


def balanced(sides: list[Side]) -> list[Side]:
    """The same sides with one more that makes them add up."""
    missing = -sum((side.amount for side in sides), Decimal(0))
    return [*sides, Side("9999", missing)] if missing else sides


@given(SIDES)
def test_transfers_move_every_account_as_the_entry_did(sides: list[Side]) -> None:
    entry = balanced(sides)
    moved: dict[str, Decimal] = {}
    for side in entry:
        moved[side.account] = moved.get(side.account, Decimal(0)) + side.amount
    found: dict[str, Decimal] = {}
    made = transfers(entry)
    for transfer in made:
        assert transfer.amount > 0
        assert transfer.debit != transfer.credit
        found[transfer.debit] = found.get(transfer.debit, Decimal(0)) + transfer.amount
        found[transfer.credit] = found.get(transfer.credit, Decimal(0)) - transfer.amount
    moving = {account: amount for account, amount in moved.items() if amount}
    assert found == moving
    assert len(made) <= max(len(moving) - 1, 0)


def test_an_invoice_with_tax_is_two_transfers_from_receivables() -> None:
    sides = [Side("1410", Decimal("119.00")), Side("1710", Decimal("-100.00")), Side("1770", Decimal("-19.00"))]
    assert [(one.debit, one.credit, one.amount) for one in transfers(sides)] == [
        ("1410", "1710", Decimal("100.00")),
        ("1410", "1770", Decimal("19.00")),
    ]


def test_sides_that_do_not_add_up_are_a_bug() -> None:
    with pytest.raises(ValueError, match="differ"):
        transfers([Side("1", Decimal(1)), Side("2", Decimal(-2))])


@given(st.sets(st.integers(1, 60)))
def test_ranges_hold_the_numbers_and_nothing_else(numbers: set[int]) -> None:
    found = ranges(sorted(numbers))
    assert {number for one in found for number in range(one.first, one.last + 1)} == numbers
    assert all(later.first > earlier.last + 1 for earlier, later in itertools.pairwise(found))


def test_ranges_as_people_read_them() -> None:
    assert told([1, 2, 3, 7, 9, 10]) == "1–3, 7, 9–10"


@given(st.text())
def test_no_text_starts_a_formula_once_it_is_guarded(text: str) -> None:
    safe = guarded(text)
    assert not starts_a_formula(safe)
    assert safe.removeprefix("'") == one_line(text) or safe == one_line(text)
    assert not set(safe) & set("\t\r\n\v\f\0\x85\u2028\u2029")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "＋1", "－1", "＠A", "\n=cmd|' /C calc'!A0"]
)
def test_what_a_spreadsheet_would_reckon_is_text(text: str) -> None:
    assert guarded(text).startswith("'")


def test_plain_texts_stay_as_they_are() -> None:
    assert guarded("Invoice NL-2026-0001, 5 % = 1") == "Invoice NL-2026-0001, 5 % = 1"


@given(st.text())
def test_any_text_can_be_written_in_windows_1252(text: str) -> None:
    replaced = in_windows_1252(text)
    replaced.text.encode("cp1252")
    assert len(replaced.text) > 0 or not text
    assert replaced.count == 0 or replaced.text != text


@pytest.mark.parametrize(
    ("text", "written", "count"),
    [
        ("Müller & Söhne, 5 €", "Müller & Söhne, 5 €", 0),
        ("Mu\u0308ller", "Müller", 0),
        ("Łódź Gyűr", "Lódz Gyur", 3),
        ("東京 AG", "?? AG", 2),
        ("Đorđe", "Dorde", 2),
        ("Ⅳ. Stufe ﬁx", "IV. Stufe fix", 2),
    ],
)
def test_letters_that_windows_1252_lacks_lose_their_accent_or_are_asked_for(
    text: str, written: str, count: int
) -> None:
    replaced = in_windows_1252(text)
    assert (replaced.text, replaced.count) == (written, count)


@pytest.mark.parametrize(
    ("day", "begins", "first"),
    [
        (date(2026, 3, 1), 1, date(2026, 1, 1)),
        (date(2026, 3, 1), 4, date(2025, 4, 1)),
        (date(2026, 4, 1), 4, date(2026, 4, 1)),
        (date(2026, 12, 31), 12, date(2026, 12, 1)),
    ],
)
def test_a_financial_year_begins_with_its_month(day: date, begins: int, first: date) -> None:
    assert first_day_of_year(day, begins=begins) == first
    assert same_year(first, day, begins=begins)


def test_every_account_of_a_seller_has_a_proposal_in_every_program() -> None:
    """Whoever adds an account to the chart says here what it is in SKR 03 and SKR 04."""
    codes = {str(plan.code) for plan in SELLER}
    for package, chart in ((Package.DATEV, "03"), (Package.DATEV, "04"), (Package.XERO, ""), (Package.QUICKBOOKS, "")):
        proposed = defaults.accounts_of(package, chart=chart)
        assert set(proposed) == codes
        assert checked_accounts(package, proposed) == proposed
        assert len(set(proposed.values())) == len(codes)


@pytest.mark.parametrize(
    ("package", "account"),
    [
        ("datev", "12A0"),
        ("datev", "120"),
        ("datev", "123456789"),
        ("datev", "１２００"),
        ("datev", "-1200"),
        ("xero", "=1+1"),
        ("xero", "12345678901"),
        ("xero", "a b"),
        ("quickbooks", "=Bank"),
        ("quickbooks", 'Bank "A"'),
        ("quickbooks", "x" * 101),
    ],
)
def test_what_cannot_be_an_account_is_refused_at_its_field(package: str, account: str) -> None:
    with pytest.raises(Refused) as refused:
        checked_accounts(package, {"1000": account})
    assert refused.value.field == "account_1000"


def test_accounts_of_datev_have_one_length() -> None:
    with pytest.raises(Refused, match="4, 5"):
        checked_accounts("datev", {"1000": "1200", "1100": "14100"})
    assert checked_accounts("datev", {"1000": " 01200 ", "1100": "14100", "1200": ""}) == {
        "1000": "01200",
        "1100": "14100",
    }


@pytest.mark.parametrize(
    ("package", "details", "field"),
    [
        ("datev", Details(client=1), "consultant"),
        ("datev", Details(consultant=1000, client=1), "consultant"),
        ("datev", Details(consultant=1001, client=0), "client"),
        ("datev", Details(consultant=1001, client=100_000), "client"),
        ("xero", Details(), "tax_rate"),
        ("xero", Details(tax_rate="=1"), "tax_rate"),
    ],
)
def test_what_a_program_cannot_take_is_refused(package: str, details: Details, field: str) -> None:
    with pytest.raises(Refused) as refused:
        checked_details(package, details)
    assert refused.value.field == field
