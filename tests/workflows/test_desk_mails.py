"""A financier's people hear what waits for them: those whose work it is, once, and never whoever has done it."""

import json

import pytest
from django.core import mail
from django.db import connection

from apps.core.database import walls
from apps.financing.models import Assignment, FundingRequest, Offer, Tranche
from apps.milestones.models import Submission
from apps.milestones.services import CriterionVerdict
from apps.workflows import funding, mails, sign_off
from tests import scenarios
from tests.financing import stories
from tests.scenarios import Parties

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("marked_worker")]


@pytest.fixture
def deal() -> Parties:
    return stories.parties()


@pytest.fixture
def request_(deal: Parties) -> FundingRequest:
    return stories.requested(deal, stories.invoiced(deal), stories.opened_facility(deal))


def deferred(task: str) -> list[dict[str, object]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args::text FROM procrastinate_jobs WHERE task_name LIKE %s ORDER BY id", [f"%.{task}"])
        return [json.loads(args) for (args,) in cursor.fetchall()]


def only() -> tuple[str, list[str], str]:
    (message,) = mail.outbox
    return str(message.subject), list(message.to), str(message.body)


def number_of(deal: Parties, request: FundingRequest) -> str:
    with walls.asking_for(deal.financier.pk):
        return FundingRequest.objects.get(pk=request.pk).about


def test_a_new_request_is_told_to_analysts_and_underwriters(deal: Parties, request_: FundingRequest) -> None:
    assert len(deferred("send_funding_requested")) == 1
    with walls.asking_for(deal.financier.pk):
        mails.funding_requested(request_ref=request_.ref)
    subject, to, body = only()
    assert subject == f"Nordlicht Software GmbH asks for funding: {number_of(deal, request_)}"
    assert to == ["ana@kontor.example", "udo@kontor.example"]
    assert f"/financing/fundingrequest/{request_.ref}/" in body


def test_an_offer_waits_for_somebody_else_than_its_pricer(deal: Parties, request_: FundingRequest) -> None:
    offer = stories.priced(deal, request_)
    assert [args["offer_ref"] for args in deferred("send_offer_waiting")] == [offer.ref]
    with walls.asking_for(deal.financier.pk):
        mails.offer_waiting(offer_ref=offer.ref)
    subject, to, body = only()
    assert subject.startswith("An offer to Nordlicht Software GmbH waits for a second person")
    assert to == ["udo@kontor.example"]
    assert "Ana Anders priced it" in body


def test_where_the_only_underwriter_priced_the_owner_is_asked(deal: Parties, request_: FundingRequest) -> None:
    with scenarios.acting(scenarios.underwriter(deal), at=stories.START) as udo:
        answer = funding.price_offer(actor=udo, key="k", request_ref=request_.ref, terms=stories.offer_terms())
    with walls.asking_for(deal.financier.pk):
        mails.offer_waiting(offer_ref=answer["offer"])
    assert only()[1] == ["uli@kontor.example"]


def test_an_offer_that_is_approved_already_waits_for_nobody(deal: Parties, request_: FundingRequest) -> None:
    offer = stories.issued(deal, request_)
    with walls.asking_for(deal.financier.pk):
        mails.offer_waiting(offer_ref=offer.ref)
        mails.offer_answered(offer_ref=offer.ref)
    assert mail.outbox == []


def test_yes_and_no_of_the_seller_are_told(deal: Parties, request_: FundingRequest) -> None:
    offer = stories.issued(deal, request_)
    with scenarios.acting(scenarios.member(deal, "billing"), at=stories.START) as bilge:
        funding.decline_offer(actor=bilge, key="k", offer_ref=offer.ref)
    second = stories.issued(deal, request_)
    stories.accepted(deal, second)
    assert [args["offer_ref"] for args in deferred("send_offer_answered")] == [offer.ref, second.ref]
    for one, words in ((offer, "declined the offer"), (second, "accepted the offer")):
        mail.outbox.clear()
        with walls.asking_for(deal.financier.pk):
            mails.offer_answered(offer_ref=one.ref)
        subject, to, _body = only()
        assert words in subject
        assert to == ["ana@kontor.example", "udo@kontor.example"]


def test_treasury_hears_that_the_buyer_acknowledged(deal: Parties) -> None:
    tranche = stories.accepted_advance(deal)
    with walls.asking_for(deal.financier.pk):
        assignment = Assignment.objects.get(tranche=tranche)
        mails.notice_acknowledged(assignment_ref=assignment.ref)
    assert mail.outbox == []
    stories.acknowledged(deal, tranche)
    assert len(deferred("send_notice_acknowledged")) == 1
    with walls.asking_for(deal.financier.pk):
        mails.notice_acknowledged(assignment_ref=assignment.ref)
    subject, to, body = only()
    assert subject.startswith("Meridian Logistik AG acknowledged the assignment")
    assert to == ["tea@kontor.example"]
    assert "To pay out: 99,790.00 EUR" in body


def test_a_second_run_sends_the_same_message(deal: Parties, request_: FundingRequest) -> None:
    for _ in range(2):
        with walls.asking_for(deal.financier.pk):
            mails.funding_requested(request_ref=request_.ref)
    first, second = (message.extra_headers["Message-ID"] for message in mail.outbox)
    assert first == second
    with walls.asking_for(deal.financier.pk):
        assert Offer.objects.count() == 0


def sent_back(tranche: Tranche) -> Submission:
    submission = scenarios.submitted_milestone(tranche.contract, position=2, at=stories.START)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with scenarios.acting(guest, at=stories.START):
        (criterion, *_more) = submission.milestone.line.criteria.all()
        sign_off.request_changes(
            actor=guest,
            key=scenarios.key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[CriterionVerdict(criterion.pk, is_passed=False, reason="The copy is blank.")],
        )
    return submission


@pytest.mark.parametrize("is_out", [False, True])
def test_desk_and_treasury_hear_that_a_financed_milestone_was_sent_back(deal: Parties, is_out: bool) -> None:
    tranche = stories.advance_before_acceptance(deal)
    if is_out:
        stories.paid_out(deal, tranche)
    with walls.asking_for(deal.seller.pk):
        tranche = Tranche.objects.select_related("contract", "milestone").get(pk=tranche.pk)
    submission = sent_back(tranche)
    (told,) = deferred("send_milestone_sent_back")
    assert told == {
        "tranche_ref": tranche.ref,
        "submission_ref": submission.ref,
        "organisation_id": deal.financier.pk,
    }
    with walls.asking_for(deal.financier.pk):
        mails.milestone_sent_back(tranche_ref=tranche.ref, submission_ref=submission.ref)
    subject, to, body = only()
    assert subject.startswith(f"Meridian Logistik AG sent back {tranche.milestone.title}")
    assert to == ["ana@kontor.example", "udo@kontor.example", "tea@kontor.example"]
    assert ("The advance is out" in body) == is_out
    assert "60,000.00 EUR" in body
    assert f"/financing/tranche/{tranche.ref}/" in body


def test_what_nobody_finances_is_sent_back_without_a_word_to_them(deal: Parties) -> None:
    tranche = stories.advance_before_acceptance(deal)
    with scenarios.acting(scenarios.treasury(deal), at=stories.START) as tea:
        funding.cancel_tranche(actor=tea, key="k", tranche_ref=tranche.ref, reason="No.")
    with walls.asking_for(deal.seller.pk):
        tranche = Tranche.objects.select_related("contract").get(pk=tranche.pk)
    sent_back(tranche)
    assert deferred("send_milestone_sent_back") == []


def test_a_milestone_that_was_submitted_again_is_old_news(deal: Parties) -> None:
    tranche = stories.advance_before_acceptance(deal)
    with walls.asking_for(deal.seller.pk):
        tranche = Tranche.objects.select_related("contract").get(pk=tranche.pk)
    submission = sent_back(tranche)
    scenarios.submitted_milestone(tranche.contract, position=2, at=stories.START)
    with walls.asking_for(deal.financier.pk):
        mails.milestone_sent_back(tranche_ref=tranche.ref, submission_ref=submission.ref)
    assert mail.outbox == []
