"""Rows of the table of events that are about a financier's money: returned, misdirected, swept, unidentified, reversed.

The sample book is funded once; each row begins with it.
"""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.financing.models import Assignment, BankMovement, Collection, Facility
from apps.financing.services import FacilityTerms
from apps.invoicing.models import OpenItem
from apps.workflows import funding, treasury
from apps.workflows.once import Answer
from tests import scenarios
from tests.conftest import Once
from tests.financing import events, stories
from tests.financing.sample import Book, Posting, summed
from tests.financing.stories import day, entries, lines, noon
from tests.scenarios import acting, key, member


@pytest.fixture(scope="module")
def told(once: Once) -> Book:
    return once(Book)


@pytest.fixture
def book(told: Book, db: None) -> Book:
    return told


def negated(postings: list[Posting]) -> list[Posting]:
    return [{code: -amount for code, amount in posting.items()} for posting in postings]


def by(book: Book, role: str, workflow: Any, *, on: date, **more: Any) -> Answer:
    with acting(member(book.deal, role), at=noon(on)) as actor:
        answer: Answer = workflow(actor=actor, key=key(), **more)
        return answer


def returned(book: Book, position: int, *, on: date, **more: Any) -> Answer:
    return by(
        book,
        "treasury",
        treasury.return_disbursement,
        on=on,
        **{"tranche_ref": book.tranche(position).ref, "value_on": on, "bank_reference": "BACK-1"} | more,
    )


def misdirected(book: Book, amount: int, *, on: date, role: str = "billing") -> Answer:
    return by(
        book,
        role,
        treasury.record_misdirected,
        on=on,
        tranche_ref=book.tranche(1).ref,
        amount=Decimal(amount),
        received_on=on,
        bank_reference="OURS-1",
    )


def reversed_(book: Book, collection: Collection, *, on: date) -> Answer:
    return by(
        book, "treasury", treasury.reverse_collection, on=on, collection_ref=collection.ref, reason="Wrong invoice."
    )


def test_a_disbursement_returned_by_the_bank_is_negated_exactly(book: Book) -> None:
    funding, sellers = entries(book.deal.financier)[0], book.seller_before
    returned(book, 1, on=day(3))
    assert book.posted() == negated([funding])
    assert summed(entries(book.deal.seller, purpose="seller")[sellers - 3 :])["1000"] == 57_300 + 57_600
    tranche = book.tranche(1)
    assert tranche.state == "returned"
    assert tranche.outstanding == 0
    assert list(book.out()) == [124_000, 124_000]
    with walls.asking_for(book.deal.seller.pk):
        assert Assignment.objects.get(tranche=tranche).revoked_at is not None
    with pytest.raises(IllegalTransition):
        returned(book, 1, on=day(4), bank_reference="BACK-2")
    # The receivable is the seller's: it is paid, or asked for and sold anew, at once a second sale of the invoice.
    with walls.asking_for(book.deal.financier.pk):
        facility = tranche.facility
    request = stories.requested(book.deal, book.invoice(), facility)
    offer = stories.issued(book.deal, request)
    again = stories.accepted(book.deal, offer)
    stories.acknowledged(book.deal, again)
    stories.paid_out(book.deal, again, on=day(5), reference="OUT-AGAIN")
    events.verified(book.deal)
    assert book.sellers()[-1] == lines(d1000=99_790, d1200=18_000, d5000=2_210, c1100=120_000)


def test_what_was_earned_and_converted_meanwhile_is_negated_too(book: Book) -> None:
    stories.accrued(book.deal, through=day(9))
    scenarios.accepted_milestone(book.contract, position=2, at=noon(day(10)))
    own = [posting for posting in book.posted() if {"1150", "1100"} & set(posting)]
    returned(book, 2, on=day(11))
    assert summed(book.posted()[-3:])["4000"] == 270
    assert book.posted()[-3] == negated(own)[0]
    assert book.posted()[-1] == lines(c1150=60_000, d2100=2_700, d1000=57_300)
    assert summed(book.sellers()) == lines(d1100=120_000, c2000=120_000, c1000=57_300, c5000=2_700, d2300=60_000)


def test_nothing_comes_back_of_what_something_else_happened_to(book: Book) -> None:
    tranche = book.tranche(1)
    with pytest.raises(NotAllowed):
        by(
            book,
            "analyst",
            treasury.return_disbursement,
            on=day(3),
            tranche_ref=tranche.ref,
            value_on=day(3),
            bank_reference="BACK-1",
        )
    stories.collected(book.deal, tranche, 50_000, on=day(20))
    with pytest.raises(Refused, match="Something else has happened"):
        returned(book, 1, on=day(21))


def test_a_payment_comes_back_under_a_facility_that_was_lowered_and_closed(book: Book) -> None:
    tranche, out = book.tranche(1), list(book.out())
    stories.collected(book.deal, tranche, 50_000, on=day(20))
    with walls.asking_for(book.deal.financier.pk):
        collection, facility = Collection.objects.get(), Facility.objects.get()
    terms = FacilityTerms(**{one.name: getattr(facility, one.name) for one in fields(FacilityTerms)})
    ours: dict[str, Any] = {"on": day(21), "facility_ref": facility.ref, "reason": "We leave."}
    by(book, "underwriter", funding.change_facility, terms=replace(terms, limit=Decimal(1000)), **ours)
    with pytest.raises(Refused, match="Raise the limit first"):
        reversed_(book, collection, on=day(22))
    by(book, "underwriter", funding.close_facility, **ours)
    reversed_(book, collection, on=day(22))
    assert list(book.out()) == out
    events.verified(book.deal)


def test_a_transfer_comes_back_with_all_its_parts(once: Once, told: Book, db: None) -> None:
    deal = stories.parties("whole")
    contract = stories.active_contract(deal)
    scenarios.accepted_milestone(contract, at=stories.START)
    first, second, _third = stories.plan_of(contract)
    request = stories.requested_on(deal, stories.opened_facility(deal), first, second)
    offer = stories.issued(deal, request, terms=stories.whole_book(stories.TERMS, stories.SECOND))
    stories.accepted(deal, offer)
    for tranche in stories.tranches(deal, contract_id=contract.pk):
        stories.acknowledged(deal, tranche)
    stories.whole_offer_paid_out(deal, offer)
    tranches = stories.tranches(deal, contract_id=contract.pk)
    with acting(member(deal, "treasury"), at=noon(day(3))) as actor:
        answer = treasury.return_disbursement(
            actor=actor, key=key(), tranche_ref=tranches[1].ref, value_on=day(3), bank_reference="BACK-1"
        )
    assert answer["tranches"] == "2"
    assert [one.state for one in stories.tranches(deal, contract_id=contract.pk)] == ["returned", "returned"]
    assert summed(entries(deal.financier)) == {}
    events.verified(deal)


def test_a_buyer_that_paid_the_seller_by_mistake(book: Book) -> None:
    with pytest.raises(Refused, match="beyond that it gives back"):
        misdirected(book, 120_001, on=day(50))
    misdirected(book, 120_000, on=day(50))
    (_earned, posting) = book.posted()
    assert posting == lines(d1210=120_000, c1100=120_000, d2000=18_000, c2010=18_000)
    assert book.sellers() == [lines(d1000=120_000, c2310=120_000)]
    tranche = book.tranche(1)
    assert tranche.state == "settled"
    with pytest.raises(Refused, match="once it has passed that on"):
        stories.reserve_paid(book.deal, tranche, on=day(51))
    passed: dict[str, Any] = {"tranche_ref": tranche.ref, "received_on": day(52)}
    with pytest.raises(Refused, match="at most that"):
        by(
            book,
            "treasury",
            treasury.record_passed_on,
            on=day(52),
            amount=Decimal(120_001),
            bank_reference="P-1",
            **passed,
        )
    by(book, "treasury", treasury.record_passed_on, on=day(52), bank_reference="P-1", **passed)
    assert book.posted()[-1] == lines(d1000=120_000, c1210=120_000)
    assert book.sellers()[-1] == lines(d2310=120_000, c1000=120_000)
    with pytest.raises(Refused, match="nothing of the buyer's"):
        by(book, "treasury", treasury.record_passed_on, on=day(53), bank_reference="P-2", **passed)
    stories.reserve_paid(book.deal, tranche, on=day(53))
    events.verified(book.deal)


def test_the_treasury_may_say_so_too_and_nobody_of_an_unsold_invoice(book: Book) -> None:
    misdirected(book, 50_000, on=day(50), role="treasury")
    assert book.posted() == [lines(d1210=50_000, c1100=50_000)]
    tranche = book.tranche(1)
    assert tranche.outstanding == 52_000
    by(
        book,
        "treasury",
        treasury.record_passed_on,
        on=day(51),
        tranche_ref=tranche.ref,
        amount=Decimal(1),
        received_on=day(51),
        bank_reference="P-1",
    )
    with walls.asking_for(book.deal.financier.pk):
        collection = Collection.objects.get(tranche=tranche)
    with pytest.raises(Refused, match="passed this payment on"):
        reversed_(book, collection, on=day(52))
    with pytest.raises(Refused, match="not accepted yet"):
        by(
            book,
            "billing",
            treasury.record_misdirected,
            on=day(50),
            tranche_ref=book.tranche(2).ref,
            amount=Decimal(1),
            received_on=day(50),
            bank_reference="OURS-2",
        )


def test_what_was_overpaid_goes_back_to_the_buyer_only(book: Book) -> None:
    tranche = book.tranche(1)
    stories.collected(book.deal, tranche, 121_000, on=day(50))
    surplus = {"tranche_ref": tranche.ref, "value_on": day(51), "bank_reference": "OUT-9"}
    by(book, "treasury", treasury.return_surplus, on=day(51), **surplus)
    assert book.posted()[-1] == lines(d2020=1_000, c1000=1_000)
    with pytest.raises(Refused, match="nothing on this advance beyond"):
        by(book, "treasury", treasury.return_surplus, on=day(52), **surplus)


def test_collections_are_swept_to_cash_and_no_more_than_there_is(book: Book) -> None:
    stories.collected(book.deal, book.tranche(1), 50_000, on=day(20))
    swept: dict[str, Any] = {"currency": "EUR", "value_on": day(21)}
    with pytest.raises(Refused, match="Enter at most that"):
        by(
            book,
            "treasury",
            treasury.sweep_collections,
            on=day(21),
            amount=Decimal(50_001),
            bank_reference="S",
            **swept,
        )
    by(book, "treasury", treasury.sweep_collections, on=day(21), amount=Decimal(30_000), bank_reference="S", **swept)
    assert book.posted()[-1] == lines(d1000=30_000, c1010=30_000)
    with pytest.raises(Refused, match="already recorded"):
        by(book, "treasury", treasury.sweep_collections, on=day(21), amount=Decimal(1), bank_reference="S", **swept)


def test_unidentified_money_is_held_until_it_is_identified_or_sent_back(book: Book) -> None:
    arrived: dict[str, Any] = {"currency": "EUR", "received_on": day(20), "note": "Kantine"}
    first, second = (
        by(
            book,
            "treasury",
            treasury.record_unidentified,
            on=day(21),
            amount=Decimal(50_000),
            bank_reference=reference,
            **arrived,
        )["movement"]
        for reference in ("IN-7", "IN-8")
    )
    assert book.posted() == [lines(d1010=50_000, c2030=50_000)] * 2
    tranche = book.tranche(1)
    by(book, "treasury", treasury.identify_receipt, on=day(40), receipt_ref=first, tranche_ref=tranche.ref)
    assert book.posted()[2:] == [lines(d1010=50_000, c1100=50_000), lines(d2030=50_000, c1010=50_000)]
    with walls.asking_for(book.deal.financier.pk):
        assert tranche.collections.get().collected_on == day(20), "as of the day on which it arrived"
        assert list(BankMovement.objects.unidentified().values_list("ref", flat=True)) == [second]
    with pytest.raises(Refused, match="identified or sent back already"):
        by(book, "treasury", treasury.identify_receipt, on=day(41), receipt_ref=first, tranche_ref=tranche.ref)
    back: dict[str, Any] = {"receipt_ref": second, "reason": "Not ours."}
    by(
        book,
        "treasury",
        treasury.send_back_receipt,
        on=day(42),
        value_on=day(42),
        bank_reference="OUT-8",
        **back,
    )
    assert book.posted()[-1] == lines(d2030=50_000, c1010=50_000)
    with pytest.raises(IllegalTransition, match="already identified or sent back"):
        by(book, "treasury", treasury.send_back_receipt, on=day(42), value_on=day(42), bank_reference="O", **back)


def test_a_collection_that_was_recorded_wrongly_is_reversed_and_recorded_anew(book: Book) -> None:
    deal, tranche = book.deal, book.tranche(1)
    part = stories.collected(deal, tranche, 50_000, on=day(20))
    whole = stories.collected(deal, tranche, 70_500, on=day(30), reference="IN-2")
    before = book.posted()
    with pytest.raises(Refused, match="Reverse the later one first"):
        reversed_(book, part, on=day(31))
    reversed_(book, whole, on=day(31))
    after = book.posted()
    assert after[len(before) :] == negated(before[1:][::-1])
    tranche = book.tranche(1)
    assert tranche.state == "part_collected"
    assert tranche.outstanding == 52_000
    assert tranche.settled_on is None
    invoice = book.invoice()
    with walls.asking_for(deal.seller.pk):
        assert OpenItem.objects.get(invoice=invoice).open == 70_000
    with pytest.raises(IllegalTransition, match="already reversed"):
        reversed_(book, whole, on=day(32))
    reversed_(book, part, on=day(32))
    assert summed(book.posted()) == {}
    assert book.tranche(1).state == "funded_post"
    assert list(book.out()) == [226_000, 124_000]
    # The bank's line is still the line.
    stories.collected(deal, book.tranche(1), 120_000, on=day(50), reference="IN-2")
    stories.reserve_paid(deal, book.tranche(1), on=day(51))
    events.verified(deal)


@pytest.mark.parametrize("amount", [50_000, 120_000])
def test_only_a_reversal_goes_back_nothing_is_funded_twice_or_in_default_when_it_is_settled(
    book: Book, amount: int
) -> None:
    """The database knows the steps of a reversal as legal; nobody else takes them."""
    deal, tranche = book.deal, book.tranche(1)
    stories.collected(deal, tranche, amount, on=day(20))
    before = book.posted()
    with pytest.raises(IllegalTransition, match="cannot become “Funded”"):
        stories.paid_out(deal, tranche, on=day(20), reference="OUT-2")
    if amount == 120_000:
        with pytest.raises(IllegalTransition, match="cannot become “Defaulted”"):
            events.defaulted(deal, tranche, on=day(90))
    assert book.posted() == before


def test_what_is_paid_out_of_a_collection_keeps_it(book: Book) -> None:
    paid = stories.collected(book.deal, book.tranche(1), 120_000, on=day(50))
    stories.reserve_paid(book.deal, book.tranche(1), on=day(51))
    with pytest.raises(Refused, match="paid out to the seller"):
        reversed_(book, paid, on=day(52))


def test_a_collection_in_default_and_one_that_used_the_reserve_up_are_reversed(book: Book) -> None:
    deal, tranche = book.deal, book.tranche(1)
    events.defaulted(deal, tranche, on=day(56))
    late = stories.collected(deal, tranche, 120_000, on=day(700))
    assert book.tranche(1).state == "settled"
    assert book.sellers() == [lines(d5000=18_000, c1200=18_000)]
    reversed_(book, late, on=day(701))
    assert book.tranche(1).state == "defaulted"
    assert summed(book.sellers()) == {}
    events.verified(deal)


UNDONE = (
    "INSERT INTO financing_collection (ref, tranche_id, payment_id, amount, to_receivable, to_advance, to_seller,"
    " to_buyer, late_charge, rebate, recovered, collected_on, is_misdirected, reverses_id) SELECT 'forced',"
    " tranche_id, payment_id, -amount, -to_receivable, -to_advance, -to_seller, -to_buyer, -late_charge, -rebate,"
    " -recovered, collected_on, is_misdirected, id FROM financing_collection WHERE id = %s"
)


def test_postgres_refuses_a_collection_that_is_undone_without_its_payment(book: Book) -> None:
    paid = stories.collected(book.deal, book.tranche(1), 50_000, on=day(20))
    with walls.asking_for(book.deal.financier.pk), transaction.atomic(), connection.cursor() as cursor:
        with pytest.raises(IntegrityError, match=r"reversed[ _]exactly[ _]with"):
            cursor.execute(UNDONE, [paid.pk])
        transaction.set_rollback(True)


MOVED = (
    "INSERT INTO financing_bankmovement (ref, financier_id, seller_id, tranche_id, kind, amount, currency, value_on,"
    " bank_reference, part, note, recorded_by_id, recorded_at) SELECT 'forced', t.financier_id, t.seller_id, t.id,"
    " %(kind)s, %(amount)s, 'EUR', current_date, 'X', 1, '', o.created_by_id, now() FROM financing_tranche t"
    " JOIN financing_offer o ON o.id = t.offer_id WHERE t.id = %(tranche)s"
)
ALONE = MOVED.replace("t.seller_id, t.id,", "NULL, NULL,")
FORCED: dict[str, tuple[str, str, str]] = {
    "what was not paid out comes back": (MOVED, "returned", "returned as it was paid out"),
    "a surplus that nobody paid": (MOVED, "surplus", "surplus goes back once"),
    "what was not misdirected is passed on": (MOVED, "passed_on", "passed on at most"),
    "a sweep of what was not collected": (ALONE, "swept", "leaves the collections"),
    "what was never unidentified is closed": (ALONE, "identified", "only what was unidentified"),
    "a sweep of an advance": (MOVED, "swept", "movement of an advance or of the book"),
    "an advance returned by nobody": (
        "UPDATE financing_tranche SET state = 'returned', outstanding = 0 WHERE id = %(tranche)s",
        "",
        "returned as the bank says",
    ),
}


@pytest.mark.parametrize("case", FORCED)
def test_postgres_refuses_what_goes_round_the_services(book: Book, case: str) -> None:
    statement, kind, why = FORCED[case]
    deal, tranche = book.deal, book.tranche(1)
    with walls.asking_for(deal.financier.pk, deal.seller.pk, deal.buyer.pk), transaction.atomic():
        with pytest.raises(IntegrityError, match=why.replace(" ", "[ _]")):
            forced(statement, {"kind": kind, "amount": 5, "tranche": tranche.pk})
        transaction.set_rollback(True)


def forced(statement: str, values: dict[str, Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
