"""The difference of two versions: empty for equal ones, and enough to turn the first into the second."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from apps.contracts.drafts import DraftCriterion
from apps.contracts.rules import Difference, Paper, PaperLine, difference

criteria = st.builds(DraftCriterion, text=st.sampled_from(["It runs.", "It is shown."]), needs_evidence=st.booleans())
lines = st.builds(
    PaperLine,
    title=st.sampled_from(["Concept", "Prototype", "Delivery", "Training"]),
    scope=st.sampled_from(["", "As specified.", "On site."]),
    basis=st.sampled_from(["percent", "amount"]),
    percent=st.none(),
    amount=st.none() | st.sampled_from([Decimal(100), Decimal("200.50")]),
    planned_on=st.none() | st.sampled_from([date(2027, 1, 15), date(2027, 2, 15)]),
    criteria=st.lists(criteria, max_size=2).map(tuple),
)
terms = st.dictionaries(
    st.sampled_from(["price", "title", "payment_days", "terms"]),
    st.sampled_from(["A", "B", Decimal(1), 30, False]),
)
papers = st.builds(Paper, terms=terms, lines=st.lists(lines, max_size=8).map(tuple))


def applied(paper: Paper, changes: Difference) -> Paper:
    """The second version, from the first and what changed: what was not named stayed, in its order."""
    said: dict[str, Any] = {**paper.terms, **{change.name: change.after for change in changes.terms}}
    named = {change.before.position for change in changes.lines if change.before}
    placed = {change.after.position: change.after.line for change in changes.lines if change.after}
    stayed = iter(line for position, line in enumerate(paper.lines, start=1) if position not in named)
    count = len(paper.lines) + sum((change.after is not None) - (change.before is not None) for change in changes.lines)
    now = [placed[position] if position in placed else next(stayed) for position in range(1, count + 1)]
    assert list(stayed) == []
    return Paper({name: value for name, value in said.items() if value is not None}, tuple(now))


@given(papers)
def test_equal_versions_do_not_differ(paper: Paper) -> None:
    assert not difference(paper, replace(paper, terms=dict(paper.terms)))


@given(papers, papers)
def test_the_difference_leads_from_the_first_to_the_second(before: Paper, after: Paper) -> None:
    changes = difference(before, after)
    assert applied(before, changes) == after
    assert bool(changes) == (before != after)


@given(papers, papers)
def test_what_is_named_does_differ(before: Paper, after: Paper) -> None:
    changes = difference(before, after)
    assert all(change.before != change.after for change in changes.terms)
    for change in changes.lines:
        assert (
            change.is_moved or change.before is None or change.after is None or change.before.line != change.after.line
        )


@given(papers, st.randoms(use_true_random=False))
def test_a_plan_in_another_order_is_moved_and_not_rewritten(paper: Paper, chance: Any) -> None:
    shuffled = list(paper.lines)
    chance.shuffle(shuffled)
    changes = difference(paper, replace(paper, lines=tuple(shuffled))).lines
    assert {change.kind for change in changes} <= {"moved"}
    assert len(changes) < max(len(paper.lines), 1)


PLAN = tuple(
    PaperLine(
        title, f"{title} as specified.", "amount", None, Decimal(amount), None, (DraftCriterion(f"{title} runs."),)
    )
    for title, amount in (("Concept", 100), ("Prototype", 200), ("Delivery", 300))
)


def kinds(*after: PaperLine) -> list[str]:
    return [change.kind for change in difference(Paper({}, PLAN), Paper({}, after)).lines]


def test_a_line_with_another_amount_is_the_same_line() -> None:
    assert kinds(PLAN[0], replace(PLAN[1], amount=Decimal(250)), PLAN[2]) == ["changed"]


def test_a_line_with_another_name_is_the_same_line() -> None:
    assert kinds(PLAN[0], replace(PLAN[1], title="Pilot"), PLAN[2]) == ["changed"]


def test_one_line_past_two_others_is_one_that_moved() -> None:
    assert kinds(PLAN[2], PLAN[0], PLAN[1]) == ["moved"]


def test_a_line_taken_out_and_one_put_in() -> None:
    new = PaperLine("Training", "", "amount", None, Decimal(50), None, ())
    assert kinds(PLAN[0], new, PLAN[2]) == ["added", "removed"]
    assert kinds(PLAN[0], PLAN[2]) == ["removed"]
    assert kinds(*PLAN, new) == ["added"]


def test_a_switch_that_was_turned_off_is_not_the_same_as_no_days() -> None:
    before, after = Paper({"is_assignable": True}, ()), Paper({"is_assignable": False}, ())
    (change,) = difference(before, after).terms
    assert (change.before, change.after) == (True, False)


def test_ten_thousand_lines_are_compared_in_no_time() -> None:
    many = tuple(replace(PLAN[0], title=f"Line {number}") for number in range(10_000))
    changes = difference(Paper({}, many), Paper({}, (many[-1], *many[:-1]))).lines
    assert [change.kind for change in changes] == ["moved"]
