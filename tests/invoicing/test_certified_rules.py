"""Applications for payment as arithmetic: whatever is certified of whatever period, it adds up to the whole."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from apps.contracts.retention import RetentionTerms
from apps.core import money
from apps.invoicing import rules
from apps.invoicing.rules.retention import Billed, Past, Scale, caps, retained_on
from tests.invoicing.test_retention_rules import Plan, plans

D = Decimal


@given(plans(least=1000), st.data())
def test_periods_telescope_to_the_cumulative_figures(plan: Plan, data: st.DataObject) -> None:
    """Random periods, lower figures and credits: of every line what was certified and what still stands is what was
    accepted, shares of the retention are those of the invoice, nothing is below zero, and the periods add up to the
    retention on all that they bill together."""
    unit, has_credits = money.unit(plan.currency), data.draw(st.booleans())
    terms = plan.terms if has_credits else replace(plan.terms, cap_each=None, further=())
    stands = {place: net for place, (net, _is_materials, _own) in enumerate(plan.lines)}
    certified: defaultdict[int, Decimal] = defaultdict(lambda: money.ZERO)
    past, before, due = [Past() for _kind in terms.kinds], [Billed()], money.ZERO
    for _period in range(data.draw(st.integers(1, 5))):
        figures = {
            place: data.draw(st.integers(0, int(left / unit)) | st.just(int(left / unit))) * unit
            for place, left in stands.items()
        }
        lines = {place: figure for place, figure in figures.items() if figure}
        net = money.total(lines.values())
        gross = net + money.half_up(net * plan.tax_rate / 100, plan.currency)
        if not lines:
            continue
        billed = [_billed(plan, place, figure) for place, figure in lines.items()]
        kept, shares = rules.withheld_by_line(
            gross=gross,
            before=before,
            lines=billed,
            past=past,
            terms=terms,
            scale=plan.scale,
            currency=plan.currency,
        )
        held = money.total(one.held for one in kept)
        assert money.total(shares) == held
        assert all(share >= 0 for share in shares)
        assert gross - held > 0, "something of every invoice is due, and nothing is below zero"
        due += gross - held
        past = [Past(was.held + one.held, was.carried + one.carried) for was, one in zip(past, kept, strict=True)]
        before = [*before, *billed]
        for place, figure in lines.items():
            certified[place] += figure
            stands[place] -= figure
        if has_credits:
            place = data.draw(st.sampled_from(sorted(lines)))
            taken = data.draw(st.integers(0, int(lines[place] / unit))) * unit
            before = [*before, _billed(plan, place, -taken)]
    assert [certified[place] + left for place, left in stands.items()] == [net for net, _stored, _own in plan.lines]
    if not has_credits:
        together = retained_on(before, terms=terms, scale=plan.scale, currency=plan.currency)
        limits = caps(terms, scale=plan.scale, currency=plan.currency)
        assert past[0].held + past[0].carried == min([together, *limits])


def test_a_line_bears_its_own_rate_and_its_step() -> None:
    """10,000.00 of work at 10 % until half of 40,000.00, 4,000.00 of stored materials at 2 %, 3,000.00 at 0 %."""
    terms = RetentionTerms(D(10), materials_rate=D(2))
    kept, shares = rules.withheld_by_line(
        gross=D(17000),
        before=[Billed()],
        lines=[Billed(work=D(10000)), Billed(materials=D(4000)), Billed(work=D(3000), own=D(0))],
        past=[Past()],
        terms=terms,
        scale=Scale(D(40000), D(33000), D(0)),
        currency="EUR",
    )
    assert (kept[0].held, shares) == (D(1080), [D(1000), D(80), D(0)])


def _billed(plan: Plan, place: int, figure: Decimal) -> Billed:
    _net, is_materials, own = plan.lines[place]
    work, materials = (money.ZERO, figure) if is_materials else (figure, money.ZERO)
    return Billed(work, materials, own)
