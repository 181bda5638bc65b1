"""How much is withheld and how much is released: properties over random plans, and the cases that the words name."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.contracts.retention import (
    BUYER,
    COMPLETION,
    DATE,
    GROSS,
    MILESTONE,
    NET,
    RetentionRelease,
    RetentionStep,
    RetentionTerms,
    payable_until_final,
)
from apps.core import money
from apps.invoicing.rules import retention as rules
from apps.invoicing.rules.retention import Billed, Kept, Past, Row, Scale

CURRENCIES = ("JPY", "EUR", "KWD")
"""None, two and three decimals."""
TAXES = (Decimal(0), Decimal(19), Decimal("8.1"))


def amount(written: str) -> Decimal:
    return Decimal(written)


@dataclass(frozen=True)
class Plan:
    """Lines of a plan, each billed by one invoice in their order: net, materials or not, own rate."""

    currency: str
    tax_rate: Decimal
    lines: list[tuple[Decimal, bool, Decimal | None]]
    terms: RetentionTerms

    @property
    def scale(self) -> Scale:
        price = money.total(net for net, _is_materials, _own in self.lines)
        apart = money.total(
            net
            for net, is_materials, own in self.lines
            if own is not None or (is_materials and self.terms.materials_rate is not None)
        )
        return Scale(price, price - apart, self.tax_rate)

    def billed(self, count: int) -> list[Billed]:
        return [
            Billed(*((money.ZERO, net) if is_materials else (net, money.ZERO)), own=own)
            for net, is_materials, own in self.lines[:count]
        ]


PERCENTS = st.decimals(min_value=0, max_value=50, places=3)


@st.composite
def kinds(draw: st.DrawFn, *, unit: Decimal) -> RetentionTerms:
    begins = sorted(draw(st.lists(st.integers(1, 99), max_size=2, unique=True)))
    return RetentionTerms(
        rate=draw(PERCENTS),
        base=draw(st.sampled_from((NET, GROSS))),
        steps=tuple(RetentionStep(Decimal(begin), draw(PERCENTS)) for begin in begins),
        cap_percent=draw(st.none() | st.decimals(min_value=amount("0.001"), max_value=100, places=3)),
        cap_amount=draw(st.none() | st.integers(1, 10**6).map(lambda n: n * unit)),
        materials_rate=draw(st.none() | PERCENTS),
        cap_each=draw(st.none() | st.none() | st.integers(1, 10**6).map(lambda n: n * unit)),
    )


@st.composite
def plans(draw: st.DrawFn, *, least: int = 1) -> Plan:
    currency = draw(st.sampled_from(CURRENCIES))
    unit = money.unit(currency)
    line = st.tuples(st.integers(least, 10**7).map(lambda n: n * unit), st.booleans(), st.none() | PERCENTS)
    first = draw(kinds(unit=unit))
    further = draw(st.lists(kinds(unit=unit), max_size=1))
    return Plan(
        currency,
        draw(st.sampled_from(TAXES)),
        draw(st.lists(line, min_size=1, max_size=8)),
        replace(first, further=tuple(further)),
    )


def invoices(plan: Plan) -> Iterator[tuple[Decimal, list[Kept]]]:
    """The total of each invoice and what is withheld of it, one after the other as they are issued."""
    past = [Past() for _kind in plan.terms.kinds]
    for number, (net, _is_materials, _own) in enumerate(plan.lines):
        gross = net + money.half_up(net * plan.tax_rate / 100, plan.currency)
        kept = rules.withheld_of(
            gross=gross,
            before=plan.billed(number),
            after=plan.billed(number + 1),
            past=past,
            terms=plan.terms,
            scale=plan.scale,
            currency=plan.currency,
        )
        past = [Past(was.held + one.held, was.carried + one.carried) for was, one in zip(past, kept, strict=True)]
        yield gross, kept


@given(plans())
def test_what_is_withheld_is_payable_never_all_of_an_invoice_and_never_above_a_cap(plan: Plan) -> None:
    made = list(invoices(plan))
    for gross, kept in made:
        assert 0 <= money.total(one.held for one in kept) < gross
        assert all(one.held >= 0 and money.is_exact(one.held, plan.currency) for one in kept)
    for number, kind in enumerate(plan.terms.kinds):
        held = [kept[number].held for _gross, kept in made]
        assert all(money.total(held) <= cap for cap in rules.caps(kind, scale=plan.scale, currency=plan.currency))
        assert all(kind.cap_each is None or one <= kind.cap_each for one in held)


@given(plans(least=1000))
def test_invoices_add_up_to_the_retention_on_what_they_bill_together(plan: Plan) -> None:
    """To the cent, in however many of them, and with what one could not bear carried to the next."""
    plan = replace(plan, terms=replace(plan.terms, cap_each=None, further=()))
    past, limits = Past(), rules.caps(plan.terms, scale=plan.scale, currency=plan.currency)
    for number, (_gross, (kept,)) in enumerate(invoices(plan), start=1):
        past = Past(past.held + kept.held, past.carried + kept.carried)
        together = rules.retained_on(plan.billed(number), terms=plan.terms, scale=plan.scale, currency=plan.currency)
        assert past.held + past.carried == min([together, *limits])


@given(plans(), st.data())
def test_materials_that_are_built_in_go_over_to_the_rate_of_work(plan: Plan, data: st.DataObject) -> None:
    """Also where less is withheld of work than of what is stored: nothing is paid back, and less is withheld later."""
    terms = replace(plan.terms, steps=(), cap_each=None, further=(), materials_rate=data.draw(PERCENTS))
    unit, before, past = money.unit(plan.currency), [Billed()], Past()
    for units in data.draw(st.lists(st.tuples(st.integers(1000, 10**6), st.booleans()), min_size=1, max_size=6)):
        new, is_stored = units[0] * unit, units[1]
        built_in = min(before[0].materials, data.draw(st.integers(0, 10**6)) * unit)
        was = before[0]
        after = [
            Billed(
                was.work + built_in + (0 if is_stored else new), was.materials - built_in + (new if is_stored else 0)
            )
        ]
        (kept,) = rules.withheld_of(
            gross=new, before=before, after=after, past=[past], terms=terms, scale=plan.scale, currency=plan.currency
        )
        assert 0 <= kept.held < new
        past, before = Past(past.held + kept.held, past.carried + kept.carried), after
        together = rules.retained_on(after, terms=terms, scale=plan.scale, currency=plan.currency)
        limits = rules.caps(terms, scale=plan.scale, currency=plan.currency)
        assert past.held + past.carried == min([together, *limits])


SCHEDULES = st.lists(st.integers(1, 40), min_size=1, max_size=3)


@given(
    st.sampled_from(CURRENCIES),
    st.lists(st.tuples(st.integers(1, 2), st.sampled_from("AB"), st.integers(1, 10**6)), min_size=1, max_size=8),
    st.tuples(SCHEDULES, SCHEDULES),
    st.lists(st.integers(1, 100), max_size=2),
    st.data(),
)
def test_the_parts_of_a_release_are_together_what_was_withheld_to_the_cent(
    currency: str,
    held: list[tuple[int, str, int]],
    weights: tuple[list[int], list[int]],
    of_section: list[int],
    data: st.DataObject,
) -> None:
    """Of each kind, in whatever order the parts become due, although more is withheld in between, and with sections."""
    unit = money.unit(currency)
    rows = [Row(kind, title, n * unit, money.ZERO) for kind, title, n in held]
    made_of = []
    for kind, parts in enumerate(weights):
        shares = money.split(Decimal(100), [Decimal(one) for one in parts], "KWD")
        releases = [RetentionRelease(share) for share in shares]
        if kind == 0 and sum(of_section) <= 100:
            releases += [RetentionRelease(Decimal(n), MILESTONE, milestone="A", only=True) for n in of_section]
        made_of.append(RetentionTerms(rate=Decimal(5), name=f"kind {kind}", releases=tuple(releases)))
    terms = replace(made_of[0], further=(made_of[1],))
    order = data.draw(st.permutations(terms.schedule))
    late = data.draw(st.integers(0, len(rows) - 1))
    hidden, rows = rows[len(rows) - late :], rows[: len(rows) - late]
    made: dict[int, Decimal] = {}
    for place, part in enumerate(order):
        left_of_kind = [one for one in order[place:] if one.kind == part.kind]
        if len(left_of_kind) == 1:
            rows += [row for row in hidden if row.kind == part.kind]
        sum_ = rules.released_of(part, rows=rows, made=made, terms=terms, currency=currency)
        concerned = [row for row in rows if rules.concerned(part, row)]
        if len(left_of_kind) == 1:
            concerned = [row for row in rows if row.kind == part.kind]
        left = [row.left for row in concerned]
        assert 0 <= sum_ <= money.total(left)
        given = (
            dict(zip(map(id, concerned), rules.shares_of(sum_, left=left, currency=currency), strict=True))
            if sum_
            else {}
        )
        rows = [replace(row, released=row.released + given.get(id(row), money.ZERO)) for row in rows]
        assert all(row.left >= 0 and money.is_exact(row.released, currency) for row in rows)
        made[part.position] = sum_
    assert not any(row.left for row in rows)


@given(
    st.sampled_from(CURRENCIES),
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 10**5)), min_size=1, max_size=4),
    SCHEDULES,
    st.booleans(),
    st.data(),
)
def test_whatever_is_credited_in_between_nothing_stays_withheld_for_good(
    currency: str, held: list[tuple[str, int]], weights: list[int], has_section: bool, data: st.DataObject
) -> None:
    """Credit notes take of what is left; a part that comes to nothing is never released, and locks up no other one."""
    unit = money.unit(currency)
    rows = [Row(1, title, n * unit, money.ZERO) for title, n in held]
    shares = money.split(Decimal(100), [Decimal(one) for one in weights], "KWD")
    releases = [RetentionRelease(share) for share in shares]
    if has_section:
        releases.insert(0, RetentionRelease(Decimal(60), MILESTONE, milestone="A", only=True))
    terms = RetentionTerms(rate=Decimal(5), releases=tuple(releases))
    order = data.draw(st.permutations(terms.schedule))
    made: dict[int, Decimal] = {}
    for _round in order:  # What is due is looked at again and again, as the clock does.
        for part in order:
            taken = [data.draw(st.integers(0, int(row.left / unit))) * unit for row in rows]
            rows = [replace(row, held=row.held - one) for row, one in zip(rows, taken, strict=True)]
            if part.position in made:
                continue
            sum_ = rules.released_of(part, rows=rows, made=made, terms=terms, currency=currency)
            if not sum_:
                continue
            is_all = sum_ == money.total(row.left for row in rows)
            left = [row.left if is_all or rules.concerned(part, row) else money.ZERO for row in rows]
            given_ = rules.shares_of(sum_, left=left, currency=currency)
            rows = [replace(row, released=row.released + one) for row, one in zip(rows, given_, strict=True)]
            made[part.position] = sum_
    assert money.total(made.values()) == money.total(row.held for row in rows)


def test_the_last_part_is_what_is_left_although_one_before_it_comes_to_nothing() -> None:
    """Of 100.00 half is released, then 40.00 are credited: the second quarter is nothing, and the last one 10.00."""
    releases = tuple(RetentionRelease(Decimal(share), BUYER) for share in (50, 25, 25))
    terms = RetentionTerms(rate=Decimal(5), releases=releases)
    rows = [Row(1, "", amount("60"), amount("50"))]
    found = [
        rules.released_of(part, rows=rows, made={1: amount("50")}, terms=terms, currency="EUR")
        for part in terms.schedule[1:]
    ]
    assert found == [0, amount("10")]


def withheld(
    net: str,
    terms: RetentionTerms,
    *,
    billed: str = "0",
    past: Past | None = None,
    currency: str = "EUR",
    tax: str = "0",
    own: str | None = None,
    is_materials: bool = False,
) -> Decimal:
    before = [Billed(amount(billed))]
    new = Billed(
        *((money.ZERO, amount(net)) if is_materials else (amount(net), money.ZERO)), own=amount(own) if own else None
    )
    (kept,) = rules.withheld_of(
        gross=amount(net) + money.half_up(amount(net) * amount(tax) / 100, currency),
        before=before,
        after=[*before, new],
        past=[past or Past()],
        terms=terms,
        scale=Scale(amount("100000"), amount("100000"), amount(tax)),
        currency=currency,
    )
    return kept.held


def test_ten_percent_until_half_is_billed_then_five_also_within_one_invoice() -> None:
    terms = RetentionTerms(rate=amount("10"), steps=(RetentionStep(amount("50"), amount("5")),))
    assert withheld("50000", terms) == amount("5000")
    assert withheld("10000", terms, billed="50000", past=Past(held=amount("5000"))) == amount("500")
    assert withheld("30000", terms, billed="40000", past=Past(held=amount("4000"))) == amount("2000"), (
        "10 of 10,000, 5 of 20,000"
    )


def test_the_base_may_be_the_total_with_tax() -> None:
    assert withheld("1000", RetentionTerms(rate=amount("10")), tax="19") == amount("100.00")
    assert withheld("1000", RetentionTerms(rate=amount("10"), base=GROSS), tax="19") == amount("119.00")


def test_a_line_may_have_a_rate_of_its_own_and_zero_is_one() -> None:
    terms = RetentionTerms(
        rate=amount("10"), materials_rate=amount("2"), steps=(RetentionStep(amount("1"), amount("5")),)
    )
    assert withheld("1000", terms) == amount("100.00")
    assert withheld("1000", terms, own="0") == 0
    assert withheld("1000", terms, own="3.5", billed="90000") == amount("35.00"), "no step applies to it"
    assert withheld("1000", terms, is_materials=True) == amount("20.00")
    assert withheld("1000", replace(terms, materials_rate=None), is_materials=True) == amount("100.00")
    assert withheld("1000", replace(terms, materials_rate=amount("0")), is_materials=True) == 0


def test_several_kinds_are_withheld_beside_each_other_and_a_rate_of_a_line_is_the_firsts() -> None:
    terms = RetentionTerms(
        rate=amount("5"),
        name="Performance",
        further=(RetentionTerms(rate=amount("3"), base=GROSS, name="Defects", cap_amount=amount("30")),),
    )
    for own, held in ((None, ["50.00", "30"]), (amount("0"), ["0.00", "30"])):
        kept = rules.withheld_of(
            gross=amount("1200"),
            before=[],
            after=[Billed(amount("1000"), own=own)],
            past=[Past(), Past()],
            terms=terms,
            scale=Scale(amount("5000"), amount("5000"), amount("20")),
            currency="EUR",
        )
        assert [one.held for one in kept] == [amount(one) for one in held]


@pytest.mark.parametrize(
    "terms",
    [
        RetentionTerms(rate=amount("10"), cap_percent=amount("5")),
        RetentionTerms(rate=amount("10"), cap_amount=amount("5000")),
        RetentionTerms(rate=amount("10"), cap_amount=amount("9000"), cap_percent=amount("5")),
    ],
)
def test_a_cap_leaves_only_what_is_missing_to_it_and_then_nothing(terms: RetentionTerms) -> None:
    assert withheld("20000", terms, billed="40000", past=Past(held=amount("4000"))) == amount("1000")
    assert withheld("20000", terms, billed="60000", past=Past(held=amount("5000"))) == 0


def test_what_a_limit_on_one_invoice_leaves_out_is_withheld_no_more() -> None:
    terms = RetentionTerms(rate=amount("10"), cap_each=amount("300"))
    assert withheld("4000", terms) == amount("300")
    assert withheld("1000", terms, billed="4000", past=Past(held=amount("300"))) == amount("100.00")


def test_a_rate_of_zero_withholds_nothing_and_after_the_last_release_nothing_is_withheld() -> None:
    assert withheld("1000", RetentionTerms(rate=amount("0"))) == 0
    assert withheld("1000", RetentionTerms(rate=amount("10")), past=Past(is_over=True)) == 0


def test_a_cap_that_was_lowered_below_what_is_held_takes_nothing_back() -> None:
    lowered = RetentionTerms(rate=amount("10"), cap_amount=amount("5000"))
    assert withheld("1000", lowered, past=Past(held=amount("6000"))) == 0


def test_something_is_always_due_of_an_invoice_of_the_smallest_unit_and_the_next_bears_the_rest() -> None:
    terms = RetentionTerms(rate=amount("50"))
    assert withheld("1", terms, currency="JPY") == 0
    assert withheld("10", terms, billed="1", past=Past(carried=amount("1")), currency="JPY") == 6
    assert withheld("2", terms, currency="JPY") == 1


def test_when_a_part_is_released_by_itself() -> None:
    completed = date(2026, 3, 31)
    days = RetentionRelease(amount("50"), COMPLETION, days=30)
    assert rules.due_from(days, completed_on=completed) == date(2026, 4, 30)
    assert rules.due_from(days, completed_on=None) is None
    assert rules.due_from(RetentionRelease(amount("50"), DATE, on=completed), completed_on=None) == completed
    assert rules.due_from(RetentionRelease(amount("50"), BUYER), completed_on=completed) is None
    section = RetentionRelease(amount("50"), MILESTONE, days=30, milestone="Block A", only=True)
    assert rules.due_from(section, completed_on=None) is None
    assert rules.due_from(section, completed_on=None, accepted_on={"Block A": completed}) == date(2026, 4, 30)
    assert rules.due_from(section, completed_on=completed) == date(2026, 4, 30), "it was never accepted"


def test_more_than_is_withheld_cannot_be_shared_out() -> None:
    with pytest.raises(ValueError, match="more than"):
        rules.shares_of(amount("2"), left=[amount("1")], currency="EUR")


@given(
    st.lists(st.integers(1, 10**7), min_size=1, max_size=8),
    st.decimals(min_value=1, max_value=100, places=3),
    st.sampled_from(CURRENCIES),
)
def test_before_the_last_milestone_no_more_is_payable_than_agreed(
    units: list[int], most: Decimal, currency: str
) -> None:
    """But for one unit of an invoice that lies wholly above: something of each is due."""
    unit = money.unit(currency)
    amounts, terms = [n * unit for n in units], payable_until_final(most)
    price = money.total(amounts)
    limit = money.floor(price * most / 100, currency)
    billed = held = money.ZERO
    for net in amounts:
        above = rules.payable_before_final(
            net=net,
            gross=net,
            billed=billed,
            held=held,
            terms=terms,
            scale=Scale(price, price),
            currency=currency,
        )
        payable = billed + net - held - above
        if billed - held < limit:
            assert payable == min(billed - held + net, limit)
        else:
            assert net - above == unit
        billed, held = billed + net, held + above
