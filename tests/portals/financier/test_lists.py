"""Lists: filters, search, pages by key, and the same number of queries for one row as for many."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.core import clock
from apps.financing.models import Facility, FundingRequest, Tranche
from apps.workflows import funding
from tests import scenarios
from tests.financing import stories
from tests.portals.financier import addresses
from tests.portals.financier.conftest import SignIn, text_of
from tests.scenarios import Parties, member

REQUESTS = "admin:financing_fundingrequest_changelist"
TRANCHES = "admin:financing_tranche_changelist"


def queries(browser: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert browser.get(path).status_code == 200, path
    return len(seen)


def another_advance(deal: Parties, facility: Facility, number: int) -> Tranche:
    """One more advance for the same seller, repaid and settled like the first."""
    tranche = stories.accepted_advance(deal, facility=facility, number=f"NL-2026-{number:03}")
    with scenarios.acting(member(deal, "underwriter"), at=stories.START) as actor:
        funding.waive_notice(
            actor=actor, key=scenarios.key(), assignment_ref=tranche.assignment.ref, reason="Known buyer."
        )
    stories.paid_out(deal, tranche, reference=f"OUT-{number}")
    stories.collected(deal, tranche, 120_000, on=stories.day(50), reference=f"IN-{number}")
    stories.reserve_paid(deal, tranche, on=stories.day(51), reference=f"RES-{number}")
    return tranche


def test_no_page_asks_more_for_many_rows_than_for_one(deal: Parties, sign_in: SignIn) -> None:
    browser = sign_in("financier")
    facility = stories.opened_facility(deal)
    first = another_advance(deal, facility, 1)
    chief = member(deal, "financier")
    shared = [path for path in addresses.rows(chief) if first.ref in path or facility.ref in path or "account" in path]
    pages = [*addresses.lists(), *shared]
    with clock.stopped(stories.noon(stories.day(52))):
        for path in pages:
            browser.get(path)
        few = {path: queries(browser, path) for path in pages}
        for number in (2, 3):
            another_advance(deal, facility, number)
        many = {path: queries(browser, path) for path in pages}
    assert many == few
    assert max(few.values()) < 45


@pytest.fixture
def two_requests(deal: Parties) -> list[FundingRequest]:
    facility = stories.opened_facility(deal)
    return [
        stories.requested(deal, stories.invoiced(deal, number=f"NL-2026-{number:03}"), facility) for number in (1, 2)
    ]


def test_a_list_goes_in_pages_by_key(
    deal: Parties, sign_in: SignIn, two_requests: list[FundingRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin.site._registry[FundingRequest], "list_per_page", 1)
    browser, (older, newer) = sign_in("analyst"), two_requests
    first = browser.get(reverse(REQUESTS)).context["cl"]
    assert (first.result_list, first.previous_url) == ([newer], "")
    second = browser.get(reverse(REQUESTS) + first.next_url).context["cl"]
    assert (second.result_list, second.next_url) == ([older], "")
    back = browser.get(reverse(REQUESTS) + second.previous_url).context["cl"]
    assert (back.result_list, back.previous_url) == ([newer], "")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=INV-2026-0001", 1),
        ("?q=NV-2026", 0),
        ("?q=nordlicht", 2),
        ("?q=Meridian", 2),
        ("?q=%25", 0),
        ("?state=to-price", 2),
        ("?state=offered", 0),
        ("?state=nonsense", 0),
        ("?after=2222222222222222", 0),
        ("?before=nonsense", 0),
    ],
)
def test_search_begins_at_the_front_and_filters_keep_to_their_choices(
    sign_in: SignIn, two_requests: list[FundingRequest], query: str, found: int
) -> None:
    page = sign_in("analyst").get(reverse(REQUESTS) + query)
    assert page.status_code == 200
    assert len(page.context["cl"].result_list) == found


def test_a_filter_by_seller_knows_only_ones_own_sellers(
    deal: Parties, sign_in: SignIn, two_requests: list[FundingRequest]
) -> None:
    strangers = stories.parties("Papagei")
    browser = sign_in("analyst")
    page = browser.get(reverse(REQUESTS))
    assert "Papagei" not in text_of(page)
    own = browser.get(f"{reverse(REQUESTS)}?seller={deal.seller.ref}")
    assert len(own.context["cl"].result_list) == 2
    foreign = browser.get(f"{reverse(REQUESTS)}?seller={strangers.seller.ref}")
    assert len(foreign.context["cl"].result_list) == 0
    assert "Papagei" not in text_of(foreign)


@pytest.mark.parametrize("query", ["?nonsense=1", "?seller__legal_name__startswith=N", "?p=99", "?o=1.2", "?all="])
def test_an_address_that_makes_no_sense_breaks_nothing(
    sign_in: SignIn, two_requests: list[FundingRequest], query: str
) -> None:
    answer = sign_in("analyst").get(reverse(REQUESTS) + query, follow=True)
    assert answer.status_code in (200, 400)


def test_a_search_for_a_null_is_an_address_of_nothing(sign_in: SignIn, two_requests: list[FundingRequest]) -> None:
    assert sign_in("analyst").get(f"{reverse(REQUESTS)}?q=%00").status_code == 404


def test_queues_are_filters_of_their_lists(deal: Parties, sign_in: SignIn) -> None:
    facility = stories.opened_facility(deal)
    waiting = stories.accepted_advance(deal, facility=facility)
    browser = sign_in("treasury")

    def refs(state: str) -> list[str]:
        return [row.ref for row in browser.get(f"{reverse(TRANCHES)}?state={state}").context["cl"].result_list]

    with clock.stopped(stories.noon(stories.FUNDED_ON)):
        assert refs("to-fund") == []
        stories.acknowledged(deal, waiting)
        assert refs("to-fund") == [waiting.ref]
        stories.paid_out(deal, waiting)
    with clock.stopped(stories.noon(stories.day(50))):
        assert (refs("outstanding"), refs("to-collect"), refs("overdue")) == ([waiting.ref], [waiting.ref], [])
    with clock.stopped(stories.noon(stories.day(51))):
        assert refs("overdue") == [waiting.ref]
        stories.collected(deal, waiting, 120_000, on=stories.day(51))
        assert (refs("overdue"), refs("reserve-due"), refs("settled")) == ([], [waiting.ref], [waiting.ref])


def test_an_empty_list_says_what_will_stand_there(deal: Parties, sign_in: SignIn) -> None:
    for path in addresses.lists():
        assert sign_in("analyst").get(path).status_code == 200
    assert "will stand here" in text_of(sign_in("analyst").get(reverse(TRANCHES)))
