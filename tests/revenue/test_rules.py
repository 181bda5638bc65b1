"""The rules of revenue hold for any contract: nothing is lost, nothing is counted twice, what is undone leaves zero."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core import money
from apps.core.errors import Refused
from apps.revenue import rules
from apps.revenue.rules import Agreed, Duty, Reason, Span, Treatment

D = Decimal
CENTS = st.integers(1, 10_000_000).map(lambda cents: D(cents) / 100)
quick = settings(max_examples=60, deadline=None)


def opened(amounts: Sequence[D], *, deposit: D = money.ZERO) -> list[Duty]:
    shares = rules.allocated(sum(amounts, deposit), standalone=amounts, currency="EUR")
    return [
        Duty(position=place, standalone=amount, agreed=amount, allocated=share)
        for place, (amount, share) in enumerate(zip(amounts, shares, strict=True), start=1)
    ]


def recognised(duties: Sequence[Duty]) -> D:
    return money.total(rules.cumulative(duty, "EUR") for duty in duties)


@quick
@given(
    st.lists(CENTS, min_size=1, max_size=5),
    st.integers(0, 1_000_000),
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 100)), max_size=10),
)
def test_revenue_over_a_life_is_the_price_and_undone_it_is_nothing(
    amounts: list[D], deposit: int, parts: list[tuple[int, int]]
) -> None:
    price = sum(amounts, D(deposit) / 100)
    duties = opened(amounts, deposit=D(deposit) / 100)
    periods = [recognised(duties)]
    for place, percent in parts:
        at = place % len(duties)
        left = duties[at].agreed - duties[at].done
        duties[at] = replace(duties[at], done=duties[at].done + money.floor(left * percent / 100, "EUR"))
        periods.append(recognised(duties))
    assert periods == sorted(periods), "progress alone never takes revenue back"
    whole = [replace(duty, done=duty.agreed) for duty in duties]
    assert recognised(whole) == price
    assert recognised([replace(duty, done=money.ZERO) for duty in whole]) == 0


@quick
@given(
    st.lists(CENTS, min_size=2, max_size=5),
    st.integers(0, 5),
    st.lists(CENTS, min_size=1, max_size=3),
    st.booleans(),
)
def test_a_change_loses_nothing_whatever_was_done_before(
    amounts: list[D], accepted: int, added: list[D], drops: bool
) -> None:
    """What was accepted stays, the rest is dropped or kept, something is added: the life comes to the new price."""
    duties = [
        replace(duty, done=duty.agreed) if place < accepted else duty for place, duty in enumerate(opened(amounts))
    ]
    kept = [duty for duty in duties if duty.is_satisfied or not drops]
    now = {duty.position: Agreed(standalone=duty.standalone, agreed=duty.agreed) for duty in kept}
    now |= {place: Agreed(standalone=amount, agreed=amount) for place, amount in enumerate(added, start=10)}
    price = money.total(said.standalone for said in now.values())
    before = recognised(duties)
    made = rules.modified(duties, now, price=price, currency="EUR")
    assert money.total(duty.allocated for duty in made.duties) == price
    if made.treatment is not Treatment.CATCH_UP:
        assert recognised(made.duties) == before, "from now on: what was earned stays"
    assert recognised([replace(duty, done=duty.agreed) for duty in made.duties]) == price
    assert recognised([replace(duty, done=money.ZERO) for duty in made.duties]) == 0


def test_a_change_of_dates_after_a_line_was_taken_out_changes_no_amount() -> None:
    stays = Duty(position=1, standalone=D(30000), agreed=D(30000), allocated=D(30000), done=D(10000))
    gone = Duty(position=2, standalone=D(0), agreed=D(0), allocated=D(0))
    made = rules.modified(
        [stays, gone], {1: Agreed(standalone=D(30000), agreed=D(30000))}, price=D(30000), currency="EUR"
    )
    assert (made.reason, made.duties) == (Reason.NO_AMOUNT, (stays, gone))


@quick
@given(CENTS, st.integers(0, 100), st.integers(0, 1_000_000), st.integers(0, 1_000_000))
def test_a_lower_price_ends_at_the_lower_price(amount: D, percent: int, part: int, new: int) -> None:
    done = money.floor(amount * percent / 100, "EUR")
    duty = Duty(position=1, standalone=amount, agreed=amount, allocated=amount, done=done)
    cheaper = rules.repriced(duty, D(new) / 100, "EUR")
    assert rules.cumulative(replace(cheaper, done=amount), "EUR") == D(new) / 100
    assert rules.cumulative(replace(cheaper, done=money.ZERO), "EUR") == 0


def test_a_credit_is_taken_off_what_is_accepted_at_once() -> None:
    """Ten of thirty thousand are accepted and one is credited: nine are earned, and twenty-nine in the end."""
    duty = Duty(position=1, standalone=D(30000), agreed=D(30000), allocated=D(30000), done=D(10000), credited=D(1000))
    assert rules.cumulative(duty, "EUR") == D("9000.00")
    assert rules.cumulative(replace(duty, done=D(30000)), "EUR") == duty.price == D(29000)


@quick
@given(st.lists(st.tuples(st.integers(1, 90), CENTS), min_size=1, max_size=6), st.integers(-10, 600))
def test_days_earn_the_whole_and_no_more(periods: list[tuple[int, D]], at: int) -> None:
    first, spans = date(2026, 1, 1), []
    for days, weight in periods:
        spans.append(Span(first=first, last=first + timedelta(days=days - 1), weight=weight))
        first += timedelta(days=days)
    whole = money.total(span.weight for span in spans)
    progress = rules.over_time(spans, through=date(2026, 1, 1) + timedelta(days=at), agreed=whole)
    assert 0 <= progress <= 1
    duty = rules.Duty(position=1, standalone=whole, agreed=whole, allocated=whole)
    revenue = rules.over_time_revenue(duty, progress=progress, credited=Fraction(0), currency="EUR")
    assert 0 <= revenue <= whole
    end = rules.over_time(spans, through=spans[-1].last, agreed=whole)
    assert rules.over_time_revenue(duty, progress=end, credited=Fraction(0), currency="EUR") == whole


def test_half_a_month_earns_by_its_days() -> None:
    january = Span(first=date(2026, 1, 1), last=date(2026, 1, 31), weight=D(3100))
    assert rules.over_time([january], through=date(2026, 1, 10), agreed=D(3100)) == Fraction(10, 31)
    assert january.elapsed(date(2025, 12, 31)) == 0


@quick
@given(st.fractions(min_value=-1000, max_value=1000, max_denominator=10_000))
def test_a_fraction_is_rounded_once_as_money_is(value: Fraction) -> None:
    found = rules.rounded(value, "EUR")
    assert abs(Fraction(found) - value) <= Fraction(1, 200)
    assert rules.rounded(-value, "EUR") == -found


@pytest.mark.parametrize(
    ("value", "found"), [("1/200", "0.01"), ("-1/200", "-0.01"), ("3/200", "0.02"), ("1/300", "0")]
)
def test_half_a_cent_goes_away_from_zero(value: str, found: str) -> None:
    assert rules.rounded(Fraction(value), "EUR") == D(found)


@quick
@given(st.integers(-10_000, 10_000), st.integers(-10_000, 10_000), st.integers(0, 1_000))
def test_asset_and_liability_are_never_both_there(recognised: int, billed: int, retained: int) -> None:
    position = rules.net_position(recognised=D(recognised), billed=D(billed), retained=D(retained))
    assert position.asset * position.liability == 0
    assert position.asset - position.liability == recognised - billed + retained


def test_months_are_closed_one_after_the_other_once_they_are_over() -> None:
    february, today = date(2026, 2, 28), date(2026, 4, 10)
    assert rules.check_closing(february, closed_through=None, today=today) == february
    assert rules.check_closing(date(2026, 3, 31), closed_through=february, today=today) == date(2026, 3, 31)
    for through, closed, told in (
        (date(2026, 2, 27), None, "ends with its month"),
        (date(2026, 4, 30), None, "not over yet"),
        (february, february, "not opened again"),
        (date(2026, 3, 31), date(2026, 1, 31), "2026-02-28 first"),
    ):
        with pytest.raises(Refused, match=told):
            rules.check_closing(through, closed_through=closed, today=today)


def test_what_lies_in_a_closed_month_lands_in_the_open_one() -> None:
    closed = date(2026, 2, 28)
    assert rules.booked_on(date(2026, 2, 10), closed_through=closed) == date(2026, 3, 1)
    assert rules.booked_on(date(2026, 3, 10), closed_through=closed) == date(2026, 3, 10)
    assert rules.booked_on(date(2026, 2, 10), closed_through=None) == date(2026, 2, 10)


def test_at_the_end_what_is_kept_is_earned_whatever_was_done() -> None:
    duty = rules.Duty(position=1, standalone=D(100), agreed=D(100), allocated=D(90), done=D(30), credited=D(5))
    assert rules.cumulative(rules.settled(duty, D(40)), "EUR") == D(35)
    assert rules.cumulative(rules.settled(replace(duty, done=D(0), credited=D(0)), D(0)), "EUR") == 0


@quick
@given(CENTS, st.integers(1, 3000), st.integers(0, 3000), st.sampled_from(list(rules.Compounding)), st.booleans())
def test_over_a_life_price_and_interest_come_to_what_is_paid(
    amount: D, days: int, at: int, compounding: rules.Compounding, deferred: bool
) -> None:
    """Revenue over a contract's life is its price as settled, less interest where payment is deferred, with it where it
    was prepaid; and interest only grows on the way."""
    start = date(2026, 1, 1)
    end = start + timedelta(days=days)
    component = rules.Component(
        amount=amount, rate=D("7.5"), compounding=compounding, starts_on=start, ends_on=end, is_deferred=deferred
    )
    whole = component.interest(end, "EUR")
    revenue = amount + component.adjusts("EUR")
    assert revenue + (whole if deferred else -whole) == amount
    assert 0 <= component.interest(start + timedelta(days=min(at, days)), "EUR") <= whole
    assert component.interest(start, "EUR") == 0


@quick
@given(CENTS, st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=5))
def test_costs_end_at_the_price_whatever_was_estimated_on_the_way(price: D, reports: list[tuple[int, int]]) -> None:
    materials = money.half_up(price / 4, "EUR")
    duty = Duty(position=1, standalone=price, agreed=price, allocated=price)
    for progress, delivered in reports:
        costs = rules.Costs(
            incurred=D(progress) + materials * delivered / 100,
            expected=D(100) + materials,
            uninstalled=materials * delivered / 100,
            uninstalled_expected=materials,
        )
        duty = rules.estimated(duty, costs)
        assert 0 <= rules.cumulative(duty, "EUR") <= price
    whole = rules.Costs(
        incurred=D(100) + materials, expected=D(100) + materials, uninstalled=materials, uninstalled_expected=materials
    )
    assert rules.cumulative(rules.estimated(duty, whole), "EUR") == price
    assert rules.cumulative(rules.estimated(duty, rules.Costs(incurred=D(0), expected=D(1))), "EUR") == 0


def test_what_is_earned_at_one_point_in_time_is_earned_whole() -> None:
    duty = Duty(position=1, standalone=D(100), agreed=D(100), allocated=D(90), done=D(99), is_whole=True)
    assert (rules.cumulative(duty, "EUR"), rules.cumulative(replace(duty, done=D(100)), "EUR")) == (D(0), D(90))


def test_an_estimate_needs_all_outcomes_and_one_that_is_likeliest() -> None:
    half = [rules.Outcome(amount=D(amount), percent=D(50)) for amount in (0, 100)]
    with pytest.raises(Refused, match="No outcome is more likely"):
        rules.estimate(half, method=rules.Method.MOST_LIKELY, currency="EUR")
    assert rules.estimate(half, method=rules.Method.EXPECTED_VALUE, currency="EUR") == D(50)
    with pytest.raises(Refused, match="come to 100%"):
        rules.estimate(half[:1], method=rules.Method.EXPECTED_VALUE, currency="EUR")
