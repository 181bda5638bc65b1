"""The arithmetic of an invoice, to the last cent."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.invoicing import rules
from apps.invoicing.rules import TaxedAmount, TaxSubtotal

D = Decimal


@pytest.mark.parametrize(
    ("net", "rate", "currency", "tax"),
    [
        ("12000.00", "19", "EUR", "2280.00"),
        ("0.13", "19", "EUR", "0.02"),
        ("2.50", "1", "EUR", "0.03"),
        ("0.50", "1", "EUR", "0.01"),
        ("0.49", "1", "EUR", "0.00"),
        ("84033.61", "19", "EUR", "15966.39"),
        ("1005", "10", "JPY", "101"),
        ("10.005", "5", "KWD", "0.500"),
        ("100.00", "8.875", "USD", "8.88"),
        ("9999999999999.99", "19", "EUR", "1900000000000.00"),
    ],
)
def test_tax_is_half_up_to_the_minor_unit(net: str, rate: str, currency: str, tax: str) -> None:
    (row,) = rules.tax_breakdown([TaxedAmount(D(net), "S", D(rate))], currency=currency)
    assert row == TaxSubtotal(D(net), D(tax), "S", D(rate))
    assert str(row.tax) == tax


def test_tax_is_rounded_once_per_category_and_rate_and_not_per_line() -> None:
    lines = [TaxedAmount(D("0.13"), "S", D(19)), TaxedAmount(D("0.13"), "S", D(19)), TaxedAmount(D(7), "S", D(7))]
    breakdown = rules.tax_breakdown(lines, currency="EUR")
    assert breakdown == [
        TaxSubtotal(D("0.26"), D("0.05"), "S", D(19)),
        TaxSubtotal(D(7), D("0.49"), "S", D(7)),
    ]
    assert rules.totals(breakdown) == rules.Totals(net=D("7.26"), tax=D("0.54"), gross=D("7.80"))


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.sampled_from(["0", "5.5", "7", "19", "25"])), min_size=1, max_size=12)
)
def test_totals_add_up_and_tax_is_within_half_a_cent_of_exact_per_rate(lines: list[tuple[int, str]]) -> None:
    amounts = [TaxedAmount(D(cents) / 100, "S", D(rate)) for cents, rate in lines]
    breakdown = rules.tax_breakdown(amounts, currency="EUR")
    totals = rules.totals(breakdown)
    assert totals.net == sum(amount.net for amount in amounts)
    assert totals.gross == totals.net + totals.tax
    assert len({row.rate for row in breakdown}) == len(breakdown)
    for row in breakdown:
        assert abs(row.tax - row.taxable * row.rate / 100) <= D("0.005")


def test_a_line_is_quantity_times_price_rounded_once() -> None:
    assert rules.line_net(quantity=D("1.5"), price=D("33.33"), currency="EUR") == D("50.00")
    assert rules.line_net(quantity=D("-1"), price=D("0.005"), currency="EUR") == D("-0.01")


def test_the_due_date_counts_calendar_days_from_the_day_after_issue() -> None:
    assert rules.due_on(date(2026, 1, 31), payment_days=30) == date(2026, 3, 2)
    assert rules.due_on(date(2024, 2, 28), payment_days=1) == date(2024, 2, 29)
    assert rules.due_on(date(2026, 3, 2), payment_days=0) == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("issued_on", "days", "then_to_the_end", "from_the_end"),
    [
        # The two readings of “45 days end of month” (French Commercial Code, L441-10).
        (date(2026, 1, 20), 45, date(2026, 3, 31), date(2026, 3, 17)),
        (date(2024, 1, 30), 30, date(2024, 2, 29), date(2024, 3, 1)),
        (date(2026, 12, 31), 0, date(2026, 12, 31), date(2026, 12, 31)),
        (date(2026, 11, 1), 365, date(2027, 11, 30), date(2027, 11, 30)),
    ],
)
def test_a_month_may_end_the_days_to_pay_or_begin_them(
    issued_on: date, days: int, then_to_the_end: date, from_the_end: date
) -> None:
    assert rules.due_on(issued_on, payment_days=days, payment_basis="month_end") == then_to_the_end
    assert rules.due_on(issued_on, payment_days=days, payment_basis="after_month_end") == from_the_end


def test_numbers_have_four_digits_or_more() -> None:
    assert rules.invoice_number(prefix="INV", year=2026, position=1) == "INV-2026-0001"
    assert rules.invoice_number(prefix="INV", year=2026, position=10_000) == "INV-2026-10000"
