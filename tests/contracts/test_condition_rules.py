"""A plan is refused exactly when no order of acceptance could ever reach its end."""

from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.contracts.drafts import Condition, DraftLine, LineTerms
from apps.contracts.rules.conditions import (
    Happened,
    check_conditions,
    check_own_condition,
    is_met,
    plain_condition,
    read_condition,
    still_waits_for,
    undated_own,
)
from apps.core.errors import Refused

TODAY = date(2027, 3, 1)
NAMES = ("A", "B", "C", "D")


def line(title: str, condition: Condition | None = None, *, is_cumulative: bool = False) -> DraftLine:
    return DraftLine(title, own=LineTerms(condition=condition, is_cumulative=is_cumulative))


conditions = st.none() | st.builds(
    Condition,
    st.sampled_from(["all", "any"]),
    st.lists(st.sampled_from(NAMES), unique=True, max_size=3).map(tuple),
    st.none() | st.just(TODAY),
    st.sampled_from([(), ("Permit",)]),
).filter(lambda one: bool(one.milestones or one.on or one.events))


@given(st.tuples(*[st.tuples(conditions, st.booleans()) for _name in NAMES]))
def test_a_plan_stands_exactly_when_some_order_accepts_all_of_it(
    terms: tuple[tuple[Condition | None, bool], ...],
) -> None:
    lines = [line(name, condition, is_cumulative=after) for name, (condition, after) in zip(NAMES, terms, strict=True)]

    def works(order: tuple[int, ...]) -> bool:
        done: set[int] = set()
        for place in order:
            own = lines[place].own
            happened = Happened({NAMES[one] for one in done}, {"Permit"}, date.max)
            if own.condition is not None and not is_met(own.condition, happened):
                return False
            if own.is_cumulative and not set(range(place)) <= done:
                return False
            done.add(place)
        return True

    possible = any(works(order) for order in permutations(range(len(lines))))
    if possible:
        check_conditions(lines)
    else:
        with pytest.raises(Refused, match="can never be accepted"):
            check_conditions(lines)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([line("A", Condition(milestones=("A",)))], "“A” can never be accepted"),
        ([line("A", Condition(milestones=("B",))), line("B", is_cumulative=True)], "“A” can never be accepted"),
        ([line("A", Condition(milestones=("C",)))], "the plan has 0 of that name"),
        ([line("A", Condition(milestones=("B",))), line("B"), line("B")], "the plan has 2 of that name"),
    ],
)
def test_what_could_never_happen_is_refused_in_words(lines: list[DraftLine], words: str) -> None:
    with pytest.raises(Refused) as refused:
        check_conditions(lines)
    assert words in str(refused.value)


def test_any_is_met_by_one_and_all_by_all_and_a_day_by_coming() -> None:
    condition = Condition("all", ("A",), TODAY, ("Permit",))
    nothing = Happened((), (), date(2027, 2, 28))
    assert still_waits_for(condition, nothing) == condition
    assert still_waits_for(condition, Happened(("A",), (), TODAY)) == Condition("all", (), None, ("Permit",))
    assert still_waits_for(condition, Happened(("A",), ("Permit",), TODAY)) is None
    either = Condition("any", ("A",), TODAY, ("Permit",))
    assert not is_met(either, nothing)
    assert is_met(either, Happened((), ("Permit",), nothing.today))


def test_a_condition_is_kept_trimmed_and_an_empty_one_is_none() -> None:
    own = LineTerms(condition=Condition("any", (" A ", "A"), TODAY, ("Permit ",)))
    kept = check_own_condition(own, position=1).condition
    assert kept == Condition("any", ("A",), TODAY, ("Permit",))
    assert read_condition(plain_condition(kept)) == kept
    assert check_own_condition(LineTerms(condition=Condition()), position=1) == LineTerms()
    assert undated_own(LineTerms(condition=Condition(on=TODAY))) == LineTerms()
    with pytest.raises(Refused, match="all or for any"):
        check_own_condition(LineTerms(condition=Condition("some", ("A",))), position=2)
