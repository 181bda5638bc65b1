"""Deposits and recurring lines in a change order on the pages: what is billed is said and stays, the rest is typed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts.drafts import Due
from apps.contracts.models import Contract
from apps.invoicing.models import Instalment
from apps.workflows import instalments
from tests import scenarios
from tests.conftest import Once
from tests.portals.test_change_orders import browser, carried, order_of, typed
from tests.scenarios import Parties, acting

pytestmark = pytest.mark.django_db

SIGNED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = SIGNED_AT + timedelta(days=40)
WHY = {"title": "More vehicles", "reason": "The fleet grows."}


@pytest.fixture(scope="module")
def told(once: Once) -> tuple[Parties, Contract]:
    def story() -> tuple[Parties, Contract]:
        parties = scenarios.organisations()
        draft = scenarios.hybrid_draft(parties, start=Due("signature", None, "", "month", 4))
        contract = scenarios.active_contract(parties, draft=draft, at=SIGNED_AT)
        with acting(scenarios.owner_of(contract.seller_id), at=LATER):
            instalments.tend(contract_ref=contract.ref, seller_id=contract.seller_id)
        return parties, contract

    return once(story)


@pytest.fixture
def parties(db: None, told: tuple[Parties, Contract]) -> Parties:
    return told[0]


@pytest.fixture
def contract(db: None, told: tuple[Parties, Contract]) -> Contract:
    return told[1]


def form(parties: Parties, contract: Contract, *, side: str) -> tuple[Client, str, Any]:
    client, address = browser(parties, side), reverse(f"{side}:propose_change", args=[contract.ref])
    return client, address, client.get(address)


@pytest.mark.parametrize("side", ["seller", "buyer"])
def test_it_ends_with_what_is_billed_and_goes_on_at_another_price(
    parties: Parties, contract: Contract, side: str
) -> None:
    client, address, page = form(parties, contract, side=side)
    shown = page.content.decode()
    assert "2 periods are billed, and stay" in shown
    assert "Invoiced already, and therefore as it is: Deposit." in shown
    assert "line-1-title" not in shown
    new = {
        "new-0-title": "Support for 500",
        "new-0-kind": "recurring",
        "new-0-amount": "620.00",
        "new-0-start": "date",
        "new-0-starts_on": "2026-05-02",
        "new-0-period_count": "6",
    }
    # A disabled field is not sent by a browser; one that is sent all the same changes nothing.
    sent = typed(page) | WHY | new | {"line-3-period_count": "2", "line-3-title": "Another", "line-3-start": "date"}
    check = client.post(address, sent)
    assert check.status_code == 200, check.context["problems"]
    shown = check.content.decode()
    for words in ("Support for 500", "42,720.00", "6 monthly payments of ", "6 invoices are issued for it"):
        assert words in shown, words
    assert client.post(address, carried(check)).status_code == 302

    other = "buyer" if side == "seller" else "seller"
    second, order = browser(parties, other), order_of(contract)
    read = second.get(reverse(f"{other}:sign_change", args=[order.ref]))
    assert "Support for 500" in read.content.decode()
    signed = {name: str(read.context["again"][name].value()) for name in ("key", "seen")}
    second.post(reverse(f"{other}:sign_change", args=[order.ref]), signed)
    with acting(scenarios.owner_of(contract.seller_id)):
        stands = Instalment.objects.standing().filter(contract=contract).order_by("position", "number")
        assert list(stands.values_list("position", "number", "bills_on"))[1:4] == [
            (3, 1, date(2026, 3, 2)),
            (3, 2, date(2026, 4, 2)),
            (4, 1, date(2026, 5, 2)),
        ]
        assert stands.count() == 9


def test_what_cannot_be_changed_says_what_to_do_instead(parties: Parties, contract: Contract) -> None:
    client, address, page = form(parties, contract, side="seller")
    for said, words in (
        ({"line-3-amount": "620.00"}, "add a recurring line at the other amount"),
        ({"line-3-period_count": "1"}, "issue a credit note for its invoice"),
        (
            {"new-0-title": "Hosting", "new-0-kind": "recurring", "new-0-amount": "9.00", "new-0-start": "date"},
            "Say how many periods “Hosting” has",
        ),
        (
            {"new-0-title": "Second deposit", "new-0-kind": "deposit", "new-0-amount": "9.00", "new-0-start": "date"},
            "Say on which day “Second deposit” is first due.",
        ),
        ({"new-0-title": "Hosting", "new-0-kind": "recurring"}, "Enter what it comes to."),
    ):
        answer = client.post(address, typed(page) | WHY | said)
        assert (answer.status_code, words in answer.content.decode()) == (422, True), words
    # Longer is no new line: the same amount, more often.
    longer = client.post(address, typed(page) | WHY | {"line-3-period_count": "6"})
    assert longer.status_code == 200
    assert "41,000.00" in longer.content.decode()
