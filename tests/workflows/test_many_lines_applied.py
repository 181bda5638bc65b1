"""An application for payment with many lines asks no more than one with few: its pages, submission and certificate.

``CAIRN_APPLIED`` is how many lines stand in the large one; each of them is submitted and accepted before.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.contracts.drafts import DraftCriterion, DraftLine
from tests import applications, scenarios
from tests.scenarios import Parties

FEW = 5
MANY = int(os.environ.get("CAIRN_APPLIED", "25"))
LARGEST = 2_000_000
"""Bytes of a page that a browser still shows at once."""


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


def asked(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        act()
    return len(queries)


def look(client: Client, address: str) -> int:
    """The statements of a page that was looked at before: what is asked once per process is not counted."""
    client.get(address)

    def again() -> None:
        page = client.get(address)
        assert page.status_code == 200, address
        assert len(page.getvalue()) < LARGEST, address

    return asked(again)


def lived(parties: Parties, many: int) -> dict[str, int]:
    criteria = (DraftCriterion("It is done."),)
    each = DraftLine(title="", scope="", basis="amount", amount=Decimal("100.00"), planned_on=None, criteria=criteria)
    lines = tuple(replace(each, title=f"Part {number}") for number in range(1, many + 1))
    contract = applications.contract_by_application(
        parties, number=f"APPLIED-{many}", lines=lines, price=Decimal(100 * many)
    )
    for position in range(1, many + 1):
        scenarios.accepted_milestone(contract, position=position)
    seller, buyer = Client(), Client()
    seller.force_login(parties.people["seller"].user)
    buyer.force_login(parties.people["buyer"].user)
    found: dict[str, int] = {}
    collecting = applications.newest(contract, state="open")
    found["collecting, seller"] = look(seller, reverse("seller:application", args=[collecting.ref]))
    found["submit"] = asked(lambda: applications.submitted(contract))
    application = applications.newest(contract, pk=collecting.pk)
    found["submitted, seller"] = look(seller, reverse("seller:application", args=[application.ref]))
    found["to certify"] = look(buyer, reverse("buyer:application", args=[application.ref]))
    found["certify"] = asked(lambda: applications.certified(application, actor=scenarios.buyer_actor(parties)))
    found["certified, buyer"] = look(buyer, reverse("buyer:application", args=[application.ref]))
    found["the sheet as a spreadsheet"] = look(seller, reverse("seller:application_xlsx", args=[application.ref]))
    return found


def test_no_page_and_no_act_asks_more_for_many_lines_than_for_few(parties: Parties) -> None:
    few, many = lived(parties, FEW), lived(parties, MANY)
    print(f"\nstatements at {FEW} and {MANY} lines", {name: (few[name], many[name]) for name in few})
    assert {name: (few[name], many[name]) for name in few if many[name] > few[name] + 2} == {}
