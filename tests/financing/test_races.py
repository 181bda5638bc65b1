"""Two at once: at a facility's limit, on the same invoice, on the same advance. One wins, and the books agree."""

from collections.abc import Callable
from decimal import Decimal

from django.db import connections

from apps.core.database import walls
from apps.core.errors import Refused
from apps.financing.models import Collection, Disbursement, Facility, FundingRequest, ReservePayout, Tranche
from tests.financing import stories
from tests.financing.conftest import Funded
from tests.financing.stories import day
from tests.races import together
from tests.scenarios import Parties, member


def won(outcomes: list[str | Exception]) -> int:
    """How many got through; everybody else was refused in words."""
    losers = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert all(isinstance(loser, Refused) for loser in losers), losers
    return len(outcomes) - len(losers)


def advanced(deal: Parties) -> Decimal:
    with walls.asking_for(deal.financier.pk):
        return Facility.objects.get().advanced


def funding(deal: Parties, tranche: Tranche, reference: str) -> Callable[[], str]:
    return lambda: stories.paid_out(deal, tranche, reference=reference).ref


def test_of_two_draws_at_a_limit_that_was_lowered_one_is_paid_out(scratch: str) -> None:
    deal = stories.parties()
    facility = stories.opened_facility(deal)
    tranches = [stories.accepted_advance(deal, facility=facility, number=f"C-{n}") for n in (1, 2)]
    for tranche in tranches:
        stories.acknowledged(deal, tranche)
    with connections["owner"].cursor() as cursor:
        cursor.execute('UPDATE financing_facility SET "limit" = 203999.99')
    outcomes = together(*[funding(deal, tranche, f"OUT-{tranche.pk}") for tranche in tranches])
    assert won(outcomes) == 1
    assert advanced(deal) == 102_000
    stories.verify_books()


def test_of_two_acceptances_at_the_limit_one_is_kept_free(scratch: str) -> None:
    deal = stories.parties()
    facility = stories.opened_facility(deal, limit=Decimal(203_999))
    requests = [stories.requested(deal, stories.invoiced(deal, number=f"C-{n}"), facility) for n in (1, 2)]
    offers = [stories.issued(deal, request) for request in requests]
    outcomes = together(*[lambda offer=offer: stories.accepted(deal, offer).ref for offer in offers])
    assert won(outcomes) == 1
    assert "has 101,999.00 EUR left" in str(next(o for o in outcomes if isinstance(o, Exception)))


def test_of_two_facilities_for_one_seller_one_is_opened_and_the_other_refused_in_words(scratch: str) -> None:
    deal = stories.parties()
    outcomes = together(*[lambda: stories.opened_facility(deal).ref] * 4)
    assert won(outcomes) == 1
    with walls.asking_for(deal.financier.pk):
        assert Facility.objects.count() == 1


def test_an_invoice_is_pledged_to_one_of_two_facilities(scratch: str) -> None:
    deal, other = stories.parties(), stories.parties("Foreign")
    invoice = stories.invoiced(deal)
    facilities = [
        stories.opened_facility(deal),
        stories.opened_facility(deal, financier=member(other, "financier")),
    ]
    outcomes = together(
        *[lambda facility=facility: stories.requested(deal, invoice, facility).ref for facility in facilities]
    )
    assert won(outcomes) == 1
    with walls.asking_for(deal.seller.pk):
        assert FundingRequest.objects.filter(invoice=invoice).count() == 1


def test_of_four_payments_of_one_advance_one_leaves(scratch: str) -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal)
    stories.acknowledged(deal, tranche)
    outcomes = together(*[funding(deal, tranche, f"OUT-{n}") for n in range(4)])
    assert won(outcomes) == 1
    with walls.asking_for(deal.financier.pk):
        assert Disbursement.objects.count() == 1
    stories.verify_books()


def test_two_payments_of_the_buyer_at_once_are_both_shared_out(own_copy: Funded) -> None:
    deal, tranche = own_copy.parties, stories.tranche_of(own_copy)
    outcomes = together(
        *[
            lambda reference=reference: (
                stories.collected(deal, stories.tranche_of(own_copy), 65_000, on=day(50), reference=reference).ref
            )
            for reference in ("IN-1", "IN-2")
        ]
    )
    assert won(outcomes) == 2
    with walls.asking_for(deal.financier.pk):
        shares = Collection.objects.filter(tranche=tranche)
        assert sum(shares.values_list("to_receivable", flat=True)) == 120_000
        assert sum(shares.values_list("to_buyer", flat=True)) == 10_000
    assert advanced(deal) == 0
    stories.verify_books()


def test_of_two_payouts_of_a_reserve_one_leaves(own_copy: Funded) -> None:
    deal, tranche = own_copy.parties, stories.tranche_of(own_copy)
    stories.collected(deal, tranche, 120_000, on=day(50))
    outcomes = together(
        *[
            lambda reference=reference: stories.reserve_paid(deal, tranche, on=day(51), reference=reference).ref
            for reference in ("OUT-2", "OUT-3")
        ]
    )
    assert won(outcomes) == 1
    with walls.asking_for(deal.financier.pk):
        assert ReservePayout.objects.count() == 1
    stories.verify_books()
