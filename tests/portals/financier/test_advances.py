"""Treasury pays out, records what the buyer paid, and pays the reserve; nobody else does."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.core.database import walls
from apps.financing.models import Assignment, Collection, Disbursement, ReservePayout, Tranche
from tests.financing import stories
from tests.portals.financier.conftest import SignIn, hidden, text_of
from tests.scenarios import Parties


def act(browser: Client, name: str, row: Any, **values: str) -> Any:
    """Open the form, review it, and confirm what was reviewed."""
    url = reverse(f"admin:{name}", args=[row.ref])
    form = hidden(browser.get(url)) | values
    review = browser.post(url, form | {"do": "review"})
    if review.status_code != 200:
        return review
    return browser.post(url, form | {"do": "act"})


def read(deal: Parties, row: Any) -> Any:
    with walls.asking_for(deal.financier.pk):
        row.refresh_from_db()
    return row


def count(deal: Parties, model: Any) -> int:
    with walls.asking_for(deal.financier.pk):
        return int(model.objects.count())


def page_of(browser: Client, tranche: Tranche) -> str:
    return text_of(browser.get(reverse("admin:financing_tranche_change", args=[tranche.ref])))


SENT = {"value_on": "2026-03-02", "bank_reference": "OUT-77"}


@pytest.mark.usefixtures("on_funding_day")
class TestPayingOut:
    def test_treasury_pays_out_what_the_review_says(self, deal: Parties, sign_in: SignIn) -> None:
        tranche = stories.accepted_advance(deal)
        stories.acknowledged(deal, tranche)
        browser, url = sign_in("treasury"), reverse("admin:fund_tranche", args=[tranche.ref])
        assert "Pay out 99,790.00 EUR" in page_of(browser, tranche)
        form = text_of(browser.get(url))
        review = text_of(browser.post(url, hidden(browser.get(url)) | SENT | {"do": "review"}))
        for part in ("DE89370400440532013000", "COBADEFFXXX", 'data-copy="99,790.00 EUR"', tranche.ref):
            assert part in form
            assert part in review
        for part in ("99,790.00", "102,000.00 EUR of 500,000.00 EUR is out then", deal.seller.legal_name, "OUT-77"):
            assert part in review
        assert count(deal, Disbursement) == 0
        assert act(browser, "fund_tranche", tranche, **SENT).status_code == 302
        assert read(deal, tranche).state == "funded_post"
        page = page_of(browser, tranche)
        for part in ("Purchased receivables", "120,000.00", "Unearned discount", "1,700.00", "OUT-77"):
            assert part in page

    def test_two_clicks_pay_out_once(self, deal: Parties, sign_in: SignIn) -> None:
        tranche = stories.accepted_advance(deal)
        stories.acknowledged(deal, tranche)
        browser, url = sign_in("treasury"), reverse("admin:fund_tranche", args=[tranche.ref])
        form = hidden(browser.get(url)) | SENT | {"do": "act"}
        assert browser.post(url, form).status_code == browser.post(url, form).status_code == 302
        assert count(deal, Disbursement) == 1

    @pytest.mark.parametrize("role", ["analyst", "underwriter"])
    def test_only_treasury_pays_out(self, deal: Parties, sign_in: SignIn, role: str) -> None:
        tranche = stories.accepted_advance(deal)
        stories.acknowledged(deal, tranche)
        browser, url = sign_in(role), reverse("admin:fund_tranche", args=[tranche.ref])
        assert "Your role does not allow you to fund advances and record collections" in page_of(browser, tranche)
        refused = browser.post(url, hidden(browser.get(url)) | SENT | {"do": "act"})
        assert refused.status_code == 422
        assert count(deal, Disbursement) == 0

    def test_nothing_is_paid_out_before_the_buyer_answered(self, deal: Parties, sign_in: SignIn) -> None:
        tranche = stories.accepted_advance(deal)
        browser = sign_in("treasury")
        assert "The buyer has not acknowledged the assignment" in page_of(browser, tranche)
        assert act(browser, "fund_tranche", tranche, **SENT).status_code == 422
        assert count(deal, Disbursement) == 0

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"value_on": "2026-03-03"}, "cannot have left after today"),
            ({"value_on": "2026-02-01"}, "cannot have left before"),
            ({"value_on": "yesterday"}, "Enter a valid date"),
            ({"bank_reference": "  "}, "Give the number of the payment at the bank."),
            ({"bank_reference": "x" * 61}, "at most 60 characters"),
        ],
    )
    def test_bad_input_is_explained(self, deal: Parties, sign_in: SignIn, changes: dict[str, str], words: str) -> None:
        tranche = stories.accepted_advance(deal)
        stories.acknowledged(deal, tranche)
        refused = act(sign_in("treasury"), "fund_tranche", tranche, **(SENT | changes))
        assert refused.status_code == 422
        assert words in text_of(refused)
        assert count(deal, Disbursement) == 0


@pytest.mark.usefixtures("on_funding_day")
class TestWaivingTheNotice:
    def test_a_second_person_waives_with_a_reason(self, deal: Parties, sign_in: SignIn) -> None:
        tranche = stories.accepted_advance(deal)
        with walls.asking_for(deal.financier.pk):
            assignment = Assignment.objects.get(tranche=tranche)
        browser = sign_in("underwriter")
        assert act(browser, "waive_notice", assignment, reason="").status_code == 422
        done = act(browser, "waive_notice", assignment, reason="The buyer pays by standing order.")
        assert done.status_code == 302
        assert read(deal, assignment).waive_reason == "The buyer pays by standing order."
        page = text_of(browser.get(reverse("admin:financing_assignment_change", args=[assignment.ref])))
        assert "The buyer pays by standing order." in page
        assert "NOTICE OF ASSIGNMENT" in page

    def test_an_analyst_cannot_waive(self, deal: Parties, sign_in: SignIn) -> None:
        tranche = stories.accepted_advance(deal)
        with walls.asking_for(deal.financier.pk):
            assignment = Assignment.objects.get(tranche=tranche)
        refused = act(sign_in("analyst"), "waive_notice", assignment, reason="I say so.")
        assert refused.status_code == 422
        assert read(deal, assignment).waived_at is None


class TestCollecting:
    @pytest.mark.parametrize(
        "case",
        [
            # The rows of the financing guide's table.
            ("120,000.00", 50, ("102,000.00", "18,000.00", "paid in full")),
            ("50,000.00", 50, ("50,000.00", "stays open with 70,000.00 EUR")),
            ("120,000.00", 30, ("680.00", "18,680.00 EUR becomes due")),
            ("120,000.00", 65, ("340.00", "17,660.00")),
            ("121,000.00", 50, ("1,000.00 EUR is more than was owed",)),
        ],
    )
    def test_the_review_shares_the_payment_as_it_will_be_booked(
        self, deal: Parties, sign_in: SignIn, advance: Tranche, case: tuple[str, int, tuple[str, ...]]
    ) -> None:
        amount, day, parts = case
        on = stories.day(day)
        with clock.stopped(stories.noon(on)):
            browser, url = sign_in("treasury"), reverse("admin:collect_payment", args=[advance.ref])
            form = hidden(browser.get(url)) | {
                "amount": amount,
                "received_on": on.isoformat(),
                "bank_reference": "IN-9",
            }
            review = browser.post(url, form | {"do": "review"})
            words = text_of(review)
            for part in parts:
                assert part in words
            assert count(deal, Collection) == 0
            assert browser.post(url, form | {"do": "act"}).status_code == 302
        with walls.asking_for(deal.financier.pk):
            collection = Collection.objects.get()
        shown = {fact.amount for fact in review.context["review"].facts if fact.amount}
        booked = {collection.to_advance, collection.to_seller, collection.to_buyer, collection.late_charge}
        assert {part for part in booked | {collection.rebate} if part} <= shown

    def test_two_clicks_collect_once(self, deal: Parties, sign_in: SignIn, advance: Tranche) -> None:
        with clock.stopped(stories.noon(stories.day(50))):
            browser, url = sign_in("treasury"), reverse("admin:collect_payment", args=[advance.ref])
            form = hidden(browser.get(url)) | {
                "amount": "120,000.00",
                "received_on": "2026-04-21",
                "bank_reference": "IN-9",
                "do": "act",
            }
            assert browser.post(url, form).status_code == browser.post(url, form).status_code == 302
        assert count(deal, Collection) == 1

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"amount": "0"}, "Enter an amount above zero"),
            ({"amount": "100.0051"}, "EUR has 2 decimals"),
            ({"amount": "100.005"}, "can be read in two ways"),
            ({"amount": "12.000,00"}, "Enter an amount such as"),
            ({"amount": "９９"}, "Enter an amount such as"),
            ({"received_on": "2026-02-28"}, "cannot have arrived before the invoice"),
            ({"received_on": "2027-01-01"}, "cannot have arrived after today"),
            ({"bank_reference": ""}, "Give the number of the payment at the bank."),
        ],
    )
    def test_bad_input_is_explained_and_nothing_is_booked(
        self, deal: Parties, sign_in: SignIn, advance: Tranche, changes: dict[str, str], words: str
    ) -> None:
        values = {"amount": "120,000.00", "received_on": "2026-04-21", "bank_reference": "IN-9"} | changes
        with clock.stopped(stories.noon(stories.day(50))):
            refused = act(sign_in("treasury"), "collect_payment", advance, **values)
        assert refused.status_code == 422
        assert words in text_of(refused)
        assert count(deal, Collection) == 0

    def test_an_underwriter_collects_nothing(self, deal: Parties, sign_in: SignIn, advance: Tranche) -> None:
        values = {"amount": "120,000.00", "received_on": "2026-04-21", "bank_reference": "IN-9"}
        with clock.stopped(stories.noon(stories.day(50))):
            assert act(sign_in("underwriter"), "collect_payment", advance, **values).status_code == 422
        assert count(deal, Collection) == 0


def test_the_reserve_is_paid_once_it_is_released(deal: Parties, sign_in: SignIn, advance: Tranche) -> None:
    on = stories.day(50)
    browser = sign_in("treasury")
    sent = {"value_on": on.isoformat(), "bank_reference": "OUT-88"}
    with clock.stopped(stories.noon(on)):
        assert act(browser, "pay_reserve", advance, **sent).status_code == 422
        stories.collected(deal, advance, 120_000, on=on)
    with clock.stopped(stories.noon(on)):
        assert "Pay reserve 18,000.00 EUR" in page_of(browser, advance)
        assert act(sign_in("analyst"), "pay_reserve", advance, **sent).status_code == 422
        assert act(browser, "pay_reserve", advance, **sent).status_code == 302
    with walls.asking_for(deal.financier.pk):
        assert ReservePayout.objects.get().amount == Decimal(18_000)
    assert "settled, and the reserve paid" in page_of(browser, advance)
