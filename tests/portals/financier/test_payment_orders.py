"""The pages of payment orders: picked, approved by another, taken by one, answered one by one or all at once."""

import hashlib
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from apps.core.database import walls
from apps.financing.models import PaymentOrder, Tranche
from tests.conftest import Once
from tests.financing import stories
from tests.portals.financier.conftest import SignIn, hidden, text_of
from tests.scenarios import Parties

pytestmark = pytest.mark.usefixtures("on_funding_day")


@pytest.fixture(scope="module")
def deal(once: Once) -> Parties:
    """Two advances wait to be paid out, of 99,790 each."""

    def story() -> Parties:
        deal = stories.parties()
        facility = stories.opened_facility(deal)
        for number in ("NL-2026-014", "NL-2026-015"):
            stories.acknowledged(deal, stories.accepted_advance(deal, facility=facility, number=number))
        return deal

    return once(story)


def page_of(browser: Client, order: PaymentOrder) -> str:
    return text_of(browser.get(reverse("admin:financing_paymentorder_change", args=[order.ref])))


def newest(deal: Parties) -> PaymentOrder:
    with walls.asking_for(deal.financier.pk):
        return PaymentOrder.objects.order_by("-pk")[0]


def ordered(deal: Parties, browser: Client) -> PaymentOrder:
    url = reverse("admin:order_payments")
    asked = browser.get(url)
    keys = [key for key, _words in asked.context["form"].fields["payments"].choices]
    form = hidden(asked) | {"currency": "EUR", "payments": keys, "execute_on": stories.FUNDED_ON.isoformat()}
    review = text_of(browser.post(url, form | {"do": "review"}))
    assert "199,580.00" in review
    assert "2 payments" in review
    assert browser.post(url, form | {"do": "act"}).status_code == 302
    return newest(deal)


def done(browser: Client, action: str, *args: str, **more: str) -> int:
    url = reverse(f"admin:{action}", args=args)
    return browser.post(url, hidden(browser.get(url)) | {"do": "act"} | more).status_code


def test_an_order_goes_from_the_pick_to_the_bank_and_into_the_books(db: None, deal: Parties, sign_in: SignIn) -> None:
    tea, owner = sign_in("treasury"), sign_in("financier")
    order = ordered(deal, tea)
    assert "Nothing waits to be paid that is not ordered already" in text_of(tea.get(reverse("admin:order_payments")))
    assert "so a second person has to approve them" in page_of(tea, order)
    assert done(owner, "approve_payment_order", order.ref) == 302
    file = reverse("admin:payment_file", args=[order.ref])
    assert tea.get(file).status_code == 404
    assert newest(deal).message_sha256 in page_of(tea, order)
    assert done(tea, "hand_out_payment_file", order.ref) == 302
    assert owner.get(file).status_code == 404
    content = tea.get(file).content
    assert hashlib.sha256(content).hexdigest() == newest(deal).message_sha256
    with walls.asking_for(deal.financier.pk):
        first, second = order.payments.order_by("pk")
    assert done(tea, "return_ordered_payment", second.ref, reason="The account is closed.") == 302
    value_on = stories.FUNDED_ON.isoformat()
    review = tea.post(
        reverse("admin:confirm_payment_order", args=[order.ref]),
        hidden(tea.get(reverse("admin:confirm_payment_order", args=[order.ref])))
        | {"value_on": value_on, "do": "review"},
    )
    assert "1 payment" in text_of(review)
    too_early = (stories.FUNDED_ON - timedelta(days=1)).isoformat()
    assert done(tea, "confirm_payment_order", order.ref, value_on=too_early) == 422
    assert "What left is recorded" not in page_of(tea, order)
    assert done(tea, "confirm_payment_order", order.ref, value_on=value_on) == 302
    words = page_of(tea, order)
    assert "The account is closed." in words
    assert "Every payment is answered" in words
    assert tea.get(file).status_code == 404
    with walls.asking_for(deal.financier.pk):
        assert sorted(Tranche.objects.values_list("state", flat=True)) == ["accepted", "funded_post"]
    assert first.creditor in text_of(tea.get(reverse("admin:financing_orderedpayment_changelist")))


def test_what_is_ordered_says_so_where_it_would_be_paid_by_hand(db: None, deal: Parties, sign_in: SignIn) -> None:
    tea = sign_in("treasury")
    order = ordered(deal, tea)
    with walls.asking_for(deal.financier.pk):
        tranche = Tranche.objects.order_by("pk")[0]
    assert f"This is in the payment order {order.ref}" in text_of(
        tea.get(reverse("admin:fund_tranche", args=[tranche.ref]))
    )
    assert done(tea, "discard_payment_order", order.ref, reason="The wrong day.") == 302
    assert "I record" not in text_of(tea.get(reverse("admin:hand_out_payment_file", args=[order.ref])))
    assert order.ref in text_of(tea.get(reverse("admin:financing_paymentorder_changelist"), {"state": "ended"}))
