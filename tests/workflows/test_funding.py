"""From the seller's request to the settled advance: what each side can do, and what is refused in words."""

from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from apps.audit.models import Chain
from apps.core.database import walls
from apps.core.errors import IllegalTransition, KeyReused, NotAllowed, Refused, Stale
from apps.financing import services as financing
from apps.financing.models import Assignment, Disbursement, Facility, FundingRequest, Offer, Tranche
from apps.invoicing.models import Invoice, OpenItem, PayeeInstruction
from apps.ledger import services as ledger
from apps.parties.models import BankAccount, Organisation
from apps.workflows import billing, funding
from tests import scenarios
from tests.conftest import Once
from tests.financing import stories
from tests.financing.stories import EXPECTED_ON, FUNDED_ON, START, day, noon
from tests.scenarios import Parties, acting, key, member

pytestmark = pytest.mark.django_db
SMALL = financing.FacilityTerms(currency="EUR", limit=Decimal(1))


@pytest.fixture(scope="module")
def told(once: Once) -> Parties:
    return once(stories.parties)


@pytest.fixture
def deal(told: Parties, db: None) -> Parties:
    return deepcopy(told)


@pytest.fixture
def request_made(deal: Parties) -> FundingRequest:
    return stories.requested(deal, stories.invoiced(deal), stories.opened_facility(deal))


@pytest.fixture
def offer(deal: Parties, request_made: FundingRequest) -> Offer:
    return stories.issued(deal, request_made)


@pytest.fixture
def tranche(deal: Parties, offer: Offer) -> Tranche:
    return stories.accepted(deal, offer)


def assignment_of(deal: Parties) -> Assignment:
    with walls.asking_for(deal.buyer.pk):
        return Assignment.objects.get()


# --- the whole story ---------------------------------------------------------------------------------------------


def test_the_story_is_told_to_all_three_parties(deal: Parties) -> None:
    tranche = stories.funded_advance(deal)
    stories.collected(deal, tranche, 120_000, on=day(50))
    stories.reserve_paid(deal, tranche, on=day(51))
    for organisation in (deal.seller, deal.buyer, deal.financier):
        with walls.asking_for(organisation.pk):
            entries = Chain.objects.get(subject__startswith="contract:").entries.order_by("position")
            verbs = list(entries.values_list("verb", flat=True))
        verbs = [verb for verb in verbs if not verb.startswith("link.")]
        assert verbs[-11:] == [
            "funding.requested",
            "contract.financier_admitted",
            "offer.priced",
            "offer.approved",
            "offer.accepted",
            "receivable.assigned",
            "assignment.acknowledged",
            "advance.funded",
            "payment.received",
            "advance.collected",
            "reserve.paid",
        ]
    with walls.asking_for(deal.buyer.pk):
        assert OpenItem.objects.get().open == 0


def test_the_trail_that_the_buyer_reads_says_nothing_of_the_price(deal: Parties) -> None:
    tranche = stories.funded_advance(deal)
    stories.collected(deal, tranche, 120_000, on=day(65))
    with walls.asking_for(deal.buyer.pk):
        read = " ".join(Chain.objects.get(subject__startswith="contract:").entries.values_list("text", flat=True))
    assert "120000" in read
    assert not [secret for secret in ("102000", "99790", "18000", "1700", "17660", '"340"') if secret in read]


def test_an_offer_says_its_price_in_money_as_apr_and_as_xirr(offer: Offer) -> None:
    assert (offer.net, offer.apr, offer.xirr) == tuple(map(Decimal, ("99790", "16.1670", "17.3400")))
    for line in (
        "Paid to you at funding (amount financed): 99,790.00 EUR",
        "Finance charge (discount and fee): 2,210.00 EUR",
        "Annual percentage rate (APR): 16.17 %",
        "Internal rate of return (XIRR, actual/365): 17.34 %",
        "Reserve, paid to you after the buyer has paid: 18,000.00 EUR",
    ):
        assert line in offer.disclosure.splitlines()


def test_the_buyer_is_told_whom_to_pay_and_the_invoice_follows(deal: Parties, tranche: Tranche) -> None:
    notice = assignment_of(deal).notice
    assert "has assigned the whole of the following invoice to Kontor Capital GmbH" in notice
    for line in (f"Invoice: {tranche.bought.number}", "Amount: 120,000.00 EUR", "IBAN: DE75512108001245126199"):
        assert line in notice.splitlines()
    with walls.asking_for(deal.buyer.pk):
        assert PayeeInstruction.objects.live().get().payee_id == deal.financier.pk
    with acting(member(deal, "billing"), at=noon(FUNDED_ON)) as actor, pytest.raises(Refused, match="is assigned"):
        billing.record_payment(
            actor=actor,
            key=key(),
            invoice_ref=tranche.bought.ref,
            amount=Decimal(120_000),
            received_on=FUNDED_ON,
            bank_reference="B-1",
        )


# --- asking ------------------------------------------------------------------------------------------------------


def test_a_facility_is_opened_by_the_seller_s_reference_only_by_a_financier(deal: Parties) -> None:
    facility = stories.opened_facility(deal)
    assert (facility.seller_id, facility.late_rate, facility.grace_days) == (deal.seller.pk, Decimal(12), 5)
    with pytest.raises(Refused, match="already has a facility in EUR"):
        stories.opened_facility(deal)
    with pytest.raises(NotAllowed, match="role does not allow"):
        stories.opened_facility(deal, financier=member(deal, "analyst"))
    with pytest.raises(NotAllowed, match="Only a financier"):
        stories.opened_facility(deal, financier=member(deal, "buyer"))
    uli = member(deal, "financier")
    with acting(uli, at=START), pytest.raises(Refused, match="No organisation has this reference"):
        funding.open_facility(actor=uli, key=key(), seller_ref="unknown", terms=SMALL)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("currency", "XXX"),
        ("limit", Decimal("-1")),
        ("limit", Decimal("NaN")),
        ("advance_rate", Decimal(0)),
        ("annual_rate", Decimal("12.0001")),
        ("late_rate", Decimal(101)),
        ("grace_days", 366),
    ],
)
def test_impossible_terms_of_a_facility_are_refused_at_their_field(deal: Parties, field: str, value: Any) -> None:
    with pytest.raises(Refused) as refusal:
        stories.opened_facility(deal, **{field: value})
    assert refusal.value.field == field


def test_knowing_a_reference_shows_its_organisation_only_while_a_facility_is_opened(deal: Parties) -> None:
    with acting(member(stories.parties("Foreign"), "financier"), at=START) as stranger, transaction.atomic():
        with pytest.raises(Refused, match="is a financier"):
            financing.open_facility(actor=stranger, seller_ref=deal.financier.ref, terms=SMALL, at=START)
        assert not Organisation.objects.filter(ref=deal.financier.ref).exists()


def test_an_invoice_is_asked_for_once_and_only_while_it_is_whole_and_not_past_due(deal: Parties) -> None:
    facility, invoice = stories.opened_facility(deal), stories.invoiced(deal)
    bilge, late = member(deal, "billing"), noon(invoice.due_on + timedelta(days=1))
    with acting(bilge, at=late), pytest.raises(Refused, match="past due"):
        funding.request_funding(
            actor=bilge, key=key(), milestone_refs=[stories.milestone_of(invoice).ref], facility_ref=facility.ref
        )
    stories.requested(deal, invoice, facility)
    with pytest.raises(Refused, match="already asked for"):
        stories.requested(deal, invoice, facility)
    with acting(member(deal, "delivery"), at=START) as actor, pytest.raises(NotAllowed):
        funding.request_funding(
            actor=actor, key=key(), milestone_refs=[stories.milestone_of(invoice).ref], facility_ref=facility.ref
        )


def test_a_contract_that_forbids_assignment_is_not_financed(deal: Parties) -> None:
    invoice = stories.invoiced(deal, is_assignable=False)
    with pytest.raises(Refused, match="does not allow its receivables"):
        stories.requested(deal, invoice, stories.opened_facility(deal))


def test_the_headroom_is_said_in_words(deal: Parties) -> None:
    facility = stories.opened_facility(deal, limit=Decimal(100_000))
    with pytest.raises(
        Refused, match=r"would be 102,000.00 EUR, and the facility has 100,000.00 EUR left of its limit of 100,000.00"
    ):
        stories.requested(deal, stories.invoiced(deal), facility)


def test_a_request_is_withdrawn_by_the_seller_with_its_open_offer(
    deal: Parties, request_made: FundingRequest, offer: Offer
) -> None:
    facility = request_made.facility
    with acting(member(deal, "billing"), at=START) as actor:
        funding.withdraw_request(actor=actor, key=key(), request_ref=request_made.ref)
        request_made.refresh_from_db()
        offer.refresh_from_db()
        assert (request_made.state, offer.state) == ("withdrawn", "revoked")
        with pytest.raises(IllegalTransition):
            funding.withdraw_request(actor=actor, key=key(), request_ref=request_made.ref)
    with walls.asking_for(deal.seller.pk):
        invoice = Invoice.objects.get()
    assert stories.requested(deal, invoice, facility).state == "submitted"


def test_a_request_is_declined_with_a_reason(deal: Parties, request_made: FundingRequest) -> None:
    with acting(member(deal, "analyst"), at=START) as actor:
        for reason, message in (("  ", "Say why"), ("x" * 401, "at most 400")):
            with pytest.raises(Refused, match=message):
                funding.decline_request(actor=actor, key=key(), request_ref=request_made.ref, reason=reason)
        funding.decline_request(actor=actor, key=key(), request_ref=request_made.ref, reason="Too concentrated.")
    with acting(member(deal, "billing")):
        request_made.refresh_from_db()
        assert (request_made.state, request_made.decline_reason) == ("declined", "Too concentrated.")


# --- offering ----------------------------------------------------------------------------------------------------


def test_an_offer_is_approved_by_a_second_person(deal: Parties, request_made: FundingRequest) -> None:
    offer = stories.priced(deal, request_made)
    with acting(member(deal, "billing")):
        assert not Offer.objects.visible_to(member(deal, "billing")).exists()
    with acting(member(deal, "analyst"), at=START) as actor, pytest.raises(NotAllowed, match="role does not allow"):
        funding.approve_offer(actor=actor, key=key(), offer_ref=offer.ref)
    ana = replace(member(deal, "analyst"), roles=frozenset({"analyst", "underwriter"}))
    with acting(ana, at=START), pytest.raises(NotAllowed, match="You priced this offer, so a second person"):
        funding.approve_offer(actor=ana, key=key(), offer_ref=offer.ref)
    with acting(member(deal, "underwriter"), at=START) as actor:
        funding.approve_offer(actor=actor, key=key(), offer_ref=offer.ref)
    with acting(member(deal, "billing")):
        assert Offer.objects.visible_to(member(deal, "billing")).get().state == "issued"


def test_a_new_price_needs_the_old_one_revoked_and_is_a_new_version(
    deal: Parties, request_made: FundingRequest, offer: Offer
) -> None:
    with pytest.raises(Refused, match="already an offer"):
        stories.priced(deal, request_made)
    with acting(member(deal, "analyst"), at=START) as actor:
        funding.revoke_offer(actor=actor, key=key(), offer_ref=offer.ref)
    second = stories.issued(deal, request_made, annual_rate=Decimal(11))
    assert (second.version, second.discount) == (2, Decimal("1558.33"))
    with acting(member(deal, "billing"), at=START) as actor:
        funding.decline_offer(actor=actor, key=key(), offer_ref=second.ref)
        request_made.refresh_from_db()
        assert request_made.state == "submitted"


def test_an_offer_that_lapsed_is_refused_closed_by_the_job_and_can_be_priced_anew(
    deal: Parties, request_made: FundingRequest, offer: Offer
) -> None:
    late = offer.expires_at + timedelta(seconds=1)
    with pytest.raises(Refused, match="expired on 2026-03-08"):
        stories.accepted(deal, offer, at=late)
    with acting(member(deal, "treasury"), at=late) as actor:
        assert Offer.objects.get().has_lapsed(late)
        assert funding.expire_offers(actor=actor, key=key()) == {"offers": "1"}
        assert funding.expire_offers(actor=actor, key=key()) == {"offers": "0"}
        offer.refresh_from_db()
        request_made.refresh_from_db()
    assert (offer.state, request_made.state) == ("expired", "submitted")


def test_pricing_anew_closes_an_offer_that_lapsed(deal: Parties, request_made: FundingRequest, offer: Offer) -> None:
    with acting(member(deal, "analyst"), at=noon(date(2026, 3, 9))) as actor:
        terms = stories.offer_terms(funding_on=date(2026, 3, 10))
        funding.price_offer(actor=actor, key=key(), request_ref=request_made.ref, terms=terms)
        assert list(Offer.objects.order_by("version").values_list("state", flat=True)) == ["expired", "draft"]


def test_what_cannot_be_priced_is_refused(deal: Parties, request_made: FundingRequest) -> None:
    with pytest.raises(Refused, match="funding date is past"):
        stories.priced(deal, request_made, funding_on=date(2026, 2, 28))
    with pytest.raises(Refused, match="percent a year"):
        stories.priced(deal, request_made, fee_rate=Decimal(80), expected_on=FUNDED_ON + timedelta(days=1))
    with acting(member(deal, "financier"), at=START):
        BankAccount.objects.update(is_default=False)
    with pytest.raises(Refused, match="no bank account in EUR to which the buyer could pay"):
        stories.priced(deal, request_made)


def test_what_was_signed_is_what_was_shown(deal: Parties, offer: Offer) -> None:
    with acting(member(deal, "billing"), at=START) as actor:
        with pytest.raises(Stale):
            funding.accept_offer(actor=actor, key=key(), offer_ref=offer.ref, seen="0" * 64)
        assert not Tranche.objects.exists()


def test_an_invoice_that_was_paid_meanwhile_is_not_sold(deal: Parties, offer: Offer) -> None:
    with acting(member(deal, "billing"), at=noon(FUNDED_ON)) as actor:
        billing.record_payment(
            actor=actor,
            key=key(),
            invoice_ref=Invoice.objects.get().ref,
            amount=Decimal(1),
            received_on=FUNDED_ON,
            bank_reference="B-1",
        )
    with pytest.raises(Refused, match=r"only 119,999.00 EUR is still open"):
        stories.accepted(deal, offer)


# --- notice ------------------------------------------------------------------------------------------------------


def test_the_signatory_acknowledges_by_the_link_of_this_assignment_only(deal: Parties, tranche: Tranche) -> None:
    assignment = assignment_of(deal)
    with walls.asking_for(deal.buyer.pk):
        links = {grant.purpose: scenarios.guest_actor(grant) for grant in tranche.contract.grants.order_by("id")}
    with acting(links["sign_off"], at=START) as actor, pytest.raises(NotAllowed):
        funding.acknowledge_assignment(
            actor=actor, key=key(), assignment_ref=assignment.ref, seen=assignment.notice_sha256
        )
    with acting(links["acknowledge"], at=START) as actor:
        with pytest.raises(Stale):
            funding.acknowledge_assignment(actor=actor, key=key(), assignment_ref=assignment.ref, seen="")
        funding.acknowledge_assignment(
            actor=actor, key=key(), assignment_ref=assignment.ref, seen=assignment.notice_sha256
        )
        assignment.refresh_from_db()
        assert (assignment.acknowledged_by_grant_id, assignment.acknowledged_by_id) == (actor.grant_id, None)
    with pytest.raises(IllegalTransition, match="already acknowledged"):
        stories.acknowledged(deal, tranche)


@pytest.mark.parametrize("role", ["billing", "underwriter", "delivery"])
def test_nobody_but_the_buyer_acknowledges(deal: Parties, tranche: Tranche, role: str) -> None:
    assignment = assignment_of(deal)
    with acting(member(deal, role), at=START) as actor, pytest.raises(NotAllowed):
        funding.acknowledge_assignment(
            actor=actor, key=key(), assignment_ref=assignment.ref, seen=assignment.notice_sha256
        )


def test_notice_is_waived_by_a_second_person_with_a_reason(deal: Parties, tranche: Tranche) -> None:
    assignment = assignment_of(deal)
    pricing = replace(member(deal, "analyst"), roles=frozenset({"analyst", "underwriter"}))
    with acting(pricing, at=START) as actor, pytest.raises(NotAllowed, match="You priced this offer"):
        funding.waive_notice(actor=actor, key=key(), assignment_ref=assignment.ref, reason="Old customer.")
    with acting(member(deal, "underwriter"), at=START) as actor:
        with pytest.raises(Refused, match="Say why"):
            funding.waive_notice(actor=actor, key=key(), assignment_ref=assignment.ref, reason=" ")
        funding.waive_notice(actor=actor, key=key(), assignment_ref=assignment.ref, reason="Old customer.")
    assert stories.paid_out(deal, tranche).state == "funded_post"


# --- money -------------------------------------------------------------------------------------------------------


def test_nothing_is_paid_out_before_the_notice_is_acknowledged(deal: Parties, tranche: Tranche) -> None:
    with pytest.raises(Refused, match="has not acknowledged"):
        stories.paid_out(deal, tranche)
    assert stories.entries(deal.financier) == []


def test_who_priced_does_not_pay_out(deal: Parties, tranche: Tranche) -> None:
    stories.acknowledged(deal, tranche)
    pricing = replace(member(deal, "analyst"), roles=frozenset({"analyst", "treasury"}))
    with acting(pricing, at=noon(FUNDED_ON)) as actor, pytest.raises(NotAllowed, match="second person has to pay"):
        funding.fund_tranche(
            actor=actor, key=key(), tranche_ref=tranche.ref, value_on=FUNDED_ON, bank_reference="OUT-1"
        )


def test_a_payment_needs_a_possible_day_and_a_new_reference(deal: Parties, tranche: Tranche) -> None:
    stories.acknowledged(deal, tranche)
    for value_on, reference, message in (
        (START.date() - timedelta(days=1), "OUT-1", "cannot have left before"),
        (FUNDED_ON + timedelta(days=1), "OUT-1", "after today"),
        (FUNDED_ON, " ", "Enter the bank's reference"),
        (FUNDED_ON, "x" * 61, "longer than 60"),
    ):
        with acting(member(deal, "treasury"), at=noon(FUNDED_ON)) as actor, pytest.raises(Refused, match=message):
            funding.fund_tranche(
                actor=actor, key=key(), tranche_ref=tranche.ref, value_on=value_on, bank_reference=reference
            )
    with pytest.raises(Refused, match="an advance would come too late"):
        stories.paid_out(deal, tranche, on=EXPECTED_ON)


def test_a_repeated_click_pays_out_once_and_another_form_under_its_key_is_refused(
    deal: Parties, tranche: Tranche
) -> None:
    stories.acknowledged(deal, tranche)
    once = key()
    with acting(member(deal, "treasury"), at=noon(FUNDED_ON)) as actor:
        answers = [
            funding.fund_tranche(
                actor=actor, key=once, tranche_ref=tranche.ref, value_on=FUNDED_ON, bank_reference="OUT-1"
            )
            for _ in range(2)
        ]
        assert answers == [{"tranche": tranche.ref}] * 2
        assert Disbursement.objects.count() == 1
        with pytest.raises(KeyReused):
            funding.fund_tranche(
                actor=actor, key=once, tranche_ref=tranche.ref, value_on=FUNDED_ON, bank_reference="OUT-2"
            )


def test_a_funding_that_fails_with_the_seller_s_book_leaves_nothing_with_the_financier(
    deal: Parties, tranche: Tranche
) -> None:
    stories.acknowledged(deal, tranche)
    with walls.asking_for(deal.seller.pk), transaction.atomic():
        ledger.close_period(
            organisation_id=deal.seller.pk, currency="EUR", purpose=ledger.Purpose.SELLER, through=FUNDED_ON
        )
    with pytest.raises(Refused, match="books are closed"):
        stories.paid_out(deal, tranche)
    with walls.asking_for(deal.financier.pk):
        assert Disbursement.objects.count() == Facility.objects.get().advanced == 0
        assert Tranche.objects.get().state == "accepted"
    assert stories.entries(deal.financier) == []


def test_the_buyer_s_money_is_recorded_by_treasury_from_the_invoice_s_date_on(deal: Parties, tranche: Tranche) -> None:
    stories.acknowledged(deal, tranche)
    stories.paid_out(deal, tranche)
    with pytest.raises(Refused, match="cannot have arrived before the invoice"):
        stories.collected(deal, tranche, 120_000, on=day(-2), recorded=day(1))
    with acting(member(deal, "analyst"), at=noon(day(1))) as actor, pytest.raises(NotAllowed):
        funding.collect_payment(
            actor=actor,
            key=key(),
            tranche_ref=tranche.ref,
            amount=Decimal(1),
            received_on=day(1),
            bank_reference="IN-1",
        )


def test_strangers_find_nothing_to_act_on(deal: Parties, tranche: Tranche) -> None:
    other = stories.parties("Foreign")
    with acting(member(other, "treasury"), at=noon(FUNDED_ON)) as actor:
        assert not Tranche.objects.exists()
        assert not Facility.objects.exists()
        with pytest.raises(Refused, match="no such advance"):
            funding.fund_tranche(
                actor=actor, key=key(), tranche_ref=tranche.ref, value_on=FUNDED_ON, bank_reference="OUT-1"
            )
