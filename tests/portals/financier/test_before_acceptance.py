"""What financiers do on milestones before acceptance: one offer on several, verification, limits, cancelling."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.core.database import walls
from apps.financing.models import BuyerVerification, ExposureLimit, FundingRequest, Offer, Tranche
from apps.workflows import underwriting
from tests import scenarios
from tests.financing import stories
from tests.portals.financier.conftest import SignIn, hidden, text_of
from tests.scenarios import Parties, acting, key, member

TERMS = {
    "funding_on": "2026-03-02",
    "valid_days": "7",
    "advance_rate": "85",
    "annual_rate": "12",
    "fee_rate": "0.5",
    "expected_on": "2026-04-21",
    "advance_rate_2": "50",
    "annual_rate_2": "18",
    "fee_rate_2": "0",
    "expected_on_2": "2026-05-31",
    "advance_rate_3": "40",
    "annual_rate_3": "20",
    "fee_rate_3": "0",
    "expected_on_3": "2026-08-29",
}
pytestmark = pytest.mark.usefixtures("on_funding_day")


@pytest.fixture
def whole(deal: Parties) -> FundingRequest:
    """All three milestones of the sample book asked for as one; only the first is accepted."""
    contract = stories.active_contract(deal)
    scenarios.accepted_milestone(contract, at=stories.START)
    return stories.requested_on(deal, stories.opened_facility(deal), *stories.plan_of(contract))


def acted(browser: Client, url: str, **fields: str) -> Any:
    """Review a form, then act on it."""
    form = hidden(browser.get(url)) | fields
    reviewed = browser.post(url, form | {"do": "review"})
    assert reviewed.status_code == 200, text_of(reviewed)
    return browser.post(url, form | {"do": "act"})


def test_the_sample_book_is_tried_and_priced_as_one_offer(
    deal: Parties, sign_in: SignIn, whole: FundingRequest
) -> None:
    browser = sign_in("analyst")
    shown = browser.get(reverse("admin:financing_fundingrequest_change", args=[whole.ref]))
    page = text_of(shown)
    for words in ("Before acceptance", "Invoice to come", "What the invoice will come to", "not verified"):
        assert words in page, words
    url = reverse("admin:price_offer", args=[whole.ref])
    tried = browser.post(url, {"key": "k", "do": "preview", **TERMS})
    words = text_of(tried)
    for figure in ("214,690.00", "19.72%", "21.4%", "2 months", "99,790.00", "57,300.00", "57,600.00", "20.53%"):
        assert figure in words, figure
    assert "Before acceptance, headroom" in words
    done = browser.post(url, {"key": "k", "do": "price", "seen": tried.context["quote"].seen, **TERMS})
    with walls.asking_for(deal.financier.pk):
        offer = Offer.objects.get()
    assert done["Location"] == reverse("admin:financing_offer_change", args=[offer.ref])
    assert "before acceptance · 50%" in text_of(browser.get(done["Location"]))


def test_more_than_its_part_of_the_limit_is_not_priced(sign_in: SignIn, whole: FundingRequest) -> None:
    browser, url = sign_in("analyst"), reverse("admin:price_offer", args=[whole.ref])
    terms = TERMS | {"advance_rate_2": "80", "advance_rate_3": "80"}
    tried = browser.post(url, {"key": "k", "do": "preview", **terms})
    assert "74,000.00 EUR more than the facility has left" in text_of(tried)
    refused = browser.post(url, {"key": "k", "do": "price", "seen": tried.context["quote"].seen, **terms})
    assert refused.status_code == 422


def test_an_underwriter_verifies_the_buyer_once_and_may_revoke_it(
    deal: Parties, sign_in: SignIn, whole: FundingRequest
) -> None:
    browser, url = sign_in("underwriter"), reverse("admin:verify_buyer", args=[whole.ref])
    form = hidden(browser.get(url)) | {"checked": "Register extract of 2 March, called back."}
    review = text_of(browser.post(url, form | {"do": "review"}))
    for words in ("Meridian Logistik AG", "Hafenstrasse 7", "Bea Berg", "Register extract of 2 March"):
        assert words in review, words
    for _click in range(2):
        assert browser.post(url, form | {"do": "act"}).status_code == 302
    with walls.asking_for(deal.financier.pk):
        made = BuyerVerification.objects.get()
    assert made.verified_by_id == deal.people["underwriter"].user_id
    page = browser.get(reverse("admin:financing_fundingrequest_change", args=[whole.ref]))
    assert "verified by you" in text_of(page)
    assert "already verified" in text_of(browser.get(url))
    done = acted(browser, reverse("admin:revoke_verification", args=[made.ref]), reason="The register is wrong.")
    assert done.status_code == 302
    with walls.asking_for(deal.financier.pk):
        made.refresh_from_db()
    assert made.revoke_reason == "The register is wrong."
    shown = text_of(browser.get(reverse("admin:financing_buyerverification_change", args=[made.ref])))
    for words in ("Register extract of 2 March", "The register is wrong.", "Hafenstrasse 7"):
        assert words in shown, words
    listed = text_of(browser.get(reverse("admin:financing_buyerverification_changelist")))
    assert "Meridian Logistik AG" in listed


def test_an_analyst_does_not_verify(sign_in: SignIn, whole: FundingRequest) -> None:
    browser, url = sign_in("analyst"), reverse("admin:verify_buyer", args=[whole.ref])
    form = hidden(browser.get(url)) | {"checked": "Nothing."}
    refused = browser.post(url, form | {"do": "act"})
    assert refused.status_code == 422
    assert "Your role does not allow you to verify buyers" in text_of(refused)


def test_a_limit_is_set_lowered_and_lifted(deal: Parties, sign_in: SignIn, whole: FundingRequest) -> None:
    stories.priced(deal, whole, terms=stories.whole_book())
    with walls.asking_for(deal.financier.pk):
        buyer = ExposureLimit.objects.get(side="buyer")
    browser, url = sign_in("underwriter"), reverse("admin:set_exposure_limit", args=[buyer.ref])
    assert acted(browser, url, limit="250,000").status_code == 302
    assert "250,000.00" in text_of(browser.get(reverse("admin:financing_exposurelimit_changelist")))
    shown = text_of(browser.get(reverse("admin:financing_exposurelimit_change", args=[buyer.ref])))
    assert "Meridian Logistik AG" in shown
    wrong = browser.post(url, hidden(browser.get(url)) | {"limit": "1e5", "do": "act"})
    assert "Enter an amount" in text_of(wrong)
    assert acted(browser, url, limit="").status_code == 302
    with walls.asking_for(deal.financier.pk):
        buyer.refresh_from_db()
    assert buyer.limit is None


def taken(deal: Parties, whole: FundingRequest) -> list[Tranche]:
    stories.accepted(deal, stories.issued(deal, whole, terms=stories.whole_book()))
    return stories.tranches(deal, contract_id=whole.contract_id)


def test_treasury_pays_the_whole_offer_out_in_one_transfer(
    deal: Parties, sign_in: SignIn, whole: FundingRequest
) -> None:
    tranches = taken(deal, whole)
    browser = sign_in("treasury")
    with walls.asking_for(deal.financier.pk):
        offer = Offer.objects.get()
    url = reverse("admin:fund_offer", args=[offer.ref])
    assert "has not acknowledged every assignment" in text_of(browser.get(url))
    for tranche in tranches:
        stories.acknowledged(deal, tranche)
    assert url in text_of(browser.get(reverse("admin:financing_offer_change", args=[offer.ref])))
    review = browser.post(
        url, hidden(browser.get(url)) | {"value_on": "2026-03-02", "bank_reference": "OUT-1", "do": "review"}
    )
    assert "214,690.00" in text_of(review)
    assert acted(browser, url, value_on="2026-03-02", bank_reference="OUT-1").status_code == 302
    assert stories.entries(deal.financier)[1] == stories.lines(d1150=60_000, c2100=2_700, c1000=57_300)
    second = stories.tranches(deal, contract_id=whole.contract_id)[1]
    page = text_of(browser.get(reverse("admin:financing_tranche_change", args=[second.ref])))
    assert "accepts the milestone, then its invoice is yours" in page
    collect = text_of(browser.get(reverse("admin:collect_payment", args=[second.ref])))
    assert "The milestone is not accepted yet" in collect
    dashboard = text_of(browser.get(reverse("admin:index")))
    assert "226,000.00" in dashboard


def test_nothing_is_paid_out_on_a_buyer_who_is_not_verified(
    deal: Parties, sign_in: SignIn, whole: FundingRequest
) -> None:
    tranche = taken(deal, whole)[0]
    udo = member(deal, "underwriter")
    with acting(udo, at=stories.START):
        live = BuyerVerification.objects.get()
        underwriting.revoke_verification(actor=udo, key=key(), verification_ref=live.ref, reason="Doubts.")
    browser = sign_in("treasury")
    assert "The buyer is not verified" in text_of(browser.get(reverse("admin:fund_tranche", args=[tranche.ref])))
    assert "Buyers to verify" in text_of(browser.get(reverse("admin:index")))


@pytest.mark.parametrize("role", ["treasury", "underwriter"])
def test_an_advance_is_cancelled_before_it_is_paid_out(
    deal: Parties, sign_in: SignIn, whole: FundingRequest, role: str
) -> None:
    tranche = taken(deal, whole)[1]
    browser, url = sign_in(role), reverse("admin:cancel_tranche", args=[tranche.ref])
    assert url in text_of(browser.get(reverse("admin:financing_tranche_change", args=[tranche.ref])))
    form = hidden(browser.get(url)) | {"reason": "The buyer objects."}
    review = text_of(browser.post(url, form | {"do": "review"}))
    for words in ("60,000.00", "Integration", "is told by mail to pay Nordlicht Software GmbH again"):
        assert words in review, words
    for _click in range(2):
        assert browser.post(url, form | {"do": "act"}).status_code == 302
    with walls.asking_for(deal.financier.pk):
        tranche.refresh_from_db()
        assert ExposureLimit.objects.get(side="buyer").reserved == Decimal(166_000)
    assert (tranche.state, tranche.cancel_reason) == ("cancelled", "The buyer objects.")
    assert "can be cancelled" in text_of(browser.get(url))


def test_an_analyst_does_not_cancel(deal: Parties, sign_in: SignIn, whole: FundingRequest) -> None:
    url = reverse("admin:cancel_tranche", args=[taken(deal, whole)[1].ref])
    browser = sign_in("analyst")
    refused = browser.post(url, hidden(browser.get(url)) | {"reason": "Mine.", "do": "act"})
    assert refused.status_code == 422
