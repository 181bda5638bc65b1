"""The cash that a plan is expected to bring, after retention: when each part of it comes, and that nothing is lost."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.contracts import rules
from apps.contracts.drafts import Condition, Due, LineTerms, Recovery
from apps.contracts.retention import RetentionRelease, RetentionStep, RetentionTerms, payable_until_final
from apps.contracts.rules import CashTerms, Expected, PaperLine, ReviewTerms
from apps.contracts.rules.retention import check_proposed_retention, check_retention
from apps.core import money
from apps.core.errors import Refused
from apps.invoicing.rules import less_retention

D = Decimal
SIGNED = date(2026, 3, 2)
REVIEW = ReviewTerms(14, "calendar", "DE", "", "Europe/Berlin", "accepted")
TERMS = CashTerms(review=REVIEW, payment_days=30)


def line(title: str, amount: str | D, planned_on: date | None = None, **more: Any) -> PaperLine:
    return PaperLine(title, "", "amount", None, D(amount), planned_on, (), **more)


def cash(
    *lines: PaperLine, retention: RetentionTerms | None, terms: CashTerms = TERMS, tax: int = 19, currency: str = "EUR"
) -> list[Expected]:
    price = money.total(one.amount for one in lines if one.amount is not None and not _is_advance(one))
    found = rules.expected_cash(lines, signed_on=SIGNED, terms=terms, currency=currency)
    return less_retention(
        found, retention=retention, terms=terms, price=price, tax_rate=D(tax), title="Released", currency=currency
    )


def _is_advance(one: PaperLine) -> bool:
    return one.due is not None and one.due.recovery is not None


def said(found: list[Expected]) -> list[tuple[str, date | None, D]]:
    return [(one.title, one.on, one.amount) for one in found]


FOUNDATION = line("Foundation", "100000.00", date(2026, 4, 1))
SHELL = line("Shell", "200000.00", date(2026, 6, 1))


def test_what_is_kept_back_comes_when_it_is_released() -> None:
    """Half with the end of the works, half on the day on which the defects period is over."""
    halves = (RetentionRelease(D(50)), RetentionRelease(D(50), "date", on=date(2028, 1, 10)))
    assert said(cash(FOUNDATION, SHELL, retention=RetentionTerms(D(10), releases=halves))) == [
        ("Foundation", date(2026, 5, 15), D("90000.00")),
        ("Shell", date(2026, 7, 15), D("180000.00")),
        ("Released", date(2026, 7, 15), D("15000.00")),
        ("Released", date(2028, 2, 9), D("15000.00")),
    ]


def test_retention_follows_its_steps_caps_and_the_rates_of_lines() -> None:
    stepped = RetentionTerms(D(10), steps=(RetentionStep(D(50), D(5)),), cap_amount=D("18000.00"))
    assert [one.amount for one in cash(FOUNDATION, SHELL, retention=stepped)] == [90000, 192000, 18000]
    free = replace(FOUNDATION, own=LineTerms(retention_rate=D(0)))
    assert [one.amount for one in cash(free, SHELL, retention=RetentionTerms(D(10)))] == [100000, 180000, 20000]


def test_of_a_retention_on_gross_amounts_the_tax_is_left_out() -> None:
    gross = RetentionTerms(D(10), base="gross", cap_amount=D("11900.00"))
    assert [one.amount for one in cash(FOUNDATION, SHELL, retention=gross)] == [90000, 200000, 10000]


def test_a_section_is_released_with_its_milestone_and_the_rest_at_the_end() -> None:
    parts = (RetentionRelease(D(100), "milestone", milestone="Foundation", only=True), RetentionRelease(D(100)))
    assert said(cash(FOUNDATION, SHELL, retention=RetentionTerms(D(10), releases=parts)))[2:] == [
        ("Released", date(2026, 5, 15), D("10000.00")),
        ("Released", date(2026, 7, 15), D("20000.00")),
    ]


def test_what_somebody_has_to_release_has_no_day() -> None:
    at_call = RetentionTerms(D(10), releases=(RetentionRelease(D(100), "buyer"),))
    found = cash(FOUNDATION, SHELL, retention=at_call)
    assert said(found)[-1] == ("Released", None, D("30000.00"))
    assert rules.undated(found) == 30000
    later = cash(FOUNDATION, replace(SHELL, planned_on=None), retention=RetentionTerms(D(10)))
    assert said(later)[-1] == ("Released", None, D("30000.00")), "nobody knows when the last milestone is accepted"


def test_what_is_payable_at_most_before_the_end_becomes_payable_with_the_last_milestone() -> None:
    advance = line("Progress", "30000.00", kind="deposit", due=Due(recovery=Recovery()))
    last = line("Hand-over", "50000.00", date(2026, 9, 1))
    found = cash(FOUNDATION, SHELL, last, retention=payable_until_final(D(80)))
    assert [one.amount for one in found] == [100000, 180000, 50000, 20000]
    assert money.total(
        one.amount for one in cash(advance, FOUNDATION, SHELL, retention=payable_until_final(D(80)))
    ) == (300000)


def test_two_kinds_are_kept_back_and_released_beside_each_other() -> None:
    defects = RetentionTerms(D(5), name="Defects", releases=(RetentionRelease(D(100), "completion", days=730),))
    both = RetentionTerms(D(10), name="Performance", further=(defects,))
    assert said(cash(FOUNDATION, retention=both)) == [
        ("Foundation", date(2026, 5, 15), D("85000.00")),
        ("Released: Performance", date(2026, 5, 15), D("10000.00")),
        ("Released: Defects", date(2028, 5, 14), D("5000.00")),
    ]


def test_applications_for_payment_are_certified_at_the_end_of_the_month() -> None:
    """Both were accepted in April: one invoice, of which the limit on each keeps back once."""
    terms = replace(TERMS, bills_by="application")
    other = line("Ground", "50000.00", date(2026, 4, 10))
    assert said(cash(FOUNDATION, other, SHELL, retention=None, terms=terms)) == [
        ("Foundation", date(2026, 5, 30), D("100000.00")),
        ("Ground", date(2026, 5, 30), D("50000.00")),
        ("Shell", date(2026, 7, 30), D("200000.00")),
    ]
    limited = RetentionTerms(D(10), cap_each=D("9000.00"))
    assert [one.amount for one in cash(FOUNDATION, other, SHELL, retention=limited, terms=terms)] == [
        *(94000, 47000, 191000),
        18000,
    ]
    advance = line("Advance", "60000.00", kind="deposit", due=Due(recovery=Recovery("fixed", amount=D("20000.00"))))
    found = cash(advance, FOUNDATION, other, SHELL, retention=None, terms=terms)
    assert [one.amount for one in found] == [60000, D("86666.67"), D("43333.33"), 160000], "once for each invoice"


MILESTONES = ("A", "B", "C", "D")
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
rates = st.integers(0, 50).map(D)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    named = draw(st.lists(st.sampled_from(MILESTONES), max_size=2, unique=True))
    events = draw(st.sampled_from([(), (), ("Permit",)]))
    return Condition(draw(st.sampled_from(["all", "any"])), tuple(named), draw(st.none() | days), events)


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[PaperLine], str]:
    currency = draw(st.sampled_from(["JPY", "EUR", "BHD"]))
    amounts = st.integers(1, 10**7).map(lambda minor: minor * money.unit(currency))
    lines = [
        line(
            title,
            draw(amounts),
            draw(st.none() | days),
            own=LineTerms(
                is_cumulative=draw(st.booleans()),
                retention_rate=draw(st.none() | rates),
                is_materials=draw(st.booleans()),
                condition=draw(st.none() | conditions()),
                payment_days=draw(st.none() | st.integers(0, 90)),
            ),
        )
        for title in draw(st.lists(st.sampled_from(MILESTONES), min_size=1, max_size=4, unique=True))
    ]
    starts = st.sampled_from([Due(), Due("date", date(2026, 8, 1)), Due("acceptance", milestone="A"), Due("event")])
    if draw(st.booleans()):
        due = replace(draw(starts), period="month", count=draw(st.integers(1, 5)))
        lines.append(line("Support", draw(amounts), kind="recurring", due=due))
    price = money.total(one.amount for one in lines if one.amount is not None)
    for title in ("Advance", "Second advance"):
        if draw(st.booleans()):
            way = draw(st.sampled_from(["proportion", "first", "rate", "fixed"]))
            recovery = Recovery(way, D(20) if way == "rate" else None, amount=D(5) if way == "fixed" else None)
            amount = money.floor(price * draw(st.integers(1, 50)) / 100, currency)
            if amount:
                lines.insert(0, line(title, amount, kind="deposit", due=replace(draw(starts), recovery=recovery)))
    if draw(st.booleans()):
        lines.insert(0, line("Deposit", draw(amounts), kind="deposit", due=draw(starts)))
    return lines, currency


@st.composite
def releases(draw: st.DrawFn) -> tuple[RetentionRelease, ...]:
    shares = draw(st.sampled_from([(100,), (50, 50), (40, 60), (33, 33, 34)]))
    found = []
    for share in map(D, shares):
        event = draw(st.sampled_from(["completion", "date", "buyer", "seller", "milestone"]))
        found.append(
            RetentionRelease(
                share,
                event,
                days=draw(st.integers(0, 800)) if event == "completion" else 0,
                on=draw(days) if event == "date" else None,
                milestone="A" if event == "milestone" else "",
            )
        )
    section = RetentionRelease(D(100), "milestone", milestone="A", only=True)
    return (section, *found[:2]) if len(found) < 3 and draw(st.booleans()) else tuple(found)


@st.composite
def retentions(draw: st.DrawFn) -> RetentionTerms | None:
    if draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from([None, payable_until_final(D(80))]))
    kinds = [
        RetentionTerms(
            draw(rates),
            base=draw(st.sampled_from(["net", "gross"])),
            steps=draw(st.sampled_from([(), (RetentionStep(D(50), D(5)),)])),
            cap_percent=draw(st.none() | st.integers(1, 20).map(D)),
            cap_amount=draw(st.none() | st.integers(1, 10**6).map(D)),
            cap_each=draw(st.none() | st.integers(1, 10**6).map(D)),
            materials_rate=draw(st.none() | rates),
            releases=draw(releases()),
            name=name,
        )
        for name in ("Performance", "Defects")
    ]
    return replace(kinds[0], further=(kinds[1],)) if draw(st.booleans()) else kinds[0]


@settings(max_examples=150)
@given(plans(), retentions(), st.sampled_from(["milestone", "application"]), st.sampled_from(["calendar", "working"]))
def test_every_plan_brings_its_price(
    plan: tuple[list[PaperLine], str], retention: RetentionTerms | None, bills_by: str, unit: str
) -> None:
    lines, currency = plan
    terms = CashTerms(review=replace(REVIEW, unit=unit), payment_days=30, bills_by=bills_by)
    if retention is not None:
        try:
            check_retention(retention, currency=currency)
            check_proposed_retention(retention, titles=[one.title for one in lines])
        except Refused:
            return
    price = money.total(one.amount for one in lines if one.amount is not None and not _is_advance(one))
    found = cash(*lines, retention=retention, terms=terms, currency=currency)
    assert money.total(one.amount for one in found) == price
    assert money.total(rules.by_month(found).values()) + rules.undated(found) == price
    assert all(money.is_exact(one.amount, currency) for one in found)
    whole = rules.expected_cash(lines, signed_on=SIGNED, terms=terms, currency=currency)
    paid = list(zip(whole, found, strict=False))
    assert all((before.title, before.on) == (after.title, after.on) for before, after in paid)
    released = found[len(whole) :]
    assert all(one.amount > 0 for one in released)
    kept = money.total(before.amount - after.amount for before, after in paid)
    assert kept == money.total(one.amount for one in released)
    for day in {one.billed_on for one in released if one.billed_on is not None}:
        out = money.total(one.amount for one in released if one.billed_on is not None and one.billed_on <= day)
        back = [(b.amount - a.amount) for b, a in paid if a.billed_on is not None and a.billed_on <= day]
        assert out <= money.total(back), "nothing is released before it is kept back"
