"""Signing in by code, opening an account, and the pages about one's organisation, team and self."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from pytest_django import Settings

from apps.core import clock
from apps.core.database import walls
from apps.parties import services as parties
from apps.parties import tokens
from apps.parties.models import BankAccount, Invitation, Membership, Organisation, User
from apps.parties.roles import Role
from apps.workflows import team, worker
from tests import scenarios
from tests.portals.test_access import just_signed_in, person, signed_in, totp
from tests.scenarios import Parties

pytestmark = pytest.mark.django_db
COMPANY = {
    "business": "trade",
    "legal_name": "Nordlicht GmbH",
    "street": "Hafenstrasse 7",
    "postcode": "20457",
    "city": "Hamburg",
    "country": "DE",
    "vat_number": "DE 136 695 976",
    "email": "office@nordlicht.example",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "language": "de",
}


@pytest.fixture
def story() -> Parties:
    return scenarios.organisations()


@pytest.fixture(autouse=True)
def nobody_asks_afterwards() -> Iterator[None]:
    cache.clear()
    yield
    walls.leave()
    translation.activate("en")


def code_in_mail() -> str:
    """The code of the newest mail."""
    found = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found is not None, mail.outbox[-1].body
    return found.group(1)


def code_in_digits() -> str:
    """The six digits of the newest mail that has some."""
    bodies = [str(message.body) for message in reversed(mail.outbox)]
    return next(found.group(0) for body in bodies if (found := re.search(r"\b[0-9]{6}\b", body)))


def key_of(response: Any) -> str:
    """The one-time key of the form on the page."""
    found = re.search(r'name="key" value="([^"]+)"', response.content.decode())
    assert found is not None
    return found.group(1)


def sign_in(client: Client, email: str, *, next_page: str = "/") -> Any:
    client.post(f"{reverse('account_login')}?next={next_page}", {"email": email, "next": next_page})
    return client.post(reverse("account_confirm_login_code"), {"code": code_in_mail(), "next": next_page})


class TestSignIn:
    def test_a_code_from_the_mailbox_signs_in_and_is_named_in_the_evidence(self, story: Parties) -> None:
        client = Client()
        before = client.session.session_key
        response = sign_in(client, "SINA@nordlicht.example")
        assert (response.status_code, response["Location"]) == (302, "/")
        assert client.session["authenticated_by"] == "code sent to e-mail"
        assert client.session.session_key != before
        assert client.get("/")["Location"] == reverse("seller:home")

    def test_the_key_of_the_session_changes_at_sign_in(self, story: Parties) -> None:
        client = Client()
        client.post(reverse("account_login"), {"email": "sina@nordlicht.example"})
        before = client.session.session_key
        client.post(reverse("account_confirm_login_code"), {"code": code_in_mail()})
        assert client.session.session_key != before

    def test_the_code_mail_is_in_both_forms(self, story: Parties) -> None:
        Client().post(reverse("account_login"), {"email": "sina@nordlicht.example"})
        (message,) = mail.outbox
        assert isinstance(message, EmailMultiAlternatives)
        assert message.to == ["sina@nordlicht.example"]
        ((html, _kind),) = message.alternatives
        assert code_in_mail() in str(html)
        assert 'class="sheet" style="' in str(html)

    def test_a_wrong_code_does_not_and_the_third_ends_it(self, story: Parties) -> None:
        client = Client()
        client.post(reverse("account_login"), {"email": "sina@nordlicht.example"})
        code = code_in_mail()
        for _ in range(3):
            response = client.post(reverse("account_confirm_login_code"), {"code": "ZZZZ-ZZZZ"})
        assert response.status_code == 302
        client.post(reverse("account_confirm_login_code"), {"code": code})
        assert client.get("/").status_code == 302
        assert "_auth_user_id" not in client.session

    def test_a_known_and_an_unknown_mailbox_get_the_same_answer(self, story: Parties) -> None:
        answers = []
        for email in ("sina@nordlicht.example", "nobody@elsewhere.example"):
            client = Client()
            first = client.post(reverse("account_login"), {"email": email})
            second = client.get(first["Location"])
            page = re.sub(r'(csrf\w*" value="|X-CSRFToken": ")[^"]+', "", second.content.decode()).replace(email, "")
            answers.append((first.status_code, first["Location"], second.status_code, page))
        assert answers[0] == answers[1]
        assert [message.to for message in mail.outbox] == [["sina@nordlicht.example"], ["nobody@elsewhere.example"]]

    def test_many_requests_for_one_mailbox_are_slowed_down(self, story: Parties) -> None:
        for email in ("sina@nordlicht.example", "nobody@elsewhere.example"):
            mail.outbox.clear()
            answers = [Client().post(reverse("account_login"), {"email": email}) for _ in range(5)]
            assert len(mail.outbox) == 3
            assert [answer.status_code for answer in answers] == [302] * 3 + [429] * 2
            assert answers[-1]["Retry-After"] == "60"
            assert "Codes were asked for very often. Try again in 1 minute." in answers[-1].content.decode()
            assert f'value="{email}"' in answers[-1].content.decode()

    def test_the_authenticator_is_asked_where_there_is_one(self, story: Parties) -> None:
        user = person(story, "analyst")
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")
        client = Client()
        assert sign_in(client, user.email)["Location"] == reverse("mfa_authenticate")
        assert "_auth_user_id" not in client.session
        client.post(reverse("mfa_authenticate"), {"code": totp("JBSWY3DPEHPK3PXP")})
        assert client.session["authenticated_by"] == "code sent to e-mail + authenticator"
        assert client.get("/")["Location"] == reverse("admin:index")
        assert client.get(reverse("admin:index")).status_code == 200

    def test_a_recovery_code_stands_in_for_it_and_is_named(self, story: Parties) -> None:
        user = person(story, "analyst")
        TOTP.activate(user, "JBSWY3DPEHPK3PXP")
        codes = RecoveryCodes.activate(user)
        client = Client()
        sign_in(client, user.email)
        client.post(reverse("mfa_authenticate"), {"code": codes.get_unused_codes()[0]})
        assert client.session["authenticated_by"] == "code sent to e-mail + recovery code"
        assert client.get(reverse("admin:index")).status_code == 200

    def test_signing_out_ends_the_session(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        assert client.post(reverse("account_logout")).status_code == 302
        assert client.get(reverse("seller:home"))["Location"].startswith("/accounts/login/")

    def test_pages_without_use_do_not_exist(self) -> None:
        for name in (
            "account_change_password",
            "account_set_password",
            "account_reset_password",
            "account_email",
            "account_reauthenticate",
            "account_confirm_email",
            "mfa_trust",
            "socialaccount_signup",
        ):
            with pytest.raises(NoReverseMatch):
                reverse(name)
        for path in ("/accounts/", "/accounts/password/reset/", "/accounts/email/", "/accounts/password/change/"):
            assert Client().get(path).status_code == 404


class TestSignUp:
    def test_a_new_person_proves_the_mailbox_by_a_code(self) -> None:
        client = Client(headers={"accept-language": "de"})
        response = client.post(reverse("account_signup"), {"name": "Hanna Hafen", "email": "Hanna@hafen.example"})
        assert response["Location"] == reverse("account_email_verification_sent")
        client.post(reverse("account_email_verification_sent"), {"code": code_in_mail()})
        user = User.objects.get(email="hanna@hafen.example")
        assert (user.name, user.language, user.has_usable_password()) == ("Hanna Hafen", "de", False)
        assert client.session["authenticated_by"] == "code sent to e-mail"
        assert client.get("/")["Location"] == reverse("account:choose_organisation")

    def test_a_known_mailbox_gets_the_same_answer_and_no_second_account(self, story: Parties) -> None:
        response = Client().post(reverse("account_signup"), {"name": "Eve", "email": "sina@nordlicht.example"})
        assert response["Location"] == reverse("account_email_verification_sent")
        assert User.objects.filter(email="sina@nordlicht.example").count() == 1
        assert User.objects.get(email="sina@nordlicht.example").name == "Sina Nord"

    def test_who_has_nothing_to_confirm_any_more_is_led_home(self, story: Parties) -> None:
        """By the back button, long after the code was entered."""
        client = signed_in(person(story, "seller"))
        assert client.get(reverse("account_email_verification_sent"))["Location"] == "/"
        assert Client().get(reverse("account_email_verification_sent"))["Location"] == reverse("account_login")

    def test_without_the_code_the_mailbox_is_not_proved(self) -> None:
        client = Client()
        client.post(reverse("account_signup"), {"name": "Hanna", "email": "hanna@hafen.example"})
        assert client.get("/")["Location"].startswith("/accounts/login/")


class TestOrganisation:
    def new_person(self) -> Client:
        return signed_in(parties.enrol(email="sina@nordlicht.example", name="Sina"))

    def test_founding_one_leads_to_its_team(self) -> None:
        client = self.new_person()
        key = key_of(client.get(reverse("account:found_organisation")))
        data = COMPANY | {"key": key}
        for _ in range(2):
            response = client.post(reverse("account:found_organisation"), data)
            assert response["Location"] == reverse("account:team")
        user = User.objects.get(email="sina@nordlicht.example")
        with walls.asking_for(user=user.pk):
            organisation = Organisation.objects.get(founded_by=user)
        assert (organisation.vat_number, organisation.language) == ("DE136695976", "de")

    def test_a_wrong_vat_number_is_shown_at_its_field_and_nothing_typed_is_lost(self) -> None:
        client = self.new_person()
        key = key_of(client.get(reverse("account:found_organisation")))
        data = COMPANY | {"key": key, "vat_number": "DE000000000"}
        response = client.post(reverse("account:found_organisation"), data)
        page = response.content.decode()
        assert response.status_code == 422
        assert "not a valid VAT number" in page
        assert 'value="Nordlicht GmbH"' in page
        assert response.context["form"].errors.keys() == {"vat_number"}

    def test_the_owner_changes_its_data(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        page = client.get(reverse("account:organisation"))
        data = {k: v for k, v in COMPANY.items() if k != "business"} | {"key": key_of(page), "city": "Kiel"}
        data["lei"] = "5299 00T8 BM49 AURS DO55"
        data |= {"calendar_country": "DE", "calendar_subdivision": "XX"}
        assert "knows no region XX" in client.post(reverse("account:organisation"), data).content.decode()
        data["calendar_subdivision"] = "by"
        assert client.post(reverse("account:organisation"), data)["Location"] == reverse("account:organisation")
        with walls.asking_for(story.seller.pk):
            own = Organisation.objects.get(pk=story.seller.pk)
        assert (own.city, own.lei, own.calendar) == ("Kiel", "529900T8BM49AURSDO55", ("DE", "BY"))

    def test_a_member_reads_it_and_is_refused_the_change(self, story: Parties) -> None:
        client = signed_in(person(story, "delivery"))
        assert "Only an owner changes these" in client.get(reverse("account:organisation")).content.decode()
        data = {k: v for k, v in COMPANY.items() if k != "business"} | {"key": "forged"}
        assert client.post(reverse("account:organisation"), data).status_code == 422
        assert client.get(reverse("account:bank_account")).status_code == 404

    def test_the_owner_sets_the_bank_account(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        way = client.get(reverse("account:bank_account"))["Location"]
        assert way.startswith(reverse("account:confirm"))
        client.post(way, {"send": "yes"})
        worker.run_due_jobs()
        client.post(way, {"code": code_in_digits()})
        data = {"key": "k1", "holder": "Nordlicht", "currency": "EUR", "iban": "DE02 1203 0000 0000 2020 51"}
        wrong = client.post(reverse("account:bank_account"), data | {"key": "k2", "iban": "DE02 1203"})
        assert wrong.status_code == 422
        assert client.post(reverse("account:bank_account"), data)["Location"] == reverse("account:organisation")
        with walls.asking_for(story.seller.pk):
            assert BankAccount.objects.get(is_default=True, currency="EUR").iban == "DE02120300000000202051"

    def test_claiming_needs_the_named_mailbox(self, story: Parties) -> None:
        buyer = scenarios.named_buyer(story)
        draft = scenarios.software_draft(
            story, buyer_ref=buyer.ref, signatory_name="Hanna", signatory_email="hanna@hafen.example"
        )
        scenarios.proposed_contract(story, draft=draft)
        address = f"{reverse('account:claim_organisation')}?organisation={buyer.ref}"
        stranger = signed_in(User.objects.create_user("eve@elsewhere.example"))
        assert stranger.get(address).status_code == 404
        assert stranger.post(address, {"organisation": buyer.ref, "key": "k"}).status_code == 404
        client = signed_in(parties.enrol(email="hanna@hafen.example", name="Hanna"))
        assert f"Take over {buyer.legal_name}" in client.get(reverse("account:choose_organisation")).content.decode()
        key = key_of(client.get(address))
        response = client.post(reverse("account:claim_organisation"), {"organisation": buyer.ref, "key": key})
        assert response["Location"] == reverse("account:organisation")
        assert client.get("/")["Location"] == reverse("buyer:home")


class TestTeam:
    def invite(self, story: Parties, email: str = "neu@nordlicht.example") -> str:
        owner = scenarios.seller_actor(story)
        with scenarios.acting(owner):
            answer = team.invite_member(actor=owner, key=email, email=email, roles=frozenset({Role.BILLING}))
        return tokens.token_for(purpose="invitation", ref=answer["invitation"])

    def address(self, token: str) -> str:
        return reverse("account:accept_invitation", args=[token])

    def test_the_owner_invites_by_the_form(self, story: Parties) -> None:
        client = just_signed_in(person(story, "seller"))
        key = key_of(client.get(reverse("account:invite_member")))
        data = {"key": key, "email": "neu@nordlicht.example", "roles": ["approver"], "approval_limit": "5,000.00"}
        assert client.post(reverse("account:invite_member"), data)["Location"] == reverse("account:team")
        assert "neu@nordlicht.example" in client.get(reverse("account:team")).content.decode()
        with walls.asking_for(story.seller.pk):
            assert Invitation.objects.get().approval_limit == 5000

    def test_a_limit_for_a_role_that_signs_nothing_is_refused_in_words(self, story: Parties) -> None:
        client = just_signed_in(person(story, "seller"))
        data = {"key": "k", "email": "neu@nordlicht.example", "roles": ["delivery"], "approval_limit": "5"}
        response = client.post(reverse("account:invite_member"), data)
        assert response.status_code == 422
        assert "only they can have a limit" in response.content.decode()

    def test_only_an_owner_sees_the_doors_of_the_team(self, story: Parties) -> None:
        client = signed_in(person(story, "delivery"))
        theirs = story.people["billing"].ref
        assert client.get(reverse("account:team")).status_code == 200
        for name, *parts in (
            ("account:invite_member",),
            ("account:change_member", theirs),
            ("account:end_membership", theirs),
        ):
            assert client.get(reverse(name, args=parts)).status_code == 404

    def test_members_of_others_do_not_exist(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        for name in ("account:change_member", "account:end_membership"):
            assert client.get(reverse(name, args=[story.people["buyer"].ref])).status_code == 404

    def test_leaving_ends_with_no_organisation(self, story: Parties) -> None:
        client = signed_in(person(story, "delivery"))
        address = reverse("account:end_membership", args=[story.people["delivery"].ref])
        response = client.post(address, {"key": key_of(client.get(address))}, follow=True)
        assert response.redirect_chain[-1][0] == reverse("account:choose_organisation")

    def test_the_last_owner_hands_over_on_the_page(self, story: Parties) -> None:
        client = just_signed_in(person(story, "seller"))
        address = reverse("account:end_membership", args=[story.people["seller"].ref])
        heir = story.people["delivery"]
        client.post(address, {"key": key_of(client.get(address)), "successor": heir.ref})
        with walls.asking_for(story.seller.pk):
            assert Role.OWNER in Membership.objects.get(pk=heir.pk).roles

    def test_an_invited_stranger_opens_an_account_and_joins(self, story: Parties) -> None:
        address = self.address(self.invite(story))
        client = Client()
        page = client.get(address)
        entrance = page.context["entrance"]
        assert entrance.startswith(reverse("account_signup"))
        client.post(entrance, {"name": "Nele Neu", "email": "neu@nordlicht.example", "next": address})
        response = client.post(reverse("account_email_verification_sent"), {"code": code_in_mail(), "next": address})
        assert response["Location"] == address
        page = client.get(address)
        assert "I join Nordlicht Software GmbH" in page.content.decode()
        assert client.post(address, {"key": key_of(page)})["Location"] == "/"
        assert client.get(reverse("account:team")).status_code == 200
        assert "already used" in client.get(address).content.decode()

    def test_looking_at_an_invitation_changes_nothing(self, story: Parties) -> None:
        address = self.address(self.invite(story))
        for _ in range(3):
            Client().get(address)
            Client().head(address)
        with walls.asking_for(story.seller.pk):
            assert Invitation.objects.get().accepted_at is None

    def test_another_person_is_told_for_whom_it_is(self, story: Parties) -> None:
        address = self.address(self.invite(story))
        client = signed_in(person(story, "buyer"))
        page = client.get(address).content.decode()
        assert "This invitation is for neu@nordlicht.example" in page
        assert "I join" not in page
        assert client.post(address, {"key": "k"}).status_code == 422

    def test_dead_invitations_say_what_became_of_them(self, story: Parties) -> None:
        expired = self.address(self.invite(story))
        with clock.stopped(clock.now() + timedelta(days=15)):
            assert "has expired" in Client().get(expired).content.decode()
        revoked = self.address(self.invite(story, "andere@nordlicht.example"))
        client = signed_in(person(story, "seller"))
        with walls.asking_for(story.seller.pk):
            ref = Invitation.objects.get(email="andere@nordlicht.example").ref
        client.post(reverse("account:revoke_invitation", args=[ref]), {"key": "k"})
        assert "was withdrawn" in Client().get(revoked).content.decode()

    def test_an_invented_invitation_does_not_exist(self, story: Parties) -> None:
        assert Client().get(self.address("x" * 43)).status_code == 404


class TestPerson:
    def test_name_and_language_are_kept(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        client.post(reverse("account:settings"), {"name": "Sina N.", "language": "de"})
        user = User.objects.get(email="sina@nordlicht.example")
        assert (user.name, user.language) == ("Sina N.", "de")
        assert '<html lang="de">' in client.get(reverse("account:settings")).content.decode()

    def test_the_language_menu_is_kept_with_the_person(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        client.post(reverse("set_language"), {"language": "de", "next": "/account/settings/"})
        assert User.objects.get(email="sina@nordlicht.example").language == "de"

    def test_the_language_menu_leads_nowhere_else(self) -> None:
        response = Client().post(reverse("set_language"), {"language": "de", "next": "https://evil.example/"})
        assert response["Location"] == "/"

    def test_a_language_that_does_not_exist_changes_nothing(self, story: Parties) -> None:
        client = signed_in(person(story, "seller"))
        client.post(reverse("set_language"), {"language": "tlh"})
        assert User.objects.get(email="sina@nordlicht.example").language == "en"


class TestHome:
    def test_who_sells_is_at_home_in_the_sellers_portal(self, story: Parties) -> None:
        scenarios.proposed_contract(story)
        assert signed_in(person(story, "seller")).get("/")["Location"] == reverse("seller:home")

    def test_who_only_buys_is_at_home_in_the_buyers_portal(self, story: Parties) -> None:
        scenarios.proposed_contract(story)
        assert signed_in(person(story, "approver")).get("/")["Location"] == reverse("buyer:home")

    def test_the_navigation_counts_what_waits(self, story: Parties) -> None:
        contract = scenarios.active_contract(story)
        scenarios.submitted_milestone(contract)
        page = signed_in(person(story, "approver")).get(reverse("buyer:home"))
        nav = {str(item.label): (item.count, item.is_current) for item in page.context["portal"].nav}
        assert nav["Home"] == (1, True)
        assert nav["Contracts"] == (0, False)


class TestDemo:
    """The demo's doors: not there without the demo, and its exception from the second factor is written in evidence."""

    def test_they_do_not_exist_without_the_demo(self, story: Parties) -> None:
        for path in ("/demo/outbox/", "/demo/sign-in/1:x/"):
            assert signed_in(person(story, "seller")).get(path).status_code == 404
        with pytest.raises(NoReverseMatch):
            reverse("demo:outbox")

    @pytest.fixture
    def demo(self, settings: Settings, tmp_path: Any) -> Settings:
        settings.DEMO = True
        settings.ROOT_URLCONF = "tests.portals.demo_urls"
        settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
        settings.EMAIL_FILE_PATH = str(tmp_path)
        return settings

    def test_one_click_signs_in_also_as_a_financier(self, demo: Settings, story: Parties) -> None:
        from apps.portals.demo import doors

        client = Client()
        assert client.get(doors.sign_in_path(person(story, "analyst"))).status_code == 302
        assert client.get(reverse("admin:index")).status_code == 200
        assert client.session["authenticated_by"] == "one-click link of the demo"

    def test_an_invented_link_does_not_exist(self, demo: Settings, story: Parties) -> None:
        assert Client().get(reverse("demo:sign_in", args=[f"{person(story, 'seller').pk}:forged"])).status_code == 404

    def test_the_outbox_shows_mails_and_their_links(self, demo: Settings, story: Parties) -> None:
        Client().post(reverse("account_login"), {"email": "sina@nordlicht.example"})
        client = Client()
        (listed,) = client.get(reverse("demo:outbox")).context["mails"]
        assert listed.to == "sina@nordlicht.example"
        page = client.get(reverse("demo:mail", args=[listed.name]))
        assert listed.subject in page.content.decode()
        assert "frame-src 'self'" in page["Content-Security-Policy"]
        framed = client.get(reverse("demo:html", args=[listed.name]))
        assert framed["X-Frame-Options"] == "SAMEORIGIN"
        assert "script-src" not in framed["Content-Security-Policy"]
        assert client.get("/demo/outbox/..%2f..%2fetc%2fpasswd/").status_code == 404
