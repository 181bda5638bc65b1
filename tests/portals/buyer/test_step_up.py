"""The confirm page above the buyer's amount: a code for guests on the same page, the second factor for members."""

from decimal import Decimal

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.urls import reverse

from apps.contracts.models import Contract
from apps.milestones.models import Decision, Submission
from apps.workflows import team, worker
from tests import scenarios
from tests.portals.buyer.browsers import Guest, hidden, state_of
from tests.portals.buyer.conftest import SignIn
from tests.portals.test_account import code_in_digits
from tests.scenarios import Parties, acting, key


@pytest.fixture
def submission(parties: Parties, active: Contract) -> Submission:
    with acting(scenarios.buyer_actor(parties)) as actor:
        team.set_step_up(actor=actor, key=key(), above=Decimal(10_000))
    return scenarios.submitted_milestone(active)


@pytest.fixture
def guest(submission: Submission) -> Guest:
    return Guest(scenarios.link_to_sign_off(submission))


def test_a_guest_gets_a_code_on_the_same_page_and_signs_with_it(guest: Guest, submission: Submission) -> None:
    page = guest.get("accept/")
    assert "Send me a code" in page.content.decode()
    sent = guest.post("accept/", hidden(page) | {"comment": "Well done.", "send_code": "yes"})
    assert sent.status_code == 200
    assert "Well done." in sent.content.decode()
    worker.run_due_jobs()
    assert mail.outbox[-1].to == [guest.grant.email]
    done = guest.post("accept/", hidden(sent) | {"comment": "Well done.", "code": code_in_digits()})
    assert (done.status_code, done["Location"]) == (302, guest.address)
    assert state_of(submission.milestone) == "accepted"
    with acting(scenarios.guest_actor(guest.grant)):
        made = Decision.objects.get()
    assert (made.authenticated_by, made.proved_by) == ("personal link", "code sent to e-mail")
    assert made.proved_at is not None


def test_without_the_code_or_with_a_wrong_one_nothing_is_signed(guest: Guest, submission: Submission) -> None:
    page = guest.get("accept/")
    without = guest.post("accept/", hidden(page))
    assert without.status_code == 422
    assert "Enter the code that we sent" in without.content.decode()
    guest.post("accept/", hidden(page) | {"send_code": "yes"})
    worker.run_due_jobs()
    wrong = f"{(int(code_in_digits()) + 1) % 1_000_000:06d}"
    refused = guest.post("accept/", hidden(page) | {"code": wrong})
    assert refused.status_code == 422
    assert "This is not the code" in refused.content.decode()
    assert state_of(submission.milestone) == "submitted"


def test_what_was_shown_holds_in_this_browser_and_for_this_link_only(
    guest: Guest, submission: Submission, active: Contract
) -> None:
    page = guest.get("accept/")
    guest.post("accept/", hidden(page) | {"send_code": "yes"})
    worker.run_due_jobs()
    guest.post("accept/", hidden(page) | {"code": code_in_digits(), "seen": "0" * 64})
    assert "Send me a code" not in guest.get("accept/").content.decode()
    assert "Send me a code" in Guest(guest.grant).get("accept/").content.decode()
    other = scenarios.submitted_milestone(active, position=2)
    assert "Send me a code" in Guest(scenarios.link_to_sign_off(other), guest.client).get("accept/").content.decode()


def test_a_member_without_factor_is_led_to_a_code_and_back(
    sign_in: SignIn, submission: Submission, parties: Parties
) -> None:
    client = sign_in("buyer")
    address = reverse("buyer:accept_milestone", args=[submission.ref])
    page = client.get(address)
    way = page.context["asks"].elsewhere
    assert way.startswith(reverse("account:confirm"))
    assert "I sign off this milestone" not in page.content.decode()
    assert client.post(address, hidden(page)).status_code == 422
    client.post(way, {"send": "yes", "next": address})
    worker.run_due_jobs()
    assert client.post(way, {"code": code_in_digits(), "next": address})["Location"] == address
    assert client.post(address, hidden(client.get(address))).status_code == 302
    assert state_of(submission.milestone) == "accepted"


def test_a_member_with_a_factor_is_led_to_it(sign_in: SignIn, submission: Submission, parties: Parties) -> None:
    TOTP.activate(parties.people["buyer"].user, "JBSWY3DPEHPK3PXP")
    client = sign_in("buyer")
    page = client.get(reverse("buyer:accept_milestone", args=[submission.ref]))
    assert page.context["asks"].elsewhere.startswith(reverse("mfa_reauthenticate"))
    assert client.post(reverse("account:confirm"), {"send": "yes"})["Location"] == reverse("mfa_index")


def test_the_way_back_leads_nowhere_else(sign_in: SignIn) -> None:
    page = sign_in("buyer").get(reverse("account:confirm"), {"next": "https://evil.example/"})
    assert page.context["back"] == "/"


def test_after_a_code_was_sent_the_page_says_to_whom(guest: Guest) -> None:
    page = guest.get("accept/")
    assert "We sent a code to" not in page.content.decode()
    sent = guest.post("accept/", hidden(page) | {"send_code": "yes"}).content.decode()
    assert f"We sent a code to <strong>{guest.grant.email}</strong>." in sent
    assert "Send a new code" in sent


def test_the_first_button_of_the_form_signs(guest: Guest) -> None:
    """It is the one that the Enter key presses."""
    form = guest.get("accept/").content.decode().partition('<form method="post" novalidate>')[2]
    first = form.partition("<button")[2].partition("</button>")[0]
    assert "I sign off this milestone" in first
    assert "send_code" not in first


def test_a_code_that_is_not_needed_any_more_is_not_sent_and_nothing_is_signed(
    guest: Guest, submission: Submission
) -> None:
    """The page of before the code was given in another window."""
    page = guest.get("accept/")
    guest.post("accept/", hidden(page) | {"send_code": "yes"})
    worker.run_due_jobs()
    guest.post("accept/", hidden(page) | {"code": code_in_digits(), "seen": "0" * 64})
    mail.outbox.clear()
    late = guest.post("accept/", hidden(page) | {"send_code": "yes", "comment": "Well done."})
    worker.run_due_jobs()
    assert (late.status_code, mail.outbox) == (200, [])
    assert "Well done." in late.content.decode()
    assert state_of(submission.milestone) == "submitted"


def test_a_members_comment_is_there_on_the_way_back(sign_in: SignIn, submission: Submission) -> None:
    client = sign_in("buyer")
    address = reverse("buyer:accept_milestone", args=[submission.ref])
    page = client.get(address)
    away = client.post(address, hidden(page) | {"comment": "Well done.", "show_first": "yes"})
    assert away["Location"] == page.context["asks"].elsewhere
    client.post(away["Location"], {"send": "yes"})
    worker.run_due_jobs()
    assert client.post(away["Location"], {"code": code_in_digits()})["Location"] == address
    back = client.get(address)
    assert back.context["form"]["comment"].value() == "Well done."
    assert "Well done." not in client.get(address).content.decode()
    again = client.post(address, hidden(back) | {"comment": "Well done.", "show_first": "yes"})
    assert again["Location"] == address
    assert state_of(submission.milestone) == "submitted"


def test_a_member_whose_proof_grew_old_is_told_and_offered_the_way(sign_in: SignIn, submission: Submission) -> None:
    client = sign_in("buyer")
    address = reverse("buyer:accept_milestone", args=[submission.ref])
    refused = client.post(address, hidden(client.get(address)) | {"comment": "Well done."})
    assert refused.status_code == 422
    text = refused.content.decode()
    assert "Confirm first that it is you; nothing was changed." in text
    assert 'name="show_first"' in text
    assert "Well done." in text
    assert state_of(submission.milestone) == "submitted"
