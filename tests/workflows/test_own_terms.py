"""Milestones with terms of their own in one contract: days to pay, people, parts, questions, what delay costs."""

import html
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from apps.contracts.charges import ChargeTerms, DamageTerms, Rate
from apps.contracts.drafts import DraftCriterion, DraftLine, Due, LineTerms
from apps.contracts.models import Contract, PlanLine
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.financing.rules.expectation import History
from apps.financing.services.expectations import parts_until_paid
from apps.invoicing.models import Charge, Instalment, Invoice
from apps.milestones.certificates.page import _criterion
from apps.milestones.models import Decision, Milestone, Question, Submission
from apps.milestones.services import Part
from apps.parties.actor import Actor
from apps.workflows import before_acceptance, charging, disputing, instalments, sign_off
from tests import scenarios
from tests.portals.buyer.browsers import Guest
from tests.scenarios import Parties, acting, key

AT = datetime(2026, 4, 11, 9, tzinfo=UTC)
D = Decimal
OWN = {
    1: LineTerms(payment_days=7, two_acceptors=True, partial_acceptance=False, damages_percent=D("0.5")),
    2: LineTerms(needs_inspection=True, question_suspensions=1),
    3: LineTerms(damages_percent=D(0)),
}
Told = Callable[[Callable[[], Any]], Any]


@dataclass(frozen=True)
class Story:
    parties: Parties
    contract: Contract
    submissions: dict[int, Submission]


@pytest.fixture(scope="module")
def story(once: Told) -> Story:
    told: Story = once(_tell)
    return told


def _tell() -> Story:
    """30 days to pay, one acceptor, parts, no questions, 0.2 percent of damages a day; three lines that differ."""
    parties = scenarios.organisations()
    draft = scenarios.software_draft(parties, charges=ChargeTerms(DamageTerms(Rate(D("0.2")), may_object=False)))
    lines = [
        replace(line, own=OWN[at], percent=D(30), planned_on=date(2026, 4, 1)) for at, line in enumerate(draft.lines, 1)
    ]
    works, pleases = DraftCriterion("It works.", nature="objective"), DraftCriterion("It pleases.")
    lines[2] = replace(lines[2], criteria=(works, pleases))
    deposit = DraftLine("Deposit", percent=D(10), kind="deposit", due=Due(), own=LineTerms(payment_days=0))
    contract = scenarios.active_contract(parties, draft=replace(draft, lines=(*lines, deposit)), at=AT)
    found = {place: scenarios.submitted_milestone(contract, position=place, at=AT) for place in OWN}
    return Story(parties, contract, found)


def accept(submission: Submission, *, actor: Actor, part: int = 0) -> Any:
    with acting(actor, at=AT):
        said: dict[str, Any] = {
            "actor": actor,
            "key": key(),
            "submission_ref": submission.ref,
            "seen": submission.sha256,
        }
        if part:
            return sign_off.accept_part(**said, part=Part(percent=D(part)), verdicts=[], comment="The rest later.")
        return sign_off.accept_milestone(**said)


def both(story: Story) -> Any:
    return walls.asking_for(story.parties.seller.pk, story.parties.buyer.pk)


@pytest.mark.django_db
def test_two_people_accept_one_line_and_its_invoice_is_due_on_its_own_day(story: Story) -> None:
    submission = story.submissions[1]
    olga, bea = scenarios.buyer_actor(story.parties), scenarios.approver_actor(story.parties)
    assert "number" not in accept(submission, actor=bea), "the first of two"
    with both(story):
        milestone = Milestone.objects.select_related("line__version", "contract__seller").get(
            pk=submission.milestone_id
        )
        steps = parts_until_paid(
            milestone,
            completed_on=date(2026, 4, 11),
            funding_on=date(2026, 4, 11),
            history=History(slips=(), lateness=()),
        )
    assert next(part.days for part in steps if part.step == "terms") == 7, "what a financier expects"
    accept(submission, actor=olga)
    with both(story):
        invoice = Invoice.objects.get(milestone=milestone)
        assert (invoice.due_on, invoice.open_item.due_on) == (date(2026, 4, 18), date(2026, 4, 18))
        assert canonical.read(invoice.snapshot)["payment_days"] == 7
    # Damages at its own rate: 12,000.00 at 0.5 percent for ten days. None for what says 0.
    with acting(bea, at=AT + timedelta(hours=1)):
        charging.claim_damages(actor=bea, key=key(), milestone_ref=milestone.ref)
        assert Charge.objects.get(milestone=milestone).net == D(600)
    third = accept(story.submissions[3], actor=bea)
    with acting(bea, at=AT + timedelta(hours=1)), pytest.raises(Refused, match="Nothing is owed for delay"):
        charging.claim_damages(actor=bea, key=key(), milestone_ref=story.submissions[3].milestone.ref)
    with both(story):
        assert Invoice.objects.get(number=third["number"]).due_on == date(2026, 5, 11), "the contract's thirty days"


@pytest.mark.django_db
def test_a_deposit_has_days_to_pay_of_its_own(story: Story) -> None:
    with clock.stopped(AT):
        instalments.tend(contract_ref=story.contract.ref, seller_id=story.parties.seller.pk)
    with both(story):
        assert Invoice.objects.get(instalment=Instalment.objects.get(contract=story.contract)).due_on == AT.date()


@pytest.mark.django_db
def test_inspection_parts_and_questions_are_those_of_the_line(story: Story) -> None:
    second, bea = story.submissions[2], scenarios.approver_actor(story.parties)
    with pytest.raises(Refused, match="asks for an inspection first"):
        accept(second, actor=bea)
    with pytest.raises(Refused, match="does not provide for acceptance in part"):
        accept(story.submissions[1], actor=bea, part=50)
    stopped = []
    for submission in (second, story.submissions[3]):
        with acting(bea, at=AT):
            told = before_acceptance.ask_question(actor=bea, key=key(), submission_ref=submission.ref, text="Where?")
            stopped.append(Question.objects.get(ref=told["question"]).stops_clock)
    assert stopped == [False, False], "nobody was notified yet"
    accept(story.submissions[3], actor=bea, part=50)


@pytest.mark.django_db
def test_the_database_asks_the_line_too(story: Story) -> None:
    """Decisions and questions that are written round the services."""
    bea = scenarios.approver_actor(story.parties)
    accept(story.submissions[3], actor=bea, part=50)
    with both(story):
        decision = Decision.objects.get(submission=story.submissions[3])
        for place, outcome, why in (
            (1, "accepted", "two people accept what is large"),
            (2, "accepted", "inspected before it is accepted"),
            (1, "partly_accepted", "accepted in part only where agreed"),
        ):
            other = story.submissions[place]
            decision.pk, decision.submission, decision.sha256, decision.outcome = None, other, other.sha256, outcome
            with pytest.raises(IntegrityError, match=why), transaction.atomic():
                decision.save(force_insert=True)
        line = PlanLine.objects.get(version__contract=story.contract, kind="deposit")
        line.pk, line.position, line.two_acceptors = None, 9, True
        with pytest.raises(IntegrityError), transaction.atomic():
            line.save(force_insert=True)


@pytest.mark.django_db
def test_both_sides_and_the_link_read_what_holds_for_a_milestone(story: Story) -> None:
    submission = story.submissions[1]
    seller, buyer = Client(), Client()
    seller.force_login(story.parties.people["seller"].user)
    buyer.force_login(story.parties.people["buyer"].user)
    with both(story):
        ref = submission.milestone.ref
    with clock.stopped(AT):
        pages = [client.get(f"/{side}/milestones/{ref}/") for client, side in ((seller, "seller"), (buyer, "buyer"))]
        pages.append(Guest(scenarios.link_to_sign_off(submission)).get())
    for page in pages:
        text = html.unescape(page.content.decode())
        assert "What holds for this milestone" in text
        assert "within 7 days of the invoice" in text
        assert "Two people of the buyer accept it, whatever it comes to." in text
    bea = scenarios.approver_actor(story.parties)
    with acting(bea, at=AT):
        disputing.dispute_submission(
            actor=bea,
            key=key(),
            submission_ref=submission.ref,
            amount=D(1000),
            reason="Ten rows are lost.",
            answer_days=9,
        )
    with clock.stopped(AT):
        part = buyer.get(f"/buyer/submissions/{submission.ref}/accept-part/").content.decode()
    assert "acceptance in part only of exactly that" in part, "of this line, whatever the contract says"


@pytest.mark.django_db
def test_what_is_said_of_a_criterion_stands_in_what_is_signed_submitted_and_certified(story: Story) -> None:
    submission = story.submissions[3]
    with both(story):
        ref = submission.milestone.ref
        signed = canonical.read(submission.milestone.line.version.canonical_text)["plan"][2]["criteria"]
    shown = canonical.read(submission.canonical_text)["criteria"]
    assert [one.get("nature") for one in signed] == [one.get("nature") for one in shown] == ["objective", None]
    assert [_criterion(one).text for one in shown] == ["It works. (objective)", "It pleases."]
    seller = Client()
    seller.force_login(story.parties.people["seller"].user)
    with clock.stopped(AT):
        assert "(objective)" in seller.get(f"/seller/milestones/{ref}/").content.decode()
        assert "(objective)" in Guest(scenarios.link_to_sign_off(submission)).get().content.decode()
