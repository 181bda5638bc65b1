"""How much is withheld and how much is released: properties over random plans, and the cases that the words name."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.contracts.retention import (
    BUYER,
    COMPLETION,
    DATE,
    GROSS,
    NET,
    RetentionRelease,
    RetentionStep,
    RetentionTerms,
    payable_until_final,
)
from apps.core import money
from apps.invoicing.rules import retention as rules
from apps.invoicing.rules.retention import Withheld

CURRENCIES = ("JPY", "EUR", "KWD")
"""None, two and three decimals."""


def amount(written: str) -> Decimal:
    return Decimal(written)


@st.composite
def plans(draw: st.DrawFn) -> tuple[str, Decimal, list[Decimal], RetentionTerms]:
    """A currency, a tax rate, the net amounts of a plan, and terms of retention."""
    currency = draw(st.sampled_from(CURRENCIES))
    unit = money.unit(currency)
    amounts = [n * unit for n in draw(st.lists(st.integers(1, 10**7), min_size=1, max_size=8))]
    percents = st.decimals(min_value=0, max_value=50, places=3)
    begins = sorted(draw(st.lists(st.integers(1, 99), max_size=2, unique=True)))
    terms = RetentionTerms(
        rate=draw(percents),
        base=draw(st.sampled_from((NET, GROSS))),
        steps=tuple(RetentionStep(Decimal(begin), draw(percents)) for begin in begins),
        cap_percent=draw(st.none() | st.decimals(min_value=amount("0.001"), max_value=100, places=3)),
        cap_amount=draw(st.none() | st.integers(1, 10**6).map(lambda n: n * unit)),
    )
    return currency, draw(st.sampled_from((amount("0"), amount("19"), amount("8.1")))), amounts, terms


def billed(
    currency: str, rate: Decimal, amounts: list[Decimal], terms: RetentionTerms
) -> list[tuple[Decimal, Decimal]]:
    """The total of each invoice and what is withheld of it, one after the other as they are issued."""
    price = money.total(amounts)
    whole = price + money.half_up(price * rate / 100, currency)
    made, before = [], Withheld()
    for net in amounts:
        gross = net + money.half_up(net * rate / 100, currency)
        held = rules.withheld_of(
            net=net, gross=gross, price=price, whole=whole, before=before, terms=terms, currency=currency
        )
        base = gross if terms.base == GROSS else net
        before = Withheld(before.billed + base, before.held + held)
        made.append((gross, held))
    return made


@given(plans())
def test_what_is_withheld_is_payable_never_all_of_an_invoice_and_never_above_a_cap(
    plan: tuple[str, Decimal, list[Decimal], RetentionTerms],
) -> None:
    currency, rate, amounts, terms = plan
    made = billed(*plan)
    price = money.total(amounts)
    scale = price + money.half_up(price * rate / 100, currency) if terms.base == GROSS else price
    for gross, held in made:
        assert 0 <= held < gross
        assert money.is_exact(held, currency)
    for cap in rules.caps(terms, scale=scale, currency=currency):
        assert money.total(held for _gross, held in made) <= cap


@given(plans(), st.data())
def test_in_how_many_invoices_a_plan_is_billed_changes_the_retention_by_rounding_only(
    plan: tuple[str, Decimal, list[Decimal], RetentionTerms], data: st.DataObject
) -> None:
    currency, rate, amounts, terms = plan
    if terms.base == GROSS or terms.cap_amount is not None or terms.cap_percent is not None:
        terms = RetentionTerms(rate=terms.rate, steps=terms.steps)
    # One unit is always left to pay; that shows on invoices of a unit or two, and is no rounding.
    amounts = [amount * 1000 for amount in amounts]
    together = money.total(held for _gross, held in billed(currency, rate, [money.total(amounts)], terms))
    apart = money.total(held for _gross, held in billed(currency, rate, amounts, terms))
    assert abs(together - apart) <= money.unit(currency) * (len(amounts) + 1) / 2


@given(
    st.sampled_from(CURRENCIES),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=8),
    st.lists(st.integers(1, 40), min_size=1, max_size=3),
    st.data(),
)
def test_the_parts_of_a_release_are_together_what_was_withheld_to_the_cent(
    currency: str, units: list[int], weights: list[int], data: st.DataObject
) -> None:
    """In whatever order the parts become due, and although more is withheld in between."""
    unit = money.unit(currency)
    held = [n * unit for n in units]
    shares = money.split(Decimal(100), [Decimal(one) for one in weights], "KWD")
    releases = [RetentionRelease(share) for share in shares]
    order = data.draw(st.permutations(range(len(releases))))
    late = data.draw(st.integers(0, len(held) - 1))
    left, released = held[: len(held) - late], money.ZERO
    made: list[RetentionRelease] = []
    for place, number in enumerate(order):
        is_last = place == len(order) - 1
        if is_last:
            left += held[len(held) - late :]
        amount = rules.released_of(
            withheld=money.total(left) + released,
            released=released,
            made=made,
            release=releases[number],
            is_last=is_last,
            currency=currency,
        )
        assert 0 <= amount <= money.total(left)
        if amount:
            parts = rules.shares_of(amount, left=left, currency=currency)
            assert money.total(parts) == amount
            assert all(
                0 <= part <= rest and money.is_exact(part, currency) for part, rest in zip(parts, left, strict=True)
            )
            left = [rest - part for rest, part in zip(left, parts, strict=True)]
        released += amount
        made.append(releases[number])
    assert released == money.total(held)
    assert not any(left)


def withheld(net: str, before: Withheld, terms: RetentionTerms, *, currency: str = "EUR", tax: str = "0") -> Decimal:
    gross = amount(net) + money.half_up(amount(net) * amount(tax) / 100, currency)
    whole = money.half_up(amount("100000") * (100 + amount(tax)) / 100, currency)
    return rules.withheld_of(
        net=amount(net), gross=gross, price=amount("100000"), whole=whole, before=before, terms=terms, currency=currency
    )


def test_ten_percent_until_half_is_billed_then_five_also_within_one_invoice() -> None:
    terms = RetentionTerms(rate=amount("10"), steps=(RetentionStep(amount("50"), amount("5")),))
    assert withheld("50000", Withheld(), terms) == amount("5000")
    assert withheld("10000", Withheld(billed=amount("50000"), held=amount("5000")), terms) == amount("500")
    assert withheld("30000", Withheld(billed=amount("40000"), held=amount("4000")), terms) == amount("2000"), (
        "10 of 10,000, 5 of 20,000"
    )


def test_the_base_may_be_the_total_with_tax() -> None:
    assert withheld("1000", Withheld(), RetentionTerms(rate=amount("10")), tax="19") == amount("100.00")
    assert withheld("1000", Withheld(), RetentionTerms(rate=amount("10"), base=GROSS), tax="19") == amount("119.00")


@pytest.mark.parametrize(
    "terms",
    [
        RetentionTerms(rate=amount("10"), cap_percent=amount("5")),
        RetentionTerms(rate=amount("10"), cap_amount=amount("5000")),
        RetentionTerms(rate=amount("10"), cap_amount=amount("9000"), cap_percent=amount("5")),
    ],
)
def test_a_cap_leaves_only_what_is_missing_to_it_and_then_nothing(terms: RetentionTerms) -> None:
    assert withheld("20000", Withheld(billed=amount("40000"), held=amount("4000")), terms) == amount("1000")
    assert withheld("20000", Withheld(billed=amount("60000"), held=amount("5000")), terms) == 0


def test_a_rate_of_zero_withholds_nothing_and_after_the_last_release_nothing_is_withheld() -> None:
    assert withheld("1000", Withheld(), RetentionTerms(rate=amount("0"))) == 0
    assert withheld("1000", Withheld(is_over=True), RetentionTerms(rate=amount("10"))) == 0


def test_a_cap_that_was_lowered_below_what_is_held_takes_nothing_back() -> None:
    assert (
        withheld("1000", Withheld(held=amount("6000")), RetentionTerms(rate=amount("10"), cap_amount=amount("5000")))
        == 0
    )


def test_something_is_always_due_of_an_invoice_of_the_smallest_unit() -> None:
    assert withheld("1", Withheld(), RetentionTerms(rate=amount("50")), currency="JPY") == 0
    assert withheld("2", Withheld(), RetentionTerms(rate=amount("50")), currency="JPY") == 1


def test_when_a_part_is_released_by_itself() -> None:
    completed = date(2026, 3, 31)
    days = RetentionRelease(amount("50"), COMPLETION, days=30)
    assert rules.due_from(days, completed_on=completed) == date(2026, 4, 30)
    assert rules.due_from(days, completed_on=None) is None
    assert rules.due_from(RetentionRelease(amount("50"), DATE, on=completed), completed_on=None) == completed
    assert rules.due_from(RetentionRelease(amount("50"), BUYER), completed_on=completed) is None


def test_more_than_is_withheld_cannot_be_shared_out() -> None:
    with pytest.raises(ValueError, match="more than"):
        rules.shares_of(amount("2"), left=[amount("1")], currency="EUR")


@given(
    st.lists(st.integers(1, 10**7), min_size=1, max_size=8),
    st.decimals(min_value=1, max_value=100, places=3),
    st.sampled_from(CURRENCIES),
)
def test_before_the_last_milestone_no_more_is_payable_than_agreed(
    units: list[int], most: Decimal, currency: str
) -> None:
    """But for one unit of an invoice that lies wholly above: something of each is due."""
    unit = money.unit(currency)
    amounts, terms = [n * unit for n in units], payable_until_final(most)
    price = money.total(amounts)
    before = Withheld()
    for number, net in enumerate(amounts, 1):
        before = Withheld(before.billed, before.held, is_last=number == len(amounts))
        held = rules.withheld_of(
            net=net, gross=net, price=price, whole=price, before=before, terms=terms, currency=currency
        )
        limit = money.floor(price * most / 100, currency)
        payable = before.billed + net - before.held - held
        if before.is_last:
            assert held == 0
        elif before.billed - before.held < limit:
            assert payable == min(before.billed - before.held + net, limit)
        else:
            assert net - held == unit
        before = Withheld(before.billed + net, before.held + held)
