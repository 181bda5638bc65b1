"""Nobody of the other side acts by a personal link: not signed in, not under another hat, not after signing out."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from apps.audit.models import Entry
from apps.contracts.models import Contract, GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.financing.models import Assignment
from apps.milestones.models import Submission
from apps.parties.models import Membership
from apps.parties.models.user import User
from apps.portals.counterparties import REMEMBERED
from tests import scenarios
from tests.portals.buyer.browsers import Guest, hidden, state_of
from tests.portals.buyer.conftest import SignIn
from tests.portals.buyer.stories import assigned, invoiced
from tests.scenarios import Parties

TRIED = "link.of_the_other_side"


@pytest.fixture
def submission(active: Contract) -> Submission:
    return scenarios.submitted_milestone(active)


def opened_by(client: Client, submission: Submission) -> Guest:
    """The buyer's link in somebody's browser."""
    return Guest(scenarios.link_to_sign_off(submission), client=client)


def tried(contract: Contract) -> list[Entry]:
    with walls.asking_for(contract.buyer_id):
        entries = Entry.objects.filter(chain__subject=f"contract:{contract.ref}", verb=TRIED)
        return list(entries.select_related("chain").order_by("pk"))


def form_of(submission: Submission) -> dict[str, str]:
    """What the page of the sign-off would send, as its rightful reader gets it."""
    return hidden(Guest(scenarios.link_to_sign_off(submission)).get("accept/"))


def test_the_sellers_people_read_why_and_nothing_of_the_buyers(sign_in: SignIn, submission: Submission) -> None:
    guest = opened_by(sign_in("seller"), submission)
    for path in ("", "accept/", "changes/", "dispute/", "portal/"):
        answer = guest.get(path)
        page = answer.content.decode()
        assert answer.status_code == 403
        assert "This link is for the other side" in page
        assert "Sign off 12,000" not in page
        assert "no-store" in answer["Cache-Control"]
    assert tried(submission.contract) == []  # reading is no try


def test_what_the_sellers_people_send_is_refused_and_written_down(
    sign_in: SignIn, submission: Submission, parties: Parties
) -> None:
    form = form_of(submission)
    guest = opened_by(sign_in("delivery"), submission)
    assert guest.post("accept/", form).status_code == 403
    assert guest.post("accept/", form).status_code == 403  # pressed twice: told once
    assert guest.post("viewed/").status_code == 403
    assert state_of(submission.milestone) == "submitted"
    assert scenarios.link_to_sign_off(submission).first_viewed_at is None  # no proof that the notice arrived
    (entry,) = tried(submission.contract)
    link = scenarios.link_to_sign_off(submission)
    assert (entry.subject, entry.actor_name) == (f"link:{link.ref}", parties.people["delivery"].user.name)
    # Both sides read it in the timeline of the contract.
    for role, portal in (("seller", "seller"), ("buyer", "buyer")):
        page = sign_in(role).get(f"/{portal}/contracts/{submission.contract.ref}/").content.decode()
        assert "Tried by the other side to act by a personal link: refused" in page
    # The link is as it was, for whom it is.
    assert Guest(link).post("accept/", form).status_code == 302
    assert state_of(submission.milestone) == "accepted"


def test_another_hat_does_not_help(
    sign_in: SignIn, active: Contract, submission: Submission, strangers: Parties
) -> None:
    """Somebody of the seller who works for another organisation too, and has chosen that one."""
    client = sign_in("seller")
    user = User.objects.get(pk=int(client.session["_auth_user_id"]))
    other = strangers.people["seller"].organisation
    with walls.asking_for(other.pk):
        Membership.objects.create(user=user, organisation=other, roles=["delivery"], joined_at=clock.now())
    session = client.session
    session["organisation"] = other.ref
    session.save()
    guest = opened_by(client, submission)
    assert guest.post("accept/", form_of(submission)).status_code == 403
    with walls.asking_for(active.buyer_id):
        assert Submission.objects.get(pk=submission.pk).state == "submitted"
    (entry,) = tried(active)
    assert entry.organisation_id == active.seller_id  # as whom it counts


def test_signing_out_first_does_not_help(sign_in: SignIn, submission: Submission) -> None:
    client = sign_in("seller")
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session
    guest = opened_by(client, submission)
    page = guest.get()
    assert page.status_code == 403
    assert "signed out of this browser a short time ago" in page.content.decode()
    assert guest.post("accept/", form_of(submission)).status_code == 403
    assert len(tried(submission.contract)) == 1
    with clock.stopped(clock.now() + REMEMBERED + timedelta(minutes=1)):
        assert guest.status("") == 200


def test_nor_does_another_account_in_the_same_browser(
    sign_in: SignIn, submission: Submission, strangers: Parties
) -> None:
    client = sign_in("seller")
    client.post(reverse("account_logout"))
    client.force_login(strangers.people["seller"].user)
    assert opened_by(client, submission).post("accept/", form_of(submission)).status_code == 403
    client.post(reverse("account_logout"))
    assert opened_by(client, submission).post("accept/", form_of(submission)).status_code == 403, "nor its sign-out"


def test_a_financier_does_not_confirm_its_own_notice(sign_in: SignIn, parties: Parties, active: Contract) -> None:
    notice = assigned(parties, invoiced(active))
    with walls.asking_for(active.buyer_id):
        link = GuestGrant.objects.get(subject_ref=notice.ref)
    form = hidden(Guest(link).get())
    assert Guest(link, client=sign_in("underwriter")).post("", form).status_code == 403
    with walls.asking_for(active.buyer_id):
        assert Assignment.objects.get(pk=notice.pk).acknowledged_at is None
    (entry,) = tried(active)
    assert entry.organisation_id == parties.financier.pk


def test_who_belongs_to_the_buyer_or_to_nobody_is_let_in(
    sign_in: SignIn, submission: Submission, strangers: Parties
) -> None:
    assert opened_by(sign_in("approver"), submission).status("accept/") == 200
    assert opened_by(sign_in("seller", of=strangers), submission).status("accept/") == 200
    link: GuestGrant = scenarios.link_to_sign_off(submission)
    assert Guest(link).status("accept/") == 200
