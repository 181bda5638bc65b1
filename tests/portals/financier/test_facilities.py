"""A financier opens a line for a seller whom it knows by reference."""

from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic
from django.urls import reverse

from apps.core.database import walls
from apps.financing.models import Facility
from apps.workflows import funding
from tests.financing import stories
from tests.portals.financier.conftest import SignIn, hidden, text_of
from tests.scenarios import Parties, acting, key, member

pytestmark = pytest.mark.usefixtures("on_funding_day")


def terms(deal: Parties, **changes: str) -> dict[str, str]:
    return {
        "seller_ref": deal.seller.ref,
        "currency": "EUR",
        "limit": "500,000.00",
        "advance_rate": "85",
        "annual_rate": "12",
        "fee_rate": "0.5",
        "pre_limit_rate": "30",
        "pre_advance_rate": "50",
        "pre_annual_rate": "18",
        "pre_fee_rate": "0",
        "pre_longest_days": "180",
        "late_rate": "12",
        "grace_days": "5",
        "least_fee_days": "15",
        "concentration_rate": "100",
    } | changes


def facilities(deal: Parties) -> list[Facility]:
    with walls.asking_for(deal.financier.pk):
        return list(Facility.objects.all())


def test_an_underwriter_opens_a_facility_after_a_review(deal: Parties, sign_in: SignIn) -> None:
    browser, url = sign_in("underwriter"), reverse("admin:open_facility")
    form = terms(deal) | hidden(browser.get(url))
    review = browser.post(url, form | {"do": "review"})
    assert deal.seller.legal_name in text_of(review)
    assert "500,000.00" in text_of(review)
    assert facilities(deal) == []
    done = browser.post(url, form | {"do": "act"})
    (facility,) = facilities(deal)
    assert done.url == reverse("admin:financing_facility_change", args=[facility.ref])  # type: ignore[attr-defined]
    assert (facility.limit, facility.fee_rate) == (Decimal(500_000), Decimal("0.5"))
    page = browser.get(done.url)  # type: ignore[attr-defined]
    assert page.status_code == 200
    assert "500,000.00" in text_of(page)


def test_two_clicks_open_one_facility(deal: Parties, sign_in: SignIn) -> None:
    browser, url = sign_in("underwriter"), reverse("admin:open_facility")
    form = terms(deal) | hidden(browser.get(url)) | {"do": "act"}
    first, second = browser.post(url, form), browser.post(url, form)
    assert first.url == second.url  # type: ignore[attr-defined]
    assert len(facilities(deal)) == 1


def test_an_analyst_is_told_why_not_and_opens_nothing(deal: Parties, sign_in: SignIn) -> None:
    browser, url = sign_in("analyst"), reverse("admin:open_facility")
    page = browser.get(url)
    assert "Your role does not allow you to open and change facilities" in text_of(page)
    refused = browser.post(url, terms(deal) | hidden(page) | {"do": "act"})
    assert refused.status_code == 422
    assert facilities(deal) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seller_ref": "2222222222222222"}, "No organisation has this reference"),
        ({"seller_ref": ""}, "Fill this in."),
        ({"limit": "0"}, "Enter an amount above zero"),
        ({"limit": "1e6"}, "Enter an amount such as"),
        ({"limit": "500.000,00"}, "Enter an amount such as"),
        ({"advance_rate": "101"}, "Enter an advance rate above 0 and up to 100 percent"),
        ({"annual_rate": "-1"}, "Enter a percentage such as"),
        ({"grace_days": "9999"}, "less than or equal to 365"),
        ({"currency": "XXX"}, "Select a valid choice"),
    ],
)
def test_bad_input_is_explained_and_kept(deal: Parties, sign_in: SignIn, changes: dict[str, str], words: str) -> None:
    browser, url = sign_in("underwriter"), reverse("admin:open_facility")
    form = terms(deal, **changes) | hidden(browser.get(url))
    for step in ("review", "act"):
        refused = browser.post(url, form | {"do": step})
        if refused.status_code == 422:
            assert words in text_of(refused)
            break
    assert refused.status_code == 422
    assert 'value="5"' in text_of(refused) or "grace_days" in changes
    assert facilities(deal) == []


def test_a_financier_is_no_seller(deal: Parties, sign_in: SignIn) -> None:
    browser, url = sign_in("underwriter"), reverse("admin:open_facility")
    form = terms(deal, seller_ref=deal.financier.ref) | hidden(browser.get(url)) | {"do": "act"}
    assert "A financier does not finance itself" in text_of(browser.post(url, form))


def test_the_page_of_a_facility_shows_what_is_out_and_promised(deal: Parties, sign_in: SignIn) -> None:
    facility = stories.opened_facility(deal)
    stories.accepted_advance(deal, facility=facility)
    page = text_of(sign_in("analyst").get(reverse("admin:financing_facility_change", args=[facility.ref])))
    assert "102,000.00" in page
    assert "398,000.00" in page


def test_a_facility_is_changed_from_then_on_and_closed_when_nothing_waits(deal: Parties, sign_in: SignIn) -> None:
    browser = sign_in("underwriter")
    facility = stories.opened_facility(deal)
    request = stories.requested(deal, stories.invoiced(deal), facility)
    url = reverse("admin:change_facility", args=[facility.ref])
    form = hidden(browser.get(url)) | terms(deal, limit="1,000.00") | {"reason": "Late twice."}
    review = browser.post(url, form | {"do": "review"})
    assert "1,000.00" in text_of(review)
    browser.post(url, form | {"do": "act"})
    (changed,) = facilities(deal)
    assert (changed.limit, changed.opened_at) == (Decimal(1000), facility.opened_at)
    again = browser.post(url, hidden(browser.get(url)) | terms(deal, limit="1,000.00") | {"reason": "x", "do": "act"})
    assert "Nothing would change" in text_of(again)

    url = reverse("admin:close_facility", args=[facility.ref])
    refused = browser.post(url, hidden(browser.get(url)) | {"reason": "Sold.", "do": "act"})
    assert "1 requests are open" in text_of(refused)
    with acting(member(deal, "analyst")) as ana:
        funding.decline_request(actor=ana, key=key(), request_ref=request.ref, reason="No.")
    browser.post(url, hidden(browser.get(url)) | {"reason": "Sold.", "do": "act"})
    (closed,) = facilities(deal)
    assert closed.closed_at is not None
    with walls.asking_for(deal.financier.pk), pytest.raises(IntegrityError, match="closed_for_good"), atomic():
        Facility.objects.update(limit=Decimal(5))
    assert "This facility is closed" in text_of(
        browser.get(reverse("admin:financing_facility_change", args=[facility.ref]))
    )
