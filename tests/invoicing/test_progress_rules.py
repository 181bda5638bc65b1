"""The schedule of values: periods add up, nothing done is nothing due, and the sheet is its summary."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from apps.core import money
from apps.invoicing.rules import Sheet, SheetLine, Standing

D = Decimal
CENTS = st.integers(0, 10**7).map(lambda n: Decimal(n) / 100)


@st.composite
def books(draw: st.DrawFn) -> tuple[list[tuple[bool, list[Decimal]]], list[Standing]]:
    """Lines, materials or not, with what is billed of each by the end of some periods, and what the books say then."""
    periods = draw(st.integers(1, 4))
    lines = draw(
        st.lists(st.tuples(st.booleans(), st.lists(CENTS, min_size=periods, max_size=periods)), min_size=1, max_size=4)
    )
    standings = [Standing()]
    for end in range(periods):
        billed = money.total(amounts[end] for _is_materials, amounts in lines)
        standings.append(Standing(billed, draw(CENTS), draw(CENTS), draw(CENTS), draw(CENTS)))
    return lines, standings


def sheet(lines: list[tuple[bool, list[Decimal]]], standings: list[Standing], start: int, end: int) -> Sheet:
    made = tuple(
        SheetLine(
            position=position,
            title=f"Line {position}",
            scheduled=D(200_000),
            before=amounts[start - 1] if start else D(0),
            completed=amounts[end - 1] if end else D(0),
            retained=standings[end].retained if position == 1 else D(0),
            is_materials=is_materials,
        )
        for position, (is_materials, amounts) in enumerate(lines, start=1)
    )
    price = D(200_000) * len(lines)
    return Sheet(price - 1, price, made, standings[start], standings[end])


@given(books())
def test_periods_add_up_to_what_is_payable_and_each_sheet_ties_out(
    told: tuple[list[tuple[bool, list[Decimal]]], list[Standing]],
) -> None:
    lines, standings = told
    last = len(standings) - 1
    periods = [sheet(lines, standings, end - 1, end) for end in range(1, last + 1)]
    assert all(one.ties_out for one in periods)
    assert money.total(one.due for one in periods) == standings[last].payable
    assert money.total(one.due for one in periods) == sheet(lines, standings, 0, last).due
    assert sheet(lines, standings, last, last).due == 0, "nothing new is done"
    for one in periods:
        assert one.previous + one.period + one.stored == one.sums.completed == one.now.billed
        assert one.sums.scheduled == one.price == one.original + one.changes
        assert one.balance == money.total(line.balance for line in one.lines) + one.now.retained + one.now.withheld


def test_a_deposit_is_payable_until_an_invoice_gives_it_back_and_is_nothing_done() -> None:
    ahead = Standing(deposits=D(240), tax=D(24))
    given_back = Standing(billed=D(420), deposits=D(240 - 105), tax=D("55.50"))
    line = SheetLine(1, "Design", D(1000), D(0), D(420), D(0))
    found = Sheet(D(1000), D(1000), (line,), ahead, given_back)
    assert (found.ties_out, found.now.payable, found.due) == (True, D("610.50"), D("346.50")), "315 and its tax"
    assert found.balance == D(580)


def test_a_figure_that_differs_is_named() -> None:
    line = SheetLine(1, "Shell", D(1000), D(0), D(333), D(0))
    found = Sheet(D(1000), D(1000), (line,), Standing(), Standing(billed=D(334)))
    assert (line.percent, line.balance) == (D("33.3"), D(667))
    assert (found.ties_out, (D(333), D(334)) in found.differences) == (False, True)
