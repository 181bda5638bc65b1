"""Credit notes of invoices of which something is kept back: what is open first, then what is retained, then money."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.contracts.models import Contract
from apps.contracts.retention import BUYER, DATE, RetentionRelease, RetentionTerms
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import OpenItem, Retention
from apps.invoicing.rules import Share, Sheet
from apps.invoicing.services.account_statement import Between, account_statement, standing_of
from apps.invoicing.services.ageing import ageing
from apps.milestones.models import Reservation
from apps.milestones.services import Defect
from apps.workflows import billing, reserving, retention, sign_off
from tests import corrections, disputes, scenarios
from tests.scenarios import Parties, acting, key

D = Decimal
AT = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TENTH = RetentionTerms(D(10), releases=(RetentionRelease(D(50), BUYER), RetentionRelease(D(50), BUYER)))


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


def accepted(parties: Parties, *, defects: tuple[Defect, ...] = (), terms: RetentionTerms | None = TENTH) -> Contract:
    """12,000.00 net, 14,280.00 with 19 % tax, of which 1,200.00 are retained."""
    draft = scenarios.software_draft(parties, retention=terms)
    contract = scenarios.active_contract(parties, draft=draft, at=AT)
    submission = scenarios.submitted_milestone(contract, at=AT)
    bea = scenarios.approver_actor(parties)
    with acting(bea, at=AT):
        if defects:
            reserving.accept_with_reservations(
                actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256, defects=defects
            )
        else:
            sign_off.accept_milestone(actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256)
    return contract


def item(parties: Parties) -> OpenItem:
    with walls.asking_for(parties.seller.pk):
        return OpenItem.objects.select_related("invoice").get(invoice__milestone__isnull=False)


def paid(parties: Parties, amount: str, *, at: datetime = AT) -> str:
    bilge, ref = scenarios.member(parties, "billing"), item(parties).invoice.ref
    with acting(bilge, at=at):
        return billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=ref,
            amount=D(amount),
            received_on=at.date(),
            bank_reference=f"LINE {amount}",
        )["payment"]


def verified() -> None:
    told = io.StringIO()
    try:
        call_command("verify_ledger", stdout=told)
    except CommandError:
        pytest.fail(told.getvalue())


def statement_ends_with_what_is_open(parties: Parties, *, at: datetime) -> None:
    seller = scenarios.seller_actor(parties)
    between = Between(parties.seller, parties.buyer, "EUR")
    with acting(seller, at=at):
        told = account_statement(seller, between=between, since=date(2026, 1, 1), until=at.date())
        later = account_statement(seller, between=between, since=at.date() + DAY, until=at.date() + DAY)
        standing = standing_of(seller, between=between, today=at.date())
    assert told.closing == later.opening == standing.balance


def test_a_paid_invoice_is_corrected_out_of_what_is_retained_and_only_then_out_of_the_money(parties: Parties) -> None:
    contract = accepted(parties)
    ref = item(parties).invoice.ref
    with acting(scenarios.member(parties, "billing"), at=AT):
        told = invoicing.preview_credit(invoice_ref=ref, share=corrections.REST)
    assert (told.gross, told.open_after, told.retained, told.freed) == (D(14280), D(0), D(1200), D(0))
    paid(parties, "13080.00")
    first = sheet(contract, at=AT)
    assert (first.ties_out, first.now.retained, first.earned) == (True, D(1200), D(13080))
    corrections.credited(parties, ref, "500.00", at=AT + DAY)
    assert sheet(contract, at=AT) == first, "a day that is over stays as it was"
    later = sheet(contract, at=AT + DAY)
    assert (later.ties_out, later.now.retained, later.earned, later.due) == (True, D(605), D(13080), D(0))
    now = item(parties)
    assert (now.retained, now.paid, now.open, now.credited) == (D(605), D(13080), D(0), D(595))
    olga = scenarios.buyer_actor(parties)
    with acting(olga, at=AT + DAY):
        retention.release_retention(actor=olga, key=key(), contract_ref=contract.ref, position=1)
    with walls.asking_for(parties.seller.pk):
        kept = Retention.objects.get()
    assert (kept.held, kept.released) == (D(605), D("302.50"))
    verified()
    with pytest.raises(Refused, match=r"at most 13,382\.50"):
        corrections.credited(parties, ref, at=AT + 2 * DAY)
    corrections.credited(parties, ref, "1000.00", at=AT + 2 * DAY)
    now = item(parties)
    assert (now.retained, now.paid, now.open) == (D("302.50"), D("12192.50"), D(0))
    verified()
    statement_ends_with_what_is_open(parties, at=AT + 2 * DAY)


def test_a_part_that_comes_to_nothing_is_not_asked_for_and_the_last_one_is_all_that_is_left(parties: Parties) -> None:
    days = [AT.date() + number * DAY for number in (1, 2, 3)]
    releases = tuple(RetentionRelease(D(share), DATE, on=on) for share, on in zip((50, 25, 25), days, strict=True))
    contract = accepted(parties, terms=RetentionTerms(D(10), releases=releases))
    paid(parties, "13080.00")
    tended(contract, at=AT + DAY)
    corrections.credited(parties, item(parties).invoice.ref, "500.00", at=AT + DAY)
    with walls.asking_for(parties.seller.pk):
        state = invoicing.retention_state(contract)
    assert state is not None
    assert [one.amount for one in state.parts] == [D(600), D(0), D(5)]
    assert retention.due(at=AT + 2 * DAY) == [], "75 % of 605.00 are less than the 600.00 that were released"
    assert [one.position for one in retention.due(at=AT + 3 * DAY)] == [3]
    tended(contract, at=AT + 3 * DAY)
    with walls.asking_for(parties.seller.pk):
        kept = Retention.objects.get()
    assert (kept.held, kept.released) == (D(605), D(605))
    verified()


def tended(contract: Contract, *, at: datetime) -> None:
    with clock.stopped(at):
        retention.tend_contract(contract_ref=contract.ref)


def sheet(contract: Contract, *, at: datetime) -> Sheet:
    with walls.asking_for(contract.seller_id):
        found = Contract.objects.get(pk=contract.pk)
        return invoicing.progress(found, since=at.date(), until=at.date())


def test_while_a_defect_is_not_settled_only_what_is_open_is_credited(parties: Parties) -> None:
    contract = accepted(parties, defects=(Defect("Paint", date(2026, 4, 20), D(1000)),), terms=None)
    ref = item(parties).invoice.ref
    bea, bilge = scenarios.approver_actor(parties), scenarios.member(parties, "billing")
    dispute = disputes.on_invoice(ref, actor=bea, at=AT, share=Share(amount=D(11000)))
    paid(parties, "13000.00")
    assert item(parties).open == D(90)
    with pytest.raises(Refused, match=r"only what is open of it is credited, 90\.00 EUR with tax"):
        disputes.proposed(dispute, "upheld", actor=bilge, at=AT)
    proposal = disputes.proposed(dispute, "partly_upheld", actor=bilge, at=AT, amount="50.00")
    disputes.agreed(proposal, actor=bea, at=AT)
    assert (item(parties).open, item(parties).reserved) == (D("30.50"), D(1190))
    with pytest.raises(Refused, match="settle the defects first"):
        corrections.asked(parties, scenarios.milestone_of(contract).ref, at=AT)
    verified()


def test_a_lower_price_for_a_defect_is_agreed_where_retention_was_agreed_too(parties: Parties) -> None:
    accepted(parties, defects=(Defect("Paint", date(2026, 4, 20), D(1000)),))
    bea, bilge = scenarios.approver_actor(parties), scenarios.member(parties, "billing")
    with walls.asking_for(parties.seller.pk):
        paint = Reservation.objects.get()
    with acting(bilge, at=AT):
        offer = reserving.offer_reduction(actor=bilge, key=key(), reservation_ref=paint.ref, amount=D(400))["offer"]
    with acting(bea, at=AT):
        reserving.agree_reduction(actor=bea, key=key(), offer_ref=offer)
    now = item(parties)
    assert (now.retained, now.reserved, now.open) == (D(1200), D(0), D("12604.00"))
    verified()


def test_a_payment_from_before_a_release_that_is_taken_back_was_due_on_the_day_agreed(parties: Parties) -> None:
    accepted(parties, defects=(Defect("Paint", date(2026, 4, 20), D(1000)),), terms=None)
    bea, bilge = scenarios.approver_actor(parties), scenarios.member(parties, "billing")
    payment = paid(parties, "13090.00", at=AT + DAY)
    with walls.asking_for(parties.seller.pk):
        paint = Reservation.objects.get()
    with acting(bea, at=AT + 20 * DAY):
        reserving.release_reservation(actor=bea, key=key(), reservation_ref=paint.ref)
    now = item(parties)
    agreed, later = date(2026, 5, 1), date(2026, 5, 21)
    assert (now.invoice.due_on, now.due_on) == (agreed, later)
    seller = scenarios.seller_actor(parties)
    with acting(seller, at=AT + 30 * DAY):
        assert [one.due_on for one in ageing(seller, on=date(2026, 4, 1)).owed] == [agreed]
        assert [one.due_on for one in ageing(seller, on=date(2026, 4, 30)).owed] == [later]
    with acting(bilge, at=AT + 30 * DAY):
        billing.reverse_payment(actor=bilge, key=key(), payment_ref=payment, reason="Another buyer's.")
    assert item(parties).due_on == agreed
    verified()


def test_as_of_a_day_between_two_releases_it_was_due_by_the_first(parties: Parties) -> None:
    defects = (Defect("Paint", date(2026, 4, 20), D(1000)), Defect("Floor", date(2026, 4, 20), D(2000)))
    accepted(parties, defects=defects, terms=None)
    bea, seller = scenarios.approver_actor(parties), scenarios.seller_actor(parties)
    paid(parties, "10710.00", at=AT + DAY)
    for title, at in (("Paint", AT + 20 * DAY), ("Floor", AT + 25 * DAY)):
        with walls.asking_for(parties.seller.pk):
            defect = Reservation.objects.get(title=title)
        with acting(bea, at=at):
            reserving.release_reservation(actor=bea, key=key(), reservation_ref=defect.ref)
        if title == "Paint":
            paid(parties, "1190.00", at=at + 2 * DAY)
    assert item(parties).due_on == date(2026, 5, 26)
    with acting(seller, at=AT + 30 * DAY), CaptureQueriesContext(connection) as asked:
        assert [one.due_on for one in ageing(seller, on=date(2026, 4, 22)).owed] == [date(2026, 5, 21)]
    assert sum('FROM "invoicing_invoice"' in one["sql"] for one in asked) == 1, "no invoice is read for itself"
