"""Deposits that later invoices give back, in plans: outside of the sum, said everywhere in the same way."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from apps.contracts import dues_wording, rules
from apps.contracts.drafts import (
    FIRST,
    PROPORTION,
    RATE,
    ChangedLine,
    ChangeDraft,
    DraftCriterion,
    DraftLine,
    Due,
    Recovery,
)
from apps.contracts.retention import payable_until_final
from apps.contracts.rules.schedule import read_schedule, written_schedule
from apps.contracts.rules.schedule.cells import Cell
from apps.core.errors import Refused
from tests.contracts.test_dues import DRAFT

D = Decimal
ADVANCE = DraftLine(
    "Advance", basis="percent", percent=D(20), kind="deposit", due=Due(recovery=Recovery(RATE, D("12.5"), D(30)))
)
HALF = DraftLine(
    "Design", basis="amount", amount=D(30000), planned_on=date(2027, 1, 1), criteria=(DraftCriterion("It is drawn."),)
)
REST = replace(HALF, title="Build", basis="remainder", amount=None, planned_on=date(2027, 6, 1))
PLAN = (ADVANCE, HALF, REST)


def with_recovery(recovery: Recovery | None, **changes: object) -> DraftLine:
    assert ADVANCE.due is not None
    return replace(ADVANCE, due=replace(ADVANCE.due, recovery=recovery), **changes)  # type: ignore[arg-type]


def test_the_plan_adds_up_to_the_price_without_what_is_given_back() -> None:
    draft = replace(DRAFT, lines=PLAN)
    assert rules.check_draft(draft).lines == PLAN
    assert rules.check_proposal(draft) == [12000, 30000, 30000]
    placed = [rules.PlacedLine(place, line, D(12000 if place == 1 else 30000)) for place, line in enumerate(PLAN, 1)]
    assert rules.price_of(placed) == 60000
    less = ChangeDraft("Less", "Less.", lines=(ChangedLine(3, None),))
    changed = rules.changed_plan(placed, less, currency="EUR", next_position=4)
    assert [(one.position, one.amount) for one in changed] == [(1, D(12000)), (2, D(30000))]
    assert rules.price_of(changed) == 30000


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (replace(ADVANCE, basis="remainder", percent=None), "cannot be the remainder"),
        (with_recovery(Recovery("late")), "at a rate, by an amount, or first"),
        (with_recovery(Recovery(RATE, D(0))), "a rate is above 0"),
        (with_recovery(Recovery(RATE, D("100.1"))), "a rate is above 0"),
        (with_recovery(Recovery(RATE, D(10), D(100))), "below 100"),
        (with_recovery(Recovery(RATE, D("0.1234567"))), "at most six decimals"),
    ],
)
def test_what_cannot_be_kept_is_refused(line: DraftLine, words: str) -> None:
    with pytest.raises(Refused, match=words):
        rules.check_draft(replace(DRAFT, lines=(line, HALF)))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((with_recovery(Recovery(RATE)), HALF, REST), "by which percentage"),
        ((with_recovery(Recovery(FIRST), basis="amount", percent=None, amount=D(60001)), HALF, REST), "60,001.00"),
        ((ADVANCE,), "at least one milestone"),
        ((replace(ADVANCE, due=Due("acceptance", None, "Paint", recovery=Recovery())), HALF, REST), "“Paint”"),
    ],
)
def test_what_cannot_be_signed_is_refused(lines: tuple[DraftLine, ...], words: str) -> None:
    with pytest.raises(Refused, match=words):
        rules.check_proposal(replace(DRAFT, lines=lines))


def test_an_advance_goes_with_a_limit_before_the_last_milestone_up_to_that_limit() -> None:
    draft = replace(DRAFT, lines=PLAN, retention=payable_until_final(D(90)))
    assert rules.check_proposal(draft) == [12000, 30000, 30000]
    whole = replace(draft, lines=(replace(ADVANCE, percent=D(91)), HALF, REST))
    with pytest.raises(Refused, match="Lower a deposit"):
        rules.check_proposal(whole)


@pytest.mark.parametrize(
    "recovery", [None, Recovery(PROPORTION), Recovery(FIRST), Recovery(RATE, D(20)), Recovery(RATE, D("12.5"), D(30))]
)
def test_a_text_and_a_spreadsheet_say_it_and_are_read_back(recovery: Recovery | None) -> None:
    lines = (with_recovery(recovery), HALF, REST) if recovery else (with_recovery(None, percent=D(10)), HALF, REST)
    assert rules.read_plan(rules.plan_text(lines)) == lines
    for language in ("en", "de"):
        rows = list(written_schedule(lines, amounts=[None] * 3, language=language))
        assert ("by later invoices" in str(rows[0]) or "späteren Rechnungen" in str(rows[0])) == (recovery is not None)
        assert read_schedule(rows, currency="EUR").lines == lines


def test_cash_comes_ahead_and_later_payments_are_lower() -> None:
    paper = [
        rules.PaperLine(
            line.title,
            "",
            line.basis,
            line.percent,
            amount,
            line.planned_on,
            line.criteria,
            kind=line.kind,
            due=line.due,
        )
        for line, amount in zip(PLAN, [D(12000), D(30000), D(30000)], strict=True)
    ]
    review = rules.ReviewTerms(0, "calendar", "DE", "", "Europe/Berlin", "accepted")
    terms = rules.CashTerms(review=review, payment_days=0)
    cash = rules.expected_cash(paper, signed_on=date(2026, 12, 1), terms=terms, currency="EUR")
    assert [one.amount for one in cash] == [12000, 28500, 19500], "12.5 % of what lies above 30 % of the price"
    assert sum(one.amount for one in cash) == 60000


def test_it_is_said_in_plain_words() -> None:
    said = [
        dues_wording.recovery_in_words(one)
        for one in (
            Recovery(),
            Recovery(FIRST),
            Recovery(RATE, D(20)),
            Recovery(RATE, D("12.5"), D(30)),
            Recovery(RATE),
        )
    ]
    assert said[0] == "each invoice is reduced by its share of the deposit, and the last by what is left of it"
    assert said[1] == "invoices are reduced to nothing until the deposit is used up"
    assert said[2].replace("\N{NO-BREAK SPACE}", " ").startswith("each invoice is reduced by 20")
    assert "of the price are billed, each invoice is reduced by 12.5" in said[3].replace("\N{NO-BREAK SPACE}", " ")
    assert "not said yet" in said[4]


@pytest.mark.parametrize("amount", ["5000", "500.5", "12.125"])
def test_a_fixed_amount_reads_back_from_a_spreadsheet(amount: str) -> None:
    due = Due(start="event", event="Poured", recovery=Recovery("fixed", amount=Decimal(amount)))
    advance = DraftLine("Castings", basis="amount", amount=Decimal(9000), kind="deposit", due=due)
    rows = list(written_schedule([advance], amounts=[advance.amount], language="de"))
    assert [one.line for one in read_schedule(rows, currency="EUR").rows] == [advance]


def test_a_fixed_amount_that_can_be_read_in_two_ways_is_refused() -> None:
    """“je 5.000” are five thousand to a German, and five to whoever reads a decimal point."""
    header: list[Cell] = ["Kind", "Milestone", "Amount", "Due", "Recovery"]
    row: list[Cell] = ["Deposit", "Castings", "9000", "Poured", "je 5.000"]
    problems = read_schedule([header, row], currency="EUR").problems
    assert any("“je 5.000” is none of" in str(one.refusal) for one in problems)
