"""Who guesses links or searches without end is told when to come back; others do not notice."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.contracts.models import GuestGrant
from apps.core.database import walls
from apps.parties import tokens
from apps.portals import too_often
from apps.workflows import limits, team
from tests import scenarios
from tests.portals.buyer.browsers import token_of
from tests.portals.test_access import person, signed_in
from tests.scenarios import Parties

pytestmark = pytest.mark.django_db
SOMEBODY, ELSE = "203.0.113.9", "203.0.113.10"


@pytest.fixture
def story() -> Parties:
    return scenarios.organisations()


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(limits, "WRONG_LINKS", replace(limits.WRONG_LINKS, most=4))
    monkeypatch.setattr(limits, "SEARCHES", replace(limits.SEARCHES, most=4))
    cache.clear()
    yield
    walls.leave()


def status(path: str, *, address: str = SOMEBODY) -> int:
    return Client().get(path, REMOTE_ADDR=address).status_code


def wrong(number: int) -> str:
    return f"/s/{number:043d}/"


class TestLinks:
    @pytest.fixture
    def right(self, story: Parties) -> str:
        grant: GuestGrant = scenarios.link_to_sign(scenarios.proposed_contract(story))
        return f"/s/{token_of(grant)}/"

    def test_wrong_ones_are_counted_and_then_hold_right_ones_off(self, right: str) -> None:
        assert [status(wrong(number)) for number in range(6)] == [404] * 4 + [429] * 2
        held_off = Client().get(right, REMOTE_ADDR=SOMEBODY)
        assert held_off.status_code == 429
        assert 590 < int(held_off["Retry-After"]) <= 600
        assert "Try again in 10 minutes." in held_off.content.decode()
        assert "no-store" in held_off["Cache-Control"]
        assert status(right, address=ELSE) == 200

    def test_right_ones_are_not_counted(self, right: str) -> None:
        assert [status(right) for _ in range(6)] == [200] * 6

    def test_invitations_count_too(self, story: Parties) -> None:
        invitation = reverse("account:accept_invitation", args=["t" * 43])
        client = Client(REMOTE_ADDR=SOMEBODY)
        tried = [client.get(path).status_code for path in (wrong(1), invitation, f"{wrong(2)}accept/")]
        assert [*tried, client.post(f"{wrong(3)}viewed/").status_code] == [404] * 4
        assert status(reverse("account:accept_invitation", args=["u" * 43])) == 429
        with scenarios.acting(scenarios.seller_actor(story)) as owner:
            asked = team.invite_member(
                actor=owner, key="k", email="neu@nordlicht.example", roles=frozenset({"billing"})
            )
        token = tokens.token_for(purpose="invitation", ref=asked["invitation"])
        assert status(reverse("account:accept_invitation", args=[token])) == 429
        assert status(reverse("account:accept_invitation", args=[token]), address=ELSE) == 200

    def test_a_subscribers_ipv6_addresses_are_one(self) -> None:
        assert [status(wrong(n), address=f"2001:db8:0:1::{n:x}") for n in range(5)] == [404] * 4 + [429]
        assert status(wrong(9), address="2001:db8:0:2::1") == 404

    def test_the_page_says_no_more_of_a_right_link_than_of_a_wrong_one(self, right: str) -> None:
        for number in range(4):
            status(wrong(number))
        pages = [Client().get(path, REMOTE_ADDR=SOMEBODY).content.decode() for path in (right, wrong(7))]
        stripped = [re.sub(r'(csrf\w*" value="|X-CSRFToken": "|/s/)[\w-]+', "", page) for page in pages]
        assert stripped[0] == stripped[1]


class TestSearch:
    LISTS = ("seller:contracts", "seller:invoices", "buyer:contracts", "buyer:invoices")

    def test_it_is_counted_for_each_person_over_all_lists(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        found = [client.get(reverse(self.LISTS[turn % 4]), {"q": "warehouse"}) for turn in range(6)]
        assert [answer.status_code for answer in found] == [200] * 4 + [429] * 2
        assert 0 < int(found[-1]["Retry-After"]) <= 60
        assert client.get(reverse("seller:contracts")).status_code == 200
        assert client.get(reverse("seller:contracts"), {"q": ""}).status_code == 200
        other = signed_in(person(story, "billing"))
        assert other.get(reverse("seller:contracts"), {"q": "warehouse"}).status_code == 200

    def test_the_financiers_lists_count_too(self, story: Parties) -> None:
        user = person(story, "analyst")
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")
        client = signed_in(user)
        session = client.session
        session["second_factor"] = True
        session.save()
        address = reverse("admin:financing_fundingrequest_changelist")
        assert [client.get(address, {"q": "x"}).status_code for _ in range(5)][-1] == 429

    def test_one_search_costs_one_statement_more(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        with CaptureQueriesContext(connection) as plain:
            client.get(reverse("seller:contracts"), {"state": "draft"})
        with CaptureQueriesContext(connection) as searched:
            client.get(reverse("seller:contracts"), {"state": "draft", "q": "warehouse"})
        assert sum("workflows_tally" in query["sql"] for query in searched.captured_queries) == 1
        assert len(searched) == len(plain) + 1


def test_what_allauth_limits_has_the_same_page(story: Parties) -> None:
    request = RequestFactory().get("/")
    request.user = person(story, "seller")
    answer = too_often.handler429(request)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert "Try again in 1 minute." in answer.content.decode()
