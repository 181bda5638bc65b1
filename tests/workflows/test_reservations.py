"""Acceptance with reservations: accepted and billed whole, what is withheld is due item by item, once."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction

from apps.contracts.drafts import ChangeDraft, ChangedTerms
from apps.contracts.retention import RetentionTerms
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.invoicing import snapshot, wording
from apps.invoicing.models import CreditNote, Invoice, OpenItem
from apps.invoicing.services.account_statement import Between, account_statement
from apps.ledger import standing
from apps.ledger.charts import Seller
from apps.milestones import rules
from apps.milestones.models import Decision, FirstAcceptance, Milestone, Reservation, Submission
from apps.milestones.services import CriterionVerdict, Defect, lapsing
from apps.parties.actor import Actor
from apps.workflows import billing, reserving, reviews, sign_off, worker
from apps.workflows.once import Answer
from tests import change_orders, disputes, scenarios
from tests.packed import assert_pack_holds
from tests.scenarios import Parties, acting, key

D = Decimal
NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BY = date(2026, 4, 20)


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


def waiting(parties: Parties, **terms: object) -> Submission:
    """12,000.00 net, 14,280.00 with 19 % tax, submitted at noon of 1 April."""
    contract = scenarios.active_contract(parties, draft=scenarios.software_draft(parties, **terms), at=NOON - 10 * DAY)
    return scenarios.submitted_milestone(contract, at=NOON)


def accept(submission: Submission, *, actor: Actor, defects: Sequence[Defect], at: datetime = NOON + DAY) -> Answer:
    with acting(actor, at=at):
        return reserving.accept_with_reservations(
            actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256, defects=defects
        )


def item_of(parties: Parties) -> OpenItem:
    with walls.asking_for(parties.seller.pk):
        return OpenItem.objects.get()


def listed(parties: Parties) -> list[Reservation]:
    with walls.asking_for(parties.seller.pk):
        return list(Reservation.objects.order_by("number"))


def release(one: Reservation, *, actor: Actor, at: datetime, by: str = "") -> Answer:
    with acting(actor, at=at):
        return reserving.release_reservation(actor=actor, key=by or key(), reservation_ref=one.ref)


def verified() -> str:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    call_command("verify_audit", stdout=out)
    return out.getvalue()


def test_what_is_withheld_is_due_item_by_item_and_once(parties: Parties) -> None:
    submission = waiting(parties)
    bea, seller = scenarios.approver_actor(parties), scenarios.seller_actor(parties)
    done = accept(
        submission,
        actor=bea,
        defects=[Defect("Door 4 does not close", BY, D("333.33")), Defect("Labels", BY), Defect("Paint", BY, D(1000))],
    )
    item = item_of(parties)
    assert (item.gross, item.reserved, item.open) == (D(14280), D("1586.66"), D("12693.34"))
    with walls.asking_for(parties.seller.pk):
        invoice = Invoice.objects.get(ref=done["invoice"])
        assert Decision.objects.get().outcome == "accepted"
        said = snapshot.read(invoice.snapshot)
        assert (said.totals.due, said.due_now) == (D(14280), item.open)
        assert "Door 4 does not close" in wording.payment_terms(said)
    door, labels, paint = listed(parties)
    with acting(seller, at=NOON + 5 * DAY):
        billing.record_payment(
            actor=seller,
            key=key(),
            invoice_ref=invoice.ref,
            amount=item.open,
            received_on=date(2026, 4, 6),
            bank_reference="A1",
        )
    assert item_of(parties).settled_at is not None
    with acting(seller, at=NOON + 6 * DAY):
        reserving.report_mended(actor=seller, key=key(), reservation_ref=door.ref, text="A new hinge: photograph 7.")
    with acting(bea, at=NOON + 7 * DAY):
        reserving.say_missing(actor=bea, key=key(), reservation_ref=door.ref, text="It still sticks.")
    with pytest.raises(IllegalTransition, match="did not say"), acting(bea, at=NOON + 7 * DAY):
        reserving.say_missing(actor=bea, key=key(), reservation_ref=door.ref, text="Again.")
    with pytest.raises(NotAllowed), acting(seller, at=NOON + 8 * DAY):
        release(door, actor=seller, at=NOON + 8 * DAY)
    once = key()
    first = release(door, actor=bea, at=NOON + 8 * DAY, by=once)
    assert release(door, actor=bea, at=NOON + 8 * DAY, by=once) == first
    with pytest.raises(IllegalTransition, match="settled already"):
        release(door, actor=bea, at=NOON + 8 * DAY)
    item = item_of(parties)
    assert (item.reserved, item.open) == (D(1190), D("396.66"))
    # Nothing else was open, so there are days to pay again.
    assert item.due_on == date(2026, 4, 9) + (invoice.due_on - invoice.issued_on)
    release(labels, actor=bea, at=NOON + 9 * DAY)
    assert item_of(parties).open == D("396.66")
    release(paint, actor=bea, at=NOON + 9 * DAY)
    item = item_of(parties)
    assert (item.reserved, item.open, item.paid) == (D(0), D("1586.66"), D("12693.34"))
    between = Between(parties.seller, parties.buyer, "EUR")
    with walls.asking_for(parties.seller.pk):
        told, later = (
            account_statement(seller, between=between, since=since, until=date(2026, 5, 1))
            for since in (date(2026, 3, 1), date(2026, 4, 10))
        )
    assert [row.amount for row in told.rows] == [D("12693.34"), D("-12693.34"), D("396.66"), D(1190)]
    assert (told.closing, later.opening, later.closing) == (D("1586.66"), D("396.66"), D("1586.66"))
    assert "nothing differs" in verified()


def test_a_lower_price_is_agreed_by_both_and_credited(parties: Parties) -> None:
    submission = waiting(parties)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    accept(submission, actor=guest, defects=[Defect("Scratches", BY, D(600)), Defect("Manual", BY, D(400))])
    scratches, manual = listed(parties)
    bea, bilge = scenarios.approver_actor(parties), disputes.role(parties, "billing")
    with acting(bilge, at=NOON + 2 * DAY):
        offer = reserving.offer_reduction(
            actor=bilge, key=key(), reservation_ref=scratches.ref, amount=D(250), text="Leave them."
        )["offer"]
    with pytest.raises(NotAllowed, match="Your own side"), acting(bilge, at=NOON + 2 * DAY):
        reserving.agree_reduction(actor=bilge, key=key(), offer_ref=offer)
    with acting(bea, at=NOON + 3 * DAY):
        reserving.agree_reduction(actor=bea, key=key(), offer_ref=offer)
    item = item_of(parties)
    assert (item.reserved, item.credited, item.open) == (D(476), D("297.50"), D("13506.50"))
    with walls.asking_for(parties.seller.pk):
        note = CreditNote.objects.get()
        assert (note.net, note.reason) == (D(250), f"{submission.milestone.title}: Scratches")
        assert note.settled_reservation.reservation == scratches
        assert Milestone.objects.get(pk=submission.milestone_id).state == "accepted"
    with pytest.raises(Refused, match="at most that"), acting(bea, at=NOON + 4 * DAY):
        reserving.offer_reduction(actor=bea, key=key(), reservation_ref=manual.ref, amount=D(401))
    assert "nothing differs" in verified()


def test_nobody_withholds_more_than_there_is(parties: Parties) -> None:
    submission = waiting(parties)
    bea = scenarios.approver_actor(parties)
    with pytest.raises(Refused, match="Withhold at most"):
        accept(submission, actor=bea, defects=[Defect("All", BY, D(12000)), Defect("More", BY, D("0.01"))])
    with pytest.raises(Refused, match="which is past"):
        accept(submission, actor=bea, defects=[Defect("Late", date(2026, 4, 1))])
    accept(submission, actor=bea, defects=[Defect("All", BY, D(12000))])
    item = item_of(parties)
    assert (item.reserved, item.open, item.settled_at) == (D(14280), D(0), NOON + DAY)
    (one,) = listed(parties)
    for statement in (
        "UPDATE milestones_reservation SET state = 'released', settled_at = now()",
        "UPDATE milestones_reservation SET amount = 1",
        "UPDATE invoicing_withholding SET released_at = now()",
        "UPDATE invoicing_openitem SET reserved = 0, open = gross, settled_at = NULL",
        "INSERT INTO milestones_reservation (ref, contract_id, milestone_id, decision_id, number, title, text, due_on,"
        " amount, currency, state, listed_at, reduced_by) SELECT 'another', contract_id, milestone_id, decision_id, 2,"
        " 'More', '', due_on, 0.01, currency, 'open', listed_at, 0 FROM milestones_reservation",
    ):
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(using="owner"),
            connections["owner"].cursor() as cursor,
        ):
            cursor.execute(statement)
    release(one, actor=bea, at=NOON + 2 * DAY)
    assert item_of(parties).open == 14280
    with walls.asking_for(parties.seller.pk):
        receivables = [
            standing.standing(
                organisation_id=parties.seller.pk, accounts=[Seller.RECEIVABLES], control=Seller.RECEIVABLES, on=on
            )[1]["EUR"]
            for on in (date(2026, 4, 2), date(2026, 4, 3))
        ]
    assert receivables == [D(0), D(14280)]
    assert "nothing differs" in verified()


def test_a_lower_price_that_rounding_carries_beyond_what_is_due_is_refused_in_words(parties: Parties) -> None:
    """19 % of 500.03 twice are 190.01 together: a cent is rounded into the one defect or the other."""
    submission = waiting(
        parties,
        price=D("2500.15"),
        lines=tuple(
            replace(scenarios.line(title, share), basis="amount", percent=None, amount=D(amount))
            for title, share, amount in (("A", 40, "1000.06"), ("B", 60, "1500.09"))
        ),
    )
    bea, bilge = scenarios.approver_actor(parties), scenarios.member(parties, "billing")
    accept(submission, actor=bea, defects=[Defect("One", BY, D("500.03")), Defect("Two", BY, D("500.03"))])
    one, two = listed(parties)
    with acting(bilge, at=NOON + 2 * DAY):
        offer = reserving.offer_reduction(actor=bilge, key=key(), reservation_ref=two.ref, amount=D("500.03"))["offer"]
    with acting(bea, at=NOON + 3 * DAY), pytest.raises(Refused, match="Settle the other defects first"):
        reserving.agree_reduction(actor=bea, key=key(), offer_ref=offer)
    release(one, actor=bea, at=NOON + 3 * DAY)
    with acting(bea, at=NOON + 4 * DAY):
        reserving.agree_reduction(actor=bea, key=key(), offer_ref=offer)
    assert item_of(parties).credited == D("595.04")
    verified()


def test_the_first_of_two_lists_defects_and_the_second_adds_and_drops_none(
    parties: Parties, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = waiting(parties, second_acceptor_above=D(100))
    bea, olga = scenarios.approver_actor(parties), scenarios.buyer_actor(parties)
    door, paint = Defect("Door 4 does not close", BY, D("333.33"), "Upper hinge."), Defect("Paint", BY, D(1000))
    assert set(accept(submission, actor=bea, defects=[door])) == {"milestone", "first_acceptance"}
    with walls.asking_for(parties.seller.pk):
        first = FirstAcceptance.objects.get()
        assert (first.listed, first.statement_version, Reservation.objects.count()) == ([door], "first-reserving-1", 0)
        assert "1 in number, for which" in first.statement
        assert "333.33" in first.statement
    with pytest.raises(Refused, match="Accept it with reservations too"), acting(olga, at=NOON + DAY):
        sign_off.accept_milestone(actor=olga, key=key(), submission_ref=submission.ref, seen=submission.sha256)
    for dropped in ([paint], [replace(door, amount=D(300)), paint], [replace(door, text="")]):
        with pytest.raises(Refused, match="Bea Berg, who accepted first, listed “Door 4"):
            accept(submission, actor=olga, defects=dropped)
    with monkeypatch.context() as unchecked:
        unchecked.setattr(rules, "check_none_dropped", lambda *_one, **_more: None)
        with pytest.raises(IntegrityError, match="is left out of decision"):
            accept(submission, actor=olga, defects=[paint])
    assert accept(submission, actor=olga, defects=[paint, door])["number"]
    assert [one.title for one in listed(parties)] == ["Paint", "Door 4 does not close"]
    assert item_of(parties).reserved == D("1586.66")
    worker.run_due_jobs()
    assert_pack_holds("NL-2026-014", tmp_path)


def test_the_first_of_two_withholds_no_more_than_is_payable(parties: Parties) -> None:
    """With 5 % retained, 13,680.00 of 14,280.00 are payable, tax included; what an order changes of it meanwhile is of
    what is submitted after it."""
    submission = waiting(parties, second_acceptor_above=D(100), retention=RetentionTerms(D(5)))
    bea, olga = scenarios.approver_actor(parties), scenarios.buyer_actor(parties)
    with pytest.raises(Refused, match="Withhold less"):
        accept(submission, actor=bea, defects=[Defect("All", BY, D("11495.81"))])
    with walls.asking_for(parties.seller.pk):
        assert not FirstAcceptance.objects.exists()
    nearly_all = [Defect("Nearly all", BY, D("11495.79"))]
    accept(submission, actor=bea, defects=nearly_all)
    more = ChangeDraft("More is kept", "As said.", terms=ChangedTerms(retention=RetentionTerms(D(10))))
    asked = change_orders.propose(submission.contract, more, by=scenarios.seller_actor(parties), at=NOON + DAY)
    change_orders.sign(asked, by=olga, at=NOON + DAY)
    accept(submission, actor=olga, defects=nearly_all)
    assert item_of(parties).reserved == D("13679.99")


def test_a_list_of_the_first_of_two_that_was_payable_and_is_no_longer_is_made_anew(parties: Parties) -> None:
    """Of 40,000.00, half is payable before the last milestone: of the second that is billed 8,000.00 and the tax on all
    of it, 10,280.00."""
    half = RetentionTerms(D(0), payable_most=D(50))
    other = waiting(parties, second_acceptor_above=D(100), retention=half, partial_acceptance=False, review_days=60)
    submission = scenarios.submitted_milestone(other.contract, position=2, at=NOON)
    bea, olga = scenarios.approver_actor(parties), scenarios.buyer_actor(parties)
    door, paint, dust = Defect("Door 4", BY, D(8600)), Defect("Paint", BY, D(40)), Defect("Dust", BY)
    accept(submission, actor=bea, defects=[door, paint])
    for actor in (bea, olga):
        accept(other, actor=actor, defects=[dust])
    for listed_now in ([door, paint], [door, paint, dust]):
        with pytest.raises(
            Refused, match=r"Bea Berg, who accepted first, withheld 10,281\.60 .* 10,280\.00 .* Request changes"
        ):
            accept(submission, actor=olga, defects=listed_now)
    with acting(olga, at=NOON + 2 * DAY):
        crossed = [CriterionVerdict(one.pk, False, "It jams.") for one in submission.milestone.line.criteria.all()]
        sign_off.request_changes(
            actor=olga,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=crossed,
            comment="A new list.",
        )
    again = scenarios.submitted_milestone(other.contract, position=2, at=NOON + 3 * DAY)
    for actor in (bea, olga):
        accept(again, actor=actor, defects=[door], at=NOON + 4 * DAY)
    with walls.asking_for(parties.seller.pk):
        assert OpenItem.objects.latest("pk").reserved == D(10234)
    verified()


def test_silence_accepts_nothing_of_which_the_first_of_two_listed_defects(
    parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = waiting(parties, second_acceptor_above=D(100), silence="accepted")
    with clock.stopped(NOON), walls.asking_for(parties.buyer.pk):
        worker.run_due_jobs()
    door = Defect("Door 4 does not close", BY, D(1000))
    accept(submission, actor=scenarios.approver_actor(parties), defects=[door])
    with clock.stopped(NOON + 30 * DAY):
        assert [one.what for one in reviews.due(at=clock.now())] == ["passed"]
        assert not reviews.tend(submission_ref=submission.ref, seller_id=parties.seller.pk, what="silence")
        with monkeypatch.context() as unchecked:
            unchecked.setattr(lapsing, "silence_of", lambda _submission: "accepted")
            with pytest.raises(IntegrityError, match="is left out of decision"):
                reviews.tend(submission_ref=submission.ref, seller_id=parties.seller.pk, what="silence", due="again")
    with walls.asking_for(parties.seller.pk):
        assert Submission.objects.get(pk=submission.pk).state == "submitted"


def test_a_day_that_passed_meanwhile_is_put_off_by_the_second(parties: Parties) -> None:
    submission = waiting(parties, second_acceptor_above=D(100))
    door = Defect("Door 4 does not close", (NOON + DAY).date())
    accept(submission, actor=scenarios.approver_actor(parties), defects=[door])
    olga, later = scenarios.buyer_actor(parties), NOON + 3 * DAY
    with pytest.raises(Refused, match="which is past"):
        accept(submission, actor=olga, defects=[door], at=later)
    assert accept(submission, actor=olga, defects=[replace(door, due_on=BY)], at=later)["number"]
