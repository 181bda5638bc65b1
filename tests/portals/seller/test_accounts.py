"""The account between a seller and a buyer: what both read, in any period, is what their invoices and payments say."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.invoicing.models import Invoice
from apps.invoicing.services.account_statement import Between, Event, account_statement, standing_of
from apps.parties.actor import Actor
from apps.workflows import billing
from tests import corrections, scenarios
from tests.conftest import Once
from tests.financing import stories
from tests.portals.seller.test_queries import asked
from tests.scenarios import Parties, acting, key

D = Decimal
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def told(once: Once) -> Parties:
    """One invoice sold and collected, one whose payment was reversed, one paid and credited."""
    return once(_told)


@pytest.fixture
def parties(told: Parties) -> Parties:
    return told


def _told() -> Parties:
    parties = stories.parties()
    tranche = stories.funded_advance(parties)
    stories.collected(parties, tranche, 120_000, on=stories.day(50))
    with acting(scenarios.seller_actor(parties)):
        sold = Invoice.objects.select_related("contract").get(milestone=tranche.milestone)
    first, second = (
        corrections.invoice_of(
            scenarios.accepted_milestone(sold.contract, position=place, at=stories.noon(stories.day(60)))
        )
        for place in (2, 3)
    )
    bilge = scenarios.member(parties, "billing")
    for invoice, more, day in ((first, D("100.00"), 62), (second, D(0), 64)):
        with acting(bilge, at=stories.noon(stories.day(day))):
            answer = billing.record_payment(
                actor=bilge,
                key=key(),
                invoice_ref=invoice.ref,
                amount=invoice.gross + more,
                received_on=stories.day(day),
                bank_reference=f"STMT-{day}",
            )
            if more:
                billing.reverse_payment(actor=bilge, key=key(), payment_ref=answer["payment"], reason="Not ours.")
    corrections.credited(parties, second.ref, "500.00", at=stories.noon(stories.day(70)))
    return parties


def between(parties: Parties) -> Between:
    return Between(parties.seller, parties.buyer, "EUR")


def both(parties: Parties) -> list[Actor]:
    return [scenarios.member(parties, "billing"), scenarios.buyer_actor(parties)]


def test_every_event_moves_the_balance_and_both_sides_read_the_same(told: Parties) -> None:
    read = []
    for actor in both(told):
        with acting(actor):
            today = clock.today("Europe/Berlin")
            made = account_statement(actor, between=between(told), since=date(2020, 1, 1), until=today)
            read.append(made)
            assert made.closing == standing_of(actor, between=between(told), today=today).balance
    assert read[0].rows == read[1].rows
    made = read[0]
    assert made.opening == 0
    assert [row.event for row in made.rows] == [
        Event.INVOICE,
        Event.COLLECTED,
        Event.INVOICE,
        Event.INVOICE,
        Event.PAYMENT,
        Event.REVERSAL,
        Event.PAYMENT,
        Event.CREDIT_NOTE,
    ]
    sold, _collected, first, second, paid, reversed_, _, note = made.rows
    assert (paid.amount, reversed_.amount) == (-(first.amount + 100), first.amount + 100)
    assert made.rows[1].balance == sold.amount - 120_000
    assert made.closing == made.raised - made.lowered == first.amount + note.amount
    assert second.balance == first.amount + second.amount + made.rows[1].balance


def test_statements_of_following_periods_join(told: Parties) -> None:
    bilge = both(told)[0]
    with acting(bilge):
        whole = account_statement(bilge, between=between(told), since=stories.day(-1), until=stories.day(90))
        balance = whole.opening
        for start in range(-1, 90, 7):
            first = stories.day(start)
            part = account_statement(bilge, between=between(told), since=first, until=first + timedelta(days=6))
            assert part.opening == balance
            balance = part.closing
    assert balance == whole.closing


def test_the_pages(told: Parties, seller: Client, signed_in: Any) -> None:
    address = reverse("seller:account_statement", args=[told.buyer.ref])
    period = {"since": stories.day(-1).isoformat(), "until": stories.day(90).isoformat()}
    page = seller.get(address, period)
    assert page.status_code == 200
    assert not page.context["differs"]
    assert len(page.context["rows"]) == 8
    (listed,) = seller.get(reverse("seller:account_statements")).context["accounts"]
    assert (listed.open, listed.name) == (page.context["standing"].open, told.buyer.legal_name)
    assert seller.get(listed.url).status_code == 200
    theirs = signed_in("buyer").get(reverse("buyer:account_statement", args=[told.seller.ref]), period)
    assert [one.row for one in theirs.context["rows"]] == [one.row for one in page.context["rows"]]
    short = {"since": stories.day(1).isoformat(), "until": stories.day(1).isoformat()}
    assert asked(seller, f"{address}?since={short['since']}&until={short['until']}") == asked(
        seller, f"{address}?since={period['since']}&until={period['until']}"
    )

    file = seller.get(reverse("seller:account_csv", args=[told.buyer.ref]), period)
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert len(rows) == 1 + 1 + 8 + 1
    assert D(rows[-1][8]) == page.context["statement"].closing


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        ("2026-03-02", "2026-03-01", "The first day is after the last."),
        ("2001-01-01", "2026-03-01", "three years at the most"),
        ("2026-03-01", "2199-01-01", "still to come"),
        ("soon", "2026-03-01", "Enter a valid date."),
    ],
)
def test_a_wrong_period_is_refused_in_words(told: Parties, seller: Client, since: str, until: str, says: str) -> None:
    period = {"since": since, "until": until}
    page = seller.get(reverse("seller:account_statement", args=[told.buyer.ref]), period)
    assert page.status_code == 422
    assert says in page.content.decode()
    file = seller.get(reverse("seller:account_csv", args=[told.buyer.ref]), period)
    assert file.status_code == 302
