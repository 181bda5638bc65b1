"""A contract of many lines stays usable: no page and no action asks more than twice what it asks for ten lines.

``CAIRN_LINES=9999 pytest tests/workflows/test_many_lines.py -s`` is the long form of about a minute. Everything is
committed here: in one transaction Postgres would go on planning for the ten lines that came first.
"""

import os
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.contracts import services as contracts
from apps.contracts.drafts import DraftCriterion, DraftLine
from apps.contracts.models import Contract, ContractVersion
from apps.workflows import contracting, sign_off
from tests import scenarios
from tests.scenarios import Parties, acting, key, software_draft

FEW = 10
MANY = int(os.environ.get("CAIRN_LINES", "60"))


@pytest.fixture
def parties(scratch: str) -> Parties:
    return scenarios.organisations()


def asked(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        act()
    return len(queries)


def lines(many: int) -> tuple[DraftLine, ...]:
    criteria = (DraftCriterion("It runs on the buyer's servers."),)
    each = Decimal("12.50")
    named = [
        DraftLine(title=f"Step {number}", scope="", basis="amount", amount=each, planned_on=None, criteria=criteria)
        for number in range(1, many)
    ]
    rest = DraftLine(title="The rest", scope="", basis="remainder", planned_on=None, criteria=criteria)
    return (*named, rest)


def lived(parties: Parties, many: int) -> dict[str, int]:
    """Every step of a contract's life and every page of it, with the number of statements that it sends."""
    found: dict[str, int] = {}
    sina, bea = scenarios.seller_actor(parties), scenarios.approver_actor(parties)
    draft = software_draft(parties, number=f"MANY-{many}", lines=lines(many), price=Decimal("200000.00"))

    def step(name: str, act: Callable[[], object]) -> None:
        found[name] = asked(act)

    with acting(sina):
        step("draft", lambda: contracting.draft_contract(actor=sina, key=key(), draft=draft))
        contract = Contract.objects.get(number=f"MANY-{many}")
        _text, seen = contracts.preview(contract)
        step(
            "propose",
            lambda: contracting.propose_contract(actor=sina, key=key(), contract_ref=contract.ref, seen=seen),
        )
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with acting(guest):
        version = ContractVersion.objects.get(contract=contract)
        step(
            "sign",
            lambda: contracting.sign_contract(actor=guest, key=key(), version_ref=version.ref, seen=version.sha256),
        )
    submission = scenarios.submitted_milestone(contract)
    with acting(bea):
        step(
            "accept",
            lambda: sign_off.accept_milestone(
                actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256
            ),
        )
    milestone = scenarios.milestone_of(contract)
    pages = {
        "seller": [
            reverse("seller:home"),
            reverse("seller:contract", args=[contract.ref]),
            reverse("seller:milestone", args=[milestone.ref]),
            reverse("seller:plan_csv", args=[version.ref]),
            reverse("seller:contract_revenue", args=[contract.ref]),
            reverse("seller:revenue"),
            reverse("seller:propose_change", args=[contract.ref]),
        ],
        "buyer": [
            reverse("buyer:home"),
            reverse("buyer:contract", args=[contract.ref]),
            reverse("buyer:milestone", args=[milestone.ref]),
            reverse("buyer:plan_csv", args=[version.ref]),
            reverse("buyer:propose_change", args=[contract.ref]),
        ],
    }
    for side, addresses in pages.items():
        client = Client()
        client.force_login(parties.people[side].user)
        for address in addresses:
            client.get(address)  # what is asked once per process

            def look(client: Client = client, address: str = address) -> None:
                assert client.get(address).status_code == 200, address

            step(address.replace(contract.ref, "…").replace(milestone.ref, "…").replace(version.ref, "…"), look)
    return found


def test_no_page_and_no_action_asks_more_than_twice_what_it_asks_for_ten_lines(parties: Parties) -> None:
    few, many = lived(parties, FEW), lived(parties, MANY)
    print(f"\nstatements at {FEW} and {MANY} lines", {name: (few[name], many[name]) for name in few})
    assert {name: (few[name], many[name]) for name in few if many[name] > 2 * few[name]} == {}
