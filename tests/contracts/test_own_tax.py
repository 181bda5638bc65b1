"""Lines of one plan that are taxed differently: what can be, and what is refused before anybody signs."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.contracts.drafts import ContractDraft, DraftCriterion, DraftLine, DraftOption, Due, LineTerms, Recovery
from apps.contracts.retention import RetentionTerms
from apps.contracts.rules import PlacedLine, check_offer, check_proposal, check_scope_stays
from apps.contracts.rules.checks import check_line
from apps.contracts.rules.own_tax import treatment_of
from apps.core import money
from apps.core.errors import Refused
from apps.invoicing.rules import TaxedAmount, tax_breakdown, totals

D = Decimal
REDUCED = LineTerms(tax_category="S", tax_rate=D(7))
OUTSIDE = LineTerms(tax_category="O", tax_rate=D(0))
WORKS = (DraftCriterion("Works."),)


def draft(*owns: LineTerms, **more: object) -> ContractDraft:
    """A contract at 19 % with a milestone of 1,000.00 for each of the own terms."""
    lines = tuple(
        DraftLine(f"M{place}", basis="amount", amount=D(1000), criteria=WORKS, own=own)
        for place, own in enumerate(owns, start=1)
    )
    price = D(1000) * len(owns)
    said = ContractDraft("1", "Deal", "b", "EUR", price, signatory_name="Bea", signatory_email="b@x.example")
    return replace(said, **{"lines": lines, "tax_rate": D(19), **more})  # type: ignore[arg-type]


def kept(own: LineTerms, **more: object) -> LineTerms:
    line = DraftLine("One", basis="remainder", own=own)
    return check_line(replace(line, **more), position=1, currency="EUR").own  # type: ignore[arg-type]


def test_treatment_and_rate_are_said_together() -> None:
    assert kept(LineTerms(tax_rate=D(7))) == REDUCED, "a rate alone is the standard one's"
    assert kept(LineTerms(tax_category="E")) == LineTerms(tax_category="E", tax_rate=D(0))
    assert kept(REDUCED, kind="recurring", due=Due(period="month", count=2)) == REDUCED
    for own, why in (
        (LineTerms(tax_category="S"), "own tax rate of line 1"),
        (LineTerms(tax_category="S", tax_rate=D(0)), "own tax rate of line 1"),
        (LineTerms(tax_rate=D("7.0001")), "own tax rate of line 1"),
        (LineTerms(tax_category="E", tax_rate=D(7)), "Only the standard rate bears tax"),
        (LineTerms(tax_category="B", tax_rate=D(0)), "tax treatment of line 1"),
    ):
        with pytest.raises(Refused) as refused:
            kept(own)
        assert why in str(refused.value), own


def test_lines_that_are_billed_apart_may_be_taxed_apart() -> None:
    mixed = draft(LineTerms(), REDUCED, OUTSIDE)
    assert check_proposal(mixed) == [D(1000), D(1000), D(1000)]
    assert [treatment_of(line, mixed) for line in mixed.lines] == [("S", D(19)), ("S", D(7)), ("O", D(0))]
    check_proposal(draft(LineTerms(), REDUCED, bills_by="application", retention=RetentionTerms(D(10))))


def test_what_one_document_or_sum_needs_alike_is_refused_at_the_proposal() -> None:
    ahead = DraftLine("Ahead", basis="amount", amount=D(100), kind="deposit", due=Due(recovery=Recovery()))
    gross = RetentionTerms(D(10), base="gross")
    plain, alike = draft(LineTerms(), REDUCED), draft(LineTerms(), LineTerms())
    for said, why in (
        (replace(plain, lines=(ahead, *plain.lines)), "“M2” is not. Let the deposit stay earned"),
        (replace(draft(LineTerms()), lines=(replace(ahead, own=REDUCED), *draft(LineTerms()).lines)), "“M1” is not"),
        (draft(LineTerms(), OUTSIDE, bills_by="application"), "“M2” is outside the scope of tax"),
        (draft(REDUCED, retention=gross), "“M1” is taxed otherwise than the contract"),
        (replace(alike, plan_name="A", options=(DraftOption("B", (ahead, *plain.lines)),)), "In the plan “B”: Later"),
    ):
        with pytest.raises(Refused) as refused:
            check_offer(said)
        assert why in str(refused.value)
    # All lines alike, whatever the contract says, are no mix.
    check_proposal(replace(draft(REDUCED), lines=(replace(ahead, own=REDUCED), *draft(REDUCED).lines)))
    check_proposal(draft(OUTSIDE, OUTSIDE, bills_by="application"))


@pytest.mark.parametrize(("was", "becomes"), [(LineTerms(), OUTSIDE), (OUTSIDE, LineTerms()), (OUTSIDE, REDUCED)])
def test_a_line_that_applications_bill_stays_inside_or_outside_the_scope(was: LineTerms, becomes: LineTerms) -> None:
    """All lines of the plan may move together, and a part that is accepted would stand beside its rest all the same."""
    stands, written = (draft(own, bills_by="application") for own in (was, becomes))
    plans = [[PlacedLine(1, one.lines[0], D(1000))] for one in (stands, written)]
    with pytest.raises(Refused, match="agreed before and after this change in one invoice"):
        check_scope_stays(*plans, stands=stands, written=written)
    check_scope_stays(plans[0], plans[0], stands=stands, written=stands)
    check_scope_stays(plans[0], [PlacedLine(2, written.lines[0], D(1000))], stands=stands, written=written)
    check_scope_stays(*plans, stands=draft(was), written=draft(becomes))


treatments = st.sampled_from([LineTerms(), REDUCED, OUTSIDE])


@given(st.lists(st.tuples(treatments, st.integers(1, 10**9)), min_size=1, max_size=9), st.sampled_from(["EUR", "JPY"]))
def test_the_plan_adds_up_for_each_rate(plan: list[tuple[LineTerms, int]], currency: str) -> None:
    """Net to the cent; the tax of the invoices differs from that on the whole by half a unit for each of them."""
    amounts = [D(units).scaleb(-money.digits(currency)) for _own, units in plan]
    said = draft(
        *(own for own, _units in plan),
        currency=currency,
        price=money.total(amounts),
        lines=tuple(
            DraftLine(f"M{place}", basis="amount", amount=amount, criteria=WORKS, own=own)
            for place, ((own, _units), amount) in enumerate(zip(plan, amounts, strict=True))
        ),
    )
    assert check_proposal(said) == amounts
    taxed = [TaxedAmount(a, *treatment_of(line, said)) for line, a in zip(said.lines, amounts, strict=True)]
    whole = tax_breakdown(taxed, currency=currency)
    assert totals(whole).net == said.price
    for row in whole:
        of_rate = [one for one in taxed if (one.category, one.rate) == (row.category, row.rate)]
        assert row.taxable == money.total(one.net for one in of_rate)
        apart = money.total(totals(tax_breakdown([one], currency=currency)).tax for one in of_rate)
        assert abs(apart - row.tax) <= money.unit(currency) * (len(of_rate) + 1) / 2
