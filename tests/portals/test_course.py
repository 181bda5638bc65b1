"""What was planned of a contract against what came: on its page as bars and as lines, each with its numbers beside."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.contracts.drafts import Due
from apps.core import clock
from apps.invoicing.models import Invoice
from apps.workflows import billing
from tests import scenarios
from tests.scenarios import Parties, acting, key, line, software_draft

D = Decimal


def test_a_contract_shows_what_was_planned_against_what_was_accepted_and_paid(parties: Parties) -> None:
    today = clock.today("Europe/Berlin")
    days = (-10, -3, 20)
    lines = (*(line(f"Step {day}", 25, planned_on=today + timedelta(days=day)) for day in days), line("Some day", 25))
    contract = scenarios.active_contract(parties, draft=software_draft(parties, lines=lines))
    milestone = scenarios.accepted_milestone(contract)
    client = Client()
    client.force_login(parties.people["seller"].user)
    address = reverse("seller:contract", args=[contract.ref])
    with acting(scenarios.seller_actor(parties)) as sina:
        invoice = Invoice.objects.get(milestone=milestone)
        billing.record_payment(
            actor=sina, key=key(), invoice_ref=invoice.ref, amount=D(5950), received_on=today, bank_reference="B-1"
        )  # fmt: skip
    page = client.get(address)
    course = page.context["course"]
    assert [(span.label, span.look, span.done) for span in course.schedule.spans] == [
        ("Step -10", "done", today),
        ("Step -3", "late", None),
        ("Step 20", "ahead", None),
    ]
    assert course.schedule.says.endswith("1 of them is late.")
    planned, earned, paid = course.curve.series
    # 10,000.00 each of 40,000.00: two planned by now, one accepted, and half of its invoice paid; the last has no date.
    assert (planned.values[-1], earned.values[-1], paid.values[-1]) == (D(30000), D(10000), D(5000))
    assert len(earned.values) == len(paid.values) < len(planned.values), "nobody knows what is to come"
    assert "10,000.00\N{NO-BREAK SPACE}EUR, is not in it" in course.curve.says
    heads, rows = course.schedule.table()
    assert (len(heads), len(rows), rows[1][3]) == (5, 3, "\N{EN DASH}")
    assert page.content.decode().count("The same as a table") >= 2


def test_a_contract_that_is_not_signed_has_no_course(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    client = Client()
    client.force_login(parties.people["seller"].user)
    course = client.get(reverse("seller:contract", args=[contract.ref])).context["course"]
    assert (course.schedule, course.curve) == (None, None)


def test_the_buyer_sees_what_is_committed_by_month(parties: Parties) -> None:
    today = clock.today("Europe/Berlin")
    lines = (
        line("Submitted", 10, planned_on=today - timedelta(days=40)),
        line("To come", 20, planned_on=today + timedelta(days=40)),
        line("Next year", 30, planned_on=today + timedelta(days=500)),
        line("Some day", 40),
    )
    scenarios.submitted_milestone(scenarios.active_contract(parties, draft=software_draft(parties, lines=lines)))
    client = Client()
    client.force_login(parties.people["buyer"].user)
    with CaptureQueriesContext(connection) as queries:
        (chart,) = client.get(reverse("buyer:home")).context["charts"]
    before = len(queries)
    waiting, signed = chart.series
    assert (waiting.values[0], sum(waiting.values)) == (D(4000), D(4000)), "what is late is of this month"
    assert (sum(signed.values[1:3]), signed.values[-1], sum(signed.values)) == (D(8000), D(12000), D(20000))
    assert (len(chart.labels), chart.labels[-1]) == (13, "later")
    assert "24,000.00" in chart.says
    assert "16,000.00" in chart.says
    # What the calendar bills is committed too, and asks nothing more of the database.
    monthly = scenarios.hybrid_draft(parties, start=Due("date", today + timedelta(days=60), period="month", count=4))
    scenarios.active_contract(parties, draft=replace(monthly, number="NL-2"))
    with CaptureQueriesContext(connection) as queries:
        (chart,) = client.get(reverse("buyer:home")).context["charts"]
    assert len(queries) == before
    assert [one.name for one in chart.series][-1] == "Signed, billed by the calendar"
