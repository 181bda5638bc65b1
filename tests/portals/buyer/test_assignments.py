"""The notice of assignment: read, confirmed once, by somebody who may."""

import pytest
from django.urls import reverse

from apps.contracts.models import Contract, GuestGrant
from apps.core.database import walls
from apps.financing.models import Assignment
from tests import scenarios
from tests.portals.buyer.browsers import Guest, hidden
from tests.portals.buyer.conftest import SignIn
from tests.portals.buyer.stories import assigned, invoiced, pledged
from tests.scenarios import Parties


@pytest.fixture
def notice(parties: Parties, active: Contract) -> Assignment:
    return assigned(parties, invoiced(active))


def address(notice: Assignment) -> str:
    return reverse("buyer:acknowledge_assignment", args=[notice.ref])


def confirmed_by(notice: Assignment) -> str:
    with walls.asking_for(notice.financier_id):
        found = Assignment.objects.select_related("acknowledged_by").get(pk=notice.pk)
    return str(found.acknowledged_by or "")


def test_the_notice_is_read_and_confirmed(notice: Assignment, sign_in: SignIn) -> None:
    client = sign_in("payables")
    page = client.get(address(notice))
    for shown in ("NOTICE OF ASSIGNMENT", "Kontor Capital GmbH", "DE75 5121 0800 1245 1261 99", "14,280.00"):
        assert shown in page.content.decode()
    assert confirmed_by(notice) == ""
    answer = client.post(address(notice), hidden(page))
    assert answer.status_code == 302
    assert confirmed_by(notice) == "Paul Pohl"
    after = client.get(address(notice)).content.decode()
    assert "Paul Pohl" in after
    assert "I confirm that I have read this notice" not in after


def test_two_clicks_confirm_once(notice: Assignment, sign_in: SignIn) -> None:
    client = sign_in("payables")
    form = hidden(client.get(address(notice)))
    assert [client.post(address(notice), form).status_code for _ in range(2)] == [302, 302]


def test_who_comes_second_is_told_that_it_is_done(notice: Assignment, sign_in: SignIn) -> None:
    paul, olga = sign_in("payables"), sign_in("buyer")
    late = hidden(olga.get(address(notice)))
    paul.post(address(notice), hidden(paul.get(address(notice))))
    answer = olga.post(address(notice), late)
    assert answer.status_code == 422
    assert "already acknowledged" in answer.content.decode()
    assert confirmed_by(notice) == "Paul Pohl"


def test_another_text_is_shown_and_not_confirmed(notice: Assignment, sign_in: SignIn) -> None:
    client = sign_in("payables")
    answer = client.post(address(notice), hidden(client.get(address(notice))) | {"seen": "0" * 64})
    assert answer.status_code == 422
    assert confirmed_by(notice) == ""
    assert client.post(address(notice), hidden(answer)).status_code == 302


@pytest.fixture
def guest(notice: Assignment) -> Guest:
    """The signatory with the link that came with the notice."""
    with walls.asking_for(notice.financier_id):
        contract_id = notice.contract_id
        grant = GuestGrant.objects.get(contract_id=contract_id, purpose=GuestGrant.Purpose.ACKNOWLEDGE)
    return Guest(grant)


def confirmed_by_link(notice: Assignment) -> int | None:
    with walls.asking_for(notice.financier_id):
        return Assignment.objects.get(pk=notice.pk).acknowledged_by_grant_id


def test_the_signatory_confirms_by_link_on_one_page(notice: Assignment, guest: Guest) -> None:
    page = guest.get()
    assert "NOTICE OF ASSIGNMENT" in page.content.decode()
    assert "/buyer/" not in page.content.decode()  # nothing that needs an account
    assert confirmed_by_link(notice) is None
    answer = guest.post("", hidden(page))
    assert (answer.status_code, answer["Location"]) == (302, guest.address)
    assert confirmed_by_link(notice) == guest.grant.pk
    after = guest.get().content.decode()
    assert "Bea Berg" in after
    assert "DE75 5121 0800 1245 1261 99" in after
    assert "I confirm that I have read this notice" not in after


def test_two_clicks_on_the_link_confirm_once(notice: Assignment, guest: Guest) -> None:
    form = hidden(guest.get())
    assert [guest.post("", form).status_code for _ in range(2)] == [302, 302]


def test_a_link_to_a_notice_is_for_nothing_else(guest: Guest) -> None:
    for path in (
        "sign/",
        "contract-changes/",
        "accept/",
        "changes/",
        "invoice.pdf",
        "invoice.xml",
        "peppol.xml",
        "document/",
    ):
        assert guest.get(path).status_code == 404


def test_a_notice_before_acceptance_says_that_nothing_is_owed_yet(
    parties: Parties, active: Contract, sign_in: SignIn
) -> None:
    milestone = scenarios.milestone_of(active, position=2)
    notice = pledged(parties, milestone)
    client = sign_in("payables")
    home = client.get("/buyer/").content.decode()
    assert "The invoice for Integration will be assigned" in home
    page = client.get(address(notice))
    for shown in ("To pay once you accept", "14,280.00", "Nothing is to be paid before you accept", "Kontor Capital"):
        assert shown in page.content.decode().replace("\N{NO-BREAK SPACE}", " "), shown
    answer = client.post(address(notice), hidden(page))
    assert answer["Location"] == reverse("buyer:milestone", args=[milestone.ref])
    assert confirmed_by(notice) == "Paul Pohl"
    invoice = invoiced(active, position=2)
    said = sign_in("buyer").get(reverse("buyer:invoice", args=[invoice.ref])).content.decode()
    assert "Kontor Capital GmbH" in said
    assert "DE75 5121 0800 1245 1261 99" in said
