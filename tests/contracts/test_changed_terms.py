"""Terms in change orders, and what is payable before the last milestone is accepted: the rules, without a database."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.contracts import rules
from apps.contracts.charges import ChargeTerms
from apps.contracts.drafts import (
    FIRST,
    ChangedTerms,
    ContractDraft,
    DraftCriterion,
    DraftLine,
    Due,
    LineTerms,
    Recovery,
)
from apps.contracts.late_payment import LateTerms
from apps.contracts.retention import RetentionRelease, RetentionTerms, payable_until_final
from apps.contracts.rules.payable import Step, check_payable_most, least_left
from apps.contracts.rules.retention import check_retention
from apps.core.errors import Refused

D = Decimal
TEN = RetentionTerms(D(10), releases=(RetentionRelease(D(50)), RetentionRelease(D(50), days=730)))


def draft(*lines: tuple[str, bool], **changes: Any) -> ContractDraft:
    """A contract whose milestones come to these amounts, cumulative or not."""
    plan = tuple(
        DraftLine(
            f"Event {number}",
            basis="amount",
            amount=D(amount),
            criteria=(DraftCriterion("Done."),),
            own=LineTerms(is_cumulative=waits),
        )
        for number, (amount, waits) in enumerate(lines, 1)
    )
    price = sum((line.amount or D(0) for line in plan), D(0))
    values: dict[str, Any] = {"price": price or D(100), "lines": plan, "tax_category": "O"}
    return ContractDraft("C-1", "Sensors", "", "USD", **(values | changes))


def test_what_is_not_named_stays_and_what_is_named_is_told_before_and_after() -> None:
    stands = draft(retention=TEN)
    changed = rules.with_terms(
        stands, ChangedTerms(payment_days=45, silence="accepted", retention=replace(TEN, rate=D(5)))
    )
    assert changed == replace(stands, payment_days=45, silence="accepted", retention=replace(TEN, rate=D(5)))
    assert [(one["term"], one["before"], one["after"]) for one in rules.terms_text(stands, changed)] == [
        ("payment_days", 30, 45),
        ("silence", "escalates", "accepted"),
        ("retention", TEN, replace(TEN, rate=D(5))),
    ]
    assert rules.with_terms(stands, ChangedTerms()) is stands
    assert rules.terms_text(stands, stands) == []


def test_late_payment_charges_and_assignment_are_said_anew_and_taken_out() -> None:
    late, back = LateTerms(D(9), fee=D(40)), ChargeTerms(back_charges="price")
    stands = draft(late_payment=late)
    changed = rules.with_terms(stands, ChangedTerms(late_payment=rules.NOTHING["late_payment"], charges=back))
    assert (changed.late_payment, changed.charges, changed.is_assignable) == (None, back, True)
    again = ChangedTerms(late_payment=late, charges=rules.NOTHING["charges"], is_assignable=False)
    assert rules.with_terms(changed, again) == replace(stands, is_assignable=False)
    told = rules.terms_text(stands, rules.with_terms(changed, again))
    assert told == [{"term": "is_assignable", "before": True, "after": False}]
    rules.check_assigned(told, advanced=[])
    rules.check_assigned(rules.terms_text(replace(stands, is_assignable=False), stands), advanced=["Event 1"])
    with pytest.raises(Refused, match="advances money on “Event 1”"):
        rules.check_assigned(told, advanced=["Event 1"])


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (ChangedTerms(payment_days=366), "payment_days"),
        (ChangedTerms(review_days=0), "review_days"),
        (ChangedTerms(silence="agreed"), "silence"),
        (ChangedTerms(late_payment=LateTerms(D(51))), "late_rate"),
        (ChangedTerms(retention=replace(TEN, rate=D(51))), "retention_rate"),
        (ChangedTerms(retention=replace(TEN, releases=TEN.releases[:1])), "retention"),
        (ChangedTerms(retention=replace(TEN, base="gross")), "retention"),
    ],
)
def test_terms_that_cannot_be_or_would_reach_back_are_refused(terms: ChangedTerms, field: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.with_terms(draft(retention=TEN), terms)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("stands", "wanted"),
    [
        (None, payable_until_final(D(90))),
        (TEN, payable_until_final(D(90))),
        (payable_until_final(D(90)), RetentionTerms(D(10))),
        (payable_until_final(D(90)), payable_until_final(D(80))),
    ],
)
def test_what_is_payable_before_the_last_milestone_is_no_term_of_a_change(
    stands: RetentionTerms | None, wanted: RetentionTerms
) -> None:
    """What is billed may be above a limit that comes later, and would then be for ever."""
    with pytest.raises(Refused, match="from the beginning"):
        rules.with_terms(draft(retention=stands), ChangedTerms(retention=wanted))


def test_a_retention_is_agreed_anew_for_what_comes() -> None:
    with_date = replace(TEN, releases=(RetentionRelease(D(100), "date", on=date(2026, 5, 1)),))
    with_milestone = replace(TEN, releases=(RetentionRelease(D(100), "milestone", milestone="Event 1"),))
    stands = draft()
    told = rules.terms_text(stands, rules.with_terms(stands, ChangedTerms(retention=with_date)))
    assert told == [{"term": "retention", "before": None, "after": with_date}]
    assert rules.introduced_retention(told) == with_date
    changed = rules.terms_text(draft(retention=TEN), draft(retention=replace(TEN, rate=D(5))))
    assert rules.introduced_retention(changed) is None
    rules.check_introduced_retention(with_date, accepted=set(), today=date(2026, 4, 30))
    with pytest.raises(Refused, match="no day to come"):
        rules.check_introduced_retention(with_date, accepted=set(), today=date(2026, 5, 1))
    rules.check_introduced_retention(with_milestone, accepted={"Event 2"}, today=date(2026, 4, 1))
    with pytest.raises(Refused, match="“Event 1”, which is accepted already"):
        rules.check_introduced_retention(with_milestone, accepted={"Event 1"}, today=date(2026, 4, 1))


def test_terms_stay_while_a_financier_has_priced_by_them() -> None:
    told = [{"term": "payment_days", "before": 30, "after": 60}]
    with pytest.raises(Refused, match="First article"):
        rules.check_unfinanced_terms(told, financed=["First article"])
    rules.check_unfinanced_terms(told, financed=[])
    rules.check_unfinanced_terms([], financed=["First article"])


@given(st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=5), st.integers(50, 99))
def test_a_plan_is_refused_exactly_if_an_order_leaves_nothing_payable(plan: list[tuple[int, bool]], most: int) -> None:
    """Every order in which the milestones may be accepted is tried, the last one left out: it is limited by nothing."""
    whole = draft(*((str(amount), waits) for amount, waits in plan), retention=payable_until_final(D(most)))
    amounts = [D(amount) for amount, _waits in plan]
    bad = False
    for order in permutations(range(len(plan))):
        places = {one: place for place, one in enumerate(order)}
        if any(waits and places[above] > places[one] for one, (_a, waits) in enumerate(plan) for above in range(one)):
            continue
        billed = D(0)
        for one in order[:-1]:
            bad |= billed >= whole.price * most / 100
            billed += amounts[one]
    if bad:
        with pytest.raises(Refused, match="nothing of it"):
            check_payable_most(whole, amounts)
    else:
        check_payable_most(whole, amounts)


def test_what_stays_open_with_a_milestone() -> None:
    steps = [Step("a", D(10), False), Step("b", D(20), True), Step("c", D(5), False)]
    assert [least_left(steps, place) for place in range(3)] == [D(20), D(5), D(20)]
    assert least_left(steps[:2], 1) is None


def test_only_milestones_accepted_whole_are_limited() -> None:
    limit = payable_until_final(D(90))
    whole = draft(("60", False), ("40", True), retention=limit)
    amounts = [D(60), D(40)]
    check_payable_most(whole, amounts)
    with pytest.raises(Refused, match="accepted whole"):
        check_payable_most(replace(whole, partial_acceptance=True), amounts)
    deposit = DraftLine("Deposit", basis="amount", amount=D(60), kind="deposit", due=Due())
    with pytest.raises(Refused, match="counts milestones"):
        check_payable_most(replace(whole, lines=(deposit, whole.lines[1])), amounts)


@pytest.mark.parametrize(
    "terms",
    [
        RetentionTerms(D(5), payable_most=D(90)),
        RetentionTerms(D(0), payable_most=D(90), cap_percent=D(5)),
        RetentionTerms(D(0), payable_most=D(90), releases=(RetentionRelease(D(100), days=30),)),
        payable_until_final(D(0)),
        payable_until_final(D(101)),
    ],
)
def test_the_limit_stands_alone(terms: RetentionTerms) -> None:
    with pytest.raises(Refused):
        check_retention(terms, currency="USD")


def test_the_limit_is_read_as_it_was_written_and_older_texts_say_nothing_of_it() -> None:
    limit = payable_until_final(D("87.5"))
    assert rules.read_retention(rules.plain_retention(limit)) == limit
    said = rules.plain_retention(TEN)
    assert said is not None
    assert "payable_most" not in said
    assert rules.read_retention(said) == TEN


def test_tax_law_and_steps_are_said_anew_and_a_treatment_without_tax_has_no_rate() -> None:
    stands = draft(tax_category="S", tax_rate=D(19), second_acceptor_above=D(100), governing_law="Germany")
    said = ChangedTerms(
        tax_category="AE", one_acceptor=True, needs_inspection=True, notice_days=60, governing_law="", terms="New."
    )
    changed = rules.with_terms(stands, said)
    assert (changed.tax_category, changed.tax_rate, changed.second_acceptor_above) == ("AE", D(0), None)
    assert {one["term"] for one in rules.terms_text(stands, changed)} == {
        *("tax_category", "tax_rate", "second_acceptor_above", "needs_inspection", "notice_days"),
        *("governing_law", "terms"),
    }
    assert rules.with_terms(stands, ChangedTerms(tax_rate=D(20))) == replace(stands, tax_rate=D(20))


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (ChangedTerms(tax_category="E", tax_rate=D(7)), "Only the standard rate bears tax"),
        (ChangedTerms(notice_days=731), "between 0 and 730"),
        (ChangedTerms(question_suspensions=4), "At most 3"),
        (ChangedTerms(second_acceptor_above=D("0.001")), "decimals"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(terms: ChangedTerms, said: str) -> None:
    with pytest.raises(Refused, match=said):
        rules.with_terms(draft(tax_category="S", tax_rate=D(19)), terms)


def test_the_tax_stays_while_a_deposit_is_still_to_be_given_back() -> None:
    """Each deduction bears the tax of the deposit: with another one on the work, tax could be below zero."""
    deposit = DraftLine("Advance", basis="amount", amount=D(20), kind="deposit", due=Due(recovery=Recovery(FIRST)))
    stands = draft(("100", False), tax_category="S", tax_rate=D(19))
    other = ChangedTerms(tax_category="AE")
    assert rules.with_terms(stands, other).tax_rate == 0
    with_deposit = replace(stands, lines=(*stands.lines, deposit))
    with pytest.raises(Refused, match="the tax of this contract stays") as refused:
        rules.with_terms(with_deposit, other)
    assert refused.value.field == "tax_category"
    same = ChangedTerms(tax_category="S", tax_rate=D(19), payment_days=45)
    assert rules.with_terms(with_deposit, same).payment_days == 45
