"""Silence that lets interest run: what is accepted late counts as due early, for that and nothing else, to the cent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.contracts.late_payment import LateTerms
from apps.contracts.models import Contract
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import Invoice, LateClaim, OpenItem
from apps.invoicing.services import reissuing
from apps.invoicing.services.late_interest import late_charges
from apps.milestones.models.submission import Proof
from apps.parties.actor import Actor
from apps.workflows import billing, crediting, late_payment, notices, sign_off
from tests import scenarios
from tests.scenarios import Parties, acting, key

D = Decimal
TERMS = LateTerms(annual_rate=D("10.27"), fee=D(40))
SUBMITTED = datetime(2026, 3, 2, 9, tzinfo=UTC)
DECIDED = datetime(2026, 4, 10, 9, tzinfo=UTC)
Told = Callable[[Callable[[], Any]], Any]


@dataclass(frozen=True)
class Story:
    """Of two milestones one was accepted within fourteen days, on 10 March; the other one on 10 April, when the review
    had ended on 16 March and thirty days to pay from then on 15 April."""

    parties: Parties
    contract: Contract
    late: Invoice
    in_time: Invoice


@pytest.fixture(scope="module")
def story(once: Told) -> Story:
    told: Story = once(_tell)
    return told


def _tell() -> Story:
    parties = scenarios.organisations()
    draft = scenarios.software_draft(parties, silence="interest", late_payment=TERMS)
    contract = scenarios.active_contract(parties, draft=draft, at=SUBMITTED)
    found = [
        _accepted(parties, contract, position=place, at=at)
        for place, at in ((2, datetime(2026, 3, 10, 9, tzinfo=UTC)), (1, DECIDED))
    ]
    return Story(parties, contract, late=found[1], in_time=found[0])


def _accepted(parties: Parties, contract: Contract, *, position: int, at: datetime) -> Invoice:
    submission = scenarios.submitted_milestone(contract, position=position, at=SUBMITTED)
    with clock.stopped(SUBMITTED), walls.asking_for(contract.buyer_id):
        system = Actor.system(organisation_id=contract.buyer_id)
        notices.note_delivery(actor=system, submission_ref=submission.ref, proof=Proof.MAIL, at=SUBMITTED)
    approver = scenarios.approver_actor(parties)
    with acting(approver, at=at):
        sign_off.accept_milestone(actor=approver, key=key(), submission_ref=submission.ref, seen=submission.sha256)
        return Invoice.objects.get(milestone=submission.milestone_id)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def claimed(story: Story, day: date) -> LateClaim:
    """What is claimed on a day of the milestone that was accepted late."""
    with acting(scenarios.member(story.parties, "billing"), at=noon(day)) as actor:
        seen = invoicing.seen_of(invoicing.late_of(story.contract, today=day))
        late_payment.claim_late_payment(actor=actor, key=key(), contract_ref=story.contract.ref, seen=seen)
        return LateClaim.objects.select_related("claim").filter(invoice=story.late).latest("pk")


def pay(story: Story, invoice: Invoice, on: date) -> None:
    with acting(scenarios.member(story.parties, "billing"), at=noon(on)) as actor:
        billing.record_payment(
            actor=actor,
            key=key(),
            invoice_ref=invoice.ref,
            amount=invoice.gross,
            received_on=on,
            bank_reference=f"IN {invoice.number}",
        )


@pytest.mark.django_db
def test_interest_counts_from_the_end_of_the_review_and_no_day_twice(story: Story) -> None:
    assert (story.late.issued_on, story.late.due_on) == (date(2026, 4, 10), date(2026, 5, 10))
    assert story.late.interest_due_on == date(2026, 4, 15)
    assert story.in_time.interest_due_on is None
    pay(story, story.in_time, date(2026, 4, 9))
    with walls.asking_for(story.parties.seller.pk):
        assert not late_charges(OpenItem.objects.all(), today=date(2026, 4, 15))
    # 16 to 20 April: five days of 14,280.00 at 10.27 %, and no fee, for nothing is overdue.
    first = claimed(story, date(2026, 4, 20))
    assert (first.after, first.interest, first.fee) == (date(2026, 4, 15), D("20.09"), D(0))
    line = canonical.read(first.claim.snapshot)["lines"][0]
    assert "due for computing interest 15" in line["name"]
    assert "when its review ended without an answer" in line["description"]
    # 21 April to 20 May: thirty days, and since 11 May it is overdue, so the fee is owed, once.
    second = claimed(story, date(2026, 5, 20))
    assert (second.after, second.interest, second.fee) == (date(2026, 4, 20), D("120.54"), D(40))
    third = claimed(story, date(2026, 5, 21))
    assert (third.after, third.interest, third.fee) == (date(2026, 5, 20), D("4.02"), D(0))


@pytest.mark.django_db
def test_who_pays_by_the_due_date_owes_the_interest_and_no_fee(story: Story) -> None:
    pay(story, story.in_time, date(2026, 4, 9))
    pay(story, story.late, date(2026, 5, 8))
    only = claimed(story, date(2026, 6, 30))
    # 16 April to 8 May.
    assert (only.interest, only.fee) == (D("92.41"), D(0))
    with pytest.raises(Refused, match="Nothing has run"):
        claimed(story, date(2026, 7, 30))


@pytest.mark.django_db
def test_who_pays_before_that_owes_nothing(story: Story) -> None:
    pay(story, story.in_time, date(2026, 4, 9))
    pay(story, story.late, date(2026, 4, 15))
    with pytest.raises(Refused, match="Nothing has run"):
        claimed(story, date(2026, 7, 30))


@pytest.mark.django_db
def test_the_database_refuses_days_before_it_counts_as_due(story: Story) -> None:
    claim = claimed(story, date(2026, 4, 20)).claim
    with acting(scenarios.member(story.parties, "billing"), at=noon(date(2026, 4, 20))):
        with pytest.raises(IntegrityError, match="same contract"), transaction.atomic():
            LateClaim.objects.create(
                claim=claim,
                invoice=story.late,
                after=date(2026, 4, 14),
                until=date(2026, 4, 15),
                interest=D(1),
                fee=D(0),
            )
        copied = Invoice.objects.get(pk=story.in_time.pk)
        copied.pk, copied.ref, copied.interest_due_on = None, "other", date(2026, 3, 20)
        with pytest.raises(IntegrityError, match="interest counts early"), transaction.atomic():
            copied.save(force_insert=True)


@pytest.mark.django_db
def test_what_is_issued_anew_counts_from_its_own_due_date(story: Story) -> None:
    bilge = scenarios.member(story.parties, "billing")
    with acting(bilge, at=noon(date(2026, 4, 20))):
        assert story.late.interest_due_on is not None
        seen = reissuing.preview_reissue(invoice_ref=story.late.ref).sha256
        answer = crediting.reissue_invoice(
            actor=bilge, key=key(), invoice_ref=story.late.ref, reason="Another account.", seen=seen
        )
        assert Invoice.objects.get(ref=answer["invoice"]).interest_due_on is None
