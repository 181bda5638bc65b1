"""What treasury and underwriters see of the rules on payouts: signatories, transfers, early money, work sent back."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.contracts.models import GuestGrant
from apps.core.database import walls
from apps.financing.models import Assignment, BuyerVerification, Offer, Tranche
from apps.milestones.services import CriterionVerdict
from apps.workflows import funding, sign_off
from tests import scenarios
from tests.financing import stories
from tests.portals.financier.conftest import SignIn, hidden, text_of
from tests.scenarios import Parties, acting, key, member

HEIN: dict[str, Any] = {"signatory_name": "Hein Hafen", "signatory_email": "hein@hafen.example"}
MINE: dict[str, Any] = {"signatory_name": "H. Hafen", "signatory_email": "hafen@mailbox.example"}
pytestmark = pytest.mark.usefixtures("on_funding_day")


def test_the_signatory_of_another_contract_is_confirmed_before_the_payout(deal: Parties, sign_in: SignIn) -> None:
    hafen = scenarios.named_buyer(deal)
    facility = stories.opened_facility(deal)
    first = stories.invoiced(deal, number="C-1", buyer_ref=hafen.ref, **HEIN)
    stories.issued(deal, stories.requested(deal, first, facility))
    invoice = stories.invoiced(deal, number="C-2", buyer_ref=hafen.ref, **MINE)
    request = stories.requested(deal, invoice, facility)
    tranche = stories.accepted(deal, stories.issued(deal, request))
    with walls.asking_for(deal.seller.pk):
        notice = Assignment.objects.get()
        guest = scenarios.guest_actor(GuestGrant.objects.get(subject_ref=notice.ref))
    with acting(guest, at=stories.START):
        funding.acknowledge_assignment(actor=guest, key=key(), assignment_ref=notice.ref, seen=notice.notice_sha256)
    treasury = sign_in("treasury")
    fund = reverse("admin:fund_tranche", args=[tranche.ref])
    assert "confirm first that hafen@mailbox.example signs off" in text_of(treasury.get(fund))
    assert "Buyers to verify" in text_of(treasury.get(reverse("admin:index")))
    browser = sign_in("underwriter")
    url = reverse("admin:confirm_signatory", args=[request.ref])
    shown = text_of(browser.get(reverse("admin:financing_fundingrequest_change", args=[request.ref])))
    assert "the signatory not: nothing can be paid out" in shown
    assert url in shown
    form = hidden(browser.get(url)) | {"checked": "Called the harbour office back."}
    assert "hafen@mailbox.example" in text_of(browser.post(url, form | {"do": "review"}))
    assert browser.post(url, form | {"do": "act"}).status_code == 302
    assert "Nothing is left to confirm" in text_of(browser.get(url))
    with walls.asking_for(deal.financier.pk):
        verification = standing_verification()
    page = text_of(browser.get(reverse("admin:financing_buyerverification_change", args=[verification])))
    assert "hafen@mailbox.example" in page
    assert "Called the harbour office back." in page
    assert "confirm first" not in text_of(sign_in("treasury").get(fund))


def standing_verification() -> str:
    return BuyerVerification.objects.live().get().ref


def test_a_transfer_is_compared_with_what_was_shown(deal: Parties, sign_in: SignIn) -> None:
    contract = stories.active_contract(deal)
    scenarios.accepted_milestone(contract, at=stories.START)
    request = stories.requested_on(deal, stories.opened_facility(deal), *stories.plan_of(contract))
    stories.accepted(deal, stories.issued(deal, request, terms=stories.whole_book()))
    tranches = stories.tranches(deal, contract_id=contract.pk)
    for tranche in tranches:
        stories.acknowledged(deal, tranche)
    with walls.asking_for(deal.financier.pk):
        url = reverse("admin:fund_offer", args=[Offer.objects.get().ref])
    browser = sign_in("treasury")
    form = hidden(browser.get(url)) | {"value_on": "2026-03-02", "bank_reference": "OUT-1"}
    with acting(member(deal, "underwriter"), at=stories.START) as udo:
        funding.cancel_tranche(actor=udo, key=key(), tranche_ref=tranches[2].ref, reason="Not needed.")
    refused = browser.post(url, form | {"do": "act"})
    assert refused.status_code == 422
    page = text_of(refused)
    assert "has changed since you were shown it: now it is 157,090.00 EUR" in page
    again = hidden(refused) | {"value_on": "2026-03-02", "bank_reference": "OUT-1"}
    assert "157,090.00" in text_of(browser.post(url, again | {"do": "review"}))
    assert browser.post(url, again | {"do": "act"}).status_code == 302


def test_what_the_buyer_pays_before_the_payout_is_recorded_and_passed_on(deal: Parties, sign_in: SignIn) -> None:
    tranche = stories.accepted_advance(deal)
    stories.acknowledged(deal, tranche)
    browser = sign_in("treasury")
    page = reverse("admin:financing_tranche_change", args=[tranche.ref])
    url = reverse("admin:collect_payment", args=[tranche.ref])
    assert url in text_of(browser.get(page))
    form = hidden(browser.get(url)) | {"amount": "120000", "received_on": "2026-03-02", "bank_reference": "IN-1"}
    review = text_of(browser.post(url, form | {"do": "review"}))
    assert "The advance of 102,000.00 EUR is cancelled" in review
    assert browser.post(url, form | {"do": "act"}).status_code == 302
    assert "Pass 120,000.00 EUR on" in text_of(browser.get(page))
    pay = reverse("admin:pay_reserve", args=[tranche.ref])
    shown = text_of(browser.get(pay))
    assert "DE89370400440532013000" in shown.replace(" ", "")
    form = hidden(browser.get(pay)) | {"value_on": "2026-03-02", "bank_reference": "OUT-1"}
    assert "Paid by the buyer before the advance" in text_of(browser.post(pay, form | {"do": "review"}))
    assert browser.post(pay, form | {"do": "act"}).status_code == 302
    assert stories.entries(deal.financier)[-1] == stories.lines(d2010=120_000, c1000=120_000)


def test_work_that_was_sent_back_is_marked(deal: Parties, sign_in: SignIn) -> None:
    tranche = stories.advance_before_acceptance(deal)
    with walls.asking_for(deal.seller.pk):
        tranche = Tranche.objects.select_related("contract").get(pk=tranche.pk)
    submission = scenarios.submitted_milestone(tranche.contract, position=2, at=stories.START)
    browser = sign_in("treasury")
    queue = f"{reverse('admin:financing_tranche_changelist')}?state=sent-back"
    assert tranche.ref not in text_of(browser.get(queue))
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with acting(guest, at=stories.START + timedelta(minutes=1)):
        (criterion, *_more) = submission.milestone.line.criteria.all()
        sign_off.request_changes(
            actor=guest,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[CriterionVerdict(criterion.pk, is_passed=False, reason="The copy is blank.")],
        )
    home = browser.get(reverse("admin:index"))
    queues = {queue.title: (queue.count, queue.sums) for queue in home.context["queues"]}
    assert queues["Milestones sent back"] == (1, [(Decimal(60_000), "EUR")])
    (oldest,) = [queue.oldest for queue in home.context["queues"] if queue.title == "Milestones sent back"]
    assert oldest == stories.START.date(), "since it was sent back, not the day on which payment is expected"
    assert queues["Advances to pay out"][0] == 0
    assert tranche.ref in text_of(browser.get(queue))
    page = text_of(browser.get(reverse("admin:financing_tranche_change", args=[tranche.ref])))
    assert "Milestone sent back" in page
    assert "submits the milestone again" in page
    fund = text_of(browser.get(reverse("admin:fund_tranche", args=[tranche.ref])))
    assert "The buyer has sent this milestone back" in fund
