"""The buyer's first page: what waits, in figures."""

from decimal import Decimal

import pytest
from django.urls import reverse

from apps.contracts.models import Contract
from apps.core import clock
from apps.parties import services as parties_services
from apps.parties.services import AccountData
from apps.portals.buyer import to_pay
from tests import disputes, scenarios
from tests.portals.buyer.conftest import SignIn
from tests.portals.buyer.stories import assigned, invoiced
from tests.scenarios import Parties, acting


def test_an_empty_home_says_what_will_stand_here(parties: Parties, sign_in: SignIn) -> None:
    page = sign_in("buyer").get(reverse("buyer:home"))
    assert page.status_code == 200
    assert "Contracts that you buy will stand here" in page.content.decode()


def test_home_names_all_that_waits(parties: Parties, active: Contract, sign_in: SignIn) -> None:
    invoice = invoiced(active)
    assigned(parties, invoice)
    sent = scenarios.submitted_milestone(active, position=2)
    scenarios.proposed_contract(parties, draft=scenarios.software_draft(parties, number="NL-2", title="Forklifts"))
    page = sign_in("buyer").get(reverse("buyer:home"))
    assert [need.what for need in page.context["needs"]] == [
        "Sign off: Integration",
        "Sign the contract: Forklifts",
        f"Invoice {invoice.number} is assigned: confirm whom you pay",
    ]
    assert page.context["needs"][2].who == "Kontor Capital GmbH"
    figures = {tile.label: (tile.amount, tile.currency) for tile in page.context["tiles"]}
    assert figures == {
        "To sign off": (Decimal("12000"), "EUR"),
        "Open to pay": (Decimal("14280"), "EUR"),
        "Overdue": (Decimal(0), "EUR"),
        "Committed": (Decimal("28000"), "EUR"),
    }
    (bill,) = page.context["bills"].rows
    assert "the first" not in page.content.decode()
    assert "1 to sign off</span>" in page.content.decode(), "the navigation says what its number counts"
    assert (bill.amount, bill.due_on, bill.is_late) == (Decimal("14280"), invoice.due_on, False)
    assert (bill.pay_to.holder, bill.pay_to.is_assigned) == ("Kontor Capital GmbH", True)
    assert bill.pay_code.amount == Decimal("14280")
    shown = page.content.decode()
    assert "Assigned: pay to this account" in shown
    assert f'data-copy="{bill.pay_to.iban}"' in shown
    assert "<details open>" in shown, "whoever has no script sees it too"
    bilge = scenarios.member(parties, "billing")
    disputes.on_submission(disputes.told(parties, sent, at=clock.now()), actor=bilge, at=clock.now(), amount="2000")
    page = sign_in("buyer").get(reverse("buyer:home"))
    found = {need.what: need.amount for need in page.context["needs"]}
    assert (found["Sign off: Integration"], found["In dispute: Integration"]) == (Decimal(10000), Decimal(2000))
    assert page.context["tiles"][0].amount == Decimal(10000)


def test_what_is_to_pay_says_how_much_of_it_is_shown(
    parties: Parties, active: Contract, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for position in (1, 2, 3):
        scenarios.accepted_milestone(active, position=position)
    monkeypatch.setattr(to_pay, "SHOWN", 2)
    page = sign_in("buyer").get(reverse("buyer:home"))
    assert (len(page.context["bills"].rows), page.context["bills"].total) == (2, "3")
    assert "the first 2 of 3" in page.content.decode()
    monkeypatch.setattr(to_pay, "SHOWN", 3)
    assert sign_in("buyer").get(reverse("buyer:home")).context["bills"].total == ""


def test_amounts_in_two_currencies_are_never_added_up(parties: Parties, active: Contract, sign_in: SignIn) -> None:
    sina = scenarios.seller_actor(parties)
    account = AccountData(holder="Nordlicht Software GmbH", currency="CHF", iban="CH9300762011623852957")
    with acting(sina):
        parties_services.set_account(actor=sina, account=account, at=clock.now())
    draft = scenarios.software_draft(parties, number="NL-2", currency="CHF", price=Decimal("1000.00"))
    scenarios.active_contract(parties, draft=draft)
    tiles = {tile.label: tile for tile in sign_in("buyer").get(reverse("buyer:home")).context["tiles"]}
    assert tiles["Committed"].amount == Decimal("40000")
    assert "1,000.00\N{NO-BREAK SPACE}CHF" in tiles["Committed"].note


def test_home_says_who_may_sign_off_what(parties: Parties, sign_in: SignIn) -> None:
    draft = scenarios.software_draft(parties, second_acceptor_above=Decimal(20000))
    scenarios.active_contract(parties, draft=draft)
    page = sign_in("buyer").get(reverse("buyer:home"))
    rules = page.context["approvals"]
    people = {one.name: (one.may, one.limit) for one in rules.people}
    assert people["Bea Berg"] == ("sign off milestones, sign contracts", None)
    ((number, _url, asked),) = rules.contracts
    assert (number, asked.replace("\xa0", " ")) == (draft.number, "two people accept what is above 20,000.00 EUR")
    assert reverse("account:team") in page.content.decode().split("Who may sign off what")[1]
