"""What left the bank is what is recorded: which advances, how much, under which reference, on which day."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections, transaction

from apps.contracts.models import Contract
from apps.core.database import walls
from apps.core.errors import Refused, Stale
from apps.financing import services as financing
from apps.financing.models import Assignment, Disbursement, Facility, Offer
from apps.financing.services.funding import Transfer
from apps.ledger.models import Entry
from apps.workflows import funding
from tests import scenarios
from tests.conftest import Once
from tests.financing import stories
from tests.financing.stories import day, entries, lines
from tests.races import together
from tests.scenarios import Parties, acting, key, member


@pytest.fixture
def deal(committed: Once) -> Parties:
    return committed(stories.parties)


def promised(deal: Parties, number: str = "NL-2026-014") -> tuple[Contract, Offer]:
    """The sample book as one offer, acknowledged and not paid out."""
    contract = stories.active_contract(deal, number=number)
    scenarios.accepted_milestone(contract, at=stories.START)
    with walls.asking_for(deal.financier.pk):
        facility = Facility.objects.first()
    facility = facility or stories.opened_facility(deal, limit=Decimal(2_000_000))
    offer = stories.issued(
        deal, stories.requested_on(deal, facility, *stories.plan_of(contract)), terms=stories.whole_book()
    )
    stories.accepted(deal, offer)
    for tranche in stories.tranches(deal, contract_id=contract.pk):
        stories.acknowledged(deal, tranche)
    return contract, offer


def shown(deal: Parties, offer: Offer) -> str:
    with walls.asking_for(deal.financier.pk):
        return financing.seen_of(financing.waiting_of(offer_ref=offer.ref))


def cancel(deal: Parties, ref: str, *, by: str = "underwriter") -> None:
    with acting(member(deal, by), at=stories.START) as actor:
        funding.cancel_tranche(actor=actor, key=key(), tranche_ref=ref, reason="Not needed.")


# --- what treasury saw -------------------------------------------------------------------------------------------


def test_a_transfer_that_was_paid_for_more_than_waits_now_is_not_recorded(deal: Parties) -> None:
    contract, offer = promised(deal)
    seen = shown(deal, offer)
    cancel(deal, stories.tranches(deal, contract_id=contract.pk)[2].ref)
    with pytest.raises(Stale, match=r"now it is 157,090\.00 EUR\. Compare that with what left your bank"):
        stories.whole_offer_paid_out(deal, offer, seen=seen)
    assert entries(deal.financier) == []
    assert stories.whole_offer_paid_out(deal, offer)["tranches"] == "2"
    stories.verify_books()


def test_of_a_transfer_and_a_cancellation_at_once_never_a_part_is_booked(deal: Parties) -> None:
    contract, offer = promised(deal)
    seen, third = shown(deal, offer), stories.tranches(deal, contract_id=contract.pk)[2].ref
    outcomes = together(
        lambda: stories.whole_offer_paid_out(deal, offer, seen=seen),
        lambda: cancel(deal, third),
    )
    losers = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(losers) == 1
    assert isinstance(losers[0], Refused)
    with walls.asking_for(deal.financier.pk):
        assert Disbursement.objects.count() in (0, 3)
    stories.verify_books()


@pytest.mark.parametrize("waived", [False, True])
def test_the_seller_alone_does_not_cancel_what_the_buyer_was_told(deal: Parties, waived: bool) -> None:
    tranche = stories.accepted_advance(deal)
    if waived:
        ref = tranche_notice(deal)
        with acting(member(deal, "underwriter"), at=stories.START) as udo:
            funding.waive_notice(actor=udo, key=key(), assignment_ref=ref, reason="A known buyer.")
    else:
        stories.acknowledged(deal, tranche)
    with pytest.raises(Refused, match=r"may be paying you already\. Ask Kontor Capital GmbH to cancel"):
        cancel(deal, tranche.ref, by="billing")
    cancel(deal, tranche.ref, by="treasury")


def tranche_notice(deal: Parties) -> str:
    with walls.asking_for(deal.financier.pk):
        return Assignment.objects.get().ref


def test_of_a_waiver_and_the_sellers_cancellation_at_once_one_wins(deal: Parties) -> None:
    tranche = stories.accepted_advance(deal)
    ref = tranche_notice(deal)

    def waive() -> None:
        with acting(member(deal, "underwriter"), at=stories.START) as udo:
            funding.waive_notice(actor=udo, key=key(), assignment_ref=ref, reason="A known buyer.")

    outcomes = together(waive, lambda: cancel(deal, tranche.ref, by="billing"))
    losers = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(losers) == 1
    assert isinstance(losers[0], Refused)


# --- the bank's reference ----------------------------------------------------------------------------------------


def test_a_reference_is_recorded_once_whatever_its_parts(deal: Parties) -> None:
    _contract, offer = promised(deal)
    stories.whole_offer_paid_out(deal, offer, reference="PAY-7")
    with walls.asking_for(deal.financier.pk):
        parts = Disbursement.objects.order_by("part").values_list("bank_reference", "part", "parts")
        assert list(parts) == [("PAY-7", 1, 3), ("PAY-7", 2, 3), ("PAY-7", 3, 3)]
    _other, single = promised(deal, "C-2")
    with pytest.raises(Refused, match="PAY-7 is already recorded"):
        stories.whole_offer_paid_out(deal, single, reference="PAY-7")
    (first, *_rest) = stories.tranches(deal, contract_id=_other.pk)
    with pytest.raises(Refused, match="PAY-7 is already recorded"):
        stories.paid_out(deal, first, reference=" PAY-7 ")


def test_a_reference_that_looks_like_a_part_is_another_reference(deal: Parties) -> None:
    """Written by hand it takes no part's place: neither does the transfer fail, nor is it recorded twice."""
    contract, offer = promised(deal)
    _other, second = promised(deal, "C-2")
    first = stories.tranches(deal, contract_id=contract.pk)[0]
    stories.paid_out(deal, first, reference="PAY-7 2/3")
    assert stories.whole_offer_paid_out(deal, second, reference="PAY-7")["tranches"] == "3"
    assert stories.whole_offer_paid_out(deal, offer, reference="PAY-8")["tranches"] == "2"
    stories.verify_books()


def test_a_long_reference_of_many_parts_fits(deal: Parties) -> None:
    _contract, offer = promised(deal)
    assert stories.whole_offer_paid_out(deal, offer, reference="R" * 60)["tranches"] == "3"


def test_of_two_payouts_under_one_reference_at_once_one_is_refused_in_words(deal: Parties) -> None:
    facility = stories.opened_facility(deal)
    waiting = [stories.accepted_advance(deal, facility=facility, number=f"C-{n}") for n in (1, 2)]
    for tranche in waiting:
        stories.acknowledged(deal, tranche)
    outcomes = together(*[lambda tranche=tranche: stories.paid_out(deal, tranche).ref for tranche in waiting])
    losers = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(losers) == 1
    assert isinstance(losers[0], Refused)
    assert "OUT-1 is already recorded" in str(losers[0])


def test_postgres_wants_all_the_parts_of_a_transfer(deal: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
    contract, _offer = promised(deal)
    first = stories.tranches(deal, contract_id=contract.pk)[0]
    for part, parts, because in ((2, 2, "is not all its parts"), (1, 2, "is not all its parts"), (3, 2, "part_of_its")):
        monkeypatch.setattr(
            "apps.financing.services.Transfer",
            lambda on, reference, part=part, parts=parts: Transfer(on, reference, part, parts),
        )
        with pytest.raises(IntegrityError, match=because):
            stories.paid_out(deal, first)
    with connections["owner"].cursor() as cursor, transaction.atomic(using="owner"):
        cursor.execute("SELECT count(*) FROM financing_disbursement")
        assert cursor.fetchone() == (0,)


# --- the day of the payout ---------------------------------------------------------------------------------------


def test_a_payout_of_before_the_acceptance_is_booked_as_the_advance_that_it_was(deal: Parties) -> None:
    tranche = stories.advance_before_acceptance(deal)
    with walls.asking_for(deal.seller.pk):
        contract = tranche.contract
    accepted_on = day(3)
    scenarios.accepted_milestone(contract, position=2, at=stories.noon(accepted_on))
    with acting(member(deal, "treasury"), at=stories.noon(day(5))) as tea:
        funding.fund_tranche(
            actor=tea, key=key(), tranche_ref=tranche.ref, value_on=stories.FUNDED_ON, bank_reference="OUT-1"
        )
    assert entries(deal.financier) == [
        lines(d1150=60_000, c2100=2_700, c1000=57_300),
        lines(d1100=120_000, c1150=60_000, c2000=60_000),
    ]
    assert booked_on(deal.financier.pk) == [stories.FUNDED_ON, accepted_on]
    assert entries(deal.seller, purpose="seller")[-2:] == [
        lines(d1000=57_300, d5000=2_700, c2300=60_000),
        lines(d1200=60_000, d2300=60_000, c1100=120_000),
    ]
    (bought,) = stories.tranches(deal, contract_id=contract.pk)
    assert (bought.state, bought.funded_on) == ("funded_post", stories.FUNDED_ON)
    assert bought.outstanding == 60_000
    with walls.asking_for(deal.financier.pk):
        assert bought.facility.advanced_pre == 0
    stories.verify_books()


def booked_on(organisation_id: int) -> list[date]:
    with walls.asking_for(organisation_id):
        posted = Entry.objects.filter(organisation_id=organisation_id, book__purpose="financier")
        return list(posted.order_by("id").values_list("booked_on", flat=True))


def test_a_payout_on_the_day_of_the_acceptance_buys_the_invoice(deal: Parties) -> None:
    tranche = stories.advance_before_acceptance(deal)
    with walls.asking_for(deal.seller.pk):
        contract = tranche.contract
    scenarios.accepted_milestone(contract, position=2, at=stories.noon(stories.FUNDED_ON))
    stories.paid_out(deal, tranche)
    assert entries(deal.financier) == [lines(d1100=120_000, c2000=60_000, c2100=2_700, c1000=57_300)]
    stories.verify_books()


def test_what_was_priced_as_an_invoice_is_bought_whatever_the_day(deal: Parties) -> None:
    tranche = stories.accepted_advance(deal)
    stories.acknowledged(deal, tranche)
    with acting(member(deal, "treasury"), at=stories.START + timedelta(days=2)) as tea:
        funding.fund_tranche(
            actor=tea, key=key(), tranche_ref=tranche.ref, value_on=stories.START.date(), bank_reference="OUT-1"
        )
    assert entries(deal.financier)[0].keys() == {"1100", "2000", "2100", "2110", "1000"}
    stories.verify_books()
