"""What a change order makes due on days that are over: pure arithmetic."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from apps.contracts.drafts import RECURRING, DraftLine, Due
from apps.contracts.rules import Moved, PlacedLine
from apps.invoicing import rules

TODAY = date(2026, 3, 15)


def recurring(on: date, *, count: int = 4) -> PlacedLine:
    line = DraftLine("Hosting", basis="amount", kind=RECURRING, due=Due("date", on, "", "month", count))
    return PlacedLine(1, line, Decimal(400))


def moved(before: PlacedLine | None, after: PlacedLine | None) -> list[Moved]:
    return [Moved(1, before, after)]


def at_once(before: PlacedLine | None, after: PlacedLine | None) -> list[tuple[str, int, Decimal]]:
    found = rules.billed_at_once(moved(before, after), today=TODAY, currency="EUR")
    return [(one.title, one.times, one.amount) for one in found]


def test_a_line_that_begins_in_the_past_is_billed_at_once_for_every_period_that_has_begun() -> None:
    later, earlier = recurring(date(2026, 5, 1)), recurring(date(2026, 1, 15))
    assert at_once(later, earlier) == [("Hosting", 3, Decimal("300.00"))]
    assert at_once(None, earlier) == [("Hosting", 3, Decimal("300.00"))]
    assert at_once(None, recurring(date(2025, 1, 1))) == [("Hosting", 4, Decimal("400.00"))]
    # What begins today or later, goes on as it began, or is taken out, says nothing.
    assert at_once(earlier, recurring(TODAY)) == []
    assert at_once(earlier, recurring(date(2026, 1, 15), count=6)) == []
    assert at_once(earlier, None) == []


def test_a_deposit_due_on_a_day_that_is_over_is_billed_once() -> None:
    line = replace(recurring(date(2026, 3, 14)).line, kind="deposit", due=Due("date", date(2026, 3, 14)))
    assert at_once(None, PlacedLine(1, line, Decimal("50.00"))) == [("Hosting", 1, Decimal("50.00"))]
