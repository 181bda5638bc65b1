"""The portfolio adds up to the book, says what it assumes, and every figure leads to its rows."""

import csv
import hashlib
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.core.database import walls
from apps.financing.models import Tranche
from apps.financing.rules.xirr import xirr
from apps.parties.models import Organisation
from apps.portals.financier.pages import rate
from apps.workflows import treasury
from tests.conftest import Once
from tests.financing import stories
from tests.portals.financier.conftest import SignIn, text_of
from tests.portals.matrix.engine import undone
from tests.scenarios import Parties, acting, key, member

LATE = stories.day(75)
"""16 May: the first invoice was due on 31 March and is 46 days late."""


@pytest.fixture(scope="module")
def deal(once: Once) -> Parties:
    def book() -> Parties:
        deal = stories.parties()
        stories.sample_book(deal)
        return deal

    return once(book)


def opened(browser: Client, view: str, *, on: date, **query: Any) -> Any:
    with clock.stopped(stories.noon(on)):
        return browser.get(reverse(f"admin:{view}"), query)


def test_before_the_first_facility_it_says_what_will_stand_here(db: None, sign_in: SignIn) -> None:
    empty = stories.parties("Second ")
    for view in ("portfolio", "stress_test"):
        assert "Nothing is out yet" in text_of(opened(sign_in("analyst", of=empty), view, on=LATE))


def test_ages_of_both_clocks_lead_to_their_rows(db: None, deal: Parties, sign_in: SignIn) -> None:
    """M1 is bought, 46 days late; M2 was to be accepted 30 days before its payment on 31 May, M3 before 29 August."""
    browser = sign_in("analyst")
    page = opened(browser, "portfolio", on=LATE)
    found = {
        (row, at): (amount, count)
        for row, (_words, cells) in enumerate(page.context["clocks"])
        for at, (amount, count, _url) in enumerate(cells)
        if count
    }
    assert found == {(2, 0): (102_000, 1), (1, 1): (60_000, 1), (0, 1): (64_000, 1)}
    for _words, cells in page.context["clocks"]:
        for amount, count, url in cells:
            with clock.stopped(stories.noon(LATE)):
                rows = browser.get(url).context["cl"].result_list
            assert (len(rows), sum(row.outstanding for row in rows)) == (count, amount)
    assert browser.get(f"{reverse('admin:financing_tranche_changelist')}?age=x-y").context["cl"].result_list == []


def test_provisions_of_the_sample_book(db: None, deal: Parties, sign_in: SignIn) -> None:
    browser = sign_in("analyst")
    page = opened(browser, "portfolio", on=LATE)
    # 64,000 × 0.3 % + 60,000 × 1.6 % + 102,000 × 3.6 %
    assert page.context["matrix_total"] == Decimal("4824.00")
    # (64,000 × 105 days + 60,000 × 15) × 2 % / 365 × 45 % + 102,000 × 20 % × 45 %
    assert page.context["stages_total"] == Decimal("187.89") + Decimal("9180.00")
    other = opened(browser, "portfolio", on=LATE, currency="EUR", pd="0", pd_late="50", lgd="100")
    assert other.context["stages_total"] == 51_000
    wrong = opened(browser, "portfolio", on=LATE, pd="101", pd_late="x", lgd="45")
    assert wrong.status_code == 422
    assert set(wrong.context["form"].errors) == {"pd", "pd_late"}


def test_tiles_say_return_life_and_dilution(db: None, deal: Parties, sign_in: SignIn) -> None:
    page = opened(sign_in("analyst"), "portfolio", on=LATE)
    shown = {str(tile.label): tile.value or tile.amount for tile in page.context["tiles"]}
    # (64,000 × 105 + 60,000 × 15 + 102,000 × 0) / 226,000 = 33.7 days
    assert (shown["Out"], shown["Average life"], shown["Dilution"]) == (226_000, "34 days", "0%")
    # Nothing is accrued yet: what was paid out is what stands in the book.
    assert shown["Return (XIRR)"] == "0%"
    stories.accrued(deal, through=LATE)
    page = opened(sign_in("analyst"), "portfolio", on=LATE)
    shown = {str(tile.label): tile.value for tile in page.context["tiles"]}
    assert Decimal(shown["Return (XIRR)"].removesuffix("%")) > 10


def test_money_that_came_back_or_went_astray_is_neither_lost_nor_counted_twice(
    db: None, deal: Parties, sign_in: SignIn
) -> None:
    """M1 comes back from the bank. Of a misdirected payment the seller owes 120,000, 18,000 of it its own reserve."""
    browser, first = sign_in("analyst"), _first(deal)
    with undone():
        with acting(member(deal, "treasury"), at=stories.noon(stories.day(3))) as tea:
            treasury.return_disbursement(
                actor=tea, key=key(), tranche_ref=first.ref, value_on=stories.day(3), bank_reference="BACK-1"
            )
        assert _tile(opened(browser, "portfolio", on=LATE), "Return (XIRR)") == "0%"
        tape = opened(browser, "loan_tape", on=LATE).content.decode()
        rows = list(csv.DictReader(io.StringIO(tape)))
        assert next((row["state"], row["owed_by_buyer"]) for row in rows) == ("returned", "")
    with acting(member(deal, "treasury"), at=stories.noon(stories.day(50))) as tea:
        treasury.record_misdirected(
            actor=tea,
            key=key(),
            tranche_ref=first.ref,
            amount=Decimal(120_000),
            received_on=stories.day(50),
            bank_reference="OURS-1",
        )
    # 214,690 went out; 102,000 of what the seller owes, and 114,900 of the other two, stand in the book.
    found = xirr([(stories.FUNDED_ON, Decimal(-214_690)), (LATE, Decimal(216_900))])
    assert found is not None
    assert _tile(opened(browser, "portfolio", on=LATE), "Return (XIRR)") == rate(round(found, 2))


def _tile(page: Any, label: str) -> Any:
    return {str(tile.label): tile.value for tile in page.context["tiles"]}[label]


def test_what_is_not_repaid_in_a_month_rolls_on(db: None, deal: Parties, sign_in: SignIn) -> None:
    """M1 is not late on 31 March; 51,000 of it are repaid in April, the rest is out at the end of the month."""
    stories.collected(deal, _first(deal), 51_000, on=stories.day(40))
    page = opened(sign_in("analyst"), "portfolio", on=LATE)
    assert page.context["months"] == (date(2026, 3, 31), date(2026, 4, 30))
    assert [row[1:] for row in page.context["rolled"]] == [
        (102_000, 51_000, "50%"),
        *[(0, 0, "–")] * 4,
    ]


def test_a_stress_test_without_volatility_is_a_sum(db: None, deal: Parties, sign_in: SignIn) -> None:
    browser = sign_in("analyst")
    query = {"slip_days": 20, "late_days": 10, "volatility": 0, "default_rate": "2", "lgd": "50", "seed": 7}
    page = opened(browser, "stress_test", on=LATE, **query)
    shown = {str(tile.label): tile.value or tile.amount for tile in page.context["tiles"]}
    # 400,000 are owed, 1 % of it is lost: on day 10, 45 and 135
    assert (shown["Owed by buyers"], shown["Comes in"], shown["Lost"]) == (400_000, 396_000, 4_000)
    assert shown["Mean days until cash"] == str(round(0.3 * 10 + 0.3 * 45 + 0.4 * 135))
    cash = [series.values for series in page.context["plot"].series]
    assert cash[0] == cash[1] == cash[2]
    assert {week: amount for week, amount in enumerate(cash[0]) if amount} == {1: 118_800, 6: 118_800, 19: 158_400}
    assert opened(browser, "stress_test", on=LATE, **(query | {"seed": -1})).status_code == 422


def test_the_loan_tape_has_every_advance_and_says_its_hash(db: None, deal: Parties, sign_in: SignIn) -> None:
    browser = sign_in("analyst")
    tape = opened(browser, "loan_tape", on=LATE)
    rows = list(csv.DictReader(io.StringIO(tape.content.decode())))
    assert [(row["schema_version"], row["advance_amount"], row["days_late"], row["age"]) for row in rows] == [
        ("cairn-loan-tape-1", "102000", "46", "31-60"),
        ("cairn-loan-tape-1", "60000", "15", "1-30"),
        ("cairn-loan-tape-1", "64000", "0", "current"),
    ]
    assert [row["priced"] for row in rows] == ["accepted", "before_acceptance", "before_acceptance"]
    said = opened(browser, "loan_tape_hash", on=LATE).content.decode()
    assert said == f"{hashlib.sha256(tape.content).hexdigest()}  loan-tape-EUR-2026-05-16.csv\n"
    assert opened(browser, "loan_tape", on=LATE, currency="XXX").content == tape.content


def test_a_name_that_is_a_formula_stays_a_name(db: None, deal: Parties, sign_in: SignIn) -> None:
    with walls.asking_for(deal.buyer.pk):
        Organisation.objects.filter(pk=deal.buyer.pk).update(legal_name="=2+2")
    rows = csv.DictReader(io.StringIO(opened(sign_in("analyst"), "loan_tape", on=LATE).content.decode()))
    assert {row["buyer_name"] for row in rows} == {"'=2+2"}


def test_other_financiers_and_sellers_see_nothing_of_it(db: None, deal: Parties, sign_in: SignIn) -> None:
    stranger = stories.parties("Second ")
    stories.opened_facility(stranger)
    tape = opened(sign_in("analyst", of=stranger), "loan_tape", on=LATE)
    assert len(tape.content.decode().splitlines()) == 1
    assert opened(sign_in("seller"), "loan_tape", on=LATE).status_code == 404


def _first(deal: Parties) -> Tranche:
    with walls.asking_for(deal.financier.pk):
        return Tranche.objects.filter(financier=deal.financier).order_by("pk")[0]
