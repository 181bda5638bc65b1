"""A lower price that both sides agreed on for a defect: every page says what is left."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts.models import Contract
from apps.contracts.retention import COMPLETION, RetentionRelease, RetentionTerms
from apps.core import clock
from apps.core.database import walls
from apps.invoicing.models import Invoice, OpenItem
from apps.invoicing.services import progress
from apps.invoicing.services.ending import billed_of
from apps.milestones.models import Reservation
from apps.milestones.services import Defect
from apps.portals.progress import tie
from apps.workflows import reserving
from tests import applications, scenarios, terminations
from tests.portals.buyer.test_reserved_under_retention import said
from tests.portals.test_retention import signed_in
from tests.scenarios import Parties, acting, key

D = Decimal
CAPPED = replace(applications.TEN_THEN_FIVE, cap_percent=D(8))


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


def scratched_door(parties: Parties, contract: Contract) -> None:
    """Its first milestone is accepted with a defect, for which both sides take 250.00 off."""
    submission = scenarios.submitted_milestone(contract)
    bea, billing = scenarios.approver_actor(parties), scenarios.member(parties, "billing")
    by = clock.today(parties.seller.time_zone) + timedelta(days=20)
    with acting(bea):
        reserving.accept_with_reservations(
            actor=bea,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            defects=[Defect("Scratched door", by, D(1000))],
        )
    with walls.asking_for(contract.seller_id):
        defect = Reservation.objects.get(contract=contract)
    with acting(billing):
        offer = reserving.offer_reduction(actor=billing, key=key(), reservation_ref=defect.ref, amount=D(250))["offer"]
    with acting(bea):
        reserving.agree_reduction(actor=bea, key=key(), offer_ref=offer)


@pytest.fixture
def contract(parties: Parties) -> Contract:
    """12,000.00 accepted with a defect, for which both sides took 250.00 off; the rest certified and billed."""
    contract = applications.contract_by_application(parties, retention=CAPPED)
    scratched_door(parties, contract)
    applications.certified(applications.submitted(contract), actor=scenarios.approver_actor(parties))
    return contract


def summed(client: Client, side: str, contract: Contract) -> str:
    """The foot of the plan on the page of the contract."""
    page = client.get(reverse(f"{side}:contract", args=[contract.ref])).content.decode()
    return page.split("<tfoot>", 1)[1].split("</tfoot>", 1)[0]


def test_while_it_runs_its_price_and_what_is_earned_have_the_lower_price(parties: Parties, contract: Contract) -> None:
    seller, buyer = signed_in(parties, "seller"), signed_in(parties, "approver")
    for client, side in ((seller, "seller"), (buyer, "buyer")):
        page = client.get(reverse(f"{side}:contract", args=[contract.ref]))
        figures, orders = page.context["figures"], page.context["orders"]
        assert (figures.price, figures.lowered, figures.earned, figures.billed) == (39750, -250, 11750, 11750)
        assert (orders.original, orders.net, orders.lowered, orders.dropped) == (40000, 0, -250, 0)
        assert orders.current == figures.price
        assert "−250.00" in summed(client, side, contract)
        assert "39,750.00" in summed(client, side, contract)
        assert "39,750.00" in client.get(reverse(f"{side}:contracts")).content.decode()
        said = page.context["retention"].agreed
        assert said.endswith(
            "signed, 40,000.00\N{NO-BREAK SPACE}EUR, and not 39,750.00\N{NO-BREAK SPACE}EUR, to which it came since."
        )
    curve = seller.get(reverse("seller:contract", args=[contract.ref])).context["course"].curve
    assert curve.series[1].values[-1] == 11750


def test_the_schedule_of_values_leaves_nothing_of_it_to_finish(parties: Parties, contract: Contract) -> None:
    with acting(scenarios.seller_actor(parties)):
        found = Contract.objects.select_related("seller", "buyer", "active_version").get(pk=contract.pk)
        sheet = progress(found, since=date(2020, 1, 1), until=clock.today("Europe/Berlin"))
    line = sheet.lines[0]
    assert [line.scheduled, line.completed, line.balance] == [11750, 11750, 0]
    assert [sheet.original, sheet.changes, sheet.lowered, sheet.price] == [40000, 0, 250, 39750]
    assert (sheet.ties_out, tie(sheet)) == (True, "Sheet and summary tie out.")
    page = signed_in(parties, "seller").get(reverse("seller:contract_progress", args=[contract.ref])).content.decode()
    assert "Lower prices agreed for defects" in page
    # What is accepted next, and applied for, is on paper with it.
    scenarios.accepted_milestone(contract, position=2)
    application = applications.submitted(contract)
    buyer = signed_in(parties, "approver").get(reverse("buyer:application", args=[application.ref])).content.decode()
    assert "Lower prices agreed for defects" in buyer
    assert "39,750.00" in buyer


def test_settled_it_comes_to_what_was_billed(parties: Parties, contract: Contract) -> None:
    at, sina, buyer = clock.now(), scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    terminations.noticed(contract, by=buyer, effective_on=clock.today(parties.seller.time_zone), at=at)
    terminations.signed(terminations.proposed(contract, {2: "4000.50"}, by=sina, at=at), by=buyer, at=at)
    with acting(sina):
        billed = billed_of(contract)
    assert billed == D("15750.50")
    for role, side in (("seller", "seller"), ("approver", "buyer")):
        client = signed_in(parties, role)
        page = client.get(reverse(f"{side}:contract", args=[contract.ref]))
        figures, orders = page.context["figures"], page.context["orders"]
        assert {figures.price, figures.earned, figures.billed, orders.current} == {billed}
        assert (orders.net, orders.lowered, orders.dropped) == (0, -250, D("-23999.50"))
        assert "Price at the end, net of tax" in page.content.decode()
        assert "15,750.50" in summed(client, side, contract)
        assert "not 15,750.50" in page.context["retention"].agreed


def test_a_price_that_nobody_lowered_is_said_as_it_was(parties: Parties) -> None:
    contract = applications.contract_by_application(parties, retention=CAPPED)
    page = signed_in(parties, "seller").get(reverse("seller:contract", args=[contract.ref]))
    assert page.context["retention"].agreed.endswith("at most 8% of the price in all.")
    assert "Lower prices" not in page.content.decode()


@pytest.fixture
def billed_at_once(parties: Parties) -> Contract:
    """The same 250.00 off a milestone that its own invoice billed: a credit note says it, and 10 % are kept back."""
    terms = RetentionTerms(rate=D(10), cap_percent=D(8), releases=(RetentionRelease(D(100), COMPLETION),))
    contract = scenarios.active_contract(parties, draft=scenarios.software_draft(parties, retention=terms))
    scratched_door(parties, contract)
    return contract


def test_of_what_an_invoice_billed_it_is_the_same_price_on_every_page(
    parties: Parties, billed_at_once: Contract
) -> None:
    contract = billed_at_once
    for role, side in (("seller", "seller"), ("approver", "buyer")):
        client = signed_in(parties, role)
        page = client.get(reverse(f"{side}:contract", args=[contract.ref]))
        figures, orders = page.context["figures"], page.context["orders"]
        assert (figures.price, figures.lowered, figures.earned, figures.billed) == (39750, -250, 11750, 11750)
        assert (orders.current, orders.lowered, orders.dropped) == (39750, -250, 0)
        assert "39,750.00" in summed(client, side, contract)
        assert "not 39,750.00" in page.context["retention"].agreed
    with acting(scenarios.seller_actor(parties)):
        found = Contract.objects.select_related("seller", "buyer", "active_version").get(pk=contract.pk)
        sheet = progress(found, since=date(2020, 1, 1), until=clock.today("Europe/Berlin"))
    line = sheet.lines[0]
    assert (line.scheduled, line.completed, line.balance) == (D(11750), D(11750), D(0))
    assert (sheet.lowered, sheet.price, sheet.ties_out) == (D(250), D(39750), True)


def test_its_invoice_adds_up_from_the_total_to_what_is_open(parties: Parties, billed_at_once: Contract) -> None:
    with walls.asking_for(billed_at_once.seller_id):
        item = OpenItem.objects.select_related("invoice__milestone").get(contract=billed_at_once)
    assert (item.gross, item.retained, item.credited, item.open) == (D(14280), D(1200), D("297.50"), D("12782.50"))
    page = signed_in(parties, "approver").get(reverse("buyer:milestone", args=[item.invoice.billed.ref]))
    rows = "Total 14,280.00 EUR Less retained as agreed, payable later 1,200.00 EUR Less credited 297.50 EUR Open"
    assert f"{rows} 12,782.50 EUR" in said(page.content.decode())


def test_what_is_withheld_still_stands_between_total_and_what_is_due(parties: Parties) -> None:
    contract = scenarios.active_contract(parties)
    submission = scenarios.submitted_milestone(contract)
    bea = scenarios.approver_actor(parties)
    by = clock.today(parties.seller.time_zone) + timedelta(days=20)
    with acting(bea):
        reserving.accept_with_reservations(
            actor=bea,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            defects=[Defect("Scratched door", by, D(1000))],
        )
    with walls.asking_for(contract.seller_id):
        ref = Invoice.objects.get(contract=contract).ref
    for role, side in (("seller", "seller"), ("approver", "buyer")):
        page = said(signed_in(parties, role).get(reverse(f"{side}:invoice", args=[ref])).content.decode())
        rows = "Total 14,280.00 EUR Withheld until defects are mended 1,190.00 EUR Due of it 13,090.00 EUR"
        assert rows in page
