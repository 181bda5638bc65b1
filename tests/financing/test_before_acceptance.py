"""Advances on milestones that are not accepted: the sample book, alone and as one offer, and what acceptance makes."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.financing import services as financing
from apps.financing.models import Disbursement, ExposureLimit, Facility, FundingRequest, Offer, RequestItem, Tranche
from apps.invoicing import snapshot
from apps.invoicing.models import Invoice, PayeeInstruction
from apps.milestones.models import Milestone
from apps.workflows import funding, underwriting
from tests import scenarios
from tests.conftest import Once
from tests.financing import stories
from tests.financing.stories import SECOND, THIRD, day, entries, lines
from tests.scenarios import Parties, acting, key, member

FUNDING = [
    lines(d1100=120_000, c2000=18_000, c2100=1_700, c2110=510, c1000=99_790),
    lines(d1150=60_000, c2100=2_700, c1000=57_300),
    lines(d1150=64_000, c2100=6_400, c1000=57_600),
]
CONVERSION = lines(d1100=120_000, c1150=60_000, c2000=60_000)


@pytest.fixture
def deal(committed: Once) -> Parties:
    return committed(stories.parties)


def facility_of(deal: Parties) -> Facility:
    with walls.asking_for(deal.financier.pk):
        return Facility.objects.get()


def out(deal: Parties) -> tuple[int | Decimal, int | Decimal]:
    """What the facility counts, in all and before acceptance."""
    facility = facility_of(deal)
    return facility.advanced, facility.advanced_pre


def counted(deal: Parties) -> set[tuple[str, Decimal, Decimal]]:
    with walls.asking_for(deal.financier.pk):
        return set(ExposureLimit.objects.values_list("side", "used", "reserved"))


def balance(deal: Parties, code: str) -> Decimal:
    return sum((entry.get(code, Decimal(0)) for entry in entries(deal.seller, purpose="seller")), Decimal(0))


# --- the sample book ---------------------------------------------------------------------------------------------


def test_the_sample_book_as_one_offer(deal: Parties) -> None:
    contract = stories.sample_book(deal)
    with walls.asking_for(deal.financier.pk):
        offer = Offer.objects.get()
        found = [
            (line.gross, Decimal(line.days), line.discount, line.fee, line.net, round(line.apr, 2), round(line.xirr, 2))
            for line in offer.lines.order_by("milestone__position")
        ]
    assert found == [
        tuple(map(Decimal, row))
        for row in (
            ("102000", "50", "1700", "510", "99790", "16.17", "17.34"),
            ("60000", "90", "2700", "0", "57300", "19.11", "20.53"),
            ("64000", "180", "6400", "0", "57600", "22.53", "23.82"),
        )
    ]
    assert (offer.net, round(offer.xirr, 2), round(offer.apr, 2)) == tuple(map(Decimal, ("214690", "21.40", "19.72")))
    assert offer.unit_period == "2 months"
    assert "the unit-period of all together is 2 months" in offer.disclosure
    assert entries(deal.financier) == FUNDING
    assert [tranche.state for tranche in stories.tranches(deal, contract_id=contract.pk)] == [
        "funded_post",
        "funded_pre",
        "funded_pre",
    ]
    assert out(deal) == (226_000, 124_000)
    assert counted(deal) == {("buyer", Decimal(226_000), Decimal(0)), ("seller", Decimal(226_000), Decimal(0))}
    stories.verify_books()


def test_the_sample_book_milestone_by_milestone(deal: Parties) -> None:
    contract = stories.active_contract(deal)
    scenarios.accepted_milestone(contract, at=stories.START)
    facility = stories.opened_facility(deal)
    for at, (milestone, terms) in enumerate(
        zip(stories.plan_of(contract), (stories.TERMS, SECOND, THIRD), strict=True), start=1
    ):
        offer = stories.issued(deal, stories.requested_on(deal, facility, milestone), **terms)
        tranche = stories.accepted(deal, offer)
        stories.acknowledged(deal, tranche)
        stories.paid_out(deal, tranche, reference=f"OUT-{at}")
    assert entries(deal.financier) == FUNDING
    with walls.asking_for(deal.financier.pk):
        rates = Offer.objects.order_by("pk").values_list("apr", "xirr")
        assert [(round(apr, 2), round(xirr, 2)) for apr, xirr in rates] == [
            tuple(map(Decimal, row)) for row in (("16.17", "17.34"), ("19.11", "20.53"), ("22.53", "23.82"))
        ]
        assert "ADVANCE ON A MILESTONE THAT IS NOT ACCEPTED YET" in Offer.objects.order_by("pk")[1].disclosure
    stories.verify_books()


def test_income_accrues_before_acceptance_as_after_it(deal: Parties) -> None:
    stories.sample_book(deal)
    assert stories.accrued(deal, through=day(30)) == 3
    assert entries(deal.financier)[3:] == [
        lines(d2100=1_020, c4000=1_020, d2110=306, c4010=306),
        lines(d2100=900, c4000=900),
        lines(d2100="1066.67", c4000="1066.67"),
    ]
    stories.verify_books()


# --- acceptance --------------------------------------------------------------------------------------------------


def test_acceptance_turns_the_advance_into_the_purchase_of_the_invoice(deal: Parties) -> None:
    contract = stories.sample_book(deal)
    assert balance(deal, "2300") == -124_000
    accepted_at = stories.noon(date(2026, 5, 1))
    scenarios.accepted_milestone(contract, position=2, at=accepted_at)
    assert entries(deal.financier)[3:] == [CONVERSION]
    bought = stories.tranches(deal, contract_id=contract.pk)[1]
    assert bought.state == "funded_post"
    assert bought.outstanding == 60_000
    assert out(deal) == (226_000, 64_000)
    assert balance(deal, "2300") == -64_000
    assert entries(deal.seller, purpose="seller")[-1] == lines(d1200=60_000, d2300=60_000, c1100=120_000)
    with walls.asking_for(deal.buyer.pk):
        invoice = Invoice.objects.get(milestone_id=bought.milestone_id)
        said = snapshot.read(invoice.snapshot)
    assert (said.payee and said.payee.name) == deal.financier.legal_name
    assert said.credit_transfer is not None
    assert said.credit_transfer.iban == "DE75512108001245126199"
    stories.verify_books()
    stories.collected(deal, bought, 120_000, on=date(2026, 5, 31))
    assert entries(deal.financier)[-2:] == [
        lines(d2100=2_700, c4000=2_700),
        lines(d1010=120_000, c1100=120_000, d2000=60_000, c2010=60_000),
    ]
    stories.reserve_paid(deal, bought, on=date(2026, 6, 1))
    assert entries(deal.seller, purpose="seller")[-1] == lines(d1000=60_000, c1200=60_000)
    assert counted(deal) == {("buyer", Decimal(166_000), Decimal(0)), ("seller", Decimal(166_000), Decimal(0))}
    stories.verify_books()


def test_a_part_payment_after_conversion_repays_the_advance_first(deal: Parties) -> None:
    tranche = stories.advance_before_acceptance(deal)
    stories.paid_out(deal, tranche)
    with walls.asking_for(deal.seller.pk):
        contract = tranche.contract
    scenarios.accepted_milestone(contract, position=2, at=stories.noon(day(30)))
    bought = stories.tranches(deal, contract_id=contract.pk)[0]
    stories.collected(deal, bought, 50_000, on=day(40))
    assert entries(deal.financier)[-1] == lines(d1010=50_000, c1100=50_000)
    assert bought.state == "part_collected"
    assert bought.outstanding == facility_of(deal).advanced == 10_000
    stories.verify_books()


def test_an_acceptance_before_the_payout_makes_it_a_purchase_at_the_signed_price(deal: Parties) -> None:
    tranche = stories.advance_before_acceptance(deal)
    with walls.asking_for(deal.seller.pk):
        contract = tranche.contract
    scenarios.accepted_milestone(contract, position=2, at=stories.START + timedelta(hours=2))
    assert entries(deal.financier) == []
    bought = stories.paid_out(deal, tranche)
    assert bought.state == "funded_post"
    assert entries(deal.financier) == [lines(d1100=120_000, c2000=60_000, c2100=2_700, c1000=57_300)]
    assert facility_of(deal).advanced_pre == 0
    stories.verify_books()


def test_a_milestone_without_an_advance_costs_one_statement_more(deal: Parties) -> None:
    contract = stories.active_contract(deal)
    submission = scenarios.submitted_milestone(contract, at=stories.START)
    with (
        acting(member(deal, "approver"), at=stories.START),
        CaptureQueriesContext(connection) as asked,
    ):
        assert financing.advance_on(Milestone.objects.get(pk=submission.milestone_id)) is None
    assert sum("financing_tranche" in query["sql"] for query in asked.captured_queries) == 1


def test_the_face_of_a_milestone_before_acceptance_is_what_its_invoice_comes_to_with_tax(deal: Parties) -> None:
    contract = scenarios.active_contract(
        deal, draft=scenarios.software_draft(deal, price=Decimal("40000.01")), at=stories.START
    )
    milestone = stories.plan_of(contract)[1]
    request = stories.requested_on(deal, stories.opened_facility(deal), milestone)
    assert request.face == Decimal("14280.00")
    offer = stories.issued(deal, request, **SECOND)
    assert (offer.face, offer.gross, offer.reserve) == tuple(map(Decimal, ("14280", "7140", "7140")))
    tranche = stories.accepted(deal, offer)
    stories.acknowledged(deal, tranche)
    stories.paid_out(deal, tranche)
    scenarios.accepted_milestone(contract, position=2, at=stories.noon(day(3)))
    with walls.asking_for(deal.seller.pk):
        assert Invoice.objects.get().gross == request.face
    stories.verify_books()


# --- what is refused ---------------------------------------------------------------------------------------------


def test_nothing_is_paid_out_before_the_buyer_is_verified(deal: Parties) -> None:
    tranche = stories.advance_before_acceptance(deal)
    udo = member(deal, "underwriter")
    with acting(udo, at=stories.START):
        found = financing.verification_of(financier_id=deal.financier.pk, buyer_id=deal.buyer.pk)
        assert found is not None
        with pytest.raises(IllegalTransition, match="already verified"):
            underwriting.verify_buyer(actor=udo, key=key(), buyer_ref=deal.buyer.ref, checked="Again.")
        underwriting.revoke_verification(actor=udo, key=key(), verification_ref=found.ref, reason="Register is wrong.")
    with pytest.raises(Refused, match="Meridian Logistik AG is not verified"):
        stories.paid_out(deal, tranche)
    with acting(member(deal, "analyst"), at=stories.START) as ana, pytest.raises(NotAllowed):
        underwriting.verify_buyer(actor=ana, key=key(), buyer_ref=deal.buyer.ref, checked="Register.")
    stories.verified(deal)
    with walls.asking_for(deal.buyer.pk):
        deal.buyer.city = "Bremen"
        deal.buyer.save(update_fields=["city"])
    with pytest.raises(Refused, match="data of Meridian Logistik AG have changed since it was verified"):
        stories.paid_out(deal, tranche)


def test_only_buyers_of_contracts_that_were_shown_are_verified(deal: Parties) -> None:
    other = stories.parties("Foreign")
    udo = member(deal, "underwriter")
    with acting(udo, at=stories.START), pytest.raises(Refused, match="no such buyer"):
        underwriting.verify_buyer(actor=udo, key=key(), buyer_ref=other.buyer.ref, checked="Register.")
    with acting(member(deal, "seller"), at=stories.START) as sina, pytest.raises(NotAllowed):
        underwriting.verify_buyer(actor=sina, key=key(), buyer_ref=deal.buyer.ref, checked="Register.")


def test_the_part_of_the_limit_before_acceptance_is_kept(deal: Parties) -> None:
    facility = stories.opened_facility(deal, pre_limit_rate=Decimal(20))
    contract = stories.active_contract(deal)
    with pytest.raises(Refused, match=r"has 100,000.00 EUR left of the 100,000.00 EUR that it advances on milestones"):
        stories.requested_on(deal, facility, *stories.plan_of(contract)[1:])
    stories.requested_on(deal, facility, stories.plan_of(contract)[1])


def test_a_sub_limit_that_was_lowered_keeps_the_money(deal: Parties) -> None:
    tranche = stories.advance_before_acceptance(deal)
    with walls.asking_for(deal.financier.pk):
        Facility.objects.update(pre_limit_rate=Decimal(10))
    with pytest.raises(Refused, match=r"only 50,000.00 EUR is left of what the facility advances before acceptance"):
        stories.paid_out(deal, tranche)


def test_limits_for_buyer_and_seller_are_kept_and_only_the_financier_reads_them(deal: Parties) -> None:
    request = stories.requested(deal, stories.invoiced(deal), stories.opened_facility(deal))
    udo = member(deal, "underwriter")

    def limited(amount: str | None) -> None:
        with acting(udo, at=stories.START):
            row = ExposureLimit.objects.get(side="buyer")
            limit = None if amount is None else Decimal(amount)
            underwriting.set_exposure_limit(actor=udo, key=key(), exposure_ref=row.ref, limit=limit)

    stories.priced(deal, request)
    with acting(member(deal, "analyst"), at=stories.START) as ana:
        funding.revoke_offer(actor=ana, key=key(), offer_ref=Offer.objects.get().ref)
    limited("101999.99")
    with pytest.raises(Refused, match=r"limit for Meridian Logistik AG has 101,999.99 EUR left of 101,999.99 EUR"):
        stories.priced(deal, request)
    limited(None)
    offer = stories.issued(deal, request)
    limited("101999.99")
    with pytest.raises(Refused, match="limits do not hold this advance any more") as refused:
        stories.accepted(deal, offer)
    assert "101,999.99" not in str(refused.value)
    limited("102000")
    tranche = stories.accepted(deal, offer)
    assert ("buyer", Decimal(0), Decimal(102_000)) in counted(deal)
    stories.acknowledged(deal, tranche)
    limited("100000")
    with pytest.raises(Refused, match=r"limit for Meridian Logistik AG has 100,000.00 EUR left"):
        stories.paid_out(deal, tranche)
    limited("102000")
    stories.paid_out(deal, tranche)
    for wrong in ("-1", "0.001", "NaN"):
        with pytest.raises(Refused) as refusal:
            limited(wrong)
        assert refusal.value.field == "limit"
    stories.verify_books()


def test_a_milestone_without_criteria_is_funded_only_once_it_is_accepted(deal: Parties) -> None:
    """Contracts do not let one be proposed; an older one that came in another way is refused here."""
    contract = stories.active_contract(deal)
    with transaction.atomic(using="owner"), connections["owner"].cursor() as owner:
        owner.execute("SET LOCAL session_replication_role = replica; DELETE FROM contracts_criterion")
    with pytest.raises(Refused, match="has no criteria"):
        stories.requested_on(deal, stories.opened_facility(deal), stories.plan_of(contract)[0])


def test_nothing_is_advanced_for_longer_than_the_facility_lets(deal: Parties) -> None:
    contract = stories.active_contract(deal)
    request = stories.requested_on(deal, stories.opened_facility(deal), stories.plan_of(contract)[1])
    with pytest.raises(Refused, match="for more than 180 days") as refusal:
        stories.priced(deal, request, **(SECOND | {"expected_on": day(181)}))
    assert refusal.value.field == "expected_on"


def test_every_milestone_of_a_request_is_priced(deal: Parties) -> None:
    contract = stories.active_contract(deal)
    request = stories.requested_on(deal, stories.opened_facility(deal), *stories.plan_of(contract)[1:])
    with pytest.raises(Refused, match="each of the 2 milestones"):
        stories.priced(deal, request)


def test_an_offer_before_acceptance_is_not_accepted_after_it(deal: Parties) -> None:
    contract = stories.active_contract(deal)
    request = stories.requested_on(deal, stories.opened_facility(deal), stories.plan_of(contract)[1])
    offer = stories.issued(deal, request, **SECOND)
    scenarios.accepted_milestone(contract, position=2, at=stories.START)
    with pytest.raises(Refused, match="was accepted since this offer was priced"):
        stories.accepted(deal, offer)


def test_a_milestone_is_asked_for_once_and_pledged_once(deal: Parties) -> None:
    tranche = stories.advance_before_acceptance(deal)
    with walls.asking_for(deal.seller.pk):
        facility, milestone = Facility.objects.get(), Milestone.objects.get(pk=tranche.milestone_id)
    with pytest.raises(Refused, match="already assigned"):
        stories.requested_on(deal, facility, milestone)
    third = stories.plan_of(tranche.contract)[2]
    stories.requested_on(deal, facility, third)
    with pytest.raises(Refused, match="already asked for"):
        stories.requested_on(deal, facility, third)


def test_milestones_of_two_contracts_are_not_one_request(deal: Parties) -> None:
    plans = [stories.plan_of(stories.active_contract(deal, number=number))[0] for number in ("C-1", "C-2")]
    with pytest.raises(Refused, match="no such milestone in this contract"):
        stories.requested_on(deal, stories.opened_facility(deal), *plans)


# --- an offer in parts -------------------------------------------------------------------------------------------


def test_a_whole_offer_is_paid_out_in_one_transfer(deal: Parties) -> None:
    contract = stories.active_contract(deal)
    scenarios.accepted_milestone(contract, at=stories.START)
    request = stories.requested_on(deal, stories.opened_facility(deal), *stories.plan_of(contract))
    offer = stories.issued(deal, request, terms=stories.whole_book())
    stories.accepted(deal, offer)
    found = stories.tranches(deal, contract_id=contract.pk)
    for tranche in found[:2]:
        stories.acknowledged(deal, tranche)

    def transfer() -> dict[str, str]:
        return stories.whole_offer_paid_out(deal, offer)

    with pytest.raises(Refused, match="has not acknowledged the assignment"):
        transfer()
    assert entries(deal.financier) == []
    stories.acknowledged(deal, found[2])
    assert transfer()["tranches"] == "3"
    assert entries(deal.financier) == FUNDING
    with walls.asking_for(deal.financier.pk):
        sent = [str(tranche.disbursement) for tranche in Tranche.objects.order_by("pk")]
        assert sent == ["OUT-1 1/3", "OUT-1 2/3", "OUT-1 3/3"]
        assert set(Disbursement.objects.values_list("bank_reference", flat=True)) == {"OUT-1"}
    with pytest.raises(Refused, match="Nothing of this offer waits"):
        transfer()
    stories.verify_books()


def test_one_advance_of_an_offer_is_cancelled_and_the_others_stay(deal: Parties) -> None:
    contract = stories.active_contract(deal)
    request = stories.requested_on(deal, stories.opened_facility(deal), *stories.plan_of(contract)[1:])
    stories.accepted(
        deal,
        stories.issued(
            deal,
            request,
            terms=stories.whole_book(SECOND, THIRD),
        ),
    )
    second, third = stories.tranches(deal, contract_id=contract.pk)

    def cancelled(tranche: Tranche) -> None:
        with acting(member(deal, "billing"), at=stories.START) as bilge:
            funding.cancel_tranche(actor=bilge, key=key(), tranche_ref=tranche.ref, reason="We wait for acceptance.")

    cancelled(second)
    with walls.asking_for(deal.seller.pk):
        assert FundingRequest.objects.get().state == "accepted"
        assert [item.milestone_id for item in RequestItem.objects.held()] == [third.milestone_id]
        assert PayeeInstruction.objects.live().get().milestone_id == third.milestone_id
    assert counted(deal) == {("buyer", Decimal(0), Decimal(64_000)), ("seller", Decimal(0), Decimal(64_000))}
    stories.verify_books()
    cancelled(third)
    with walls.asking_for(deal.seller.pk):
        assert FundingRequest.objects.get().state == "withdrawn"
        assert not RequestItem.objects.held().exists()
    assert stories.requested_on(deal, facility_of(deal), *stories.plan_of(contract)[1:]).state == "submitted"
    stories.verify_books()
