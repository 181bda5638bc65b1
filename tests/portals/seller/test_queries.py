"""A page asks the database the same number of questions for one row as for many."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.contracts.rules.schedule import written_schedule
from apps.invoicing.models import Invoice
from apps.portals.spreadsheets import written
from tests import scenarios
from tests.portals.seller.conftest import accepted_offer, issued_offer, opened_facility, requested_funding
from tests.portals.spreadsheets.samples import uploaded
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
                ("request_funding", contract),
            )
        ]

    opened_facility(parties)
    assert pages("1", steps=1) == pages("2", steps=4)


def test_a_plan_of_three_hundred_lines_asks_no_more_than_one_of_ten(parties: Parties, seller: Client) -> None:
    """Every page and every action on the way from the file to the proposal."""

    def way(number: str, *, lines: int) -> list[int]:
        plan = tuple(line(f"Step {step}", "0.2") for step in range(lines - 1))
        rest = (replace(line("Rest", 1), basis="remainder", percent=None),)
        contract = scenarios.drafted_contract(parties, draft=software_draft(parties, number=number))
        table = written_schedule((*plan, *rest), amounts=[None] * lines, language="en")
        rows = bytes(written(table, kind="csv", name="plan").content)
        steps = ("import_plan", "check_plan")
        shows = ("contract", "change_draft", "propose_contract", "contract_differences")
        page = {name: reverse(f"seller:{name}", args=[contract.ref]) for name in (*steps, *shows)}
        counts = []

        def counted(act: Callable[[], Any], *, status: int) -> Any:
            with CaptureQueriesContext(connection) as queries:
                answer = act()
            assert answer.status_code == status
            counts.append(len(queries))
            return answer

        counted(lambda: seller.post(page["import_plan"], {"key": scenarios.key(), "file": uploaded(rows)}), status=302)
        shown = counted(lambda: seller.get(page["check_plan"]), status=200).context["confirm"]
        form = {name: str(shown[name].value()) for name in ("key", "upload")}
        counted(lambda: seller.post(page["check_plan"], form), status=302)
        counts.extend(asked(seller, page[name]) for name in shows)
        with acting(scenarios.seller_actor(parties)):
            version = contract.versions.get()
            assert version.lines.count() == lines
        counts.extend(asked(seller, reverse(f"seller:plan_{kind}", args=[version.ref])) for kind in ("csv", "xlsx"))
        counts.append(asked(seller, f"{reverse('seller:draft_contract')}?copy={contract.ref}"))
        again = seller.get(page["propose_contract"]).context["again"]
        seen = {name: str(again[name].value()) for name in ("key", "seen")}
        counted(lambda: seller.post(page["propose_contract"], seen), status=302)
        return counts

    seller.get("/seller/")
    few = way("1", lines=10)
    many = way("2", lines=300)
    # The page of a long draft asks for the version of which it offers the file.
    assert [after - before for before, after in zip(few, many, strict=True)] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
