"""The billing plan adds up to the price, to the minor unit, whatever the currency and however awkward the portions."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from apps.contracts.rules import Portion, known_amounts, plan_amounts
from apps.core import money
from apps.core.errors import Refused

D = Decimal
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD"])


def percents(*values: str) -> list[Portion]:
    return [Portion("percent", percent=D(value)) for value in values]


def fixed(*values: str) -> list[Portion]:
    return [Portion("amount", amount=D(value)) for value in values]


REST = Portion("remainder")


@st.composite
def prices(draw: st.DrawFn, currency: str) -> Decimal:
    return draw(st.integers(1, 10**12)) * money.unit(currency)


def test_thirty_thirty_forty_of_forty_thousand() -> None:
    assert plan_amounts(D("40000.00"), currency="EUR", portions=percents("30", "30", "40")) == [12000, 12000, 16000]


def test_three_thirds_with_a_remainder_lose_no_cent() -> None:
    portions = [*percents("33.333333", "33.333333"), REST]
    assert plan_amounts(D("100.00"), currency="EUR", portions=portions) == [D("33.33"), D("33.33"), D("33.34")]


def test_the_cents_left_over_go_to_the_lines_that_lost_most() -> None:
    amounts = plan_amounts(D("100.01"), currency="EUR", portions=percents("33.4", "33.3", "33.3"))
    assert amounts == [D("33.41"), D("33.30"), D("33.30")]


def test_percentages_that_come_to_what_amounts_leave_share_it() -> None:
    portions = [*fixed("50.00"), *percents("25", "25")]
    assert plan_amounts(D("100.00"), currency="EUR", portions=portions) == [D("50.00"), D("25.00"), D("25.00")]


def test_an_amount_and_a_percentage_that_rounds_to_the_rest_add_up() -> None:
    portions = [*fixed("50.00"), *percents("50")]
    assert plan_amounts(D("100.01"), currency="EUR", portions=portions) == [D("50.00"), D("50.01")]


@pytest.mark.parametrize(
    ("price", "portions", "words"),
    [
        ("40000", percents("30", "30", "35"), "The plan adds up to 95%, 2,000.00 EUR short."),
        ("40000", percents("30", "30", "45"), "The plan adds up to 105%, 2,000.00 EUR too much."),
        ("40000", percents("33.33", "33.33", "33.33"), "The plan adds up to 99.99%, 4.00 EUR short."),
        ("1.00", percents("99.9999"), "The plan adds up to 99.9999%, not to exactly 100%."),
        ("40000", fixed("12000", "12000", "15000"), "The plan adds up to 39,000.00 EUR, 1,000.00 EUR short."),
        ("40000", fixed("12000", "30000"), "The plan adds up to 42,000.00 EUR, 2,000.00 EUR too much."),
        (
            "400",
            [*fixed("400"), REST],
            "Nothing is left for the remainder: the other lines add up to 400.00 EUR, and the price is 400.00 EUR.",
        ),
        ("40000", [REST, REST], "Only one line of the plan can be the remainder."),
        ("40000", [], "Add at least one milestone to the plan."),
        ("40000", [Portion("amount")], "Line 1 of the plan has no amount yet."),
        ("40000", [Portion("percent"), REST], "Line 1 of the plan has no percentage yet."),
        ("40000", [Portion("share"), REST], "Line 1 of the plan must be an amount, a percentage or the remainder."),
        ("40000", [*percents("0"), REST], "The percentage of line 1 must be above 0 and at most 100."),
        ("40000", [*percents("NaN"), REST], "The percentage of line 1 must be above 0 and at most 100."),
        ("40000", [*percents("-5"), REST], "The percentage of line 1 must be above 0 and at most 100."),
        (
            "40000",
            [*percents("33.3333333"), REST],
            "The percentage of line 1 has more than six decimals. Make the last line the remainder instead.",
        ),
        (
            "1.00",
            [*percents("0.1"), REST],
            "Line 1 of the plan comes to nothing: its portion of 1.00 EUR rounds to zero.",
        ),
        ("40000", [*fixed("10.005"), REST], "EUR has 2 decimals; this amount has more. Round it first."),
        ("0", [REST], "Enter an amount above zero."),
        ("NaN", [REST], "Enter an amount above zero."),
        ("1e15", [REST], "This amount is too large. Check the decimal separator."),
    ],
)
def test_a_plan_that_does_not_add_up_says_by_how_much(price: str, portions: list[Portion], words: str) -> None:
    with pytest.raises(Refused) as refused:
        plan_amounts(D(price), currency="EUR", portions=portions)
    assert str(refused.value) == words


def test_an_unfinished_plan_tells_what_is_known() -> None:
    portions = [*percents("30"), Portion("percent"), *fixed("100.00"), REST]
    assert known_amounts(D("1000.00"), currency="EUR", portions=portions) == [D("300.00"), None, D("100.00"), None]


@PATIENT
@given(st.data(), CURRENCIES)
def test_percentages_of_a_hundred_always_add_up_to_the_price(data: st.DataObject, currency: str) -> None:
    price = data.draw(prices(currency))
    cuts = data.draw(st.lists(st.integers(1, 10**8 - 1), max_size=300, unique=True))
    marks = [0, *sorted(cuts), 10**8]
    shares = [D(b - a).scaleb(-6) for a, b in pairwise(marks)]
    portions = [Portion("percent", percent=share) for share in shares]
    assume(min(shares) * price >= 100 * money.unit(currency))
    amounts = plan_amounts(price, currency=currency, portions=portions)
    assert money.total(amounts) == price
    assert all(money.is_exact(amount, currency) for amount in amounts)
    step = money.unit(currency)
    assert all(abs(amount - price * share / 100) < step for amount, share in zip(amounts, shares, strict=True))


@PATIENT
@given(st.data(), CURRENCIES)
def test_whatever_is_accepted_adds_up_is_payable_and_keeps_the_amounts_given(
    data: st.DataObject, currency: str
) -> None:
    price = data.draw(prices(currency))
    portion = st.one_of(
        st.integers(1, 10**8).map(lambda n: Portion("percent", percent=D(n).scaleb(-6))),
        st.integers(1, 10**9).map(lambda n: Portion("amount", amount=n * money.unit(currency))),
    )
    portions = data.draw(st.lists(portion, max_size=12))
    if data.draw(st.booleans()):
        portions.insert(data.draw(st.integers(0, len(portions))), REST)
    try:
        amounts = plan_amounts(price, currency=currency, portions=portions)
    except Refused:
        return
    assert money.total(amounts) == price
    assert all(amount > 0 and money.is_exact(amount, currency) for amount in amounts)
    assert all(a == p.amount for a, p in zip(amounts, portions, strict=True) if p.basis == "amount")


@PATIENT
@given(st.data(), CURRENCIES)
def test_amounts_that_add_up_are_accepted_and_one_unit_more_is_refused(data: st.DataObject, currency: str) -> None:
    step = money.unit(currency)
    amounts = [n * step for n in data.draw(st.lists(st.integers(1, 10**9), min_size=1, max_size=300))]
    portions = [Portion("amount", amount=amount) for amount in amounts]
    price = money.total(amounts)
    assume(price < money.LARGEST)
    assert plan_amounts(price, currency=currency, portions=portions) == amounts
    with pytest.raises(Refused, match=r"short|too much"):
        plan_amounts(price + step, currency=currency, portions=portions)


@PATIENT
@given(st.data(), CURRENCIES)
def test_the_remainder_is_exactly_what_the_others_leave(data: st.DataObject, currency: str) -> None:
    price = data.draw(prices(currency))
    shares = data.draw(st.lists(st.integers(1, 3 * 10**6), max_size=30))
    portions = [*(Portion("percent", percent=D(share).scaleb(-6)) for share in shares), REST]
    try:
        amounts = plan_amounts(price, currency=currency, portions=portions)
    except Refused:
        return
    assert amounts[-1] == price - money.total(amounts[:-1]) > 0
