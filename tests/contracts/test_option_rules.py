"""Plan options in pure rules: prices to the cent, cash by its day, and the one rate that a difference has."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.contracts import rules
from apps.contracts.drafts import Condition, ContractDraft, DraftCriterion, DraftLine, DraftOption, Due, LineTerms
from apps.contracts.rules import PaperLine
from apps.contracts.rules.options import MOST_OPTIONS
from apps.core import money
from apps.core.errors import Refused
from apps.financing.rules.xirr import xirr

D = Decimal
SIGNED = date(2026, 3, 2)


def milestone(title: str, percent: str, planned_on: date | None = None, *, own: LineTerms | None = None) -> DraftLine:
    line = DraftLine(title, percent=D(percent), planned_on=planned_on, criteria=(DraftCriterion("It works."),))
    return replace(line, own=own) if own else line


def draft(price: str = "1000.00", currency: str = "EUR", *options: DraftOption, name: str = "Base") -> ContractDraft:
    return ContractDraft(
        number="1",
        title="A deal",
        buyer_ref="",
        currency=currency,
        price=D(price),
        tax_category="Z",
        signatory_name="Bea",
        signatory_email="bea@x.example",
        lines=(milestone("First", "30", date(2026, 4, 1)), milestone("Last", "70", date(2026, 9, 15))),
        plan_name=name,
        options=options,
    )


@settings(max_examples=40)
@given(
    st.sampled_from(["JPY", "EUR", "BHD"]),
    st.decimals("0.000001", "99", places=6),
    st.integers(1, 10**9),
    st.integers(1, 24),
)
def test_every_plan_adds_up_to_its_own_price(currency: str, percent: D, minor: int, count: int) -> None:
    price = minor * money.unit(currency) + 100
    upfront = rules.upfront("Upfront", title="All", discount_percent=percent)
    monthly = replace(
        rules.by_period("Monthly", title="By month", period="month", count=count), discount_percent=percent
    )
    thirds = DraftOption("Thirds", (milestone("A", "33.333333"), milestone("B", "66.666667")), discount_percent=percent)
    try:
        checked = rules.check_draft_with_options(draft(str(price), currency, upfront, monthly, thirds))
        amounts = rules.check_offer(checked)
    except Refused:
        return  # so small a discount, or so small a part, rounds to nothing
    prices = [price, *(rules.option_price(one, price=price, currency=currency) for one in checked.options)]
    assert [money.total(of_plan) for of_plan in amounts] == prices
    for of_plan in amounts:
        assert all(amount > 0 and money.is_exact(amount, currency) for amount in of_plan)
    assert price - prices[1] == money.half_up(price * percent / 100, currency)


@pytest.mark.parametrize(
    ("options", "name", "why"),
    [
        ((DraftOption("base"),), "Base", "Two plans are named"),
        ((DraftOption("A"), DraftOption("a")), "Base", "Two plans are named"),
        ((DraftOption(" "),), "Base", "missing"),
        ((DraftOption("A", discount=D(1000)),), "Base", "must be above zero and leave something"),
        ((DraftOption("A", discount=D("0.001")),), "Base", "minor unit|decimals|smallest"),
        ((DraftOption("A", discount_percent=D(100)),), "Base", "below 100"),
        ((DraftOption("A", discount_percent=D("0.0001")),), "Base", "must be above zero"),
        ((DraftOption("A", discount_percent=D(3), discount=D(3)),), "Base", "not both"),
        (tuple(DraftOption(f"{at}") for at in range(MOST_OPTIONS + 1)), "Base", "at most"),
        ((DraftOption("A", (DraftLine("", basis="remainder"),)),), "Base", "In the plan “A”: The name"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(options: tuple[DraftOption, ...], name: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        rules.check_draft_with_options(draft("1000.00", "EUR", *options, name=name))


def test_what_cannot_be_signed_names_the_plan() -> None:
    short = DraftOption("Short", (milestone("A", "90"),))
    with pytest.raises(Refused, match="In the plan “Short”: The plan adds up to 90%"):
        rules.check_offer(draft("1000.00", "EUR", short))
    with pytest.raises(Refused, match="Name the base plan too"):
        rules.check_offer(draft("1000.00", "EUR", rules.upfront("Upfront", title="All"), name=""))


def test_a_template_keeps_the_plans_without_their_days() -> None:
    dated = DraftOption("Dated", (DraftLine("A", basis="remainder", kind="deposit", due=Due("date", SIGNED)),), D(3))
    read = rules.read_template(rules.template_text(draft("1000.00", "EUR", dated)))
    assert (read.plan_name, read.options[0].discount_percent) == ("Base", D(3))
    assert read.options[0].lines[0].due == Due("date", None)


def test_generated_plans_reach_the_last_planned_day() -> None:
    for period, count in (("month", 7), ("quarter", 3), ("year", 1)):
        assert rules.periods_of_plan(draft(), period=period, today=SIGNED) == count
    assert rules.periods_of_plan(draft(), period="month", today=date(2027, 1, 1)) == 1


def paper(*lines: DraftLine, price: str = "1000.00") -> list[PaperLine]:
    amounts = rules.known_amounts(D(price), currency="EUR", portions=[rules.portion_of(line) for line in lines])
    return [
        PaperLine(
            line.title,
            "",
            line.basis,
            line.percent,
            amount,
            line.planned_on,
            line.criteria,
            own=line.own,
            kind=line.kind,
            due=line.due,
        )
        for line, amount in zip(lines, amounts, strict=True)
    ]


def cash(*lines: DraftLine, price: str = "1000.00") -> list[rules.Expected]:
    return rules.expected_cash(paper(*lines, price=price), signed_on=SIGNED, terms=terms(), currency="EUR")


def terms(unit: str = "calendar", days: int = 14, **more: Any) -> rules.CashTerms:
    review = rules.ReviewTerms(days, unit, "DE", "BY", "Europe/Berlin", "accepted")
    return rules.CashTerms(review=review, payment_days=30, **more)


def test_cash_comes_after_review_and_payment_days() -> None:
    found = cash(
        milestone("Past", "10", date(2026, 1, 1)),
        milestone("Undated", "20"),
        milestone("Quick", "30", date(2026, 4, 1), own=LineTerms(review_days=2)),
        DraftLine("Deposit", basis="percent", percent=D(10), kind="deposit", due=Due("date", date(2026, 5, 1))),
        DraftLine("Support", basis="remainder", kind="recurring", due=Due("acceptance", None, "Quick", "month", 2)),
    )
    assert [(one.on, one.amount) for one in found] == [
        (date(2026, 4, 15), D(100)),  # 2 March, 14 and 30 days
        (None, D(200)),
        (date(2026, 5, 3), D(300)),
        (date(2026, 5, 31), D(100)),
        (date(2026, 5, 3), D(150)),
        (date(2026, 6, 2), D(150)),
    ]
    assert rules.undated(found) == 200
    assert rules.by_month(found) == {date(2026, 4, 1): 100, date(2026, 5, 1): 550, date(2026, 6, 1): 150}


def test_a_cumulative_milestone_waits_for_those_above() -> None:
    found = cash(
        milestone("A", "50", date(2026, 9, 1)), milestone("B", "50", SIGNED, own=LineTerms(is_cumulative=True))
    )
    assert found[0].done_on == found[1].done_on == date(2026, 9, 15)


def accepted_on(*lines: DraftLine, unit: str = "calendar", days: int = 14) -> list[date | None]:
    found = rules.expected_cash(paper(*lines), signed_on=SIGNED, terms=terms(unit, days), currency="EUR")
    return [one.done_on for one in found]


def test_review_days_are_those_of_the_calendar_that_was_agreed() -> None:
    """Twelve working days over Easter in Bavaria: Good Friday, Easter Monday and three Sundays do not count."""
    one = milestone("All", "100", date(2026, 3, 27))
    assert accepted_on(one, days=12) == [date(2026, 4, 8)]
    assert accepted_on(one, unit="working", days=12) == [date(2026, 4, 13)]
    assert accepted_on(one, unit="business", days=12) == [date(2026, 4, 16)]


def waits(
    title: str, *milestones: str, needs: str = "all", on: date | None = None, events: tuple[str, ...] = ()
) -> Any:
    condition = Condition(needs, milestones, on, events)
    return milestone(title, "25", date(2026, 4, 1), own=LineTerms(condition=condition))


def test_a_milestone_is_paid_after_what_it_waits_for() -> None:
    """Wherever that stands in the plan; of what nobody knows the day of, nobody knows when it is paid."""
    last = milestone("Last", "25", date(2026, 9, 1))
    found = accepted_on(waits("First", "Middle"), waits("Middle", "Last"), last, waits("Late", on=date(2026, 12, 1)))
    assert found == [date(2026, 10, 13), date(2026, 9, 29), date(2026, 9, 15), date(2026, 12, 15)]
    undated = milestone("Undated", "25")
    unknown = accepted_on(waits("A", events=("Permit",)), waits("B", "Undated"), undated, waits("C", "A"))
    assert unknown == [None] * 4
    ways: dict[str, Any] = {"needs": "any", "on": date(2026, 6, 1)}
    either = accepted_on(waits("A", "Undated", **ways), undated, waits("B", "A", events=("Permit",), needs="any"))
    assert either == [date(2026, 6, 15), None, date(2026, 6, 29)]
    around = accepted_on(waits("A", "B", needs="any", on=date(2026, 8, 1)), waits("B", "A", **ways))
    assert around == [date(2026, 6, 29), date(2026, 6, 15)], "either has another way"


def test_a_cumulative_milestone_waits_for_one_above_that_waits_for_one_below() -> None:
    found = accepted_on(
        waits("A", "C"),
        milestone("B", "25", SIGNED, own=LineTerms(is_cumulative=True)),
        milestone("C", "25", date(2026, 9, 1)),
    )
    assert found == [date(2026, 9, 29), date(2026, 9, 29), date(2026, 9, 15)]
    assert accepted_on(milestone("A", "50"), milestone("B", "50", SIGNED, own=LineTerms(is_cumulative=True))) == [
        *(None, None)
    ]


def test_a_long_chain_is_followed_in_either_direction() -> None:
    lines = [replace(waits(f"M{at}", f"M{at + 1}"), percent=D("0.1")) for at in range(999)]
    lines.append(replace(milestone("M999", "0.1"), planned_on=SIGNED))
    found = accepted_on(*lines, days=1)
    assert (found[0], found[-1]) == (date(2028, 12, 25), date(2026, 3, 3))


def test_the_rate_of_a_difference_is_the_one_that_discounts_it_to_nothing() -> None:
    upfront = cash(*rules.upfront("U", title="All").lines, price="970.00")
    base = cash(milestone("All", "100", date(2027, 2, 16)))  # accepted and paid a year after the upfront payment
    flows = rules.gains(upfront, base)
    assert flows == [(date(2026, 4, 1), D(970)), (date(2027, 4, 1), D(-1000))]
    rate = xirr(flows)
    assert rate is not None
    assert round(rate, 4) == round((D(1000) / 970 - 1) * 100, 4)


def test_no_rate_is_said_where_the_sign_turns_twice_or_a_day_is_missing() -> None:
    base = cash(milestone("A", "50", date(2026, 4, 1)), milestone("B", "50", date(2026, 6, 1)))
    around = cash(milestone("A", "25", date(2026, 3, 15)), milestone("B", "75", date(2026, 5, 1)))
    later = [*around[:1], replace(around[1], on=date(2026, 9, 1))]
    assert rules.gains(base, base) == []
    assert rules.gains(later, base) == []
    assert rules.gains(cash(milestone("A", "100")), base) == []


def test_who_is_ahead_is_the_most_on_any_day() -> None:
    base = cash(milestone("A", "40", date(2026, 4, 1)), milestone("B", "60", date(2026, 8, 1)))
    done = [(one.done_on, one.amount) for one in base if one.done_on]
    by_milestones = rules.ahead(base, done=done, price=D(1000), currency="EUR")
    assert (by_milestones.paid_unfinished, by_milestones.done_unpaid) == (D(0), D(600))
    upfront = rules.ahead(cash(*rules.upfront("U", title="All").lines), done=done, price=D(1000), currency="EUR")
    assert (upfront.paid_unfinished, upfront.done_unpaid) == (D(1000), D(0))


def test_how_a_plan_is_paid() -> None:
    assert rules.kind_of_plan(paper(milestone("A", "100"))) == "milestones"
    assert rules.kind_of_plan(paper(*rules.upfront("U", title="All").lines)) == "upfront"
    assert rules.kind_of_plan(paper(*rules.by_period("M", title="All", period="year", count=2).lines)) == "time"
