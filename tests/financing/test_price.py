"""The prices of the sample book, funded 2026-03-02: one milestone after acceptance, two before, and all together."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import Refused
from apps.financing.rules import LineTerms
from apps.financing.rules.price import Price, check_validity, days_charged, price, totals

FACE = Decimal(120_000)
FUNDED = date(2026, 3, 2)
TERMS = LineTerms(
    advance_rate=Decimal(85),
    annual_rate=Decimal(12),
    fee_rate=Decimal("0.5"),
    expected_on=date(2026, 4, 21),
)


def priced(terms: LineTerms, face: Decimal = FACE, currency: str = "USD") -> Price:
    return price(face=face, eligible=face, currency=currency, terms=terms, funding_on=FUNDED, least_fee_days=15)


def test_the_sample_book_pays_99_790_for_an_invoice_of_120_000() -> None:
    assert priced(TERMS) == Price(
        face=FACE,
        days=50,
        gross=Decimal(102_000),
        discount=Decimal(1_700),
        fee=Decimal(510),
        net=Decimal(99_790),
        reserve=Decimal(18_000),
    )


def test_at_least_the_least_fee_days_are_charged() -> None:
    soon = replace(TERMS, expected_on=date(2026, 3, 12))
    assert days_charged(funding_on=FUNDED, expected_on=soon.expected_on, least_fee_days=15) == 15
    assert priced(soon).discount == Decimal(510)


def test_the_advance_is_rounded_down_and_the_charges_half_up_in_the_minor_unit() -> None:
    odd = priced(TERMS, face=Decimal("99.99"))
    assert (odd.gross, odd.discount, odd.fee, odd.net, odd.reserve) == tuple(
        map(Decimal, ("84.99", "1.42", "0.42", "83.15", "15.00"))
    )
    yen = priced(TERMS, face=Decimal(99), currency="JPY")
    assert (yen.gross, yen.discount, yen.fee, yen.reserve) == tuple(map(Decimal, (84, 1, 0, 15)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("advance_rate", "0"),
        ("advance_rate", "100.001"),
        ("advance_rate", "NaN"),
        ("annual_rate", "-1"),
        ("annual_rate", "Infinity"),
        ("fee_rate", "100.5"),
    ],
)
def test_rates_that_make_no_sense_are_refused_at_their_field(field: str, value: str) -> None:
    with pytest.raises(Refused) as refusal:
        priced(replace(TERMS, **{field: Decimal(value)}))  # type: ignore[arg-type]
    assert refusal.value.field == field


def test_a_payment_expected_before_the_funding_is_refused() -> None:
    with pytest.raises(Refused, match="after the funding date"):
        priced(replace(TERMS, expected_on=FUNDED))


def test_a_payment_expected_in_another_age_is_refused() -> None:
    with pytest.raises(Refused, match="more than 365 days"):
        priced(replace(TERMS, expected_on=date(9999, 1, 1)))


def test_charges_that_eat_up_the_advance_are_refused() -> None:
    with pytest.raises(Refused, match="nothing would be paid out"):
        priced(replace(TERMS, fee_rate=Decimal(100)))


@given(
    face=st.decimals("0.10", "9999999", places=2),
    advance_rate=st.decimals("1", "100", places=3),
    annual_rate=st.decimals("0", "40", places=3),
    fee_rate=st.decimals("0", "5", places=3),
    days=st.integers(1, 200),
)
def test_every_price_adds_up_and_never_exceeds_the_advance_rate(
    face: Decimal, advance_rate: Decimal, annual_rate: Decimal, fee_rate: Decimal, days: int
) -> None:
    terms = LineTerms(
        advance_rate=advance_rate,
        annual_rate=annual_rate,
        fee_rate=fee_rate,
        expected_on=FUNDED + timedelta(days=days),
    )
    try:
        found = priced(terms, face)
    except Refused:
        return
    assert found.net + found.discount + found.fee + found.reserve == face
    assert 0 < found.gross <= face * advance_rate / 100
    assert min(found.discount, found.fee, found.reserve) >= 0
    assert found.net > 0


def figures(found: Price) -> tuple[int | Decimal, ...]:
    return found.days, found.gross, found.discount, found.fee, found.net


def test_the_sample_book_advances_60_000_and_64_000_before_acceptance() -> None:
    second = replace(TERMS, advance_rate=Decimal(50), annual_rate=Decimal(18), fee_rate=Decimal(0))
    found = priced(replace(second, expected_on=date(2026, 5, 31)))
    assert figures(found) == (90, 60_000, 2_700, 0, 57_300)
    third = replace(second, advance_rate=Decimal(40), annual_rate=Decimal(20), expected_on=date(2026, 8, 29))
    found = priced(third, face=Decimal(160_000))
    assert figures(found) == (180, 64_000, 6_400, 0, 57_600)


@pytest.mark.parametrize("days", [0, 91])
def test_an_offer_stands_for_a_day_to_a_quarter(days: int) -> None:
    with pytest.raises(Refused, match="1 to 90 days"):
        check_validity(days)


LINES = st.lists(
    st.tuples(
        st.decimals("1", "9999999", places=2),
        st.decimals("1", "100", places=3),
        st.decimals("0", "40", places=3),
        st.integers(1, 300),
    ),
    min_size=1,
    max_size=6,
)


@given(lines=LINES)
def test_the_parts_of_an_offer_are_the_whole(lines: list[tuple[Decimal, Decimal, Decimal, int]]) -> None:
    """Adding lines up loses no cent, in whatever order, and an offer of one line is that line."""
    prices = []
    for face, advance_rate, annual_rate, days in lines:
        expected_on = FUNDED + timedelta(days=days)
        terms = replace(TERMS, advance_rate=advance_rate, annual_rate=annual_rate, expected_on=expected_on)
        try:
            prices.append(priced(terms, face))
        except Refused:
            return
    whole = totals(prices)
    assert whole.net + whole.discount + whole.fee == whole.gross
    assert whole.gross + whole.reserve == whole.face == sum(face for face, *_terms in lines)
    assert totals(prices[::-1]) == whole
    assert totals(prices[:1]).net == prices[0].net
    assert whole.gross <= sum(face * rate / 100 for face, rate, *_terms in lines)
