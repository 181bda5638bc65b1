"""What a stolen session cannot do: let somebody in, give roles, hand over, bring the first factor."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.core import mail
from django.template import Engine
from django.test import Client
from django.urls import reverse
from django.utils import translation

from apps.audit.models import Entry
from apps.core import clock
from apps.core.database import walls
from apps.parties import services as parties
from apps.parties.models import BankAccount, Invitation, Membership, Organisation, User
from apps.parties.roles import Role
from apps.portals.account import adapter
from apps.workflows import worker
from tests import scenarios
from tests.portals.test_access import just_signed_in, person, signed_in, totp
from tests.portals.test_account import code_in_digits, code_in_mail, nobody_asks_afterwards
from tests.scenarios import Parties

__all__ = ["nobody_asks_afterwards"]
pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=11)
"""After a proof has lost its force."""


@pytest.fixture
def story() -> Parties:
    return scenarios.organisations()


def grown_old(client: Client) -> Client:
    """The same session, whose proof is of a while ago."""
    session = client.session
    for name in [name for name in session.keys() if name.startswith("proof ")]:  # noqa: SIM118
        session[name] = ["code sent to e-mail", (clock.now() - LATER).isoformat()]
    session.save()
    return client


def prove(client: Client, way: str) -> str:
    """Show who it is by a code, on the page to which one was led; the address to which one is led back."""
    assert way.startswith(reverse("account:confirm"))
    client.post(way, {"send": "yes"})
    worker.run_due_jobs()
    return str(client.post(way, {"code": code_in_digits()})["Location"])


def way_in(page: Any) -> str:
    """The way to a proof that a refused form offers."""
    found = re.search(r'nothing was changed. <a href="([^"]+)">Confirm that it is you</a>', page.content.decode())
    assert found is not None
    return found.group(1)


def filled(page: Any) -> dict[str, Any]:
    """What stands in the form of a page, as its browser would send it."""
    form = page.context["form"]
    return {field.name: value for field in form if (value := field.value()) not in (None, "")}


class TestForms:
    """Each leads to a proof before anything is typed, and keeps what was typed when the proof grew old meanwhile."""

    @pytest.fixture
    def forms(self, story: Parties) -> dict[str, tuple[str, dict[str, Any]]]:
        heir = story.people["delivery"].ref
        return {
            "invite": (
                reverse("account:invite_member"),
                {"email": "own@thief.example", "roles": ["contracts", "approver"], "approval_limit": "1,250.50"},
            ),
            "change": (reverse("account:change_member", args=[heir]), {"roles": ["owner", "billing"]}),
            "remove": (reverse("account:end_membership", args=[heir]), {}),
            "hand over": (
                reverse("account:end_membership", args=[story.people["seller"].ref]),
                {"successor": heir},
            ),
            "account": (
                reverse("account:bank_account"),
                {"holder": "Nordlicht", "currency": "EUR", "iban": "DE02 1203 0000 0000 2020 51"},
            ),
            "step-up": (reverse("account:step_up"), {"above": "5,000.25"}),
        }

    def stands(self, story: Parties) -> tuple[object, ...]:
        with walls.asking_for(story.seller.pk):
            return (
                list(Invitation.objects.values_list("email", "roles", "approval_limit")),
                list(Membership.objects.order_by("pk").values_list("pk", "roles", "ended_at")),
                list(BankAccount.objects.order_by("pk").values_list("iban", "is_default")),
                Organisation.objects.get(pk=story.seller.pk).step_up_above,
            )

    @pytest.mark.parametrize("name", ["invite", "change", "remove", "hand over", "account", "step-up"])
    def test_it_asks_first_says_so_later_and_loses_nothing(
        self, story: Parties, forms: dict[str, tuple[str, dict[str, Any]]], name: str
    ) -> None:
        address, typed = forms[name]
        client, before = signed_in(person(story, "seller")), self.stands(story)
        asked = client.get(address)
        assert (asked.status_code, prove(client, asked["Location"])) == (302, address)
        page = client.get(address)
        assert page.status_code == 200
        sent = filled(page) | typed
        grown_old(client)
        refused = client.post(address, sent)
        assert refused.status_code == 422
        assert self.stands(story) == before
        assert prove(client, way_in(refused)) == address
        back = client.get(address)
        kept = filled(back)
        assert {field: kept.get(field) for field in typed} == typed
        assert kept["key"] != sent["key"]
        assert client.post(address, kept).status_code == 302
        assert self.stands(story) != before

    def test_what_was_typed_is_given_back_once_and_on_its_own_page_only(
        self, story: Parties, forms: dict[str, tuple[str, dict[str, Any]]]
    ) -> None:
        client = just_signed_in(person(story, "seller"))
        address, typed = forms["invite"]
        prove(client, way_in(grown_old(client).post(address, typed | {"key": "k"})))
        assert "own@thief.example" not in client.get(forms["account"][0]).content.decode()
        assert "own@thief.example" in client.get(address).content.decode()
        assert "own@thief.example" not in client.get(address).content.decode()

    def test_going_by_oneself_asks_nothing(self, story: Parties) -> None:
        client = signed_in(person(story, "delivery"))
        address = reverse("account:end_membership", args=[story.people["delivery"].ref])
        assert client.post(address, filled(client.get(address))).status_code == 302
        with walls.asking_for(story.seller.pk):
            assert Membership.objects.get(pk=story.people["delivery"].pk).ended_at is not None

    def test_the_record_says_how_it_was_proved(
        self, story: Parties, forms: dict[str, tuple[str, dict[str, Any]]]
    ) -> None:
        client = just_signed_in(person(story, "seller"))
        for name, verb in (("invite", "member.invited"), ("change", "member.changed"), ("hand over", "member.left")):
            address, typed = forms[name]
            assert client.post(address, typed | {"key": name}).status_code == 302
            with walls.asking_for(story.seller.pk):
                entry = Entry.objects.get(verb=verb)
            assert '"proved_by":"code sent to e-mail"' in entry.text


class TestFirstFactor:
    ADD = ("mfa_activate_totp", "mfa_add_webauthn")

    @pytest.mark.parametrize("name", ADD)
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_an_old_session_cannot_bring_one(self, story: Parties, name: str, method: str) -> None:
        client = signed_in(person(story, "seller"))
        asked = getattr(client, method)(reverse(name))
        assert asked.status_code == 302
        assert prove(client, asked["Location"]) == reverse(name)
        assert client.get(reverse(name)).status_code == 200
        assert grown_old(client).get(reverse(name)).status_code == 302
        assert not Authenticator.objects.exists()

    def test_the_right_digits_of_the_thiefs_own_app_are_not_enough(self, story: Parties) -> None:
        user = person(story, "seller")
        client = just_signed_in(user)
        client.get(reverse("mfa_activate_totp"))
        secret = client.session["mfa.totp.secret"]
        refused = grown_old(client).post(reverse("mfa_activate_totp"), {"code": totp(secret)})
        assert refused["Location"].startswith(reverse("account:confirm"))
        assert not Authenticator.objects.filter(user=user).exists()

    def test_a_financier_goes_from_an_old_session_to_the_first_factor(self, story: Parties) -> None:
        client = signed_in(person(story, "analyst"))
        assert client.get(reverse("admin:index"))["Location"] == reverse("mfa_activate_totp")
        way = client.get(reverse("mfa_activate_totp"))["Location"]
        assert client.get(way).status_code == 200
        assert prove(client, way) == reverse("mfa_activate_totp")
        assert client.get(reverse("mfa_activate_totp")).status_code == 200

    def test_who_has_no_organisation_signs_in_once_more(self) -> None:
        client = signed_in(parties.enrol(email="new@elsewhere.example", name="Nele"))
        way = client.get(reverse("mfa_activate_totp"))["Location"]
        entrance = client.get(way).context["entrance"]
        assert client.post(way, {"send": "yes"}).status_code == 200
        assert mail.outbox == []
        assert client.post(reverse("account_logout"), {"next": entrance})["Location"] == entrance
        assert parse_qs(urlsplit(entrance).query)["email"] == ["new@elsewhere.example"]
        client.post(entrance, {"email": "new@elsewhere.example"})
        confirm = f"{reverse('account_confirm_login_code')}?next={reverse('mfa_activate_totp')}"
        assert client.post(confirm, {"code": code_in_mail()})["Location"] == reverse("mfa_activate_totp")
        assert client.get(reverse("mfa_activate_totp")).status_code == 200

    def test_a_second_one_asks_for_the_first(self, story: Parties) -> None:
        user = person(story, "seller")
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")
        asked = just_signed_in(user).get(reverse("mfa_add_webauthn"))
        assert asked["Location"].startswith(reverse("mfa_reauthenticate"))


class TestNotices:
    """Whoever's session was stolen learns by mail what was changed in it."""

    def test_setting_up_the_authenticator_is_told(self, story: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
        # The test's own transaction never commits, and allauth sends after COMMIT.
        monkeypatch.setattr("django.db.transaction.on_commit", lambda send: send())
        user = person(story, "seller")
        client = just_signed_in(user)
        client.get(reverse("mfa_activate_totp"))
        client.post(
            reverse("mfa_activate_totp"),
            {"code": totp(client.session["mfa.totp.secret"])},
            headers={"User-Agent": "Firefox <of a thief>"},
            REMOTE_ADDR="203.0.113.9",
        )
        told = [message for message in mail.outbox if "authenticator" in message.subject]
        assert [(message.to, message.subject) for message in told] == [
            ([user.email], "An authenticator app was added to your account")
        ]
        ((html, _kind),) = told[0].alternatives  # type: ignore[attr-defined]
        for text in (str(told[0].body), str(html).replace("&lt;", "<").replace("&gt;", ">")):
            assert "203.0.113.9" in text
            assert "Firefox <of a thief>" in text
            assert reverse("mfa_index") in text
        assert "<of a thief>" not in str(html)
        assert 'class="sheet" style="' in str(html)

    def test_taking_it_away_is_told(self, story: Parties) -> None:
        user = person(story, "seller")
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")
        client = just_signed_in(user)
        client.post(reverse("mfa_reauthenticate"), {"code": totp("JBSWY3DPEHPK3PXP")})
        client.post(reverse("mfa_deactivate_totp"))
        assert [message.subject for message in mail.outbox] == ["The authenticator app was removed from your account"]

    def test_it_is_told_in_the_persons_language(self, story: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[str | None] = []
        monkeypatch.setattr(adapter.AccountAdapter, "send_mail", lambda *_args: seen.append(translation.get_language()))
        user = person(story, "seller")
        User.objects.filter(pk=user.pk).update(language="de")
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")
        client = just_signed_in(User.objects.get(pk=user.pk))
        client.post(reverse("mfa_reauthenticate"), {"code": totp("JBSWY3DPEHPK3PXP")})
        client.post(reverse("mfa_deactivate_totp"))
        assert seen == ["de"]

    def test_the_change_stands_when_the_mail_server_is_away(
        self, story: Parties, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def away(*_args: object) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr(adapter.AccountAdapter, "send_mail", away)
        user = person(story, "seller")
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")
        client = just_signed_in(user)
        client.post(reverse("mfa_reauthenticate"), {"code": totp("JBSWY3DPEHPK3PXP")})
        assert client.post(reverse("mfa_deactivate_totp")).status_code == 302
        assert not Authenticator.objects.filter(user=user).exists()
        assert "could not be told by mail: mfa/email/totp_deactivated" in caplog.text

    @pytest.mark.parametrize(
        "name",
        ["totp_activated", "totp_deactivated", "webauthn_added", "webauthn_removed", "recovery_codes_generated"],
    )
    def test_every_notice_of_allauth_has_a_mail_of_ours(self, name: str) -> None:
        finders = Engine.get_default()
        for ending in ("subject.txt", "message.txt", "message.html"):
            _found, origin = finders.find_template(f"mfa/email/{name}_{ending}")
            assert (settings.BASE_DIR / "templates") in Path(origin.name).parents


def test_the_owner_of_a_removed_role_is_kept(story: Parties) -> None:
    """The proof lets nobody do more than before: the last owner still stays one."""
    client = just_signed_in(person(story, "seller"))
    address = reverse("account:change_member", args=[story.people["seller"].ref])
    refused = client.post(address, {"key": "k", "roles": ["billing"]})
    assert refused.status_code == 422
    assert "needs an owner" in refused.content.decode()
    with walls.asking_for(story.seller.pk):
        assert Role.OWNER in Membership.objects.get(pk=story.people["seller"].pk).roles
