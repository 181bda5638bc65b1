"""A part of a milestone is accepted: said, shown with its statement, signed."""

import html
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts.models import Contract
from apps.core.database import walls
from apps.milestones.models import Milestone, Submission
from apps.workflows import team, worker
from tests import scenarios
from tests.portals.buyer.browsers import Guest, hidden, invoices_of, state_of, token_of
from tests.portals.buyer.conftest import SignIn
from tests.portals.test_account import code_in_digits
from tests.scenarios import Parties, acting, key, software_draft

HALF = {"amount": "", "percent": "50", "verdict_1": "met", "verdict_2": "met", "comment": "The second half."}


@pytest.fixture
def submission(active: Contract) -> Submission:
    return scenarios.submitted_milestone(active)


def part_url(submission: Submission) -> str:
    return reverse("buyer:accept_part", args=[submission.ref])


def page_url(submission: Submission) -> str:
    return reverse("buyer:milestone", args=[submission.milestone.ref])


def kept(response: Any) -> dict[str, str]:
    """Every hidden field of the page, as a browser sends it back."""
    found = re.findall(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?', response.content.decode())
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def amounts(contract: Contract) -> list[Decimal]:
    with walls.asking_for(contract.seller_id):
        return list(Milestone.objects.filter(contract=contract, position=1).values_list("amount", flat=True))


def test_the_buyer_says_how_much_reads_the_statement_and_signs(submission: Submission, sign_in: SignIn) -> None:
    bea = sign_in("approver")
    assert part_url(submission) in bea.get(page_url(submission)).content.decode()

    shown = bea.post(part_url(submission), hidden(bea.get(part_url(submission))) | HALF)
    page = shown.content.decode()
    assert shown.status_code == 200
    assert "accept a part of the milestone, 6,000.00 EUR net of tax" in page
    assert "7,140.00" in page
    assert state_of(submission.milestone) == "submitted"

    signed = bea.post(part_url(submission), kept(shown) | {"sign": "yes"})
    assert (signed.status_code, signed["Location"]) == (302, page_url(submission))
    assert amounts(submission.contract) == [Decimal("6000.00"), Decimal("6000.00")]
    page = bea.get(page_url(submission)).content.decode()
    assert "of 12,000.00" in page
    assert part_url(submission) not in page


def test_by_personal_link_it_goes_the_same_way(submission: Submission, client: Client) -> None:
    url = reverse("link:accept_part", args=[token_of(scenarios.link_to_sign_off(submission))])
    shown = client.post(url, hidden(client.get(url)) | HALF)
    assert client.post(url, kept(shown) | {"sign": "yes"}).status_code == 302
    assert state_of(submission.milestone) == "accepted"
    assert invoices_of(submission.contract) == 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"percent": ""}, "Enter an amount or a percentage"),
        ({"amount": "100"}, "Enter an amount or a percentage"),
        ({"percent": "100"}, "below 100"),
        ({"percent": "", "amount": "12,000.00"}, "A part is less than the whole"),
        ({"percent": "", "amount": "-5"}, "Enter an amount such as"),
        ({"comment": ""}, "Say what is left to do"),
        ({"verdict_1": "not_met"}, "Say what is missing"),
    ],
)
def test_what_is_no_part_is_said_and_nothing_is_lost(
    submission: Submission, sign_in: SignIn, typed: dict[str, str], words: str
) -> None:
    bea = sign_in("approver")
    answer = bea.post(part_url(submission), hidden(bea.get(part_url(submission))) | HALF | typed | {"sign": "yes"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert ("The second half." in page) is ("comment" not in typed)
    assert state_of(submission.milestone) == "submitted"


def test_one_can_go_back_and_change(submission: Submission, sign_in: SignIn) -> None:
    bea = sign_in("approver")
    shown = bea.post(part_url(submission), hidden(bea.get(part_url(submission))) | HALF)
    again = bea.post(part_url(submission), kept(shown) | {"change": "yes"})
    assert again.status_code == 200
    assert "Check what you sign" in again.content.decode()
    assert state_of(submission.milestone) == "submitted"


def test_no_way_where_the_contract_provides_for_none(parties: Parties, sign_in: SignIn) -> None:
    contract = scenarios.active_contract(parties, draft=software_draft(parties, partial_acceptance=False))
    submission = scenarios.submitted_milestone(contract)
    bea = sign_in("approver")
    assert part_url(submission) not in bea.get(page_url(submission)).content.decode()
    assert bea.get(part_url(submission))["Location"] == page_url(submission)


def test_above_the_buyers_amount_a_code_is_asked_and_what_was_typed_stays(parties: Parties, active: Contract) -> None:
    with acting(scenarios.buyer_actor(parties)) as actor:
        team.set_step_up(actor=actor, key=key(), above=Decimal(10_000))
    submission = scenarios.submitted_milestone(active)
    guest = Guest(scenarios.link_to_sign_off(submission))
    shown = guest.post("accept-part/", hidden(guest.get("accept-part/")) | HALF)
    without = guest.post("accept-part/", kept(shown) | {"sign": "yes"})
    assert "Enter the code that we sent" in without.content.decode()
    sent = guest.post("accept-part/", kept(without) | {"send_code": "yes"})
    worker.run_due_jobs()
    done = guest.post("accept-part/", kept(sent) | {"sign": "yes", "code": code_in_digits()})
    assert done.status_code == 302
    assert amounts(active) == [Decimal("6000.00"), Decimal("6000.00")]
