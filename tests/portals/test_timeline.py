"""The plan over time on the page where a draft is checked: what ends when, what begins after what, what has no day."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts.drafts import Condition, LineTerms
from apps.contracts.models import PlanLine
from apps.portals.drafting.timeline import Timeline, timeline_of
from tests import scenarios
from tests.scenarios import Parties, line, software_draft

TODAY = date(2026, 11, 29)


def milestone(title: str, planned_on: date | None = None, **own: object) -> PlanLine:
    condition = own.pop("condition", None)
    waits = None
    if isinstance(condition, Condition):
        named = {"milestones": list(condition.milestones), "events": list(condition.events)}
        waits = {"needs": condition.needs, "on": None, **named}
    return PlanLine(title=title, planned_on=planned_on, amount=Decimal(100), condition=waits, **own)


def drawn(*lines: PlanLine) -> Timeline:
    found = timeline_of(lines, currency="EUR", today=TODAY)
    assert found is not None
    return found


def test_a_bar_begins_when_what_it_waits_for_is_planned() -> None:
    after_design = Condition(milestones=("Design",), events=("Site handed over",))
    found = drawn(
        milestone("Design", date(2027, 1, 10)),
        milestone("Build", date(2027, 3, 1)),
        milestone("Garden", date(2027, 4, 1), condition=after_design),
        milestone("Handover", date(2027, 2, 1), is_cumulative=True),
        milestone("Some day"),
    )
    assert [(one.label, one.start, one.end, one.look) for one in found.spans] == [
        ("Design", TODAY, date(2027, 1, 10), "ahead"),
        ("Build", date(2027, 2, 1), date(2027, 3, 1), "ahead"),
        ("Garden", date(2027, 1, 10), date(2027, 4, 1), "ahead"),
        ("Handover", date(2027, 2, 1), date(2027, 2, 1), "late"),
    ]
    assert [one.mark for one in found.series] == ["ahead", "late", "planned", "today"], "a legend of what is drawn"
    heads, rows = found.table()
    assert (len(heads), rows[2][3]) == (4, "Design, Site handed over")
    assert rows[3][3] == "all milestones above it (planned later than this)"
    assert "1 milestone is planned before what it waits for. 1 line has no date yet and is not drawn." in found.says


def test_deposits_and_periods_stand_on_the_days_on_which_they_are_billed() -> None:
    support = PlanLine(title="Support", kind="recurring", start="acceptance", starts_with="Go-live", period="month",
                       period_count=3, amount=Decimal(300))  # fmt: skip
    unknown = PlanLine(title="Mobilised", kind="deposit", start="event", starts_with="Site", recovery="first")
    deposit = PlanLine(title="Deposit", kind="deposit", start="signature", amount=Decimal(10))
    found = drawn(deposit, milestone("Go-live", date(2027, 1, 31)), support, unknown)
    assert [(one.label, one.start, one.end) for one in found.spans] == [
        ("Deposit", TODAY, TODAY),
        ("Go-live", TODAY, date(2027, 1, 31)),
        ("Support", date(2027, 1, 31), date(2027, 4, 29)),
    ]
    assert "3 monthly payments of" in found.spans[2].status
    assert timeline_of([milestone("Some day")], currency="EUR", today=TODAY) is None


@pytest.mark.django_db
def test_the_check_of_a_draft_draws_it() -> None:
    parties: Parties = scenarios.organisations()
    lines = (
        line("Design", 50, planned_on=date(2030, 1, 10)),
        replace(line("Build", 50, planned_on=date(2030, 3, 1)), own=LineTerms(is_cumulative=True)),
    )
    contract = scenarios.drafted_contract(parties, draft=software_draft(parties, lines=lines))
    client = Client()
    client.force_login(parties.people["seller"].user)
    page = client.get(reverse("seller:propose_contract", args=[contract.ref])).content.decode()
    assert "The plan over time" in page
    assert "all milestones above it" in page
