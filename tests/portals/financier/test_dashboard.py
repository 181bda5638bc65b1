"""The dashboard adds up: what is out, what is free, what comes, what is late, and what waits."""

from decimal import Decimal

from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.core.database import walls
from apps.financing.models import ExposureLimit
from apps.workflows import underwriting
from tests.financing import stories
from tests.portals.financier.conftest import SignIn, text_of
from tests.scenarios import Parties, acting, key, member


def tiles(browser: Client) -> dict[str, Decimal | str]:
    shown = browser.get(reverse("admin:index")).context["tiles"]
    return {str(tile.label): tile.value if tile.amount is None else tile.amount for tile in shown}


def queues(browser: Client) -> dict[str, int]:
    return {queue.title: queue.count for queue in browser.get(reverse("admin:index")).context["queues"]}


def test_before_the_first_facility_it_says_how_to_begin(deal: Parties, sign_in: SignIn) -> None:
    page = text_of(sign_in("financier").get(reverse("admin:index")))
    assert "Begin with a facility" in page


def test_the_figures_follow_an_advance_from_promise_to_settlement(deal: Parties, sign_in: SignIn) -> None:
    browser = sign_in("analyst")
    tranche = stories.accepted_advance(deal)
    with clock.stopped(stories.noon(stories.FUNDED_ON)):
        assert tiles(browser)["Available"] == Decimal(398_000)
        assert tiles(browser)["Deployed"] == 0
        assert queues(browser)["Notices waiting for buyers"] == 1
        stories.acknowledged(deal, tranche)
        assert queues(browser)["Advances to pay out"] == 1
        stories.paid_out(deal, tranche)
    with clock.stopped(stories.noon(stories.day(44))):
        assert tiles(browser) == {
            "Deployed": Decimal(102_000),
            "Available": Decimal(398_000),
            "Expected in 7 days": Decimal(120_000),
            "Expected in 30 days": Decimal(120_000),
            "Overdue": Decimal(0),
            "Yield": "12%",
        }
    with clock.stopped(stories.noon(stories.day(53))):
        assert tiles(browser)["Overdue"] == Decimal(120_000)
        assert queues(browser)["Payments to collect"] == 1
        page = text_of(browser.get(reverse("admin:index")))
        assert "Meridian Logistik AG has not paid" in page
        assert "102,000.00 EUR is late, 100% of what is out" in page
        stories.collected(deal, tranche, 120_000, on=stories.day(53))
        assert queues(browser)["Reserves to pay"] == 1
        assert tiles(browser)["Deployed"] == 0
        stories.reserve_paid(deal, tranche, on=stories.day(53))
        assert queues(browser)["Reserves to pay"] == 0


def test_every_picture_is_also_a_sentence_and_a_table(deal: Parties, sign_in: SignIn) -> None:
    stories.funded_advance(deal)
    with clock.stopped(stories.noon(stories.day(3))):
        plots = sign_in("analyst").get(reverse("admin:index")).context["plots"]
    assert {name: plot is not None for name, plot in plots.items()} == {
        **dict.fromkeys(("exposure", "concentration", "cash", "ageing"), True),
        "collected": False,
    }
    assert plots["exposure"].says == (
        "102,000.00\N{NO-BREAK SPACE}EUR of 500,000.00\N{NO-BREAK SPACE}EUR is out or promised,"
        " 20.4% of what you are ready to advance."
    )
    assert plots["concentration"].says == "Meridian Logistik AG owes you the most: 100% of what is out."
    heads, rows = plots["cash"].table()
    assert heads == ["", "Repays advances", "Reserve of sellers"]
    assert ["20 Apr", "102,000.00\N{NO-BREAK SPACE}EUR", "18,000.00\N{NO-BREAK SPACE}EUR"] in [
        [cell.replace("\N{NO-BREAK SPACE}", " ") if at == 0 else cell for at, cell in enumerate(row)] for row in rows
    ]


def test_a_facility_in_another_currency_has_figures_of_its_own(deal: Parties, sign_in: SignIn) -> None:
    stories.opened_facility(deal)
    stories.opened_facility(deal, currency="USD", limit=Decimal(70_000))
    browser = sign_in("analyst")
    page = browser.get(reverse("admin:index"), {"currency": "USD"})
    assert [tab.label for tab in page.context["tabs"]] == ["EUR", "USD"]
    assert page.context["tiles"][1].amount == Decimal(70_000)
    assert browser.get(reverse("admin:index"), {"currency": "nonsense"}).context["currency"] == "EUR"


def test_what_came_in_stands_against_what_was_expected_and_limits_against_what_is_out(
    deal: Parties, sign_in: SignIn
) -> None:
    tranche = stories.funded_advance(deal)
    with walls.asking_for(deal.financier.pk):
        counted = ExposureLimit.objects.get(side="buyer")
    with acting(member(deal, "underwriter"), at=stories.noon(stories.FUNDED_ON)) as actor:
        underwriting.set_exposure_limit(actor=actor, key=key(), exposure_ref=counted.ref, limit=Decimal(80_000))
    stories.collected(deal, tranche, 30_000, on=stories.day(43))
    with clock.stopped(stories.noon(stories.day(60))):
        plots = sign_in("analyst").get(reverse("admin:index")).context["plots"]
    assert [series.values[-1] for series in plots["collected"].series] == [30_000, 120_000]
    assert [series.values[-3] for series in plots["collected"].series] == [30_000, 0]
    heads, ((_buyer, _out, _book, _share, limit),) = plots["concentration"].table()
    assert (heads[-1], limit.replace("\N{NO-BREAK SPACE}", " ")) == ("Limit", "80,000.00 EUR")
