"""What a buyer accepts in part, while its seller asks for money on it."""

from decimal import Decimal

import pytest
from django.db import connections

from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing.checks import CHECKS
from apps.milestones.models import Milestone, Submission
from apps.milestones.services import Part
from apps.workflows import sign_off
from tests import scenarios
from tests.conftest import Once
from tests.financing import stories
from tests.scenarios import Parties, acting, key


@pytest.fixture
def deal(committed: Once) -> Parties:
    return committed(stories.parties)


def accept_half(deal: Parties, submission: Submission) -> None:
    approver = scenarios.member(deal, "approver")
    with acting(approver, at=stories.noon(stories.day(8))):
        sign_off.accept_part(
            actor=approver,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            part=Part(percent=Decimal(50)),
            verdicts=[],
            comment="The second half is missing.",
        )


def test_what_is_agreed_and_not_paid_out_is_accepted_whole_or_not_at_all(deal: Parties) -> None:
    advance = stories.advance_before_acceptance(deal)
    with walls.asking_for(deal.seller.pk):
        contract = advance.contract
    submission = scenarios.submitted_milestone(contract, position=2, at=stories.noon(stories.day(7)))
    with pytest.raises(Refused, match=r"has agreed an advance on this milestone as a whole"):
        accept_half(deal, submission)
    with walls.asking_for(deal.seller.pk):
        assert Milestone.objects.filter(contract=contract).count() == 3


def test_a_request_on_what_was_then_accepted_in_part_cannot_be_priced(deal: Parties) -> None:
    facility = stories.opened_facility(deal)
    contract = stories.active_contract(deal)
    milestone = stories.plan_of(contract)[0]
    request = stories.requested_on(deal, facility, milestone)
    submission = scenarios.submitted_milestone(contract, position=1, at=stories.noon(stories.day(7)))
    accept_half(deal, submission)
    with pytest.raises(Refused, match="accepted in part after it was asked for"):
        stories.priced(deal, request)


def test_parts_that_do_not_add_up_are_found_by_the_verifier(deal: Parties) -> None:
    contract = stories.active_contract(deal)
    accept_half(deal, scenarios.submitted_milestone(contract, position=1, at=stories.noon(stories.day(7))))
    (check,) = (check for check in CHECKS if check.sentence.startswith("The parts of every milestone"))
    with connections["owner"].cursor() as cursor:
        cursor.execute(check.sql)
        assert cursor.fetchall() == []
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE milestones_milestone SET amount = amount + 1 WHERE part = 2")
        cursor.execute("RESET session_replication_role")
        cursor.execute(check.sql)
        assert len(cursor.fetchall()) == 1
