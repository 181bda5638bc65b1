"""Advances whose time to be cured is over are demanded back by a daily job: once, each alone, and nobody else's."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from apps.core.database import walls
from apps.core.errors import NotAllowed
from apps.financing import services as financing
from apps.financing.models import Adjustment, Tranche
from apps.financing.rules.events import Bears
from apps.financing.services import lapsing
from apps.milestones.models.submission import Proof
from apps.milestones.services import SILENCE
from apps.parties.actor import Actor
from apps.portals.seller.cash import cash
from apps.workflows import disputing, notices, recourse, recourse_upkeep, reviews, sign_off
from tests import disputes, scenarios
from tests.conftest import Once
from tests.financing import events, stories
from tests.financing.sample import Book
from tests.financing.stories import day, lines, noon
from tests.scenarios import acting, key, member


@pytest.fixture(scope="module")
def told(once: Once) -> Book:
    return once(Book)


@pytest.fixture
def book(told: Book, db: None) -> Book:
    return told


def run(book: Book, *, on: date) -> None:
    """The job of one day, in the walls of the financier."""
    with acting(Actor.system(organisation_id=book.deal.financier.pk), at=noon(on)):
        recourse_upkeep.demand_lapsed_advances(organisation_id=book.deal.financier.pk, on=on.isoformat())


def test_what_is_not_cured_in_ten_days_is_owed_back_once(book: Book) -> None:
    events.sent_back(book.deal, book.contract, position=2, on=day(49))
    run(book, on=day(59))
    assert book.posted() == []
    run(book, on=day(60))
    assert book.posted() == [lines(d2100=1_800, c4000=1_800), lines(d1200=59_100, d2100=900, c1150=60_000)]
    assert book.sellers() == [lines(d2300=60_000, c2310=59_100, c5000=900)]
    assert [book.tranche(n).state for n in (2, 3)] == ["recourse_due", "funded_pre"]
    run(book, on=day(60))
    run(book, on=day(61))
    assert len(book.posted()) == 2
    with walls.asking_for(book.deal.seller.pk):
        made = Adjustment.objects.get(kind="rejection")
    assert (made.decided_by_id, made.reason) == (None, "not_cured")
    words = "Sent back by the buyer, and not submitted again in time."
    assert made.said == words
    # What a person wrote is nobody's code, and what lapsed before there were codes has the words.
    assert [Adjustment(reason="not_cured").said, Adjustment(source="lapsed:1", reason=words).said] == [
        "not_cured",
        words,
    ]


def test_what_is_owed_back_is_in_the_sellers_cash_as_money_to_pay(book: Book) -> None:
    deal, sina = book.deal, scenarios.seller_actor(book.deal)

    def to_pay(*, on: date) -> list[Decimal]:
        with acting(sina, at=noon(on)):
            return [amount for *_series, amount in cash(sina, today=on).expected if amount < 0]

    events.demanded(deal, book.tranche(2), on=day(96))
    assert to_pay(on=day(96)) == [-60_000]
    events.repaid(deal, book.tranche(2), on=day(97), amount=Decimal(10_000))
    assert to_pay(on=day(97)) == [-50_000]
    events.repaid(deal, book.tranche(2), on=day(98), reference="BACK-2")
    assert to_pay(on=day(98)) == []


def test_one_that_fails_stops_no_other_and_fails_the_job(
    book: Book, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    demand, broken = financing.demand_lapsed, book.tranche(2).ref

    def fails(*, tranche_ref: str, actor: Actor, at: datetime) -> Adjustment | None:
        if tranche_ref == broken:
            raise RuntimeError("The disk is full.")
        return demand(tranche_ref=tranche_ref, actor=actor, at=at)

    monkeypatch.setattr(financing, "demand_lapsed", fails)
    with pytest.raises(ExceptionGroup, match="1 lapsed advance"):
        run(book, on=day(300))
    assert [book.tranche(n).state for n in (2, 3)] == ["funded_pre", "recourse_due"]
    assert broken in caplog.text
    monkeypatch.undo()
    run(book, on=day(300))
    assert [book.tranche(n).state for n in (2, 3)] == ["recourse_due", "recourse_due"]
    events.verified(book.deal)


def test_the_days_to_cure_it_stand_still_in_dispute(book: Book) -> None:
    submission = events.sent_back(book.deal, book.contract, position=2, on=day(49))
    sina = scenarios.seller_actor(book.deal)
    dispute = disputes.on_submission(submission, actor=sina, at=noon(day(53)))
    run(book, on=day(150))
    assert book.tranche(2).state == "funded_pre"
    with acting(sina, at=noon(day(73))):
        disputing.withdraw_dispute(actor=sina, key=key(), dispute_ref=dispute.ref)
    # Four of the ten days were over when it was raised, and twenty are not counted.
    for on, state in ((79, "funded_pre"), (80, "recourse_due")):
        run(book, on=day(on))
        assert (on, book.tranche(2).state) == (on, state)


def test_what_was_submitted_again_and_withdrawn_is_sent_back_as_before(book: Book) -> None:
    deal, sina, on = book.deal, scenarios.seller_actor(book.deal), day(49)
    for position in (2, 3):
        events.sent_back(deal, book.contract, position=position, on=on)
        again = scenarios.submitted_milestone(book.contract, position=position, at=noon(day(51)))
        with acting(sina, at=noon(day(52))):
            sign_off.withdraw_submission(actor=sina, key=key(), submission_ref=again.ref)
            again.milestone.refresh_from_db()
            assert again.milestone.state == "changes_requested"
    run(book, on=day(59))
    assert [book.tranche(n).state for n in (2, 3)] == ["funded_pre", "funded_pre"]
    events.demanded(deal, book.tranche(3), on=day(59))
    run(book, on=day(60))
    assert [book.tranche(n).state for n in (2, 3)] == ["recourse_due", "recourse_due"]


def test_a_cycle_that_is_refused_again_leaves_ten_days_of_its_own(book: Book) -> None:
    events.sent_back(book.deal, book.contract, position=2, on=day(49))
    events.sent_back(book.deal, book.contract, position=2, on=day(56))
    for on, state in ((60, "funded_pre"), (66, "funded_pre"), (67, "recourse_due")):
        run(book, on=day(on))
        assert (on, book.tranche(2).state) == (on, state)


def test_the_days_to_cure_it_begin_no_earlier_than_the_advance_was_paid_out(book: Book) -> None:
    events.sent_back(book.deal, book.contract, position=2, on=day(49))
    deal, pk = book.deal, book.tranche(2).pk
    with walls.asking_for(deal.financier.pk, deal.seller.pk, deal.buyer.pk):
        tranche = Tranche.objects.select_related("milestone", "financier").get(pk=pk)
        assert lapsing.sent_back_on(tranche) == day(49)
        tranche.funded_on = day(51)
        assert lapsing.sent_back_on(tranche) == day(51)


def test_silence_that_counts_as_not_accepted_leaves_ten_days_of_its_own(db: None) -> None:
    deal = stories.parties()
    contract = stories.active_contract(deal, silence="rejected", review_days=5)
    request = stories.requested_on(deal, stories.opened_facility(deal), stories.plan_of(contract)[1])
    tranche = stories.accepted(deal, stories.issued(deal, request, **stories.SECOND))
    stories.acknowledged(deal, tranche)
    stories.paid_out(deal, tranche)
    events.sent_back(deal, contract, position=2, on=day(5))
    submission = scenarios.submitted_milestone(contract, position=2, at=noon(day(12)))
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with acting(guest):
        notices.note_delivery(actor=guest, submission_ref=submission.ref, proof=Proof.VIEW, at=noon(day(12)))
    # Its review ended five days later; that was written down after an outage of three.
    with acting(Actor.system(organisation_id=deal.seller.pk), at=noon(day(20))):
        reviews.tend(submission_ref=submission.ref, seller_id=deal.seller.pk, what=SILENCE)
    for on, state in ((21, "funded_pre"), (30, "funded_pre"), (31, "recourse_due")):
        with acting(Actor.system(organisation_id=deal.financier.pk), at=noon(day(on))):
            recourse_upkeep.demand_lapsed_advances(organisation_id=deal.financier.pk, on=day(on).isoformat())
        (now,) = stories.tranches(deal, contract_id=contract.pk)
        assert (on, now.state) == (on, state)


def test_what_is_submitted_again_or_moved_to_a_later_date_does_not_lapse(book: Book) -> None:
    events.sent_back(book.deal, book.contract, position=2, on=day(49))
    events.sent_back(book.deal, book.contract, position=3, on=day(49))
    events.postponed(book.deal, book.tranche(2), to=day(120), borne_by=Bears.NOBODY, on=day(55))
    scenarios.submitted_milestone(book.contract, position=3, at=noon(day(58)))
    run(book, on=day(70))
    assert [book.tranche(n).state for n in (2, 3)] == ["funded_pre", "funded_pre"]
    # One run makes up for an outage of months. The date that was moved is over; the buyer has not decided the other.
    run(book, on=day(300))
    assert [book.tranche(n).state for n in (2, 3)] == ["recourse_due", "funded_pre"]
    events.verified(book.deal)


def test_what_has_slipped_too_far_is_owed_back(book: Book) -> None:
    run(book, on=day(90 + 45))
    assert book.tranche(2).state == "funded_pre"
    run(book, on=day(90 + 46))
    assert book.tranche(2).state == "recourse_due"
    events.verified(book.deal)


def test_only_the_clock_of_its_own_financier_demands_it(book: Book) -> None:
    ref = book.tranche(2).ref
    strangers = (Actor.system(organisation_id=book.deal.seller.pk), member(book.deal, "underwriter"))
    for actor in strangers:
        with acting(actor, at=noon(day(300))), pytest.raises(NotAllowed, match="Only the clock"):
            recourse.demand_lapsed_advance(actor=actor, key=key(), tranche_ref=ref)
    assert book.posted() == []
    stories.accrued(book.deal, through=day(300))
    assert book.tranche(2).state == "funded_pre"
