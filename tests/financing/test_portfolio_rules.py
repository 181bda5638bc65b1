"""Provisions by a published example and by hand; courses of a book that keep every cent and never shorten by a slip."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import money
from apps.financing.rules.provision import (
    EXAMPLE_MATRIX,
    Assumptions,
    Exposed,
    Rolled,
    Stage,
    by_age,
    by_stage,
)
from apps.financing.rules.stress import Course, Position, Scenario, band, courses, weekly

TODAY = date(2026, 3, 2)


def test_the_matrix_of_ifrs_9_example_12() -> None:
    """IFRS 9, Illustrative Examples, IE74 to IE77: 30,000,000 of receivables, an allowance of 580,000."""
    out = {
        "current": Decimal(15_000_000),
        "1-30": Decimal(7_500_000),
        "31-60": Decimal(4_000_000),
        "61-90": Decimal(2_500_000),
        "91": Decimal(1_000_000),
    }
    found = by_age(out, matrix=EXAMPLE_MATRIX, currency="EUR")
    assert [one.loss for one in found.values()] == [45_000, 120_000, 144_000, 165_000, 106_000]
    assert money.total(one.loss for one in found.values()) == 580_000


def test_probability_times_loss_times_exposure_by_stage() -> None:
    book = [
        Exposed("current", Decimal(100_000), Decimal(100_000) * 73),
        Exposed("1-30", Decimal(50_000), Decimal(0)),
        Exposed("31-60", Decimal(20_000), Decimal(0)),
        Exposed("91", Decimal(10_000), Decimal(0)),
        Exposed("current", Decimal(5_000), Decimal(5_000) * 30, is_defaulted=True),
    ]
    assumed = Assumptions(pd=Decimal(5), pd_late=Decimal(20), lgd=Decimal(40))
    found = by_stage(book, assumed=assumed, currency="EUR")
    # 100,000 × 5 % × 73/365 × 40 %; 20,000 × 20 % × 40 %; 15,000 × 40 %
    assert {stage: (one.exposed, one.loss) for stage, one in found.items()} == {
        Stage.PERFORMING: (Decimal(150_000), Decimal(400)),
        Stage.UNDERPERFORMING: (Decimal(20_000), Decimal(1_600)),
        Stage.IMPAIRED: (Decimal(15_000), Decimal(6_000)),
    }


def test_a_roll_rate_is_what_was_still_out_a_month_later() -> None:
    assert Rolled(Decimal(200), Decimal(50)).rate == Decimal("0.25")
    assert Rolled(Decimal(0), Decimal(0)).rate is None


positions = st.lists(
    st.builds(
        Position,
        face=st.decimals(min_value="0.01", max_value=10**7, places=2),
        expected_on=st.integers(-60, 300).map(lambda days: TODAY + timedelta(days=days)),
        is_accepted=st.booleans(),
    ),
    min_size=1,
    max_size=8,
)
scenarios = st.builds(
    Scenario,
    slip_days=st.integers(0, 120),
    late_days=st.integers(0, 60),
    volatility=st.integers(0, 150),
    default_rate=st.decimals(min_value=0, max_value=100, places=1),
    lgd=st.decimals(min_value=0, max_value=100, places=1),
)


def drawn(book: list[Position], scenario: Scenario, *, seed: int = 1, runs: int = 3) -> list[Course]:
    return courses(book, scenario=scenario, today=TODAY, runs=runs, chance=Random(seed).random, currency="EUR")  # noqa: S311


@given(positions, scenarios, st.integers(0, 99))
def test_cash_and_losses_are_the_face(book: list[Position], scenario: Scenario, seed: int) -> None:
    face = money.total(position.face for position in book)
    assert {course.total + course.lost for course in drawn(book, scenario, seed=seed)} == {face}


@given(positions, scenarios, st.integers(0, 99))
def test_the_same_seed_draws_the_same(book: list[Position], scenario: Scenario, seed: int) -> None:
    assert drawn(book, scenario, seed=seed) == drawn(book, scenario, seed=seed)


@given(positions, scenarios, st.integers(0, 99))
def test_without_volatility_nothing_is_left_to_chance(book: list[Position], scenario: Scenario, seed: int) -> None:
    certain = Scenario(
        slip_days=scenario.slip_days,
        late_days=scenario.late_days,
        volatility=0,
        default_rate=scenario.default_rate,
        lgd=scenario.lgd,
    )
    first, *others = drawn(book, certain, seed=seed)
    assert all(other == first for other in others)
    assert drawn(book, certain, seed=seed + 1)[0] == first


@given(positions, scenarios, st.integers(0, 99), st.integers(1, 90))
def test_more_slip_never_shortens_a_life(book: list[Position], scenario: Scenario, seed: int, more: int) -> None:
    later = Scenario(
        slip_days=scenario.slip_days + more,
        late_days=scenario.late_days,
        volatility=scenario.volatility,
        default_rate=scenario.default_rate,
        lgd=scenario.lgd,
    )
    pairs = zip(drawn(book, scenario, seed=seed), drawn(book, later, seed=seed), strict=True)
    assert all(slipped.life >= life.life and slipped.lost == life.lost for life, slipped in pairs)


def test_one_position_of_known_days() -> None:
    """40 days away, 20 of slip and 10 of lateness: in the tenth week, all but 2 % × 50 % of it."""
    scenario = Scenario(slip_days=20, late_days=10, volatility=0, default_rate=Decimal(2), lgd=Decimal(50))
    (course,) = drawn([Position(Decimal(1_000), date(2026, 4, 11), is_accepted=False)], scenario, runs=1)
    assert course == Course(cash={10: Decimal(990)}, lost=Decimal(10), life=Decimal(70))
    assert [one.middle for one in weekly([course], weeks=11)] == [*[0] * 10, 990]


@pytest.mark.parametrize(("count", "expected"), [(1, (1, 1, 1)), (20, (1, 10, 19)), (100, (5, 50, 95))])
def test_percentiles_are_by_nearest_rank(count: int, expected: tuple[int, int, int]) -> None:
    found = band([Decimal(number) for number in range(count, 0, -1)])
    assert [found.low, found.middle, found.high] == list(expected)
