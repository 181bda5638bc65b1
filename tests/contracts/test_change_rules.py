"""What a change order makes of a plan, and what it does to the milestones: pure arithmetic, many cases."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.contracts import rules
from apps.contracts.documents.changed import change_of as on_paper
from apps.contracts.drafts import (
    ChangedLine,
    ChangeDraft,
    Condition,
    DraftCriterion,
    DraftLine,
    Due,
    LineTerms,
    Measure,
)
from apps.contracts.rules import PlacedLine
from apps.core import canonical, money
from apps.core.errors import Refused
from apps.milestones import rules as milestones
from apps.milestones.rules import PlanPart

DONE = (DraftCriterion("It is done."),)
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])


def placed(position: int, amount: Decimal, *, basis: str = "amount") -> PlacedLine:
    percent = Decimal(10) if basis == "percent" else None
    line = DraftLine(
        f"M{position}", basis=basis, percent=percent, amount=amount if basis == "amount" else None, criteria=DONE
    )
    return PlacedLine(position, line, amount)


def amounts(currency: str) -> st.SearchStrategy[Decimal]:
    return st.integers(1, 10**9).map(lambda units: Decimal(units) * money.unit(currency))


@given(st.data(), CURRENCIES)
def test_the_price_is_the_sum_of_the_lines_whatever_changes(data: st.DataObject, currency: str) -> None:
    plan = [
        placed(position, amount, basis=data.draw(st.sampled_from(["amount", "percent"])))
        for position, amount in enumerate(data.draw(st.lists(amounts(currency), min_size=1, max_size=30)), start=1)
    ]
    chosen = data.draw(st.lists(st.sampled_from(plan), unique_by=lambda one: one.position))
    changes = [
        ChangedLine(one.position, replace(one.line, basis="amount", amount=data.draw(amounts(currency))))
        if data.draw(st.booleans())
        else ChangedLine(one.position, None)
        for one in chosen
    ]
    added = [placed(0, amount).line for amount in data.draw(st.lists(amounts(currency), max_size=3))]
    draft = ChangeDraft("C", "C.", lines=tuple(changes), added=tuple(added))
    try:
        after = rules.changed_plan(plan, draft, currency=currency, next_position=100)
    except Refused:
        return

    moved = rules.moved(plan, after)
    assert rules.price_of(after) == rules.price_of(plan) + money.total(one.net for one in moved)
    assert [one.position for one in after] == sorted({one.position for one in after})
    assert [one.position for one in after if one.position >= 100] == list(range(100, 100 + len(added)))
    written = [rules.Portion(one.line.basis, one.line.percent, one.line.amount) for one in after]
    if any(one.net for one in moved):
        # The text that is signed says amounts, and they add up to the price by themselves.
        assert rules.plan_amounts(rules.price_of(after), currency=currency, portions=written) == [
            one.amount for one in after
        ]


def test_a_change_of_dates_leaves_how_portions_were_agreed() -> None:
    plan = [placed(1, Decimal(10), basis="percent"), placed(2, Decimal(90))]
    later = replace(plan[0].line, basis="amount", amount=Decimal(10), scope="More words.")
    after = rules.changed_plan(
        plan, ChangeDraft("C", "C.", lines=(ChangedLine(1, later),)), currency="EUR", next_position=3
    )
    assert (after[0].line.basis, after[0].line.percent, after[0].line.scope) == ("percent", Decimal(10), "More words.")
    assert [one.kind for one in rules.moved(plan, after)] == ["changed"]


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (ChangeDraft("C", "C."), "Nothing is different"),
        (ChangeDraft("C", "C.", lines=(ChangedLine(1, placed(1, Decimal(10)).line),)), "Nothing is different"),
        (ChangeDraft("C", "C.", lines=(ChangedLine(1, None), ChangedLine(2, None))), "Leave at least one"),
        (ChangeDraft("C", "C.", lines=(ChangedLine(9, None),)), "no longer the one"),
        (ChangeDraft("C", "C.", added=(DraftLine("New", basis="amount", criteria=DONE),)), "no amount yet"),
        (ChangeDraft("C", "C.", added=(DraftLine("New", basis="amount", amount=Decimal(1)),)), "what makes “New”"),
        (ChangeDraft("C", "C.", added=(replace(placed(1, Decimal("0.005")).line, title="N"),)), "decimals"),
    ],
)
def test_what_cannot_be_proposed_is_refused_in_words(draft: ChangeDraft, words: str) -> None:
    plan = [placed(1, Decimal(10)), placed(2, Decimal(90))]
    with pytest.raises(Refused, match=words):
        rules.changed_plan(plan, draft, currency="EUR", next_position=3)


STATES = st.sampled_from(["planned", "changes_requested", "accepted", "nullified", "submitted", "cancelled"])


@given(st.lists(st.tuples(STATES, amounts("EUR")), min_size=1, max_size=6), amounts("EUR"))
def test_what_is_accepted_or_under_review_is_never_touched_and_the_line_adds_up(
    found: list[tuple[str, Decimal]], wanted: Decimal
) -> None:
    parts = [PlanPart(1, number, "M1", state, amount) for number, (state, amount) in enumerate(found, start=1)]
    live = [part for part in parts if part.state != "cancelled"]
    before, after = placed(1, money.total(part.amount for part in live) or Decimal(1)), placed(1, wanted)
    change = rules.Moved(1, before, after)
    try:
        follows = milestones.followed(change, parts, currency="EUR")
    except Refused:
        fixed = [part for part in live if part.state not in ("planned", "changes_requested")]
        accepted = money.total(part.amount for part in live if part.state in ("accepted", "nullified"))
        assert any(part.state == "submitted" for part in live) or (len(fixed) == len(live) and wanted >= accepted)
        return
    if not live:
        assert follows == []
        return
    assert {one.part.state for one in follows} <= {"planned", "changes_requested"}
    assert all(one.amount >= 0 for one in follows)
    kept = money.total(part.amount for part in live if part.state in ("accepted", "nullified"))
    taken = milestones.deducted(change, parts)
    assert all(0 < one.amount <= one.part.amount and one.part.state in ("accepted", "nullified") for one in taken)
    assert kept - money.total(one.amount for one in taken) + money.total(one.amount for one in follows) == wanted


def test_what_was_withdrawn_as_a_whole_stands_in_no_change_s_way() -> None:
    parts = [
        PlanPart(1, 1, "M1", "nullified", money.ZERO),
        PlanPart(1, 2, "M1, part 2", "changes_requested", Decimal(12000)),
    ]
    [follows] = milestones.followed(rules.Moved(1, placed(1, Decimal(12000)), None), parts, currency="EUR")
    assert (follows.part.part, follows.is_cancelled) == (2, True)


def test_criteria_go_on_by_their_words_and_each_only_once() -> None:
    assert milestones.heirs([(1, "a"), (2, "a"), (3, "b")], [(7, "a"), (8, "c"), (9, "a")]) == {1: 7, 2: 9}


def test_another_amount_makes_a_lump_sum_of_a_line_by_quantity() -> None:
    """It used to be overruled without a word by what the quantity comes to."""
    stands = placed(1, Decimal("1000.00"))
    by_quantity = replace(stands.line, measure=Measure(Decimal(100), "MTK", Decimal(10)))
    plan = [replace(stands, line=by_quantity), placed(2, Decimal("50.00"))]
    wanted = ChangedLine(1, replace(by_quantity, amount=Decimal("1200.00")))
    after = rules.changed_plan(plan, ChangeDraft("C", "C.", lines=(wanted,)), currency="EUR", next_position=3)
    assert (after[0].amount, after[0].line.measure) == (Decimal("1200.00"), None)
    same = ChangedLine(1, replace(by_quantity, title="Another name"))
    after = rules.changed_plan(plan, ChangeDraft("C", "C.", lines=(same,)), currency="EUR", next_position=3)
    assert (after[0].amount, after[0].line.measure) == (Decimal("1000.00"), by_quantity.measure)


METRES = Measure(Decimal(100), "MTR", Decimal("12.3456"))


def measured(measure: Measure | None, *, amount: str = "") -> PlacedLine:
    """The first line of a plan, agreed so."""
    comes_to = Decimal(amount) if measure is None else rules.worth(measure, currency="EUR")
    stands = placed(1, comes_to)
    return replace(stands, line=replace(stands.line, measure=measure))


def change_of(before: PlacedLine, wanted: DraftLine) -> rules.Moved:
    draft = ChangeDraft("C", "C.", lines=(ChangedLine(1, wanted),))
    plan = [before, placed(2, Decimal("50.00"))]
    after = rules.changed_plan(plan, draft, currency="EUR", next_position=3)
    return rules.moved(plan, after)[0]


def followed(change: rules.Moved, *parts: tuple[str, str, str | None]) -> list[tuple[Decimal, Decimal | None]]:
    """Amount and quantity that open parts have then; parts are state, amount and quantity."""
    found = [
        PlanPart(1, number, "M1", state, Decimal(amount), quantity=Decimal(quantity) if quantity else None)
        for number, (state, amount, quantity) in enumerate(parts, start=1)
    ]
    return [(one.amount, one.quantity) for one in milestones.followed(change, found, currency="EUR")]


@given(st.integers(1, 99_999), st.integers(1, 99_999), st.integers(1, 99_999))
def test_a_longer_line_leaves_what_is_billed_and_adds_up(done: int, more: int, price: int) -> None:
    """Two decimals of a metre, four of its price: what was accepted by quantity and what follows are the whole."""
    accepted, whole = Decimal(done) / 100, Decimal(done + more) / 100
    unit_price = Decimal(price) / 10_000
    before = Measure(accepted + Decimal("0.01"), "MTR", unit_price)
    billed = money.half_up(accepted * unit_price, "EUR")
    stands, wanted = measured(before), replace(before, quantity=whole)
    left = stands.amount - billed
    if min(billed, left) <= 0 or rules.worth(wanted, currency="EUR") in (billed, stands.amount):
        return
    change = change_of(stands, replace(stands.line, amount=None, measure=wanted))
    parts = (("accepted", str(billed), str(accepted)), ("changes_requested", str(left), "0.01"))
    assert followed(change, *parts) == [(rules.worth(wanted, currency="EUR") - billed, whole - accepted)]


def test_quantities_are_changed_as_far_as_nothing_billed_is_priced_anew() -> None:
    stands, half = measured(METRES), ("accepted", "617.28", "50")
    rest = ("changes_requested", "617.28", "50")
    dearer = change_of(stands, replace(stands.line, amount=None, measure=replace(METRES, unit_price=Decimal(15))))
    assert followed(dearer, ("planned", "1234.56", "100")) == [(Decimal("1500.00"), Decimal(100))]
    with pytest.raises(Refused, match="unit and price of one stay"):
        followed(dearer, half, rest)
    shorter = change_of(stands, replace(stands.line, amount=None, measure=replace(METRES, quantity=Decimal(40))))
    with pytest.raises(Refused, match="Enter at least this quantity"):
        followed(shorter, half, rest)
    just = change_of(stands, replace(stands.line, amount=None, measure=replace(METRES, quantity=Decimal(50))))
    assert followed(just, half, rest) == [(Decimal(0), None)]
    # Of what was split by an amount nobody knows how much is left: that is a lump sum.
    longer = change_of(stands, replace(stands.line, amount=None, measure=replace(METRES, quantity=Decimal(200))))
    assert followed(longer, ("accepted", "617.28", None), rest) == [(Decimal("1851.84"), None)]
    # The same amount, agreed otherwise, is a change: what is invoiced names it.
    other = Measure(Decimal(1), "SET", Decimal("1234.56"))
    again = change_of(stands, replace(stands.line, amount=None, measure=other))
    assert (again.kind, again.is_remeasured, again.net) == ("changed", True, Decimal(0))
    assert followed(again, ("planned", "1234.56", "100")) == [(Decimal("1234.56"), Decimal(1))]


def test_the_paper_says_when_a_line_was_billed_and_when_it_will_be() -> None:
    due = Due("signature", None, "", "month", 4)
    line = DraftLine("Support", basis="amount", amount=Decimal(500), kind="recurring", due=due)
    before = [PlacedLine(1, line, Decimal(2000))]
    draft = ChangeDraft("C", "C.", lines=(ChangedLine(1, replace(line, due=replace(due, count=6))),))
    after = rules.changed_plan(before, draft, currency="EUR", next_position=2)
    order = {"number": 1, "title": "C", "reason": "C."}
    said = rules.change_text(order=order, changes={"version": 1}, before=before, after=after)
    found = dict(on_paper(canonical.read(canonical.text({"change_order": said})), "EUR"))
    assert found["1 Support"].replace("\xa0", " ").partition("; ")[2] == (
        "4 monthly payments of 500.00 EUR, the first when both sides have signed becomes"
        " 6 monthly payments of 500.00 EUR, the first when both sides have signed"
    )


def test_the_paper_says_which_own_terms_a_line_has_now_and_had() -> None:
    line = DraftLine("Build", basis="amount", amount=Decimal(500), criteria=DONE, own=LineTerms(payment_days=7))
    before = [PlacedLine(1, line, Decimal(500))]
    wanted = replace(line, own=LineTerms(needs_inspection=True, condition=Condition(on=date(2027, 3, 1))))
    draft = ChangeDraft("C", "C.", lines=(ChangedLine(1, wanted),))
    after = rules.changed_plan(before, draft, currency="EUR", next_position=2)
    order = {"number": 1, "title": "C", "reason": "C."}
    said = rules.change_text(order=order, changes={"version": 1}, before=before, after=after)
    found = dict(on_paper(canonical.read(canonical.text({"change_order": said})), "EUR"))["1 Build"]
    own = found.partition("own terms: ")[2]
    assert own.startswith("Submitted only once ")
    assert "inspects it first" in own
    assert own.endswith("(before: Days to pay of its invoice: 7, counted as the contract says.)")
