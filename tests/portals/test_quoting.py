"""What financing would give for a plan: figures by hand, as the financing guide reckons; and why it is nothing."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client

from apps.contracts.drafts import DraftCriterion, Due, LineTerms, Recovery
from apps.contracts.models import ContractVersion
from apps.contracts.retention import RetentionTerms
from apps.contracts.rules import Ahead, CashTerms, PaperLine, ReviewTerms, expected_cash, plain_retention
from apps.core import clock
from apps.financing.models import Facility
from apps.portals.planning.comparing import ComparedPlan
from apps.portals.planning.quoting import Quote, quotes_of, why_nothing
from tests import options, scenarios
from tests.applications import TEN_THEN_FIVE
from tests.conftest import Once
from tests.portals.seller.conftest import opened_facility
from tests.portals.test_plan_options import words
from tests.scenarios import Parties

D = Decimal
SIGNED = date(2026, 3, 2)
IN_90_DAYS, IN_180_DAYS = date(2026, 4, 17), date(2026, 7, 16)
"""Planned days: a review of 14 days and 30 to pay later it is 31 May and 29 August, the guide's days of M2 and M3."""


def milestone(amount: str | None, planned_on: date | None = IN_90_DAYS, **changes: Any) -> PaperLine:
    said: dict[str, Any] = {
        "title": "A milestone",
        "scope": "",
        "basis": "amount",
        "percent": None,
        "amount": D(amount) if amount is not None else None,
        "planned_on": planned_on,
        "criteria": (DraftCriterion("It works."),),
    }
    return PaperLine(**{**said, **changes})


def version(**changes: Any) -> ContractVersion:
    said: dict[str, Any] = {"currency": "EUR", "tax_category": "Z", "tax_rate": D(0), "is_assignable": True}
    return ContractVersion(**{**said, "bills_by": "milestone", "retention": None, **changes})


def facility(**changes: Any) -> Facility:
    """As the guide has it: 30 % of the limit before acceptance, 50 % of an invoice at 18 %, no fee, 15 days."""
    rates = {"pre_limit_rate": D(30), "pre_advance_rate": D(50), "pre_annual_rate": D(18), "pre_fee_rate": D(0)}
    return Facility(**{"currency": "EUR", "limit": D(500_000), **rates, **changes})


def retained(rate: D) -> dict[str, Any] | None:
    return plain_retention(RetentionTerms(rate))


def plan_of(lines: Sequence[PaperLine]) -> ComparedPlan:
    review = ReviewTerms(14, "calendar", "DE", "", "Europe/Berlin", "accepted")
    terms = CashTerms(review=review, payment_days=30)
    cash = expected_cash(lines, signed_on=SIGNED, terms=terms, currency="EUR")
    return ComparedPlan(
        number=0,
        name="The plan",
        kind="milestones",
        price=D(0),
        discount=None,
        discount_percent=None,
        lines=lines,
        cash=cash,
        undated=D(0),
        ahead=Ahead(D(0), D(0)),
        rate=None,
        first_on=None,
        last_on=None,
        chart=None,
    )


def quoted(*lines: PaperLine, by: Facility | None = None, under: ContractVersion | None = None) -> Quote:
    under = under or version()
    (found,) = quotes_of(plan_of(lines), version=under, facilities=[by or facility()], funding_on=SIGNED)
    return found


def figures(quote: Quote) -> tuple[int, D, D, D, str]:
    return quote.lines, quote.face, quote.net, quote.cost, f"{quote.rate:.2f}"


def test_the_guides_second_milestone_is_quoted_to_the_cent() -> None:
    """50 % of 120,000.00 at 18 % for 90 days: 2,700.00 are withheld, and XIRR is 20.53 %."""
    assert figures(quoted(milestone("120000"))) == (1, D(120_000), D(57_300), D(2_700), "20.53")


def test_the_guides_third_milestone_is_quoted_to_the_cent() -> None:
    """40 % of 160,000.00 at 20 % for 180 days: 6,400.00 are withheld, and XIRR is 23.82 %."""
    rates = facility(pre_advance_rate=D(40), pre_annual_rate=D(20))
    assert figures(quoted(milestone("160000", IN_180_DAYS), by=rates)) == (
        1,
        D(160_000),
        D(57_600),
        D(6_400),
        "23.82",
    )


def test_both_together_find_room_and_a_third_does_not() -> None:
    """30 % of 500,000.00 may be out before acceptance: 60,000.00, and 60,000.00 again, and not 80,000.00 more.

    2,700.00 for 90 days and 5,400.00 for 180 are withheld. With x = (1 + i) ^ (-90 / 365) the rate solves
    60,000 (x + x²) = 111,900.
    """
    lines = [milestone("120000"), milestone("120000", IN_180_DAYS), milestone("160000", IN_180_DAYS)]
    quote = quoted(*lines)
    x = (D("8.46").sqrt() - 1) / 2
    rate = (x ** (D(-365) / 90) - 1) * 100
    assert figures(quote) == (2, D(240_000), D(111_900), D(8_100), f"{rate:.2f}")
    assert (quote.milestones, quote.left) == (3, ["1 finds no room under the facility's limit"])
    # What is out already takes the room, whether before acceptance or after it.
    for out in (facility(advanced_pre=D(90_000), advanced=D(90_000)), facility(advanced=D(440_000))):
        assert quoted(*lines, by=out).lines == 1


def test_tax_is_advanced_on_and_a_fee_withheld() -> None:
    """Of 142,800.00 with tax 71,400.00 are advanced: 3,213.00 for 90 days at 18 %, and 0.5 %, 357.00."""
    taxed = version(tax_category="S", tax_rate=D(19))
    quote = quoted(milestone("120000"), by=facility(pre_fee_rate=D("0.5")), under=taxed)
    assert figures(quote)[:4] == (1, D("142800.00"), D("67830.00"), D("3570.00"))
    exempt = LineTerms(tax_category="Z", tax_rate=D(0))
    assert quoted(milestone("120000", own=exempt), under=taxed).face == D(120_000)


def test_the_least_days_are_charged_of_what_is_paid_sooner() -> None:
    """Paid after 14 days it bears 15: 60,000.00 at 18 % are 450.00. XIRR counts the days that pass."""
    at_once = LineTerms(review_days=0, payment_days=14)
    quote = quoted(milestone("120000", SIGNED, own=at_once))
    assert quote.cost == D(450)
    assert f"{quote.rate:.2f}" == f"{((D(60_000) / D(59_550)) ** (D(365) / 14) - 1) * 100:.2f}"


@pytest.mark.parametrize(
    ("line", "by", "why"),
    [
        (milestone("120000", None), facility(), "1 has no planned date"),
        (milestone("120000", criteria=()), facility(), "1 has no criteria"),
        (milestone("120000", date(2026, 7, 17)), facility(), "1 is paid later than the facility's 180 days"),
        (milestone("120000"), facility(limit=D(199_999)), "1 finds no room under the facility's limit"),
        (milestone("0.01"), facility(), "1 is less than its discount and fee"),
        (
            milestone("120000", SIGNED, own=LineTerms(review_days=0, payment_days=0)),
            facility(),
            "1 is expected to be paid by today",
        ),
    ],
)
def test_what_is_left_out_says_why(line: PaperLine, by: Facility, why: str) -> None:
    quote = quoted(line, by=by)
    assert (quote.lines, quote.net, quote.cost, quote.rate, quote.left) == (0, D(0), D(0), None, [why])
    beside = quoted(line, milestone("100"), by=by)
    assert (beside.lines, beside.milestones, beside.left) == (1, 2, [why])


def test_a_milestone_of_which_alone_something_is_retained_is_left_out() -> None:
    nothing = version(retention=retained(D(0)))
    held = milestone("120000", own=LineTerms(retention_rate=D(5)))
    assert why_nothing(plan_of([held]), version=nothing) == ""
    quote = quoted(held, milestone("120000"), under=nothing)
    assert (quote.lines, quote.left) == (1, ["a part of 1 is kept back as retention"])


DEPOSIT = milestone("40000", None, kind="deposit", criteria=(), due=Due())


@pytest.mark.parametrize(
    ("changes", "lines", "why"),
    [
        ({"is_assignable": False}, [milestone("1")], "does not allow its receivables to be assigned"),
        ({"bills_by": "application"}, [milestone("1")], "follow applications for payment"),
        ({"retention": retained(D(5))}, [milestone("1")], "kept back as retention"),
        ({"retention": retained(D(0))}, [milestone("1")], ""),
        ({}, [DEPOSIT, milestone("1")], ""),
        (
            {},
            [milestone("4", kind="deposit", due=Due(recovery=Recovery("first"))), milestone("1")],
            "give a deposit back",
        ),
        ({}, [DEPOSIT], "this plan has no milestone"),
        ({}, [milestone("1")], ""),
    ],
)
def test_why_no_facility_would_give_anything(changes: dict[str, Any], lines: list[PaperLine], why: str) -> None:
    said = why_nothing(plan_of(lines), version=version(**changes))
    assert why in said
    assert bool(said) == bool(why)


@pytest.fixture(scope="module")
def parties(once: Once) -> Parties:
    return once(_founded)


def _founded() -> Parties:
    parties = scenarios.organisations()
    opened_facility(parties)
    return parties


def compared(parties: Parties, *, side: str = "seller", **changes: Any) -> str:
    """The page as it stands on 1 April 2026, when the first of three milestones is planned in two weeks."""
    contract = options.proposed(parties, **changes)
    client = Client()
    client.force_login(parties.people[side].user)
    with clock.stopped(datetime(2026, 4, 1, 9, tzinfo=UTC)):
        return unescape(words(client.get(f"/{side}/contracts/{contract.ref}/compare/")))


@pytest.mark.django_db
def test_the_page_says_what_each_plan_would_bring_and_why_no_more(parties: Parties) -> None:
    """Two of 14,280.00 with tax, paid after 58 and 134 days; the third comes after 226, beyond the facility's 180."""
    page = compared(parties)
    withheld = (D("207.06"), D("478.38"))
    assert withheld == tuple(D(7_140) * 18 * days / 36_000 for days in (58, 134))
    for said in (
        "Paid out at signature 13,594.56 EUR",
        "Discount and fee 685.44 EUR",
        "2 of 3 milestones 1 is paid later than the facility's 180 days",
    ):
        assert said in page
    # Of the four plans two have no milestone; the mix has one, without a day.
    assert page.count("Nothing: this plan has no milestone, and only milestones are advanced on.") == 2
    assert "0 of 1 milestones 1 has no planned date" in page
    assert "Upfront cash by financing" not in compared(parties, side="approver", number="NL-2026-015")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"retention": TEN_THEN_FIVE}, "Nothing: a part of each invoice is kept back as retention"),
        ({"is_assignable": False}, "Nothing: the contract does not allow its receivables to be assigned."),
    ],
)
def test_the_page_says_why_nothing_is_quoted(parties: Parties, changes: dict[str, Any], why: str) -> None:
    page = compared(parties, **changes)
    assert page.count(why) == 4
    assert "Paid out" not in page
