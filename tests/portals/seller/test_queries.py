"""A page asks the database the same number of questions for one row as for many."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.invoicing.models import Invoice
from tests import scenarios
from tests.portals.seller.conftest import accepted_offer, issued_offer, opened_facility, requested_funding
from tests.scenarios import Parties, acting, line, software_draft


def asked(client: Client, address: str) -> int:
    client.get(address)  # caches of the process and of the session are filled before
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_lists_and_home(parties: Parties, seller: Client) -> None:
    facility = opened_facility(parties)
    pages = ("/seller/", "/seller/contracts/", "/seller/invoices/", "/seller/funding/")

    def grow(number: int) -> None:
        scenarios.drafted_contract(parties, draft=software_draft(parties, number=f"D{number}"))
        scenarios.proposed_contract(parties, draft=software_draft(parties, number=f"P{number}"))
        lines = tuple(line(f"Step {step}", 20) for step in range(5))
        contract = scenarios.active_contract(parties, draft=software_draft(parties, number=f"A{number}", lines=lines))
        issued_offer(parties, scenarios.accepted_milestone(contract), facility)
        accepted_offer(parties, scenarios.accepted_milestone(contract, position=2), facility)
        requested_funding(parties, scenarios.accepted_milestone(contract, position=3), facility)
        scenarios.accepted_milestone(contract, position=4)

    grow(1)
    before = [asked(seller, address) for address in pages]
    grow(2)
    assert [asked(seller, address) for address in pages] == before


def test_the_pages_of_one_thing(parties: Parties, seller: Client) -> None:
    def pages(number: str, *, steps: int) -> list[int]:
        lines = (*(line(f"Step {step}", 1) for step in range(steps)), line("Rest", 100 - steps))
        draft = scenarios.drafted_contract(parties, draft=software_draft(parties, number=f"D{number}", lines=lines))
        contract = scenarios.active_contract(parties, draft=software_draft(parties, number=number, lines=lines))
        for position in range(1, steps + 1):
            milestone = scenarios.accepted_milestone(contract, position=position)
        prepared = scenarios.prepared_milestone(contract, actor=scenarios.seller_actor(parties), position=steps + 1)
        with acting(scenarios.seller_actor(parties)):
            invoice = Invoice.objects.get(milestone=milestone)
        return [
            asked(seller, reverse(f"seller:{name}", args=[thing.ref]))
            for name, thing in (
                ("contract", contract),
                ("contract", draft),
                ("change_draft", draft),
                ("propose_contract", draft),
                ("milestone", milestone),
                ("prepare_submission", prepared),
                ("submit_milestone", prepared),
                ("invoice", invoice),
                ("request_funding", invoice),
            )
        ]

    opened_facility(parties)
    assert pages("1", steps=1) == pages("2", steps=4)
