"""The first page: what waits for the seller stands first, and only for who may do it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from apps.core import clock
from apps.invoicing.models import Invoice
from apps.parties.services import AccountData
from apps.portals.charts import Bars
from apps.workflows import billing, team
from tests import scenarios
from tests.portals.seller.conftest import SignIn, accepted_offer, fund, issued_offer, opened_facility
from tests.scenarios import Parties, acting, key, line, software_draft


def test_a_new_seller_is_offered_the_first_contract(parties: Parties, seller: Client) -> None:
    page = seller.get("/seller/").content.decode()
    assert "Write your first contract" in page
    assert "/seller/contracts/new/" in page


def test_needs_you_lists_what_each_role_may_do(parties: Parties, signed_in: SignIn) -> None:
    scenarios.drafted_contract(parties, draft=software_draft(parties, number="A", title="Data migration"))
    lines = (line("Kick-off", 50), line("Due soon", 50, planned_on=date(2026, 1, 2)))
    contract = scenarios.active_contract(parties, draft=software_draft(parties, lines=lines))
    issued_offer(parties, scenarios.accepted_milestone(contract), opened_facility(parties))

    def needs(role: str) -> list[str]:
        return [need.what for need in signed_in(role).get("/seller/").context["needs"]]

    offer, draft, due = "Offer for INV-", "Draft to send: Data migration", "Submit Due soon"
    assert [what.rstrip("0123456789-") for what in needs("seller")] == [offer.rstrip("-"), due, draft]
    assert needs("delivery") == [due]
    assert [what.rstrip("0123456789-") for what in needs("billing")] == [offer.rstrip("-")]


def test_the_figures_add_up_per_currency(parties: Parties, seller: Client) -> None:
    contract = scenarios.active_contract(parties)
    scenarios.accepted_milestone(contract)
    scenarios.submitted_milestone(contract, position=2)
    tiles = {str(tile.label): (tile.amount, tile.currency) for tile in seller.get("/seller/").context["tiles"]}
    assert tiles == {
        "Expected in 30 days": (Decimal("14280.000"), "EUR"),
        "Waiting for sign-off": (Decimal("12000.000"), "EUR"),
        "Available to finance": (Decimal(0), "EUR"),
        "Overdue": (Decimal(0), "EUR"),
    }


def test_what_happened_last_is_told_without_the_steps_in_between(parties: Parties, seller: Client) -> None:
    scenarios.accepted_milestone(scenarios.active_contract(parties))
    told = [event.what for event in seller.get("/seller/").context["events"]]
    assert told[:3] == [
        told[0],
        "Milestone signed off: Prototype",
        "Milestone submitted for sign-off: Prototype",
    ]
    assert told[0].startswith("Invoice issued: INV-")
    assert not any("Personal link" in what for what in told)


def test_thirteen_weeks_of_cash_hold_what_is_invoiced_sold_and_planned(parties: Parties, seller: Client) -> None:
    today = clock.today("Europe/Berlin")
    lines = tuple(line(title, 25, planned_on=today) for title in ("Billed", "Sold", "Open"))
    late = line("Next year", 25, planned_on=today + timedelta(days=200))
    contract = scenarios.active_contract(parties, draft=software_draft(parties, lines=(*lines, late)))
    scenarios.accepted_milestone(contract)
    settled = scenarios.accepted_milestone(contract, position=2)
    facility = opened_facility(parties)
    sold = accepted_offer(parties, settled, facility)
    (chart,) = seller.get("/seller/").context["charts"]
    assert "without a planned date" not in chart.says
    # 11,900.00 each: one invoiced and due in 30 days, one to be accepted within 14 days and paid within 30 more; of the
    # third the financier promised the net for today, and its reserve follows. Four weeks before today stand in front.
    assert weeks(chart) == {
        "Financed": [(4, sold.net), (8, Decimal(1785))],
        "Invoiced": [(8, Decimal(11900))],
        "Signed, still to be accepted": [(10, Decimal(11900))],
    }
    fund(parties, sold)
    (chart,) = seller.get("/seller/").context["charts"]
    assert weeks(chart)["Financed"] == [(4, sold.net), (8, Decimal(1785))], "what came, and the reserve to come"
    assert "came since" in chart.says


def weeks(chart: Bars) -> dict[str, list[tuple[int, Decimal]]]:
    """What is not nothing, by series and week."""
    return {one.name: [(at, value) for at, value in enumerate(one.values) if value] for one in chart.series}


def test_cash_with_early_payment_comes_now_and_stays_the_same_in_all(parties: Parties, seller: Client) -> None:
    contract = scenarios.active_contract(parties)
    milestone = scenarios.accepted_milestone(contract)
    with acting(scenarios.seller_actor(parties)):
        invoice = Invoice.objects.get(milestone=milestone)
    page = seller.get("/seller/")
    assert not page.context["switch"], "without a line there is nothing to switch"
    opened_facility(parties)
    (due,) = seller.get("/seller/").context["charts"]
    page = seller.get("/seller/?early=yes")
    (early,) = page.context["charts"]
    advance = {str(tile.label): tile.amount for tile in page.context["tiles"]}["Available to finance"]
    assert weeks(early)["Financed"] == [(4, advance)]
    assert weeks(due)["Invoiced"][0][1] - weeks(early)["Invoiced"][0][1] == advance
    assert "before discount and fee" in early.says
    # Paid by the buyer after all: it is among what came, and no more to come.
    with acting(scenarios.seller_actor(parties)) as sina:
        billing.record_payment(
            actor=sina, key=key(), invoice_ref=invoice.ref, amount=Decimal(14280), received_on=invoice.issued_on,
            bank_reference="B-1",
        )  # fmt: skip
    page = seller.get("/seller/?early=yes")
    assert weeks(page.context["charts"][0])["Paid"] == [(4, Decimal(14280))]
    assert not page.context["switch"]


def test_the_chart_says_what_it_leaves_out(parties: Parties, seller: Client) -> None:
    lines = (line("Dated", 25, planned_on=clock.today("Europe/Berlin")), line("Some day", 75))
    scenarios.active_contract(parties, draft=software_draft(parties, lines=lines))
    (chart,) = seller.get("/seller/").context["charts"]
    assert chart.says.endswith("What has no date yet, 35,700.00\N{NO-BREAK SPACE}EUR, is not in it.")
    assert sum(chart.series[0].values) == Decimal("11900.000")


@pytest.mark.parametrize(("currency", "price", "expected"), [("EUR", "100.00", "118.99"), ("JPY", "100", "118")])
def test_tax_is_rounded_for_each_milestone_as_its_invoice_will(
    parties: Parties, seller: Client, currency: str, price: str, expected: str
) -> None:
    """19 % of 33.33 is 6.33 three times, and of 100.00 it would be 19.00; yen have no decimals."""
    today = clock.today("Europe/Berlin")
    lines = (line("One", "33.33", planned_on=today), line("Two", "33.33", planned_on=today))
    rest = replace(line("Rest", 1, planned_on=today), basis="remainder", percent=None)
    add_account(parties, currency)
    draft = software_draft(parties, currency=currency, price=Decimal(price), lines=(*lines, rest))
    scenarios.active_contract(parties, draft=draft)
    (chart,) = seller.get("/seller/").context["charts"]
    assert sum(chart.series[0].values) == Decimal(expected)


def add_account(parties: Parties, currency: str) -> None:
    """An account in a currency, without which nothing in it is proposed."""
    if currency == "EUR":
        return
    with acting(scenarios.seller_actor(parties)) as sina:
        team.set_bank_account(
            actor=sina,
            key=key(),
            account=AccountData(holder="Nordlicht", currency=currency, iban="DE75 5121 0800 1245 1261 99"),
        )
