"""Two at once: at a facility's limit, on the same invoice, on the same advance. One wins, and the books agree."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from apps.core.database import walls
from apps.core.errors import Refused
from apps.financing.models import Collection, Disbursement, Facility, FundingRequest, ReservePayout, Tranche
from apps.financing.services import quotes
from apps.milestones.models import Submission
from apps.workflows import funding as workflows
from apps.workflows import sign_off
from tests import scenarios
from tests.financing import stories
from tests.financing.conftest import Funded
from tests.financing.stories import day
from tests.races import somebody_waits, together
from tests.scenarios import Parties, acting, key, member


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
        assert FundingRequest.objects.filter(items__milestone=invoice.milestone_id).count() == 1


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


def test_of_two_draws_at_a_buyers_limit_that_was_lowered_one_is_paid_out(scratch: str) -> None:
    deal = stories.parties()
    facility = stories.opened_facility(deal)
    tranches = [stories.accepted_advance(deal, facility=facility, number=f"C-{n}") for n in (1, 2)]
    for tranche in tranches:
        stories.acknowledged(deal, tranche)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            'UPDATE financing_exposurelimit SET "limit" = 203999.99, set_at = now(), set_by_id = (SELECT min(id)'
            " FROM parties_user) WHERE side = 'buyer'"
        )
    outcomes = together(*[funding(deal, tranche, f"OUT-{tranche.pk}") for tranche in tranches])
    assert won(outcomes) == 1
    assert advanced(deal) == 102_000
    stories.verify_books()


def test_a_milestone_before_acceptance_is_pledged_to_one_of_two_financiers(scratch: str) -> None:
    deal, other = stories.parties(), stories.parties("Foreign")
    milestone = stories.plan_of(stories.active_contract(deal))[1]
    facilities = [
        stories.opened_facility(deal),
        stories.opened_facility(deal, financier=member(other, "financier")),
    ]
    outcomes = together(
        *[lambda facility=facility: stories.requested_on(deal, facility, milestone).ref for facility in facilities]
    )
    assert won(outcomes) == 1


@pytest.mark.parametrize("turn", range(3))
def test_an_acceptance_and_the_payout_at_once_end_in_the_same_purchase(scratch: str, turn: int) -> None:
    """Either the advance is converted or the invoice is bought at once: the same balances stand in the end."""
    deal = stories.parties()
    tranche = stories.advance_before_acceptance(deal)
    submission = scenarios.submitted_milestone(tranche.contract, position=2, at=stories.START)
    outcomes = together(
        lambda: accepted(submission, at=stories.noon(stories.FUNDED_ON)), funding(deal, tranche, "OUT-1")
    )
    assert won(outcomes) == 2
    (bought,) = stories.tranches(deal, contract_id=tranche.contract_id)
    assert bought.state == "funded_post"
    balances: dict[str, Decimal] = {}
    for entry in stories.entries(deal.financier):
        for code, amount in entry.items():
            balances[code] = balances.get(code, Decimal(0)) + amount
    assert {code: amount for code, amount in balances.items() if amount} == stories.lines(
        d1100=120_000, c2000=60_000, c2100=2_700, c1000=57_300
    )
    stories.verify_books()


def test_an_acceptance_and_a_cancellation_at_once_leave_books_that_agree(scratch: str) -> None:
    deal = stories.parties()
    tranche = stories.advance_before_acceptance(deal)
    submission = scenarios.submitted_milestone(tranche.contract, position=2, at=stories.START)

    def cancelled() -> str:
        with acting(member(deal, "treasury"), at=stories.START) as tea:
            return workflows.cancel_tranche(
                actor=tea, key=key(), tranche_ref=tranche.ref, reason="We wait for the buyer."
            )["tranche"]

    outcomes = together(lambda: accepted(submission, at=stories.START), cancelled)
    assert won(outcomes) == 2
    with walls.asking_for(deal.seller.pk):
        assert Tranche.objects.get().state == "cancelled"
    stories.verify_books()


def test_an_acceptance_waits_while_the_milestone_is_priced(scratch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let in between the reading and the price, it would leave a price before acceptance on an invoice."""
    deal = stories.parties()
    contract = stories.active_contract(deal)
    request = stories.requested_on(deal, stories.opened_facility(deal), stories.plan_of(contract)[1])
    submission = scenarios.submitted_milestone(contract, position=2, at=stories.START)
    started: list[Future[str]] = []

    def accept() -> str:
        try:
            return accepted(submission, at=stories.START)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:

        def quote(*about: Any, **terms: Any) -> Any:
            made = quotes.quote_of(*about, **terms)
            started.append(pool.submit(accept))
            while not (started[0].done() or somebody_waits()):
                pass
            return made

        monkeypatch.setattr("apps.financing.services.offers.quote_of", quote)
        offer = stories.priced(deal, request, **stories.SECOND)
        assert started[0].result(timeout=30)
    with walls.asking_for(deal.financier.pk):
        assert offer.lines.get().stage == "pre"
    stories.verify_books()


def accepted(submission: Submission, *, at: datetime) -> str:
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with acting(guest, at=at):
        return sign_off.accept_milestone(actor=guest, key=key(), submission_ref=submission.ref, seen=submission.sha256)[
            "invoice"
        ]
