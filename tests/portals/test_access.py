"""The doors: who enters where, what a lost membership means, how evidence names the way in, a database that is away."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connection
from django.http import Http404, HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.parties import tokens
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User
from apps.parties.roles import Action, Role
from apps.parties.services import OrganisationData
from apps.portals import access, links
from apps.portals.links import LinkState
from apps.workflows import team
from tests import scenarios
from tests.scenarios import Parties

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Parties:
    return scenarios.organisations()


@pytest.fixture(autouse=True)
def nobody_asks_afterwards() -> Iterator[None]:
    yield
    walls.leave()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def just_signed_in(user: User) -> Client:
    """The same a moment ago: the sign-in is a proof of who it is."""
    client = signed_in(user)
    session = client.session
    session[f"proof user:{user.pk}"] = ["code sent to e-mail", clock.now().isoformat()]
    session.save()
    return client


def person(story: Parties, role: str) -> User:
    return story.people[role].user


def statuses(client: Client, *names: str) -> list[int]:
    return [client.get(reverse(name)).status_code for name in names]


class TestSides:
    def test_who_is_not_signed_in_is_led_to_the_entrance(self) -> None:
        for name in ("home", "seller:home", "buyer:home", "account:team", "admin:index", "account:settings"):
            response = Client().get(reverse(name))
            assert response.status_code == 302
            assert response["Location"].startswith("/accounts/login/?next=/")

    def test_a_trading_member_enters_both_trading_portals_and_not_the_admin(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        assert statuses(client, "seller:home", "buyer:home", "account:team") == [200, 200, 200]
        assert statuses(client, "admin:index") == [404]

    def test_a_financier_does_not_enter_the_trading_portals(self, story: Parties) -> None:
        client = signed_in(person(story, "analyst"))
        assert statuses(client, "seller:home", "buyer:home") == [404, 404]

    def test_a_person_without_organisation_is_led_to_one(self) -> None:
        client = signed_in(User.objects.create_user("new@elsewhere.example"))
        for name in ("home", "seller:home", "admin:index", "account:team"):
            response = client.get(reverse(name))
            assert (response.status_code, response["Location"]) == (302, "/account/start/")
        assert client.get("/account/start/").status_code == 200

    def test_signed_in_pages_are_not_kept_by_caches(self, story: Parties) -> None:
        assert "no-store" in signed_in(person(story, "seller")).get(reverse("seller:home"))["Cache-Control"]


class TestMembership:
    def test_a_removed_member_has_lost_the_power_with_the_next_click(self, story: Parties) -> None:
        client = signed_in(person(story, "delivery"))
        assert client.get(reverse("account:team")).status_code == 200
        owner = scenarios.seller_actor(story)
        with scenarios.acting(owner):
            team.end_membership(actor=owner, key="k", membership_ref=story.people["delivery"].ref)
        response = client.get(reverse("account:team"))
        assert (response.status_code, response["Location"].split("?")[0]) == (302, reverse("account_login"))
        person(story, "delivery").refresh_from_db()
        again = signed_in(person(story, "delivery")).get(reverse("account:team"))
        assert (again.status_code, again["Location"]) == (302, "/account/start/")

    def test_a_demoted_owner_manages_nothing_any_more(self, story: Parties) -> None:
        owner = scenarios.seller_actor(story)
        with scenarios.acting(owner):
            second = story.people["delivery"]
            team.change_member(actor=owner, key="k1", membership_ref=second.ref, roles=frozenset({Role.OWNER}))
        second.user.refresh_from_db()
        client = just_signed_in(second.user)
        assert client.get(reverse("account:invite_member")).status_code == 200
        with scenarios.acting(owner):
            team.change_member(actor=owner, key="k2", membership_ref=second.ref, roles=frozenset({Role.DELIVERY}))
        assert client.get(reverse("account:invite_member")).status_code == 302
        second.user.refresh_from_db()
        assert signed_in(second.user).get(reverse("account:invite_member")).status_code == 404

    def test_an_inactive_person_is_signed_out(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        User.objects.filter(pk=person(story, "seller").pk).update(is_active=False)
        assert client.get(reverse("seller:home"))["Location"].startswith("/accounts/login/")

    def test_a_person_of_two_organisations_works_for_the_chosen_one(self, story: Parties) -> None:
        user = person(story, "seller")
        with walls.asking_for(user=user.pk):
            data = parties_data("Second GmbH")
            second = team.found_organisation(user=user, origin=scenarios.BROWSER, key="k", data=data)
        client = signed_in(user)
        assert "Nordlicht Software GmbH" in client.get(reverse("account:organisation")).content.decode()
        client.post(reverse("switch_organisation"), {"organisation": second["organisation"]})
        assert "<h1>Second GmbH</h1>" in client.get(reverse("account:organisation")).content.decode()

    def test_nobody_switches_to_an_organisation_of_others(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        assert client.post(reverse("switch_organisation"), {"organisation": story.buyer.ref}).status_code == 404

    def test_the_connection_asks_for_the_chosen_organisation_only(self, story: Parties) -> None:
        signed_in(person(story, "seller")).get(reverse("account:settings"))
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.orgs'), current_setting('app.user')")
            assert cursor.fetchone() == (str(story.seller.pk), str(person(story, "seller").pk))
        Client().get(reverse("account_login"))
        assert not Organisation.objects.exists()


class TestSecondFactor:
    def test_a_financier_without_authenticator_is_led_to_set_one_up(self, story: Parties) -> None:
        client = just_signed_in(person(story, "analyst"))
        for name in ("admin:index", "account:team", "account:organisation"):
            response = client.get(reverse(name))
            assert (response.status_code, response["Location"]) == (302, reverse("mfa_activate_totp"))
        assert client.get(reverse("mfa_activate_totp")).status_code == 200

    def test_setting_it_up_opens_the_admin(self, story: Parties) -> None:
        user = person(story, "analyst")
        client = just_signed_in(user)
        client.get(reverse("mfa_activate_totp"))
        secret = client.session["mfa.totp.secret"]
        response = client.post(reverse("mfa_activate_totp"), {"code": totp(secret)})
        assert response["Location"] == reverse("mfa_view_recovery_codes")
        assert client.get(reverse("admin:index")).status_code == 200
        assert client.session["authenticated_by"] == "code sent to e-mail + authenticator"

    def test_a_session_that_did_not_use_the_authenticator_is_asked_for_it(self, story: Parties) -> None:
        user = person(story, "analyst")
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")
        response = signed_in(user).get(reverse("admin:index"))
        assert response["Location"] == f"{reverse('mfa_reauthenticate')}?next=%2Ffinancier%2F"

    def test_the_demos_exception_needs_the_demo(self, story: Parties, settings: Settings) -> None:
        client = signed_in(person(story, "analyst"))
        session = client.session
        session["demo"] = True
        session.save()
        assert client.get(reverse("admin:index")).status_code == 302


class TestSessions:
    def test_setting_up_or_turning_off_a_factor_ends_the_other_sessions_and_not_this_one(self, story: Parties) -> None:
        user = person(story, "seller")
        here, elsewhere = just_signed_in(user), signed_in(user)
        before = here.session.session_key
        here.get(reverse("mfa_activate_totp"))
        here.post(reverse("mfa_activate_totp"), {"code": totp(here.session["mfa.totp.secret"])})
        assert here.session.session_key != before
        assert here.get(reverse("account:settings")).status_code == 200
        assert elsewhere.get(reverse("account:settings"))["Location"].startswith(reverse("account_login"))

    def test_an_owner_who_changes_the_own_roles_stays_signed_in(self, story: Parties) -> None:
        client = just_signed_in(person(story, "seller"))
        address = reverse("account:change_member", args=[story.people["seller"].ref])
        assert client.post(address, {"key": "k", "roles": ["owner", "billing"]}).status_code == 302
        assert client.get(reverse("account:team")).status_code == 200


class TestOrigin:
    def request(self, **meta: str) -> HttpRequest:
        request = RequestFactory().get("/", **meta)  # type: ignore[arg-type]
        request.session = {"authenticated_by": "code sent to e-mail"}  # type: ignore[assignment]
        return request

    def test_an_untrusted_forwarded_address_is_not_believed(self) -> None:
        origin = access.origin_of(self.request(REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="203.0.113.9"))
        assert (origin.address, origin.authenticated_by) == ("192.0.2.1", "code sent to e-mail")

    def test_only_as_many_proxies_are_believed_as_there_are(self, settings: Settings) -> None:
        settings.TRUSTED_PROXIES = 1
        request = self.request(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.9")
        assert access.origin_of(request).address == "203.0.113.9"


class TestLinks:
    @pytest.fixture
    def contract(self, story: Parties) -> Contract:
        return scenarios.proposed_contract(story)

    @pytest.fixture
    def grant(self, contract: Contract) -> GuestGrant:
        return scenarios.link_to_sign(contract)

    def open(self, token: str) -> tuple[GuestGrant, Actor]:
        request = RequestFactory().get("/")
        request.session = {}  # type: ignore[assignment]
        request.user = AnonymousUser()
        return links.guest_of(request, token=token)

    def token(self, grant: GuestGrant) -> str:
        return tokens.token_for(purpose="guest_grant", ref=grant.ref)

    def test_a_live_link_makes_a_guest_of_one_contract(self, grant: GuestGrant) -> None:
        found, actor = self.open(self.token(grant))
        assert found == grant
        assert links.state_of(found) is LinkState.LIVE
        assert actor.may(Action.SIGN_CONTRACT)
        assert actor.origin.authenticated_by == "personal link"
        assert list(Contract.objects.visible_to(actor)) == [grant.contract]

    def test_a_guest_sees_no_other_contract_of_the_organisation(self, story: Parties, grant: GuestGrant) -> None:
        scenarios.proposed_contract(story, draft=scenarios.software_draft(story, number="NL-2026-015"))
        _grant, actor = self.open(self.token(grant))
        assert Contract.objects.count() == Contract.objects.visible_to(actor).count() == 1

    @pytest.mark.parametrize("token", ["x" * 43, "", "x", "ä" * 43, "x" * 5000, "x" * 42 + "\0"])
    def test_an_invented_link_does_not_exist(self, token: str) -> None:
        with pytest.raises(Http404):
            self.open(token)

    def test_a_token_of_another_purpose_does_not_exist(self, grant: GuestGrant) -> None:
        with pytest.raises(Http404):
            self.open(tokens.token_for(purpose="invitation", ref=grant.ref))

    def test_an_expired_link_can_decide_nothing(self, grant: GuestGrant) -> None:
        with clock.stopped(grant.expires_at):
            found, actor = self.open(self.token(grant))
            assert links.state_of(found) is LinkState.EXPIRED
        assert actor.roles == frozenset()

    def test_a_used_link_can_decide_nothing(self, contract: Contract, grant: GuestGrant) -> None:
        guest = scenarios.guest_actor(grant)
        with scenarios.acting(guest):
            contracts.spend_grants(subject_ref=grant.subject_ref, actor=guest, at=clock.now())
        found, actor = self.open(self.token(grant))
        assert links.state_of(found) is LinkState.USED
        assert actor.roles == frozenset()

    def test_behind_a_revoked_link_no_contract_can_be_read(self, contract: Contract, grant: GuestGrant) -> None:
        with walls.asking_for(contract.seller_id):
            contracts.revoke_grants(subject_ref=grant.subject_ref, at=clock.now())
        found, actor = self.open(self.token(grant))
        assert links.state_of(found) is LinkState.REVOKED
        assert actor.roles == frozenset()
        assert not Contract.objects.exists()

    def test_a_used_link_stays_used_after_its_time(self, contract: Contract, grant: GuestGrant) -> None:
        guest = scenarios.guest_actor(grant)
        with scenarios.acting(guest):
            contracts.spend_grants(subject_ref=grant.subject_ref, actor=guest, at=clock.now())
        with clock.stopped(grant.expires_at + timedelta(days=1)):
            found, _actor = self.open(self.token(grant))
            assert links.state_of(found) is LinkState.USED


def away(*_arguments: object) -> None:
    raise OperationalError("the connection was lost")


class TestDatabaseAway:
    def test_every_page_says_503_and_when_to_come_back(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        with connection.execute_wrapper(away):
            response = client.get(reverse("seller:home"))
        assert response.status_code == 503
        assert response["Retry-After"] == "10"

    def test_a_view_that_meets_it_says_503_too(self, story: Parties) -> None:
        def away_for_members(execute: Callable[..., object], sql: str, *rest: object) -> object:
            if "parties_invitation" in sql:
                raise OperationalError("the connection was lost")
            return execute(sql, *rest)

        client = signed_in(person(story, "seller"))
        with connection.execute_wrapper(away_for_members):
            assert client.get(reverse("account:team")).status_code == 503


def parties_data(name: str) -> OrganisationData:
    return OrganisationData(legal_name=name, country="DE")


def totp(secret: str) -> str:
    """The six digits that the app on the phone shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))
