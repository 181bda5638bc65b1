"""The daily watch: what opens and closes on the sample book, what is expected, and that a second run does nothing."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core.database import walls
from apps.financing.models import Alert, ExpectedCashFlow
from apps.financing.rules import watch as rules
from apps.financing.rules.events import Bears
from apps.parties.actor import Actor
from apps.workflows import treasury, upkeep, watching
from tests import scenarios
from tests.conftest import Once
from tests.financing import events, stories
from tests.financing.sample import Book
from tests.financing.stories import day, noon
from tests.scenarios import acting, key, member

FACE = Decimal(120_000)


@pytest.fixture(scope="module")
def told(once: Once) -> Book:
    return once(Book)


@pytest.fixture
def book(told: Book, db: None) -> Book:
    return told


def watched(book: Book, *, on: date) -> dict[str, str]:
    actor = Actor.system(organisation_id=book.deal.financier.pk)
    with acting(actor, at=noon(on)):
        return watching.watch_book(actor=actor, key=key(), on=on)


def live(book: Book) -> set[tuple[str, str]]:
    with walls.asking_for(book.deal.financier.pk):
        return set(Alert.objects.live().values_list("kind", "about"))


def expected(book: Book, position: int) -> list[tuple[int, date, Decimal]]:
    tranche = book.tranche(position)
    with walls.asking_for(book.deal.financier.pk):
        rows = ExpectedCashFlow.objects.filter(tranche=tranche).order_by("version")
        return list(rows.values_list("version", "expected_on", "amount"))


def test_what_is_late_is_told_until_it_is_paid_and_once(book: Book) -> None:
    assert watched(book, on=day(30)) == {"alerts": "0", "flows": "3"}
    # Sixty days without a run: one makes up for all.
    assert watched(book, on=day(90)) == {"alerts": "1", "flows": "0"}
    invoice = book.invoice()
    assert live(book) == {("buyer_late", invoice.number)}
    assert watched(book, on=day(91)) == {"alerts": "0", "flows": "0"}
    stories.collected(book.deal, book.tranche(1), 120_000, on=day(92))
    assert watched(book, on=day(92)) == {"alerts": "1", "flows": "1"}
    assert live(book) == set()
    assert expected(book, 1) == [(1, day(50), FACE), (2, day(50), Decimal(0))]
    assert expected(book, 2) == [(1, day(90), FACE)]


def test_a_slip_is_expected_anew_and_told_once_it_is_too_far(book: Book) -> None:
    watched(book, on=day(30))
    events.postponed(book.deal, book.tranche(2), to=day(120), borne_by=Bears.SELLER, on=day(30))
    assert watched(book, on=day(31)) == {"alerts": "0", "flows": "1"}
    assert expected(book, 2)[-1] == (2, day(120), FACE)
    events.postponed(book.deal, book.tranche(2), to=day(136), borne_by=Bears.SELLER, on=day(31))
    watched(book, on=day(32))
    assert live(book) == {("slipped", book.tranche(2).name)}


def test_a_cure_that_lapsed_an_old_receipt_and_a_limit_are_told(book: Book) -> None:
    events.sent_back(book.deal, book.contract, position=2, on=day(80))
    with acting(member(book.deal, "treasury"), at=noon(day(80))) as actor:
        arrived: dict[str, Any] = {"currency": "EUR", "received_on": day(80), "amount": Decimal(7)}
        treasury.record_unidentified(actor=actor, key=key(), bank_reference="WHO", **arrived)
    stories.collected(book.deal, book.tranche(1), 120_000, on=day(50), recorded=day(80))
    watched(book, on=day(85))
    assert live(book) == set()
    tranche = book.tranche(1)
    with walls.asking_for(book.deal.financier.pk):
        facility = tranche.facility
        facility.limit = Decimal(130_000)
        facility.save(update_fields=["limit"])
    watched(book, on=day(96))
    assert live(book) == {
        ("not_cured", book.tranche(2).name),
        ("unidentified", "WHO"),
        ("limit_near", book.deal.seller.legal_name),
    }


def test_the_job_of_a_day_runs_once(book: Book) -> None:
    with acting(Actor.system(organisation_id=book.deal.financier.pk), at=noon(day(90))):
        for _again in range(2):
            upkeep.watch_book(organisation_id=book.deal.financier.pk, on=day(90).isoformat())
    assert len(live(book)) == 1


def test_thresholds() -> None:
    assert rules.is_near(used=Decimal(90), limit=Decimal(100))
    assert not rules.is_near(used=Decimal("89.99"), limit=Decimal(100))
    assert not rules.is_near(used=Decimal(90), limit=None)
    forty: dict[str, Any] = {"whole": Decimal(100), "rate": Decimal(40)}
    assert rules.is_concentrated(part=Decimal("40.01"), **forty)
    assert not rules.is_concentrated(part=Decimal(40), **forty)
    assert not rules.is_concentrated(part=Decimal(100), whole=Decimal(100), rate=Decimal(100)), "no share was agreed"


def test_a_buyer_owes_more_of_the_book_than_its_facility_says(book: Book) -> None:
    watched(book, on=day(30))
    assert live(book) == set()
    tranche = book.tranche(1)
    with walls.asking_for(book.deal.financier.pk):
        facility = tranche.facility
        facility.concentration_rate = Decimal("99.9")
        facility.save(update_fields=["concentration_rate"])
    watched(book, on=day(31))
    assert live(book) == {("concentration", book.deal.buyer.legal_name)}


def test_postgres_keeps_alerts_and_versions_as_they_were_written(book: Book) -> None:
    watched(book, on=day(90))
    forced = (
        ("UPDATE financing_alert SET about = 'other'", "frozen"),
        (
            "INSERT INTO financing_expectedcashflow (financier_id, tranche_id, version, expected_on, amount,"
            " written_on, written_at) SELECT financier_id, tranche_id, 5, expected_on, amount, written_on, written_at"
            " FROM financing_expectedcashflow",
            "in order",
        ),
    )
    with walls.asking_for(book.deal.financier.pk):
        for statement, why in forced:
            with pytest.raises(IntegrityError, match=why.replace(" ", "[ _]")), transaction.atomic():
                _run(statement)


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_what_is_watched_is_the_financiers_alone(book: Book) -> None:
    watched(book, on=day(90))
    with acting(scenarios.seller_actor(book.deal)):
        assert not Alert.objects.exists()
        assert not ExpectedCashFlow.objects.exists()
