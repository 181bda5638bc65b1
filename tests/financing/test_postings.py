"""Product A's rows of the posting table, to the cent, as the workflows post them; every book verified after each."""

from datetime import date
from decimal import Decimal

import pytest

from apps.core.database import walls
from apps.core.errors import Refused
from apps.financing.models import Facility, Tranche
from tests.financing import stories
from tests.financing.stories import day, entries, lines
from tests.scenarios import Parties

FUNDING = lines(d1100=120_000, c2000=18_000, c2100=1_700, c2110=510, c1000=99_790)
REST_OF_INCOME = lines(d2100=1_700, c4000=1_700, d2110=510, c4010=510)


def advanced(deal: Parties) -> Decimal:
    with walls.asking_for(deal.financier.pk):
        return Facility.objects.get().advanced


def test_funding_buys_the_invoice_and_pays_the_net(deal: Parties, tranche: Tranche) -> None:
    assert entries(deal.financier) == [FUNDING]
    assert entries(deal.seller, purpose="seller")[-1] == lines(d1000=99_790, d1200=18_000, d5000=2_210, c1100=120_000)
    assert tranche.state == "funded_post"
    assert tranche.outstanding == advanced(deal) == 102_000
    stories.verify_books()


def test_thirty_of_fifty_days_are_accrued(deal: Parties, tranche: Tranche) -> None:
    assert stories.accrued(deal, through=day(30)) == 1
    assert entries(deal.financier) == [FUNDING, lines(d2100=1_020, c4000=1_020, d2110=306, c4010=306)]
    stories.verify_books()


def test_paid_in_full_on_day_50_accrues_the_rest_and_releases_the_reserve(deal: Parties, tranche: Tranche) -> None:
    stories.collected(deal, tranche, 120_000, on=day(50))
    assert entries(deal.financier) == [
        FUNDING,
        REST_OF_INCOME,
        lines(d1010=120_000, c1100=120_000, d2000=18_000, c2010=18_000),
    ]
    assert (tranche.state, tranche.settled_on) == ("settled", day(50))
    assert tranche.outstanding == advanced(deal) == 0
    stories.verify_books()


def test_the_released_reserve_is_paid_out(deal: Parties, tranche: Tranche) -> None:
    stories.collected(deal, tranche, 120_000, on=day(50))
    stories.reserve_paid(deal, tranche, on=day(51))
    assert entries(deal.financier)[-1] == lines(d2010=18_000, c1000=18_000)
    assert entries(deal.seller, purpose="seller")[-1] == lines(d1000=18_000, c1200=18_000)
    stories.verify_books()


def test_a_part_payment_of_50_000_leaves_52_000_advanced(deal: Parties, tranche: Tranche) -> None:
    stories.collected(deal, tranche, 50_000, on=day(20))
    assert entries(deal.financier) == [FUNDING, lines(d1010=50_000, c1100=50_000)]
    assert tranche.state == "part_collected"
    assert tranche.outstanding == advanced(deal) == 52_000
    with pytest.raises(Refused, match="released once the advance is repaid"):
        stories.reserve_paid(deal, tranche, on=day(21))
    stories.verify_books()


def test_several_part_payments_end_where_one_payment_would(deal: Parties, tranche: Tranche) -> None:
    stories.collected(deal, tranche, 50_000, on=day(20), reference="IN-1")
    stories.accrued(deal, through=day(30))
    stories.collected(deal, tranche, 60_000, on=day(50), reference="IN-2")
    assert entries(deal.financier)[-1] == lines(d1010=60_000, c1100=60_000, d2000=8_000, c2010=8_000)
    assert (tranche.state, tranche.outstanding) == ("part_collected", Decimal(0))
    assert stories.accrued(deal, through=day(52)) == 0
    stories.collected(deal, tranche, "10000.00", on=day(52), reference="IN-3")
    assert entries(deal.financier)[-1] == lines(d1010=10_000, c1100=10_000, d2000=10_000, c2010=10_000)
    assert tranche.state == "settled"
    stories.reserve_paid(deal, tranche, on=day(53))
    assert entries(deal.financier)[-1] == lines(d2010=18_000, c1000=18_000)
    stories.verify_books()


def test_paid_early_on_day_30_gives_the_unearned_discount_back_but_not_the_fee(deal: Parties, tranche: Tranche) -> None:
    stories.collected(deal, tranche, 120_000, on=day(30))
    assert entries(deal.financier)[1:] == [
        lines(d2100=1_020, c4000=1_020, d2110=306, c4010=306),
        lines(d1010=120_000, d2100=680, d2110=204, d2000=18_000, c1100=120_000, c4010=204, c2010=18_680),
    ]
    stories.reserve_paid(deal, tranche, on=day(31))
    assert entries(deal.seller, purpose="seller")[-1] == lines(d1000=18_680, c1200=18_000, c5000=680)
    stories.verify_books()


def test_paid_before_the_least_fee_days_still_bears_their_discount(deal: Parties, tranche: Tranche) -> None:
    stories.collected(deal, tranche, 120_000, on=day(4))
    assert entries(deal.financier)[1] == lines(d2100=510, c4000=510, d2110=153, c4010=153)
    assert entries(deal.financier)[2]["2010"] == Decimal(-18_000 - 1_190)
    stories.verify_books()


def test_a_payment_recorded_after_a_later_accrual_takes_that_income_back(deal: Parties, tranche: Tranche) -> None:
    stories.accrued(deal, through=day(33))
    stories.collected(deal, tranche, 120_000, on=day(30), recorded=day(34))
    assert entries(deal.financier)[2:] == [
        lines(d4000=102, c2100=102, d4010="30.60", c2110="30.60"),
        lines(d1010=120_000, d2100=680, d2110=204, d2000=18_000, c1100=120_000, c4010=204, c2010=18_680),
    ]
    stories.verify_books()


def test_paid_15_days_late_takes_340_out_of_the_reserve(deal: Parties, tranche: Tranche) -> None:
    stories.collected(deal, tranche, 120_000, on=day(65))
    assert entries(deal.financier)[1:] == [
        REST_OF_INCOME,
        lines(d1010=120_000, d2000=18_000, c1100=120_000, c4020=340, c2010=17_660),
    ]
    stories.reserve_paid(deal, tranche, on=day(66))
    assert entries(deal.seller, purpose="seller")[-1] == lines(d1000=17_660, d5000=340, c1200=18_000)
    stories.verify_books()


def test_late_charges_on_part_payments_follow_what_is_outstanding(deal: Parties, tranche: Tranche) -> None:
    stories.collected(deal, tranche, 51_340, on=day(65), reference="IN-1")
    assert entries(deal.financier)[-1] == lines(d1010=51_340, c1100=51_340, d2000=340, c4020=340)
    assert tranche.outstanding == 51_000
    stories.collected(deal, tranche, 68_660, on=day(75), reference="IN-2")
    assert entries(deal.financier)[-1] == lines(d1010=68_660, d2000=17_660, c1100=68_660, c4020=170, c2010=17_490)
    stories.verify_books()


def test_over_paid_121_000_owes_1_000_to_the_buyer(deal: Parties, tranche: Tranche) -> None:
    stories.collected(deal, tranche, 121_000, on=day(50))
    assert entries(deal.financier)[-1] == lines(d1010=121_000, c1100=120_000, c2020=1_000, d2000=18_000, c2010=18_000)
    stories.verify_books()


@pytest.mark.usefixtures("scratch")
def test_a_reserve_that_late_charges_use_up_is_settled_without_a_payout() -> None:
    deal = stories.parties()
    tranche = stories.funded_advance(deal, advance_rate=Decimal("99.9"))
    stories.collected(deal, tranche, 120_000, on=day(65))
    assert entries(deal.financier)[-1] == lines(d1010=120_000, d2000=120, c1100=120_000, c4020=120)
    assert entries(deal.seller, purpose="seller")[-1] == lines(d5000=120, c1200=120)
    stories.verify_books()


def test_accruing_twice_or_for_an_earlier_day_changes_nothing_and_gaps_are_made_up(
    deal: Parties, tranche: Tranche
) -> None:
    assert [stories.accrued(deal, through=day(n)) for n in (0, 1, 1, 30, 29, 30)] == [0, 1, 0, 1, 0, 0]
    posted = entries(deal.financier)[1:]
    assert [sum(entry[code] for entry in posted) for code in ("4000", "4010")] == [Decimal(-1_020), Decimal(-306)]
    assert stories.accrued(deal, through=date(2027, 1, 1)) == 1
    assert stories.accrued(deal, through=date(2027, 1, 2)) == 0
    assert sum(entry.get("4000", Decimal(0)) for entry in entries(deal.financier)) == Decimal(-1_700)
    stories.verify_books()
