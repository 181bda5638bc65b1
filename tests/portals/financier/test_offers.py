"""Four eyes: one person prices an offer, another approves it, and the seller sees nothing before."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.core.database import walls
from apps.financing.models import FundingRequest, Offer
from tests.financing import stories
from tests.portals.financier.conftest import SignIn, hidden, text_of
from tests.scenarios import Parties

pytestmark = pytest.mark.usefixtures("on_funding_day")


@pytest.fixture
def offer(deal: Parties, request_: FundingRequest) -> Offer:
    """Priced by the analyst, waiting for a second person."""
    return stories.priced(deal, request_)


def state_of(deal: Parties, offer: Offer) -> str:
    with walls.asking_for(deal.financier.pk):
        return str(Offer.objects.values_list("state", flat=True).get(pk=offer.pk))


def page_of(browser: Client, offer: Offer) -> str:
    return text_of(browser.get(reverse("admin:financing_offer_change", args=[offer.ref])))


def test_a_second_person_approves_after_a_review(deal: Parties, sign_in: SignIn, offer: Offer) -> None:
    browser, url = sign_in("underwriter"), reverse("admin:approve_offer", args=[offer.ref])
    assert url in page_of(browser, offer)
    review = browser.get(url)
    words = text_of(review)
    for part in ("102,000.00", "99,790.00", "16.17%", "17.34%", deal.seller.legal_name, "Ana Anders"):
        assert part in words
    assert state_of(deal, offer) == "draft"
    assert browser.post(url, hidden(review) | {"do": "act"}).status_code == 302
    assert state_of(deal, offer) == "issued"
    assert "With the seller" in page_of(browser, offer)


def test_two_clicks_approve_once(deal: Parties, sign_in: SignIn, offer: Offer) -> None:
    browser, url = sign_in("underwriter"), reverse("admin:approve_offer", args=[offer.ref])
    form = hidden(browser.get(url)) | {"do": "act"}
    assert browser.post(url, form).status_code == browser.post(url, form).status_code == 302
    assert state_of(deal, offer) == "issued"


def test_an_analyst_cannot_approve(deal: Parties, sign_in: SignIn, offer: Offer) -> None:
    browser, url = sign_in("analyst"), reverse("admin:approve_offer", args=[offer.ref])
    page = page_of(browser, offer)
    assert "Your role does not allow you to approve offers" in page
    assert f'href="{url}"' not in page
    refused = browser.post(url, hidden(browser.get(url)) | {"do": "act"})
    assert refused.status_code == 422
    assert "Your role does not allow you" in text_of(refused)
    assert state_of(deal, offer) == "draft"


def test_ones_own_offer_cannot_be_approved(deal: Parties, sign_in: SignIn, request_: FundingRequest) -> None:
    browser = sign_in("underwriter")
    terms = {
        "advance_rate": "85",
        "annual_rate": "12",
        "fee_rate": "0.5",
        "funding_on": "2026-03-02",
        "expected_on": "2026-04-21",
        "valid_days": "7",
    }
    price = reverse("admin:price_offer", args=[request_.ref])
    seen = browser.post(price, {"key": "k", "do": "preview"} | terms).context["quote"].seen
    browser.post(price, {"key": "k", "do": "price", "seen": seen} | terms)
    with walls.asking_for(deal.financier.pk):
        own = Offer.objects.get()
    url = reverse("admin:approve_offer", args=[own.ref])
    page = page_of(browser, own)
    assert "You priced this offer, so a second person has to approve it." in page
    assert f'href="{url}"' not in page
    refused = browser.post(url, hidden(browser.get(url)) | {"do": "act"})
    assert refused.status_code == 422
    assert state_of(deal, own) == "draft"


def test_a_lapsed_price_is_not_approved(deal: Parties, sign_in: SignIn, offer: Offer) -> None:
    with clock.stopped(stories.noon(stories.day(20))):
        browser, url = sign_in("underwriter"), reverse("admin:approve_offer", args=[offer.ref])
        assert "This price has lapsed" in page_of(browser, offer)
        refused = browser.post(url, hidden(browser.get(url)) | {"do": "act"})
    assert refused.status_code == 422
    assert state_of(deal, offer) == "draft"


def test_an_offer_is_revoked_and_its_request_priced_anew(
    deal: Parties, sign_in: SignIn, offer: Offer, request_: FundingRequest
) -> None:
    browser, url = sign_in("analyst"), reverse("admin:revoke_offer", args=[offer.ref])
    request_url = reverse("admin:financing_fundingrequest_change", args=[request_.ref])
    assert "There is already an offer for this request" in text_of(browser.get(request_url))
    assert browser.post(url, hidden(browser.get(url)) | {"do": "act"}).status_code == 302
    assert state_of(deal, offer) == "revoked"
    assert 'id="price-form"' in text_of(browser.get(request_url))
    assert "This offer is no longer open" in text_of(browser.get(url))


def test_an_offer_that_was_answered_is_not_revoked(deal: Parties, sign_in: SignIn, offer: Offer) -> None:
    browser, url = sign_in("underwriter"), reverse("admin:approve_offer", args=[offer.ref])
    browser.post(url, hidden(browser.get(url)) | {"do": "act"})
    with walls.asking_for(deal.financier.pk):
        offer.refresh_from_db()
    stories.accepted(deal, offer)
    revoke = reverse("admin:revoke_offer", args=[offer.ref])
    refused = browser.post(revoke, hidden(browser.get(revoke)) | {"do": "act"})
    assert refused.status_code == 422
    assert state_of(deal, offer) == "accepted"


def test_a_check_that_is_not_met_is_waived_by_a_second_person_before_the_offer_goes_out(
    deal: Parties, sign_in: SignIn
) -> None:
    facility = stories.opened_facility(deal, concentration_rate=Decimal(25))
    offer = stories.priced(deal, stories.requested(deal, stories.invoiced(deal), facility))
    found = "Meridian Logistik AG would owe 100% of your book, and at most 25% is agreed."
    udo, approve = sign_in("underwriter"), reverse("admin:approve_offer", args=[offer.ref])
    assert found in page_of(udo, offer)
    assert found in text_of(udo.get(approve))
    url = reverse("admin:waive_check", args=[offer.ref])
    assert "I waive this check" not in text_of(sign_in("analyst").get(url))
    form = hidden(udo.get(url)) | {"check": "concentration", "reason": "Rated AA."}
    assert found in text_of(udo.post(url, form | {"do": "review"}))
    assert udo.post(url, form | {"do": "act"}).status_code == 302
    assert "waived it: Rated AA." in page_of(udo, offer)
    assert udo.post(approve, hidden(udo.get(approve)) | {"do": "act"}).status_code == 302
    assert "waived it: Rated AA." in page_of(udo, offer)
    assert state_of(deal, offer) == "issued"
