"""A page asks as many questions for many rows as for one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts.models import Contract
from tests import scenarios
from tests.portals.buyer.browsers import Guest, counted, hidden
from tests.portals.buyer.conftest import SignIn
from tests.portals.buyer.stories import invoiced
from tests.scenarios import Parties

CROSSED = {"verdict_1": "not_met", "reason_1": "Two open defects.", "verdict_2": "met"}


def queries(ask: Callable[[], Any]) -> int:
    ask()  # what is asked once per process
    with counted() as count:
        assert ask().status_code == 200
    return count[0]


def queries_at(client: Client, address: str) -> int:
    return queries(lambda: client.get(address))


def another(parties: Parties, number: str) -> Contract:
    contract = scenarios.active_contract(parties, draft=scenarios.software_draft(parties, number=number))
    invoiced(contract)
    scenarios.submitted_milestone(contract, position=2)
    scenarios.proposed_contract(parties, draft=scenarios.software_draft(parties, number=f"{number}-next"))
    return contract


@pytest.mark.parametrize("name", ["home", "contracts", "invoices"])
def test_lists(parties: Parties, sign_in: SignIn, name: str) -> None:
    client = sign_in("buyer")
    another(parties, "A")
    one = queries(lambda: client.get(reverse(f"buyer:{name}")))
    for number in ("B", "C"):
        another(parties, number)
    assert queries(lambda: client.get(reverse(f"buyer:{name}"))) == one


def test_the_page_of_a_contract(parties: Parties, active: Contract, sign_in: SignIn) -> None:
    client = sign_in("buyer")
    address = reverse("buyer:contract", args=[active.ref])
    invoiced(active)
    one = queries(lambda: client.get(address))
    invoiced(active, position=2)
    scenarios.submitted_milestone(active, position=3)
    assert queries(lambda: client.get(address)) == one


def test_the_pages_of_a_milestone(active: Contract, sign_in: SignIn) -> None:
    client = sign_in("buyer")
    counts: set[tuple[int, ...]] = set()
    for cycle in range(1, 5):
        submission = scenarios.submitted_milestone(active)
        page = reverse("buyer:milestone", args=[submission.milestone.ref])
        accept = reverse("buyer:accept_milestone", args=[submission.ref])
        changes = reverse("buyer:request_changes", args=[submission.ref])
        if cycle > 1:
            link = Guest(scenarios.link_to_sign_off(submission))
            counts.add(
                (queries_at(client, page), queries_at(client, accept), queries_at(client, changes), queries(link.get))
            )
        client.post(changes, hidden(client.get(changes)) | CROSSED)
    assert len(counts) == 1
