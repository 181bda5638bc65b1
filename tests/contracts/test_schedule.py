"""A schedule of values is read as people write it, and what can be read in two ways is asked and never guessed."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.contracts.drafts import Condition, DraftCriterion, DraftLine, DraftOption, Due, LineTerms
from apps.contracts.rules.schedule import (
    Cell,
    DateOrder,
    DecimalSign,
    Formula,
    Schedule,
    Share,
    WrittenOption,
    guarded,
    read_schedule,
    unguarded,
    written_schedule,
)

HEAD: list[Cell] = ["Milestone", "Percent", "Amount", "Planned date", "Acceptance criterion", "Needs evidence"]


def read(*rows: Sequence[Cell], head: list[Cell] | None = None, **how: Any) -> Schedule:
    return read_schedule([head or HEAD, *rows], currency=how.pop("currency", "EUR"), **how)


def said(schedule: Schedule) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, str(problem.refusal)) for problem in schedule.problems]


def only(schedule: Schedule) -> DraftLine:
    assert said(schedule) == []
    (line,) = schedule.lines
    return line


def test_a_whole_plan() -> None:
    schedule = read(
        ["Concept", "30", None, "2027-01-15", "It is signed.", "yes"],
        ["", "", "", "", "It is printed.", "no"],
        ["Delivery", None, "1,234.50", date(2027, 2, 15), "It runs.", ""],
        ["Training", "remainder", None, None, "It is over.", "x"],
        [None, "  ", "", None, None, None],
    )
    assert said(schedule) == []
    assert schedule.lines == (
        DraftLine(
            "Concept",
            basis="percent",
            percent=Decimal(30),
            planned_on=date(2027, 1, 15),
            criteria=(DraftCriterion("It is signed.", True), DraftCriterion("It is printed.", False)),
        ),
        DraftLine(
            "Delivery",
            basis="amount",
            amount=Decimal("1234.50"),
            planned_on=date(2027, 2, 15),
            criteria=(DraftCriterion("It runs.", False),),
        ),
        DraftLine("Training", basis="remainder", criteria=(DraftCriterion("It is over.", True),)),
    )
    assert [row.row for row in schedule.rows] == [2, 4, 5]
    assert schedule.decimal is DecimalSign.POINT


def test_own_retention_and_stored_materials_go_out_and_come_back_and_zero_is_a_rate() -> None:
    own = [
        LineTerms(retention_rate=Decimal(0)),
        LineTerms(retention_rate=Decimal("2.5"), is_materials=True),
        LineTerms(),
    ]
    lines = [DraftLine(f"Line {at}", basis="amount", amount=Decimal(10), own=one) for at, one in enumerate(own)]
    for language in ("en", "de"):
        rows = list(written_schedule(lines, amounts=[Decimal(10)] * 3, language=language))
        assert [line.own for line in read_schedule(rows, currency="EUR").lines] == own
    plain = list(written_schedule(lines[2:], amounts=[Decimal(10)], language="en"))
    assert "Own retention" not in plain[0]
    head: list[Cell] = ["Milestone", "Amount", "Retainage %"]
    assert only(read(["Shell", "1,000.50", "7.5 %"], head=head)).own.retention_rate == Decimal("7.5")
    assert "between 0 and 50" in said(read(["Shell", "1,000.50", "60"], head=head))[0][2]


def test_an_amount_of_all_periods_goes_out_and_comes_back() -> None:
    due = Due("signature", period="month", count=3)
    lines = [DraftLine("Hosting", basis="total", amount=Decimal(2000), kind="recurring", due=due)]
    for language in ("en", "de"):
        rows = list(written_schedule(lines, amounts=[Decimal(2000)], language=language))
        assert read_schedule(rows, currency="EUR").lines == tuple(lines)


def test_plans_to_pick_from_go_out_by_name_and_come_back() -> None:
    two = (DraftCriterion("It runs."), DraftCriterion("It is documented.", needs_evidence=True))
    base = (DraftLine("A", basis="percent", percent=Decimal(40), criteria=two), DraftLine("B", basis="remainder"))
    due = Due("signature", period="month", count=3)
    options = (
        DraftOption(
            "Upfront",
            (DraftLine("All", basis="remainder", kind="deposit", due=Due()),),
            discount_percent=Decimal("2.125"),
        ),
        DraftOption("Monthly", (DraftLine("Each", basis="amount", amount=Decimal(30), kind="recurring", due=due),)),
        DraftOption(
            "=Two",
            (DraftLine("A", basis="remainder"), DraftLine("C", basis="percent", percent=Decimal(5))),
            discount=Decimal(9),
        ),
    )
    offered = [WrittenOption(one, [None] * len(one.lines)) for one in options]
    for language in ("en", "de"):
        for name in ("By milestones", ""):
            rows = list(written_schedule(base, amounts=[None] * 2, language=language, plan_name=name, options=offered))
            schedule = read_schedule(rows, currency="EUR")
            assert schedule.problems == []
            assert (schedule.plan_name, schedule.lines, schedule.options) == (name, base, options)
    assert (
        read_schedule(list(written_schedule(base, amounts=[None] * 2, language="en")), currency="EUR").options is None
    )


def test_a_row_without_a_plan_is_of_the_plan_above_and_only_other_plans_have_a_discount() -> None:
    head: list[Cell] = ["Plan", "Discount", "Milestone", "Amount", "Agreed as"]
    schedule = read(
        ["Slow", "", "A", "60", ""],
        ["", "", "B", "", "remainder"],
        ["Fast", "3 %", "A", "", "remainder"],
        ["Fast", "", "B", "40", ""],
        head=head,
    )
    assert schedule.problems == []
    assert [(one.name, [line.title for line in one.lines]) for one in schedule.plans] == [
        ("Slow", ["A", "B"]),
        ("Fast", ["A", "B"]),
    ]
    assert [one.discount_percent for one in schedule.options or ()] == [Decimal(3)]
    wrong = read(
        ["Slow", "3", "A", "60", ""],
        ["Fast", "4", "A", "", "remainder"],
        ["", "5", "B", "", "remainder"],
        head=head,
    )
    assert [row for row, _column, _words in said(wrong)] == [2, 4, 4]


def test_no_row_of_a_plan_is_lost_and_no_discount_of_two() -> None:
    head: list[Cell] = ["Plan", "Discount", "Discount in percent", "Milestone", "Percent", "Acceptance criterion"]
    base: list[Cell] = ["Slow", "", "", "A", "100", "It runs."]
    heading = read(base, ["Fast", "", "", "", "", ""], ["", "", "", "B", "100", "It runs."], head=head)
    assert {row for row, _column, _words in said(heading)} == {3}, "it names a plan, and no line of it"
    criterion = read(base, ["Fast", "", "", "", "", "It is fast."], head=head)
    assert {row for row, _column, _words in said(criterion)} == {3}, "it is no criterion of the plan above"
    assert read(base, [" Slow", "", "", "", "", "It is fast."], head=head).problems == []
    both = read(base, ["Fast", "10", "5", "B", "100", "It runs."], head=head)
    assert said(both) == [(3, "Discount in percent", "Say the discount in percent or as an amount, not both.")]


def test_what_a_milestone_waits_for_goes_out_and_comes_back() -> None:
    own = [
        LineTerms(condition=Condition("any", ("Line 1",), date(2027, 3, 1), ("Permit granted: yard",))),
        LineTerms(),
        LineTerms(condition=Condition(milestones=("Line 1",))),
    ]
    lines = [DraftLine(f"Line {at}", basis="amount", amount=Decimal(10), own=one) for at, one in enumerate(own)]
    for language in ("en", "de"):
        rows = list(written_schedule(lines, amounts=[Decimal(10)] * 3, language=language))
        assert [line.own for line in read_schedule(rows, currency="EUR").lines] == own
    head: list[Cell] = ["Milestone", "Amount", "Waits for"]
    assert only(read(["A", "1.50", "Shell"], head=head)).own.condition == Condition(milestones=("Shell",))
    assert "no day" in said(read(["A", "1.50", "from: May"], head=head))[0][2]
    assert "one day only" in said(read(["A", "1.50", "from: 2027-01-01\nfrom: 2027-02-01"], head=head))[0][2]


def test_german_names_and_signs() -> None:
    head: list[Cell] = ["Pos.", "Meilenstein", "Betrag (EUR)", "Termin", "Abnahmekriterium", "Nachweis nötig"]
    schedule = read(["1", "Konzept", "12.400,50 €", "15.01.2027", "Liegt vor.", "ja"], head=head)
    line = only(schedule)
    assert (line.title, line.amount, line.planned_on) == ("Konzept", Decimal("12400.50"), date(2027, 1, 15))
    assert line.criteria == (DraftCriterion("Liegt vor.", True),)
    assert schedule.decimal is DecimalSign.COMMA


def test_names_may_stand_below_a_letterhead_and_a_sum_below_the_plan() -> None:
    rows: list[list[Cell]] = [
        ["Nordlicht GmbH", None],
        [],
        ["Description of work", "Scheduled value", "Remarks"],
        ["Earthworks", Decimal("1000"), "by June"],
        ["Total", Decimal("1000"), None],
    ]
    schedule = read_schedule(rows, currency="EUR")
    assert only(schedule).title == "Earthworks"
    assert schedule.skipped_total == 5
    assert schedule.ignored == ["Remarks"]


@pytest.mark.parametrize(
    ("cells", "amounts"),
    [
        (["1,234.50", "7"], ["1234.50", "7"]),
        (["1.234,50", "7,5"], ["1234.50", "7.50"]),
        (["1.234", "1.234,50"], ["1234", "1234.50"]),
        (["1,234", "0.50"], ["1234", "0.50"]),
        (["1'234.50"], ["1234.50"]),
        (["1’234’567"], ["1234567"]),
        (["1 234,50", "2 000"], ["1234.50", "2000"]),
        (["1\u202f234,50"], ["1234.50"]),
        (["EUR 10", "€ 20", "30 €", "40 eur"], ["10", "20", "30", "40"]),
        (["1,234,567"], ["1234567"]),
        (["12.5"], ["12.50"]),
        (["1500"], ["1500"]),
    ],
)
def test_amounts_as_people_write_them(cells: list[str], amounts: list[str]) -> None:
    schedule = read(*(["A", None, cell, None, None, None] for cell in cells))
    assert said(schedule) == []
    assert [line.amount for line in schedule.lines] == [Decimal(amount) for amount in amounts]


def test_a_column_that_can_be_read_in_two_ways_is_asked_about() -> None:
    rows: list[list[Cell]] = [["A", None, "1.234", None, None, None], ["B", None, "56", None, None, None]]
    assert said(read(*rows)) == [
        (
            0,
            "Percent, Amount",
            "Every number can be read with a decimal point and with a decimal comma. Say below the file which is"
            " meant.",
        )
    ]
    assert [line.amount for line in read(*rows, decimal=DecimalSign.COMMA).lines] == [Decimal(1234), Decimal(56)]
    schedule = read(*rows, decimal=DecimalSign.POINT)
    assert said(schedule) == [(2, "Amount", "EUR has 2 decimals; this amount has more. Round it first.")]


def test_before_the_sign_is_chosen_all_is_said_that_no_sign_mends_and_nothing_else() -> None:
    head: list[Cell] = ["Milestone", "Agreed as", "Amount", "Percent", "Acceptance criterion", "Own tax rate"]
    rows: list[list[Cell]] = [
        ["A", "amount", "1.234,50", None, "x", None],
        ["B", "amount", "1,234.50", None, "x", None],
        ["C", "amount", "50", None, "x", "19"],
        ["D", "amount", "50", None, "x", "7.125"],
        ["E", "amount", "1e308", None, "x", None],
        ["F", "amount", "NaN", None, "x", None],
        ["G", "amount", "-5", None, "x", None],
        ["H", "percent", None, "101", "x", None],
    ]
    schedule = read(*rows, head=head)
    assert schedule.decimal is None
    assert [row for row, _column, _sentence in said(schedule)] == [0, 6, 7, 8, 9]
    assert [row.line.title for row in schedule.rows if row.is_fine] == ["C"]
    chosen = read(*rows, head=head, decimal=DecimalSign.POINT)
    assert [row for row, _column, _sentence in said(chosen)] == [2, 6, 7, 8, 9]
    assert [row.line.title for row in chosen.rows if row.is_fine] == ["B", "C", "D"]


@pytest.mark.parametrize("word", ["Total", "Summe"])
def test_a_sum_below_a_plan_that_says_how_it_was_agreed_is_left_out_and_a_line_of_that_name_kept(word: str) -> None:
    head: list[Cell] = ["Milestone", "Agreed as", "Percent", "Amount", "Acceptance criterion"]
    one: list[Cell] = ["Shell", "amount", None, Decimal(900), "Stands."]
    schedule = read(one, [word, None, None, Decimal(900), None], head=head)
    assert only(schedule).title == "Shell"
    assert schedule.skipped_total == 3
    for kept in ([word, "amount", None, Decimal(900), None], [word, None, None, Decimal(900), "All done."]):
        schedule = read(one, kept, head=head)
        assert [line.title for line in schedule.lines] == ["Shell", word]
        assert schedule.skipped_total == 0


def test_a_criterion_that_is_too_long_is_no_missing_one() -> None:
    ((row, column, sentence),) = said(read(["A", None, Decimal(5), None, "x" * 501, "yes"]))
    assert (row, column) == (2, "Acceptance criterion")
    assert "longer than 500" in sentence


def test_dates_with_slashes_are_told_by_the_column() -> None:
    def days(*cells: str, **how: Any) -> list[date | None]:
        schedule = read(*(["A", None, "5", cell, None, None] for cell in cells), **how)
        assert said(schedule) == []
        return [line.planned_on for line in schedule.lines]

    assert days("03/04/2027", "25/04/2027") == [date(2027, 4, 3), date(2027, 4, 25)]
    assert days("03/04/2027", "04/25/2027") == [date(2027, 3, 4), date(2027, 4, 25)]
    assert days("04/04/2027") == [date(2027, 4, 4)]
    assert days("3/4/2027", dates=DateOrder.MONTH_FIRST) == [date(2027, 3, 4)]
    ((row, column, sentence),) = said(read(["A", None, "5", "3/4/2027", None, None]))
    assert (row, column) == (0, "Planned date")
    assert sentence.startswith("Every date can be read day first and month first.")


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("-5", "“-5” is below zero. Every line of a plan is above zero."),
        ("(5.00)", "“(5.00)” is below zero. Every line of a plan is above zero."),
        (Decimal("-5"), "Enter an amount above zero."),
        ("0", "Enter an amount above zero."),
        ("NaN", "“NaN” is no number. Write it in digits, such as 12400."),
        ("1e3", "“1e3” is no number. Write it in digits, such as 12400."),
        ("Infinity", "“Infinity” is no number. Write it in digits, such as 12400."),
        ("\uff11\uff12", "“\uff11\uff12” uses digits other than 0 to 9. Type it anew."),
        ("٣", "“٣” uses digits other than 0 to 9. Type it anew."),
        ("10.005", "EUR has 2 decimals; this amount has more. Round it first."),
        (Decimal("0.005"), "EUR has 2 decimals; this amount has more. Round it first."),
        ("10000000000000", "This amount is too large. Check the decimal separator."),
        ("5 USD", "“5 USD” is no number. Write it in digits, such as 12400."),
        ("£5", "“£5” is not in EUR, the currency of the contract."),
        ("1.2.3", "“1.2.3” is no number. Write it in digits, such as 12400."),
        ("=1+1", "“=1+1” is no number. Write it in digits, such as 12400."),
        ("", "Say what this milestone is worth: a percentage, an amount, or the word remainder."),
        (Formula("=1+1"), "This cell holds a formula, and formulas are not reckoned here. Paste its value instead."),
        (date(2027, 1, 1), "A date stands here, and a number is needed."),
        ("1" * 60, f"“{'1' * 40}…” is no number. Write it in digits, such as 12400."),
    ],
)
def test_what_is_no_amount_is_said_at_its_row(cell: Cell, sentence: str) -> None:
    good: list[Cell] = ["Good", None, "7.5", None, None, None]
    schedule = read(good, ["Bad", None, cell, None, None, None])
    ((row, _column, told),) = said(schedule)
    assert (row, told) == (3, sentence)


def test_a_number_that_is_written_unlike_the_others_is_said() -> None:
    rows: list[list[Cell]] = [["A", None, text, None, None, None] for text in ("1.50", "2.50", "3,50")]
    assert said(read(*rows)) == [
        (
            4,
            "Amount",
            "“3,50” is not written like the other numbers of this file, which have “.” before their decimals.",
        )
    ]


NO_SUCH_YEAR = "The year 27 cannot be meant: dates lie between 1970 and 2200."


@pytest.mark.parametrize(
    ("row", "column", "sentence"),
    [
        (["", "5", None, None, None, None], "Milestone", "The name of a milestone is missing."),
        (
            ["A" * 161, "5", None, None, None, None],
            "Milestone",
            "The name of a milestone is longer than 160 characters.",
        ),
        (
            ["A\x07", "5", None, None, None, None],
            "Milestone",
            "The name of a milestone contains signs that cannot be seen. Type it anew.",
        ),
        (["A", "101", None, None, None, None], "Percent", "The percentage of line 1 must be above 0 and at most 100."),
        (["A", "0.0000001", None, None, None, None], "Percent", None),
        (["A", "5", "5", None, None, None], "Amount", None),
        (["A", None, "5", "2027-02-30", None, None], "Planned date", "“2027-02-30” is no day of the calendar."),
        (["A", None, "5", "soon", None, None], "Planned date", "“soon” is no date. Write it as 2026-12-31."),
        (
            ["A", None, "5", "0027-02-03", None, None],
            "Planned date",
            NO_SUCH_YEAR,
        ),
        (["A", None, "5", Decimal(46000), None, None], "Planned date", None),
        (["A", None, "5", None, "Runs.", "perhaps"], "Needs evidence", "“perhaps” is neither yes nor no."),
        (["A", None, "5", None, "", "yes"], "Needs evidence", None),
        (["A", None, "5", None, "B" * 501, None], "Acceptance criterion", None),
    ],
)
def test_what_is_wrong_is_said_at_its_row_and_column(row: list[Cell], column: str, sentence: str | None) -> None:
    ((number, name, told),) = said(read(row))
    assert (number, name) == (2, column)
    assert sentence is None or told == sentence


def test_a_percentage_may_stand_among_the_amounts() -> None:
    schedule = read(*(["A", None, cell, None, None, None] for cell in ("30 %", Share(Decimal("12.5")), "250", "Rest")))
    assert said(schedule) == []
    assert [(line.basis, line.percent, line.amount) for line in schedule.lines] == [
        ("percent", Decimal(30), None),
        ("percent", Decimal("12.5"), None),
        ("amount", None, Decimal(250)),
        ("remainder", None, None),
    ]


def test_what_is_wrong_with_the_whole_file_is_said_of_it() -> None:
    assert said(read_schedule([], currency="EUR")) == [(0, "", "The file is empty.")]
    assert said(read_schedule([["", None]], currency="EUR")) == [(0, "", "The file is empty.")]
    assert said(read())[0][2] == "There is no milestone below the names of the columns."
    assert said(read_schedule([["Concept", "30"]], currency="EUR"))[0][2].startswith("No row names the columns.")
    assert said(read(["A", "5"], head=["Milestone", "Scope"]))[0][2].startswith("No column says what")
    twice: list[Cell] = ["Milestone", "Amount", "Value"]
    assert said(read(["A", "5", "6"], head=twice)) == [(1, "Value", "Another column means the same. Keep one of them.")]
    two = read(*(["A", "remainder", None, None, None, None] for _ in range(2)))
    assert said(two) == [(3, "", "Only one line of the plan can be the remainder.")]


def test_ten_thousand_and_one_milestones_are_too_many() -> None:
    rows: list[list[Cell]] = [["A", None, "5", None, None, None]] * 10_001
    assert said(read(*rows)) == [(0, "", "A plan has at most 10000 lines.")]
    assert said(read(*rows[1:])) == []
    assert said(read(*rows, *rows, *rows))[0][2].startswith("The file has more than 30000 rows.")


@given(st.lists(st.sampled_from(["=", "+", "-", "@", "\uff1d", "\t", "\n", "'", " ", "a", "1"])).map("".join))
def test_guarded_text_begins_no_formula_and_is_read_back(text: str) -> None:
    safe = guarded(text)
    assert unguarded(safe) == text
    for line in safe.split("\n"):
        assert not line.lstrip(" ").startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t"))


def test_what_is_harmless_stays_as_it_is() -> None:
    for text in ("Concept", "It's done", "a = b", "A-1", "'quoted'"):
        assert guarded(text) == text


DUES: list[Cell] = [*HEAD, "Kind", "Period", "Number of periods", "Due or starts"]


def test_deposits_and_recurring_lines() -> None:
    schedule = read(
        ["Deposit", "10", None, None, None, None, "deposit", None, None, "signature"],
        ["Second deposit", None, "500", "2027-01-15", None, None, "Anzahlung", None, None, None],
        ["Go-live", "remainder", None, None, "It runs.", None, "milestone", None, None, None],
        ["Support", None, "250.00", None, None, None, "Abo", "monatlich", Decimal(12), "Go-live"],
        ["Hosting", None, "90.00", None, None, None, "recurring", "Quarter", "4", date(2027, 2, 1)],
        ["Rent", None, "90.00", None, None, None, "recurring", "year", "31.01.2029", "01.02.2027"],
        head=DUES,
    )
    assert said(schedule) == []
    assert [(line.kind, line.due) for line in schedule.lines] == [
        ("deposit", Due()),
        ("deposit", Due("date", date(2027, 1, 15))),
        ("milestone", None),
        ("recurring", Due("acceptance", None, "Go-live", "month", 12)),
        ("recurring", Due("date", date(2027, 2, 1), "", "quarter", 4)),
        ("recurring", Due("date", date(2027, 2, 1), "", "year", 2)),
    ]
    assert (schedule.lines[3].amount, schedule.lines[1].planned_on) == (Decimal(250), None)


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        (["bonus", None, None, None], "Kind", "“bonus” is none of milestone, deposit and recurring."),
        (["recurring", "week", "4", None], "Period", "“week” is none of month, quarter and year."),
        (["recurring", "month", "0", None], "Number of periods", "“0” is no number of periods from 1 to 240."),
        (["recurring", "month", "1.5", None], "Number of periods", "“1.5” is no number of periods from 1 to 240."),
        (
            ["recurring", "month", date(2027, 2, 1), None],
            "Number of periods",
            "A last day needs a first one: let the line start on a day, or say how many periods it has.",
        ),
        (
            [None, "month", "12", None],
            "Kind",
            "This row says how often or from when it is billed. Only a recurring line repeats, and a milestone is"
            " billed when it is accepted: say deposit or recurring in the column of kinds.",
        ),
    ],
)
def test_what_is_wrong_with_a_line_that_bills_itself_is_said_at_its_cell(
    cells: list[Cell], column: str, words: str
) -> None:
    schedule = read(["Support", None, "250", None, None, None, *cells], head=DUES)
    assert (2, column, words) in said(schedule)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_plan_of_all_kinds_comes_back_from_its_export(language: str) -> None:
    lines = (
        DraftLine("Deposit", basis="amount", amount=Decimal(500), kind="deposit", due=Due("date", date(2027, 1, 15))),
        DraftLine("=Go", basis="remainder", criteria=(DraftCriterion("It runs."),)),
        DraftLine(
            "Support",
            basis="amount",
            amount=Decimal(250),
            kind="recurring",
            due=Due("acceptance", None, "=Go", "month", 12),
        ),
        DraftLine(
            "Rent", basis="percent", percent=Decimal(5), kind="recurring", due=Due("signature", None, "", "year", 2)
        ),
    )
    rows = list(written_schedule(lines, amounts=[None] * 4, language=language))
    assert read_schedule(rows, currency="EUR").lines == lines


def test_a_plan_of_milestones_is_exported_as_ever() -> None:
    (head, _row) = written_schedule((DraftLine("A", basis="remainder"),), amounts=[None], language="en")
    assert head == [*[name for name in head if name not in ("Kind", "Period", "Number of periods", "Due or starts")]]
