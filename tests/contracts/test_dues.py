"""Deposits and recurring lines: what they come to, on which days, and what a plan must say of them."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.contracts import dues_wording, rules
from apps.contracts.drafts import ContractDraft, DraftCriterion, DraftLine, Due
from apps.contracts.rules import dues
from apps.core import canonical, money
from apps.core.errors import Refused

D = Decimal
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD"])
GO_LIVE = DraftLine("Go-live", basis="remainder", criteria=(DraftCriterion("It runs."),))
MONTHLY = DraftLine(
    "Support", basis="amount", amount=D(500), kind="recurring", due=Due("acceptance", None, "Go-live", "month", 12)
)
DEPOSIT = DraftLine("Deposit", basis="percent", percent=D(10), kind="deposit", due=Due())
DRAFT = ContractDraft(
    number="N-1",
    title="Portal",
    buyer_ref="b",
    currency="EUR",
    price=D(60000),
    tax_rate=D(19),
    signatory_name="Lena",
    signatory_email="lena@buyer.example",
    lines=(DEPOSIT, GO_LIVE, MONTHLY),
)


def due(**changes: Any) -> DraftLine:
    assert MONTHLY.due is not None
    return replace(MONTHLY, due=replace(MONTHLY.due, **changes))


def test_what_is_agreed_by_the_period_is_so_many_of_them_in_the_price() -> None:
    assert rules.check_draft(DRAFT).lines == DRAFT.lines
    assert rules.check_proposal(DRAFT) == [6000, 48000, 6000]


@pytest.mark.parametrize(
    ("last", "found"),
    [
        (date(2027, 2, 27), 1),
        (date(2028, 1, 30), 12),
        (date(2027, 2, 1), "The first period ends on 2027-02-27. Choose that day or a later one."),
        (date(2027, 12, 31), "No period ends on 2027-12-31. Choose 2027-12-30 or 2028-01-30."),
        (date(2047, 2, 27), "A recurring line has at most 240 periods. Choose an earlier last day."),
    ],
)
def test_a_last_day_says_how_many_periods_there_are(last: date, found: int | str) -> None:
    begun = Due("date", date(2027, 1, 31), "", "month")
    if isinstance(found, int):
        assert dues.count_until(last, due=begun) == found
        assert rules.periods(date(2027, 1, 31), period="month", count=found)[-1].last == last
    else:
        with pytest.raises(Refused) as refused:
            dues.count_until(last, due=begun)
        assert str(refused.value) == found


def test_a_last_day_needs_a_first_one() -> None:
    with pytest.raises(Refused, match="A last day needs a first one"):
        dues.count_until(date(2027, 12, 31), due=Due("acceptance", None, "Go-live", "month"))
    with pytest.raises(Refused, match="A period is a month"):
        dues.count_until(date(2027, 12, 31), due=Due("date", date(2027, 1, 1)))


@pytest.mark.parametrize(
    ("first", "period", "count", "begins"),
    [
        (date(2027, 1, 31), "month", 4, [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]),
        (date(2027, 11, 15), "quarter", 3, [date(2027, 11, 15), date(2028, 2, 15), date(2028, 5, 15)]),
        (date(2028, 2, 29), "year", 2, [date(2028, 2, 29), date(2029, 2, 28)]),
        (date(2026, 12, 1), "month", 2, [date(2026, 12, 1), date(2027, 1, 1)]),
    ],
)
def test_periods_begin_on_the_day_of_the_first(first: date, period: str, count: int, begins: list[date]) -> None:
    found = rules.periods(first, period=period, count=count)
    assert [one.first for one in found] == begins


@PATIENT
@given(
    st.dates(date(2020, 1, 1), date(2100, 1, 1)),
    st.sampled_from(["month", "quarter", "year"]),
    st.integers(1, dues.MOST_PERIODS),
)
def test_periods_follow_each_other_without_a_gap(first: date, period: str, count: int) -> None:
    found = rules.periods(first, period=period, count=count)
    assert len(found) == count
    assert found[0].first == first
    assert all(one.first <= one.last for one in found)
    assert all(after.first == before.last + timedelta(days=1) for before, after in pairwise(found))


@PATIENT
@given(CURRENCIES, st.integers(1, 10**12), st.integers(1, dues.MOST_PERIODS))
def test_the_periods_of_a_line_add_up_to_it_and_differ_by_one_unit_at_most(
    currency: str, units: int, count: int
) -> None:
    whole = units * money.unit(currency)
    amounts = rules.period_amounts(whole, count=count, currency=currency)
    assert money.total(amounts) == whole
    assert all(money.is_exact(amount, currency) for amount in amounts)
    assert max(amounts) - min(amounts) <= money.unit(currency)
    assert amounts == sorted(amounts, reverse=True)


@st.composite
def plans(draw: st.DrawFn) -> ContractDraft:
    """A price and a plan of all kinds that adds up to it: what is left is a milestone's."""
    currency = draw(CURRENCIES)
    unit = money.unit(currency)
    lines = [GO_LIVE]
    used = D(0)
    for number in range(draw(st.integers(1, 12))):
        count = draw(st.integers(1, 36))
        kind = draw(st.sampled_from(["deposit", "recurring"]))
        amount = draw(st.integers(1, 10**6)) * unit
        said = Due("signature", None, "", "month", count) if kind == "recurring" else Due()
        lines.append(DraftLine(f"Line {number}", basis="amount", amount=amount, kind=kind, due=said))
        used += amount * (count if kind == "recurring" else 1)
    percents = draw(st.lists(st.integers(1, 10**6), max_size=5))
    lines += [
        DraftLine(
            f"Share {at}",
            basis="percent",
            percent=D(share).scaleb(-6),
            kind="recurring",
            due=Due("signature", None, "", "quarter", draw(st.integers(1, 8))),
        )
        for at, share in enumerate(percents)
    ]
    price = used * draw(st.integers(2, 5)) + draw(st.integers(10**10, 10**11)) * unit
    return replace(DRAFT, currency=currency, price=price, lines=tuple(draw(st.permutations(lines))))


@PATIENT
@given(plans())
def test_every_plan_of_all_kinds_is_the_price_to_the_minor_unit(draft: ContractDraft) -> None:
    amounts = rules.check_proposal(draft)
    assert money.total(amounts) == draft.price
    parts = [
        part
        for line, amount in zip(draft.lines, amounts, strict=True)
        for part in rules.period_amounts(
            amount, count=(line.due.count or 1) if line.due else 1, currency=draft.currency
        )
    ]
    assert money.total(parts) == draft.price
    assert all(part > 0 and money.is_exact(part, draft.currency) for part in parts)
    for line, amount in zip(draft.lines, amounts, strict=True):
        if line.kind == "recurring" and line.basis == "amount" and line.due and line.due.count:
            split = rules.period_amounts(amount, count=line.due.count, currency=draft.currency)
            assert set(split) == {line.amount}, "what was agreed by the period is billed in each"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((GO_LIVE, due(count=None)), "Say how many periods “Support” has: a price that is fixed needs an end."),
        ((GO_LIVE, due(period="")), "Say how long a period of “Support” is."),
        ((GO_LIVE, due(milestone="")), "Name the milestone with which “Support” starts."),
        ((GO_LIVE, due(start="date")), "Say on which day “Support” is first due."),
        (
            (GO_LIVE, due(milestone="Launch")),
            "“Support” starts with the milestone “Launch”, and the plan has 0 of that name. Name one that is there"
            " once.",
        ),
        (
            (GO_LIVE, replace(GO_LIVE, basis="amount", amount=D(1)), MONTHLY),
            "“Support” starts with the milestone “Go-live”, and the plan has 2 of that name. Name one that is there"
            " once.",
        ),
        (
            (GO_LIVE, replace(due(), basis="amount", amount=None)),
            "Line 2 of the plan has no amount yet.",
        ),
        (
            (GO_LIVE, replace(due(), basis="percent", percent=D("0.000001"), amount=None)),
            "“Support” comes to less than 12 times the smallest amount of EUR. Choose fewer periods.",
        ),
        (
            (GO_LIVE, *(replace(due(count=240, start="signature"), title=f"S{n}") for n in range(42))),
            "The deposits and periods of this plan are more than 10000. Choose longer periods.",
        ),
    ],
)
def test_what_leaves_open_when_something_is_billed_cannot_be_proposed(lines: Any, words: str) -> None:
    price = D(10**8) if len(lines) > 3 else D("10000.00") if "smallest" not in words else D(1_000_000)
    with pytest.raises(Refused) as refused:
        rules.check_proposal(rules.check_draft(replace(DRAFT, price=price, lines=lines)))
    assert str(refused.value) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (replace(GO_LIVE, kind="bonus"), "Line 1 of the plan must be a milestone, a deposit or recurring."),
        (
            replace(GO_LIVE, kind="deposit"),
            "“Go-live” has acceptance criteria, but nobody signs it off: it is billed when it is due. Remove them, or"
            " make it a milestone.",
        ),
        (
            replace(DEPOSIT, due=Due("acceptance", None, "Go-live")),
            "“Deposit” must be due when the contract is signed or on a day; only a recurring line, and a deposit that"
            " later invoices give back, can start with a milestone, and only such a deposit with an event.",
        ),
        (due(count=241), "“Support” is billed 1 to 240 times. Check the number of periods."),
        (due(count=0), "“Support” is billed 1 to 240 times. Check the number of periods."),
        (due(period="week"), "A period is a month, a quarter or a year."),
    ],
)
def test_what_cannot_be_kept_is_refused(line: DraftLine, words: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.check_draft(replace(DRAFT, lines=(line,)))
    assert str(refused.value) == words


def test_a_line_keeps_only_what_its_kind_has() -> None:
    (line,) = rules.check_draft(replace(DRAFT, lines=(due(start="signature", on=date(2027, 1, 1)),))).lines
    assert line.due == Due("signature", None, "", "month", 12)
    (milestone,) = rules.check_draft(replace(DRAFT, lines=(replace(GO_LIVE, due=Due()),))).lines
    assert milestone.due is None


@pytest.mark.parametrize("lines", [DRAFT.lines, (GO_LIVE,), (due(start="date", on=date(2027, 3, 1)), GO_LIVE)])
def test_plans_and_templates_are_read_back_as_they_were(lines: tuple[DraftLine, ...]) -> None:
    assert rules.read_plan(rules.plan_text(lines)) == lines
    template = rules.read_template(rules.template_text(replace(DRAFT, lines=lines)))
    assert [line.kind for line in template.lines] == [line.kind for line in lines]
    assert all(line.due is None or line.due.on is None for line in template.lines), "days are the contract's own"


def test_a_plan_from_before_there_were_kinds_is_one_of_milestones() -> None:
    said = canonical.read(rules.plan_text((GO_LIVE,)))
    for name in ("kind", "due"):
        del said[0][name]
    assert rules.read_plan(canonical.text(said)) == (GO_LIVE,)


def test_a_milestone_is_signed_in_the_words_of_always() -> None:
    line = rules.LineText(1, "Go-live", "", "remainder", None, D(5), None, [DraftCriterion("It runs.")])
    text = rules.version_text(contract={}, seller=None, buyer=None, terms={}, signatory={}, lines=[line])  # type: ignore[arg-type]
    (said,) = canonical.read(text)["plan"]
    assert sorted(said) == ["amount", "basis", "criteria", "own", "percent", "planned_on", "position", "scope", "title"]


@pytest.mark.parametrize(
    ("said", "amount", "words"),
    [
        (Due(), "6000", "billed once, when both sides have signed"),
        (Due("date", date(2027, 3, 1)), "6000", "billed once, on 2027-03-01"),
        (
            Due("acceptance", None, "Go-live", "month", 12),
            "6000",
            "12 monthly payments of 500.00, the first when “Go-live” is accepted",
        ),
        (
            Due("date", date(2027, 3, 1), "", "quarter", 3),
            "100",
            "3 quarterly payments of 33.33 to 33.34, the first on 2027-03-01",
        ),
        (Due("signature", None, "", "year", 2), None, "2 yearly payments, the first when both sides have signed"),
        (Due("signature", None, "", "year", 1), "100", "1 yearly payment of 100.00, when both sides have signed"),
        (
            Due("acceptance", None, "", "month", None),
            None,
            "how often is not said yet; the first with a milestone that is not named yet",
        ),
    ],
)
def test_when_a_line_is_billed_is_said_in_words(said: Due, amount: str | None, words: str) -> None:
    found = dues_wording.schedule_in_words(
        said,
        amount=D(amount) if amount else None,
        currency="EUR",
        money=lambda figure: f"{figure:.2f}",
        day=date.isoformat,
    )
    assert found == words
