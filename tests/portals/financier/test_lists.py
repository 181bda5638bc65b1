"""Lists: queues, and the same number of queries for one row as for many."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.core import clock
from apps.financing.models import Facility, Tranche
from apps.workflows import funding
from tests import scenarios
from tests.financing import stories
from tests.portals.financier import addresses
from tests.portals.financier.conftest import SignIn, text_of
from tests.scenarios import Parties, member

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
