"""The decision on a request: its evidence, terms that are tried, an offer at exactly what was seen, or a no."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.core.database import walls
from apps.financing.models import FundingRequest, Offer
from apps.invoicing import documents
from apps.invoicing.models import Invoice
from tests.financing import stories
from tests.portals.financier.conftest import SignIn, hidden, text_of
from tests.scenarios import Parties

SAMPLE = {
    "advance_rate": "85",
    "annual_rate": "12",
    "fee_rate": "0.5",
    "funding_on": "2026-03-02",
    "expected_on": "2026-04-21",
    "valid_days": "7",
}
pytestmark = pytest.mark.usefixtures("on_funding_day")


def page_of(browser: Client, row: FundingRequest) -> Any:
    return browser.get(reverse("admin:financing_fundingrequest_change", args=[row.ref]))


def post(browser: Client, row: FundingRequest, **form: str) -> Any:
    return browser.post(reverse("admin:price_offer", args=[row.ref]), form)


def offers(deal: Parties) -> list[Offer]:
    with walls.asking_for(deal.financier.pk):
        return list(Offer.objects.all())


def test_the_page_shows_the_evidence(deal: Parties, sign_in: SignIn, request_: FundingRequest) -> None:
    page = text_of(page_of(sign_in("analyst"), request_))
    for words in (
        "Prototype: the test protocol shows no open defect of class A.",
        "Bea Berg",
        "Meridian Logistik AG",
        "protocol-1.pdf",
        "120,000.00",
        "For the next milestone.",
        "NL-2026-014",
    ):
        assert words in page


def test_the_sample_terms_give_the_figures_of_the_guide(sign_in: SignIn, request_: FundingRequest) -> None:
    page = post(sign_in("analyst"), request_, key="k", do="preview", **SAMPLE)
    assert page.status_code == 200
    words = text_of(page)
    for figure in ("102,000.00", "1,700.00", "510.00", "99,790.00", "18,000.00", "16.17%", "17.34%", "398,000.00"):
        assert figure in words
    # Fifteen days late, five of grace: 12 % on 102,000 for ten days.
    assert "340.00" in words
    assert "17,660.00" in words


def test_a_preview_by_htmx_is_only_the_figures(sign_in: SignIn, request_: FundingRequest) -> None:
    browser = sign_in("analyst")
    url = reverse("admin:price_offer", args=[request_.ref])
    page = browser.post(url, {"key": "k", "do": "preview", **SAMPLE}, headers={"HX-Request": "true"})
    assert "99,790.00" in text_of(page)
    assert "<html" not in text_of(page)


def test_an_analyst_prices_what_was_seen(deal: Parties, sign_in: SignIn, request_: FundingRequest) -> None:
    browser = sign_in("analyst")
    seen = post(browser, request_, key="k", do="preview", **SAMPLE).context["quote"].seen
    done = post(browser, request_, key="k", do="price", seen=seen, **SAMPLE)
    (offer,) = offers(deal)
    assert done.url == reverse("admin:financing_offer_change", args=[offer.ref])
    assert (offer.net, offer.discount, offer.fee) == (Decimal(99_790), Decimal(1_700), Decimal(510))
    assert offer.state == "draft"


def test_two_clicks_make_one_offer(deal: Parties, sign_in: SignIn, request_: FundingRequest) -> None:
    browser = sign_in("analyst")
    seen = post(browser, request_, key="k", do="preview", **SAMPLE).context["quote"].seen
    first = post(browser, request_, key="k", do="price", seen=seen, **SAMPLE)
    second = post(browser, request_, key="k", do="price", seen=seen, **SAMPLE)
    assert first.url == second.url
    assert len(offers(deal)) == 1


def test_terms_that_were_not_seen_are_shown_before_they_are_priced(
    deal: Parties, sign_in: SignIn, request_: FundingRequest
) -> None:
    browser = sign_in("analyst")
    seen = post(browser, request_, key="k", do="preview", **SAMPLE).context["quote"].seen
    page = post(browser, request_, key="k", do="price", seen=seen, **(SAMPLE | {"annual_rate": "14"}))
    assert "The terms have changed since these figures were shown" in text_of(page)
    assert offers(deal) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"advance_rate": "0"}, "advance rate above 0"),
        ({"advance_rate": "1e2"}, "Enter a percentage such as"),
        ({"annual_rate": "100.1"}, "between 0 and 100 percent"),
        ({"expected_on": "2026-03-02"}, "after the funding date"),
        ({"expected_on": "soon"}, "Enter a valid date"),
        ({"valid_days": "0"}, "greater than or equal to 1"),
    ],
)
def test_terms_that_make_no_offer_are_explained(
    deal: Parties, sign_in: SignIn, request_: FundingRequest, changes: dict[str, str], words: str
) -> None:
    page = post(sign_in("analyst"), request_, key="k", do="price", **(SAMPLE | changes))
    assert page.status_code == 422
    assert words in text_of(page)
    assert offers(deal) == []


def test_an_advance_beyond_the_limit_is_not_priced(deal: Parties, sign_in: SignIn) -> None:
    facility = stories.opened_facility(deal, limit=Decimal(110_000))
    row = stories.requested(deal, stories.invoiced(deal), facility)
    browser = sign_in("analyst")
    terms = SAMPLE | {"advance_rate": "100"}
    page = post(browser, row, key="k", do="preview", **terms)
    assert "10,000.00 EUR more than the facility has left" in text_of(page)
    refused = post(browser, row, key="k", do="price", seen=page.context["quote"].seen, **terms)
    assert refused.status_code == 422
    assert offers(deal) == []


def test_treasury_sees_the_evidence_and_cannot_price(deal: Parties, sign_in: SignIn, request_: FundingRequest) -> None:
    browser = sign_in("treasury")
    page = text_of(page_of(browser, request_))
    assert "Your role does not allow you to price offers" in page
    assert "price-form" not in page
    seen = post(browser, request_, key="k", do="preview", **SAMPLE).context["quote"].seen
    refused = post(browser, request_, key="k", do="price", seen=seen, **SAMPLE)
    assert refused.status_code == 422
    assert "Your role does not allow you" in text_of(refused)
    assert offers(deal) == []


def test_a_request_is_declined_with_a_reason_that_the_seller_reads(
    deal: Parties, sign_in: SignIn, request_: FundingRequest
) -> None:
    browser, url = sign_in("analyst"), reverse("admin:decline_request", args=[request_.ref])
    form = hidden(browser.get(url))
    assert "Say why, in a few words." in text_of(browser.post(url, form | {"do": "review"}))
    form |= {"code": "limit", "reason": "The buyer is at its limit."}
    assert "The buyer is at its limit." in text_of(browser.post(url, form | {"do": "review"}))
    assert browser.post(url, form | {"do": "act"}).status_code == 302
    with walls.asking_for(deal.financier.pk):
        request_.refresh_from_db()
    assert (request_.state, request_.decline_code) == ("declined", "limit")
    assert request_.decline_reason == "The buyer is at its limit."
    assert "You declined: No room under the limits. The buyer is at its limit." in text_of(page_of(browser, request_))


def test_a_request_whose_invoice_is_past_due_says_why_it_is_not_priced(
    sign_in: SignIn, request_: FundingRequest
) -> None:
    with clock.stopped(stories.noon(stories.day(60))):
        assert "Invoices past due are not funded" in text_of(page_of(sign_in("analyst"), request_))


def test_the_evidence_file_comes_as_an_attachment(sign_in: SignIn, request_: FundingRequest) -> None:
    browser = sign_in("analyst")
    page = page_of(browser, request_)
    (evidence,) = [file for file in page.context["evidence"]["files"] if file.name == "protocol-1.pdf"]
    file = browser.get(evidence.url)
    assert file.status_code == 200
    assert file["Content-Disposition"].startswith("attachment")
    assert file["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert b"".join(file.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]


def test_the_invoice_comes_as_a_pdf_once_it_is_made(deal: Parties, sign_in: SignIn, request_: FundingRequest) -> None:
    with walls.asking_for(deal.seller.pk):
        invoice = Invoice.objects.get()
    browser, url = sign_in("analyst"), reverse("admin:invoice_pdf", args=[invoice.ref])
    assert browser.get(url).status_code == 404
    assert "being prepared" in text_of(page_of(browser, request_))
    with walls.asking_for(deal.seller.pk):
        documents.render(invoice_ref=invoice.ref)
    assert url in text_of(page_of(browser, request_))
    file = browser.get(url)
    assert file["Content-Type"] == "application/pdf"
    assert b"".join(file.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
    xml = browser.get(reverse("admin:invoice_xml", args=[invoice.ref]))
    assert xml["Content-Type"] == "application/xml"
    assert b"<rsm:CrossIndustryInvoice" in b"".join(xml.streaming_content)  # type: ignore[attr-defined]
