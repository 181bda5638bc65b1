"""Questions, inspections, two acceptors and hand-overs, as their pages show them to each side."""

from decimal import Decimal

import pytest
from django.urls import reverse

from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.milestones.models import Question, Submission
from apps.milestones.models.submission import Proof
from apps.parties.actor import Actor
from apps.workflows import notices
from tests import scenarios
from tests.portals.buyer.browsers import Guest, hidden, invoices_of
from tests.portals.buyer.conftest import SignIn
from tests.scenarios import Parties

MET = {"verdict_1": "met", "verdict_2": "met"}


@pytest.fixture
def active(parties: Parties) -> Contract:
    draft = scenarios.software_draft(
        parties, question_suspensions=1, needs_inspection=True, second_acceptor_above=Decimal(1_000)
    )
    return scenarios.active_contract(parties, draft=draft)


@pytest.fixture
def submission(parties: Parties, active: Contract) -> Submission:
    sent = scenarios.submitted_milestone(active)
    with walls.asking_for(parties.buyer.pk):
        actor = Actor.system(organisation_id=parties.buyer.pk)
        notices.note_delivery(actor=actor, submission_ref=sent.ref, proof=Proof.MAIL, at=clock.now())
    return sent


def address(name: str, submission: Submission) -> str:
    return reverse(f"buyer:{name}", args=[submission.ref])


def milestone_page(side: str, submission: Submission) -> str:
    return reverse(f"{side}:milestone", args=[submission.milestone.ref])


def test_a_guest_asks_and_the_seller_answers_on_the_same_page(submission: Submission, sign_in: SignIn) -> None:
    guest = Guest(scenarios.link_to_sign_off(submission))
    assert "1 more question can stop it" in guest.get().content.decode()
    empty = guest.post("ask/", hidden(guest.get("ask/")) | {"text": " "})
    assert (empty.status_code, "Write what you want to know" in empty.content.decode()) == (422, True)
    asked = guest.post("ask/", hidden(guest.get("ask/")) | {"text": "Which <browsers>?"})
    assert (asked.status_code, asked["Location"]) == (302, f"{guest.address}#questions")
    page = guest.get().content.decode()
    assert "Which &lt;browsers&gt;?" in page
    assert "The review clock stands still" in page
    seller = sign_in("delivery")
    with walls.asking_for(submission.contract.seller_id):
        question = Question.objects.get(submission=submission)
    assert "Answer a question about Prototype" in seller.get(reverse("seller:home")).content.decode()
    answer_url = reverse("seller:answer_question", args=[question.ref])
    assert answer_url in seller.get(milestone_page("seller", submission)).content.decode()
    answered = seller.post(answer_url, hidden(seller.get(answer_url)) | {"text": "All four."})
    assert answered.status_code == 302
    page = guest.get().content.decode()
    assert ("All four." in page, "The review clock stands still" in page, "review until" in page) == (True, False, True)
    assert "This question has been answered" in seller.get(answer_url).content.decode()


def test_inspected_passed_on_and_accepted_by_two(parties: Parties, submission: Submission, sign_in: SignIn) -> None:
    approver, owner = sign_in("approver"), sign_in("buyer")
    page = approver.get(milestone_page("buyer", submission)).content.decode()
    assert "The contract asks for an inspection first" in page
    assert address("accept_milestone", submission) not in page
    inspect = address("inspect_milestone", submission)
    assert "Your role does not allow you to inspect" in approver.get(inspect).content.decode()
    done = owner.post(inspect, hidden(owner.get(inspect)) | MET)
    assert (done.status_code, done["Location"]) == (302, milestone_page("buyer", submission))
    passing = address("pass_milestone", submission)
    handed = owner.post(
        passing, hidden(owner.get(passing)) | {"colleague": parties.people["approver"].ref, "note": "Yours."}
    )
    assert handed.status_code == 302
    page = approver.get(milestone_page("buyer", submission)).content.decode()
    assert "Olga Ost passed this to Bea Berg" in page
    assert "Inspected: every criterion is met" in page
    accept = address("accept_milestone", submission)
    form = approver.get(accept)
    assert "a second person accepts too" in form.content.decode()
    answer = approver.post(accept, hidden(form), follow=True)
    assert "Somebody else of your organisation is asked to accept too" in answer.content.decode()
    assert invoices_of(submission.contract) == 0
    assert "You have accepted this already" in approver.get(accept).content.decode()
    # Who inspected does not accept, so a third person has to.
    assert "You inspected this submission yourself" in owner.get(accept).content.decode()
    page = sign_in("delivery").get(milestone_page("seller", submission)).content.decode()
    assert "Accepted by the first of two people" in page
    assert "passed this to" not in page
