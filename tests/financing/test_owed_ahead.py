"""What a change order would make owed back of an advance is said before anybody signs, and is what is booked then."""

import re
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from apps.contracts.drafts import ChangedLine, ChangeDraft
from apps.core import clock
from apps.core.database import walls
from apps.financing.models import Adjustment
from apps.workflows import change_effects
from apps.workflows.change_effects import AdvancesAhead
from tests import change_orders, scenarios
from tests.conftest import Once
from tests.financing import stories
from tests.financing.sample import Book
from tests.financing.stories import day
from tests.scenarios import acting


@pytest.fixture(scope="module")
def told(once: Once) -> Book:
    return once(Book)


@pytest.fixture
def book(told: Book, db: None) -> Book:
    return told


def to(book: Book, position: int, amount: int) -> ChangeDraft:
    line = change_orders.line(book.contract, position, amount=Decimal(amount))
    return ChangeDraft("Less", "Less.", lines=(line,))


def ahead(book: Book, draft: ChangeDraft, *, on: int) -> AdvancesAhead:
    with acting(scenarios.seller_actor(book.deal), at=stories.noon(day(on))) as sina:
        book.contract.refresh_from_db()
        return change_effects.preview_change(book.contract, draft=draft, actor=sina, side="seller").advances


def read(book: Book, role: str, order: str, *, on: int) -> str:
    client = Client()
    client.force_login(book.deal.people[role].user)
    with clock.stopped(stories.noon(day(on))):
        page = client.get(reverse(f"{role}:sign_change", args=[order]), follow=True)
    return " ".join(re.sub("<[^>]+>", "", page.content.decode()).split())


def test_smaller_gone_and_untouched(book: Book) -> None:
    assert [(one.milestone, one.amount) for one in ahead(book, to(book, 2, 90_000), on=30).owed] == [
        ("Integration", Decimal(14_550))
    ]
    gone = ChangeDraft("Less", "Less.", lines=(ChangedLine(3, None),))
    assert [one.amount for one in ahead(book, gone, on=30).owed] == [Decimal("58666.67")]
    more = ahead(book, to(book, 2, 130_000), on=30)
    assert (more.owed, more.stays) == ([], ["Integration", "Final delivery and sign-off"])


def test_each_side_reads_before_it_signs_what_the_signature_does(book: Book) -> None:
    sina, olga, at = scenarios.seller_actor(book.deal), scenarios.buyer_actor(book.deal), stories.noon(day(30))
    answer = change_orders.propose(book.contract, to(book, 2, 90_000), by=olga, side="buyer", at=at)
    shown = read(book, "seller", answer["change_order"], on=30)
    assert "Signed today, you owe back at once: 14,550.00 EUR" in shown
    assert "It cannot be signed now" not in shown
    other = read(book, "buyer", answer["change_order"], on=30)
    assert "a financier advances money on these milestones: Integration, Final delivery and sign-off." in other
    assert "cannot be signed" not in other
    assert "14,550" not in other
    assert "owe back" not in other
    change_orders.sign(answer, by=sina, at=at)
    with walls.asking_for(book.deal.seller.pk):
        assert Adjustment.objects.aggregate(owed=Sum("recourse"))["owed"] == Decimal(14_550)


def test_a_deduction_of_a_bought_invoice_is_reckoned_too(book: Book) -> None:
    sina, olga, at = scenarios.seller_actor(book.deal), scenarios.buyer_actor(book.deal), stories.noon(day(25))
    # The reserve of 18,000 bears it first; 2,000 of 102,000 go back, less their share of the discount not earned.
    less = to(book, 1, 100_000)
    assert [one.amount for one in ahead(book, less, on=25).owed] == [Decimal("1983.33")]
    change_orders.sign(change_orders.propose(book.contract, less, by=sina, at=at), by=olga, at=at)
    with walls.asking_for(book.deal.seller.pk):
        assert Adjustment.objects.aggregate(owed=Sum("recourse"))["owed"] == Decimal("1983.33")
