"""A milestone on the buyer's side of the portal: review, sign-off, changes, and who may not."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts.models import Contract
from apps.core.database import walls
from apps.milestones.models import Submission
from apps.parties.models import Membership
from apps.workflows import sign_off
from tests import scenarios
from tests.portals.buyer.browsers import hidden, invoice_of, invoices_of, state_of
from tests.portals.buyer.conftest import SignIn
from tests.scenarios import PDF, Parties, acting, key

CROSSED = {"verdict_1": "not_met", "reason_1": "Two open defects.", "verdict_2": "met"}


@pytest.fixture
def submission(active: Contract) -> Submission:
    return scenarios.submitted_milestone(active)


def accept_url(submission: Submission) -> str:
    return reverse("buyer:accept_milestone", args=[submission.ref])


def changes_url(submission: Submission) -> str:
    return reverse("buyer:request_changes", args=[submission.ref])


def page_url(submission: Submission) -> str:
    return reverse("buyer:milestone", args=[submission.milestone.ref])


def limit(parties: Parties, role: str, amount: str) -> None:
    membership = parties.people[role]
    with walls.asking_for(membership.organisation_id):
        Membership.objects.filter(pk=membership.pk).update(approval_limit=Decimal(amount))


def test_the_approver_signs_off_and_sees_the_invoice(submission: Submission, sign_in: SignIn) -> None:
    client = sign_in("approver")
    assert accept_url(submission) in client.get(page_url(submission)).content.decode()
    answer = client.post(accept_url(submission), hidden(client.get(accept_url(submission))))
    assert (answer.status_code, answer["Location"]) == (302, page_url(submission))
    page = client.get(page_url(submission)).content.decode()
    assert invoice_of(submission.milestone).number in page
    assert accept_url(submission) not in page


def test_changes_are_requested_and_read_in_the_next_cycle(submission: Submission, sign_in: SignIn) -> None:
    client = sign_in("approver")
    answer = client.post(changes_url(submission), hidden(client.get(changes_url(submission))) | CROSSED)
    assert (answer.status_code, answer["Location"]) == (302, page_url(submission))
    assert state_of(submission.milestone) == "changes_requested"
    scenarios.submitted_milestone(submission.contract)
    page = client.get(page_url(submission)).content.decode()
    assert "What changed since cycle 1" in page
    assert "Two open defects." in page


def test_two_clicks_make_one_invoice(submission: Submission, sign_in: SignIn) -> None:
    client = sign_in("approver")
    form = hidden(client.get(accept_url(submission)))
    for _ in range(2):
        assert client.post(accept_url(submission), form).status_code == 302
    assert invoices_of(submission.contract) == 1


def test_who_comes_second_is_told_what_happened(submission: Submission, sign_in: SignIn) -> None:
    olga, bea = sign_in("buyer"), sign_in("approver")
    late = hidden(olga.get(accept_url(submission)))
    bea.post(changes_url(submission), hidden(bea.get(changes_url(submission))) | CROSSED)
    answer = olga.post(accept_url(submission), late, follow=True)
    assert answer.redirect_chain == [(page_url(submission), 302)]
    assert [str(message) for message in answer.context["messages"]] != []
    assert state_of(submission.milestone) == "changes_requested"
    assert invoices_of(submission.contract) == 0


def test_a_cycle_that_was_replaced_shows_the_newer_one_and_signs_nothing(
    submission: Submission, parties: Parties, sign_in: SignIn
) -> None:
    client, sina = sign_in("approver"), scenarios.seller_actor(parties)
    form = hidden(client.get(accept_url(submission)))
    with acting(sina):
        sign_off.withdraw_submission(actor=sina, key=key(), submission_ref=submission.ref)
    scenarios.submitted_milestone(submission.contract)
    answer = client.post(accept_url(submission), form)
    assert answer.status_code == 422
    assert "There is a newer submission" in answer.content.decode()
    assert state_of(submission.milestone) == "submitted"
    assert invoices_of(submission.contract) == 0
    assert client.get(accept_url(submission)).status_code == 302


@pytest.mark.parametrize(("path", "data"), [("accept", {}), ("changes", CROSSED)])
def test_payables_read_but_do_not_decide(
    submission: Submission, sign_in: SignIn, path: str, data: dict[str, str]
) -> None:
    client = sign_in("payables")
    address = f"/buyer/submissions/{submission.ref}/{path}/"
    page = client.get(address)
    assert page.status_code == 200
    assert "Your role does not allow you to sign off milestones" in page.content.decode()
    assert client.post(address, hidden(page) | data).status_code == 422
    assert state_of(submission.milestone) == "submitted"


def test_an_amount_above_the_limit_is_said_in_words_and_refused(
    submission: Submission, parties: Parties, sign_in: SignIn
) -> None:
    limit(parties, "approver", "11999.99")
    client = sign_in("approver")
    page = client.get(page_url(submission)).content.decode()
    assert "you sign off up to" in page
    assert "11,999.99" in page
    assert accept_url(submission) not in page
    assert changes_url(submission) in page  # saying what is missing needs no limit
    confirm = client.get(accept_url(submission))
    assert "I sign off this milestone" not in confirm.content.decode()
    assert client.post(accept_url(submission), hidden(confirm)).status_code == 422
    assert state_of(submission.milestone) == "submitted"


def test_the_limit_itself_is_enough(submission: Submission, parties: Parties, sign_in: SignIn) -> None:
    limit(parties, "approver", "12000")
    client = sign_in("approver")
    assert client.post(accept_url(submission), hidden(client.get(accept_url(submission)))).status_code == 302


def test_a_planned_milestone_says_when_it_is_complete(active: Contract, sign_in: SignIn) -> None:
    milestone = scenarios.milestone_of(active, position=3)
    page = sign_in("payables").get(reverse("buyer:milestone", args=[milestone.ref])).content.decode()
    assert "Final delivery and sign-off: two users of the buyer were shown how to use it." in page


def test_evidence_is_downloaded_not_opened(submission: Submission, sign_in: SignIn) -> None:
    client: Client = sign_in("payables")
    page = client.get(page_url(submission))
    address = page.context["reading"].criteria[0].files[0].url
    answer = client.get(address)
    assert b"".join(answer.streaming_content) == PDF  # type: ignore[attr-defined]
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"
