"""The deadline: the buyer's last word against the clock. Exactly one of them counts."""

from datetime import datetime, timedelta

import pytest

from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing.models import Invoice
from apps.milestones.models import Decision, Submission
from apps.milestones.models.submission import Proof
from apps.parties.actor import Actor
from apps.workflows import notices, reviews, sign_off
from apps.workflows.once import Answer
from tests import scenarios
from tests.races import together
from tests.scenarios import Parties, acting, key


@pytest.fixture
def parties(scratch: str) -> Parties:
    return scenarios.organisations()


def at_the_deadline(parties: Parties, submission: Submission, due_at: datetime) -> list[Answer | Exception]:
    def accept() -> Answer:
        with acting(scenarios.approver_actor(parties), at=due_at) as actor:
            return sign_off.accept_milestone(
                actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256
            )

    def lapse() -> Answer:
        with clock.stopped(due_at + timedelta(seconds=1)):
            return reviews.tend(submission_ref=submission.ref, seller_id=parties.seller.pk, what="silence")

    return together(accept, lapse, lapse, accept)


def test_a_sign_off_in_the_last_second_against_the_clock_makes_one_decision_and_one_invoice(parties: Parties) -> None:
    draft = scenarios.software_draft(parties, silence="accepted")
    contract = scenarios.active_contract(parties, draft=draft)
    buyer_id = parties.buyer.pk
    for position in (1, 2, 3):
        submission = scenarios.submitted_milestone(contract, position=position)
        with walls.asking_for(buyer_id):
            system, at = Actor.system(organisation_id=buyer_id), submission.submitted_at
            assert at is not None
            notices.note_delivery(actor=system, submission_ref=submission.ref, proof=Proof.MAIL, at=at)
            submission.refresh_from_db()
        assert submission.review_due_at is not None
        answers = at_the_deadline(parties, submission, submission.review_due_at)
        assert all(not isinstance(answer, Exception) or isinstance(answer, Refused) for answer in answers), answers
        numbers = {answer["number"] for answer in answers if isinstance(answer, dict) and "number" in answer}
        with walls.asking_for(parties.seller.pk):
            decision = Decision.objects.get(submission=submission)
            invoice = Invoice.objects.get(milestone=submission.milestone)
        assert numbers == {invoice.number}
        assert decision.outcome in {"accepted", "deemed_accepted"}
