"""A milestone on which an advance is paid out is accepted in part: what that covers is bought, the rest stands on."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.admin import site
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import RequestFactory

from apps.contracts.drafts import ChangeDraft
from apps.contracts.models import GuestGrant
from apps.core import canonical
from apps.core.database import walls
from apps.financing.assignment_proofs import snapshot
from apps.financing.models import Adjustment, Assignment, Tranche
from apps.invoicing.models import PayeeInstruction
from apps.ledger.models import Line
from apps.milestones.models import Milestone, Submission
from apps.milestones.services import Part
from apps.portals.financier.actions.treasury import ReturnDisbursement
from apps.portals.financier.windows.tranches import TrancheWindow
from apps.portals.seller.cash import FINANCED, cash
from apps.workflows import recourse_jobs, sign_off
from apps.workflows.mails.funding import readers_of_notice
from tests import change_orders, scenarios
from tests.conftest import Once
from tests.financing import events, stories
from tests.financing.sample import Book, Posting
from tests.financing.stories import day, lines
from tests.scenarios import Parties, acting, key


@pytest.fixture(scope="module")
def told(once: Once) -> Book:
    return once(Book)


@pytest.fixture
def book(told: Book, db: None) -> Book:
    return told


def accept(book: Book, amount: int, *, on: date) -> None:
    """So much of the second milestone, net and gross, is accepted on a day."""
    submission = scenarios.submitted_milestone(book.contract, position=2, at=stories.noon(on))
    accept_part(book.deal, submission, Part(amount=Decimal(amount)), on=on)


def parts(book: Book) -> list[Tranche]:
    """The advances on the second milestone: on what was accepted, and on the rest."""
    every = stories.tranches(book.deal, contract_id=book.contract.pk)
    return [tranche for tranche in every if tranche.milestone.position == 2]


def moved(book: Book) -> Posting:
    """What was posted to those advances since they were funded, by account, both of them together."""
    keys = [tranche.key for tranche in parts(book)]
    with walls.asking_for(book.deal.financier.pk):
        found = Line.objects.filter(entry__book__purpose="financier", key__in=keys)
        sums: Posting = {}
        for code, amount in found.exclude(entry__cause__startswith="funding:").values_list("account__code", "amount"):
            sums[code] = sums.get(code, Decimal(0)) + amount
    return {code: amount for code, amount in sums.items() if amount}


def accept_part(deal: Parties, submission: Submission, part: Part, *, on: date) -> None:
    approver = scenarios.member(deal, "approver")
    with acting(approver, at=stories.noon(on)):
        sign_off.accept_part(
            actor=approver,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            part=part,
            verdicts=[],
            comment="The second half is missing.",
        )


def test_a_part_that_covers_the_advance_has_all_of_it_and_the_rest_is_the_sellers(book: Book) -> None:
    accept(book, 84_000, on=day(30))
    assert book.posted() == [lines(d1100=84_000, c1150=60_000, c2000=24_000)]
    assert book.sellers()[-1] == lines(d1200=24_000, d2300=60_000, c1100=84_000)
    (bought,) = parts(book)
    assert (bought.state, bought.bought_at, bought.outstanding) == ("funded_post", Decimal(84_000), Decimal(60_000))
    assert list(book.out()) == [226_000, 64_000]
    with walls.asking_for(book.deal.buyer.pk):
        rest = Milestone.objects.get(contract=book.contract, position=2, part=2)
        assert not PayeeInstruction.objects.filter(milestone=rest).exists()
    recourse_jobs.send_parted(milestone_ref=bought.milestone.ref, rest_ref=rest.ref, organisation_id=book.deal.buyer.pk)
    assert "The rest, once you accept it, you pay to the seller." in str(mail.outbox[-1].body).replace("\n", " ")


def test_what_a_part_does_not_cover_stands_on_for_the_rest(book: Book) -> None:
    accept(book, 60_000, on=day(30))
    # Of 2,700 a third is earned; 9,000 of 60,000 take their share of what is not with them.
    assert moved(book) == lines(d1100=60_000, c1150=51_000, c2000=9_000, d2100=900, c4000=900)
    bought, rest = parts(book)
    assert (bought.state, bought.outstanding, bought.bought_at) == ("funded_post", Decimal(51_000), Decimal(60_000))
    assert (rest.state, rest.outstanding, rest.gross) == ("funded_pre", Decimal(9_000), Decimal(9_000))
    assert [rest.discount, rest.fee, rest.face] == [270, 0, 60_000]
    assert (rest.days, rest.expected_on) == (60, bought.expected_on)
    assert list(book.out()) == [226_000, 73_000]
    events.verified(book.deal)
    with walls.asking_for(book.deal.buyer.pk):
        first, second = Assignment.objects.filter(milestone__position=2).order_by("pk")
        assert second.milestone_id == rest.milestone_id
        assert (second.notice_sha256, second.acknowledged_at) == (first.notice_sha256, first.acknowledged_at)
        paid_to = PayeeInstruction.objects.filter(milestone__position=2).values_list("payee_id", "iban").distinct()
        assert [payee for payee, _iban in paid_to] == [book.deal.financier.pk]
    recourse_jobs.send_parted(
        milestone_ref=bought.milestone.ref, rest_ref=rest.milestone.ref, organisation_id=book.deal.buyer.pk
    )
    assert "holds for that part and for the rest" in str(mail.outbox[-1].body).replace("\n", " ")
    # The rest is accepted: its advance buys its invoice, and both prices are earned to the cent.
    with walls.asking_for(book.deal.seller.pk):
        milestone = Milestone.objects.select_related("contract", "line").get(pk=rest.milestone_id)
    again = scenarios.submitted_rest(milestone, at=stories.noon(day(50)))
    with acting(scenarios.member(book.deal, "approver"), at=stories.noon(day(50))) as actor:
        sign_off.accept_milestone(actor=actor, key=key(), submission_ref=again.ref, seen=again.sha256)
    stories.collected(book.deal, bought, 60_000, on=day(90))
    (_bought, rest) = parts(book)
    stories.collected(book.deal, rest, 60_000, on=day(90), reference="IN-2")
    assert moved(book) == lines(d2100=2_700, c4000=2_700, c1150=60_000, d1010=120_000, c2010=60_000)
    assert [tranche.state for tranche in parts(book)] == ["settled", "settled"]
    events.verified(book.deal)


def test_what_stands_on_has_no_least_days_of_its_own(book: Book) -> None:
    accept(book, 60_000, on=day(30))
    _bought, rest = parts(book)
    with walls.asking_for(book.deal.seller.pk):
        milestone = Milestone.objects.select_related("contract", "line").get(pk=rest.milestone_id)
    again = scenarios.submitted_rest(milestone, at=stories.noon(day(31)))
    with acting(scenarios.member(book.deal, "approver"), at=stories.noon(day(31))) as actor:
        sign_off.accept_milestone(actor=actor, key=key(), submission_ref=again.ref, seen=again.sha256)
    # Its money has been out for 35 days, so five of its sixty days are earned, and not fifteen.
    collection = stories.collected(book.deal, rest, 60_000, on=day(35))
    assert collection.rebate == Decimal("247.50")


def test_no_transfer_of_what_was_carried_over_comes_back_from_the_bank(book: Book) -> None:
    accept(book, 60_000, on=day(30))
    bought, rest = parts(book)
    page, request = ReturnDisbursement(TrancheWindow(Tranche, site)), RequestFactory().get("/")
    request.actor = scenarios.treasury(book.deal)  # type: ignore[attr-defined]
    assert not page.why_not(request, bought)
    assert "Only what is paid out" in page.why_not(request, rest)


def test_proof_of_the_assignment_names_what_was_accepted_and_what_is_left(book: Book) -> None:
    accept(book, 60_000, on=day(30))
    with walls.asking_for(book.deal.seller.pk, book.deal.buyer.pk):
        first, rest = Assignment.objects.filter(milestone__position=2).order_by("pk")
        said = [canonical.read(snapshot.written(one, ref="ref", at=stories.noon(day(31)))) for one in (first, rest)]
    assert [Decimal(one["assignment"]["face"]) for one in said] == [60_000, 60_000]


def test_who_got_the_notice_is_told_also_what_becomes_of_the_rest(book: Book) -> None:
    accept(book, 60_000, on=day(30))
    with walls.asking_for(book.deal.buyer.pk):
        first, rest = Assignment.objects.filter(milestone__position=2).select_related("contract").order_by("pk")
        people = readers_of_notice(first)
        assert GuestGrant.objects.get(subject_ref=first.ref).email in people
        assert readers_of_notice(rest) == people


def reserves(book: Book) -> Decimal:
    """What the first page of the seller still expects of the financier."""
    with acting(scenarios.seller_actor(book.deal), at=stories.noon(day(30))) as sina:
        found = cash(sina, today=day(30)).expected
    return sum((amount for _currency, series, _day, amount in found if series == FINANCED), Decimal(0))


def test_the_reserve_that_a_seller_expects_is_of_what_was_accepted_and_of_the_rest_once(book: Book) -> None:
    before = reserves(book)
    accept(book, 60_000, on=day(30))
    # 9,000 of the part and 51,000 of the rest, as 60,000 of both.
    assert reserves(book) == before


def test_the_reserve_that_a_seller_expects_of_a_smaller_milestone_is_smaller(book: Book) -> None:
    before = reserves(book)
    sina, olga, at = scenarios.seller_actor(book.deal), scenarios.buyer_actor(book.deal), stories.noon(day(30))
    less = ChangeDraft("Less", "Less.", lines=(change_orders.line(book.contract, 2, amount=Decimal(90_000)),))
    change_orders.sign(change_orders.propose(book.contract, less, by=sina, at=at), by=olga, at=at)
    # 90,000 less 45,000 of advance, instead of 120,000 less 60,000; and of the difference 14,550 are to be paid back.
    assert reserves(book) == before - 15_000 - 14_550


def test_a_rest_that_is_dropped_is_owed_back(book: Book) -> None:
    accept(book, 60_000, on=day(90))
    sina, olga, at = scenarios.seller_actor(book.deal), scenarios.buyer_actor(book.deal), stories.noon(day(90))
    gone = ChangeDraft("Less", "Less.", lines=(change_orders.line(book.contract, 2, amount=Decimal(60_000)),))
    change_orders.sign(change_orders.propose(book.contract, gone, by=sina, at=at), by=olga, at=at)
    # On its last day all of the discount is earned, so nothing of it is given back.
    assert moved(book) == lines(d1100=60_000, d1200=9_000, c1150=60_000, c2000=9_000, d2100=2_700, c4000=2_700)
    assert [tranche.state for tranche in parts(book)] == ["funded_post", "recourse_due"]
    events.verified(book.deal)


def test_postgres_refuses_an_advance_on_a_rest_that_was_not_carried_over(book: Book) -> None:
    accept(book, 60_000, on=day(30))
    bought, rest = parts(book)
    ways = ({"carried_from_id": None}, {"carried_from_id": bought.pk}, {"milestone_id": bought.milestone_id})
    with walls.asking_for(book.deal.financier.pk):
        for way in ways:
            forged = Tranche.objects.get(pk=rest.pk)
            forged.pk, forged._state.adding, forged.ref = None, True, "forged"
            for name, value in way.items():
                setattr(forged, name, value)
            with pytest.raises(IntegrityError), transaction.atomic():
                forged.save(force_insert=True)
        with pytest.raises(IntegrityError, match="carried_over_only_to_the_rest"), transaction.atomic():
            Adjustment.objects.create(
                tranche=bought,
                kind="slip",
                discount=Decimal(-5),
                carried=Decimal(5),
                source="forged",
                booked_on=day(31),
                decided_at=stories.noon(day(31)),
            )
