"""What comes between a payment file and the bank's answer: disputes, later releases, reversals, and money back."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.financing.models import Collection, OrderedPayment, ReservePayout, Tranche
from apps.invoicing.models import Invoice
from apps.invoicing.rules import Share
from apps.milestones.models import Dispute
from apps.workflows import paying_out, treasury
from tests import disputes, scenarios
from tests.conftest import Once
from tests.financing import events, stories
from tests.financing.sample import summed
from tests.financing.test_payment_orders import (
    Both,
    approved,
    ordered,
    payments,
    state_of,
    taken,
    with_the_bank,
)
from tests.scenarios import Parties, acting, key, member

TODAY = stories.day(1)
NOON = stories.noon(TODAY)


@pytest.fixture(scope="module")
def deal(once: Once) -> Parties:
    return once(stories.parties)


@pytest.fixture(scope="module")
def waiting(once: Once, deal: Parties) -> Both:
    """An advance to pay out, and one of which 110,000 of 120,000 were paid, so that a part of its reserve is due."""

    def story() -> Both:
        facility = stories.opened_facility(deal)
        ready = stories.accepted_advance(deal, facility=facility)
        stories.acknowledged(deal, ready)
        partly = stories.accepted_advance(deal, facility=facility, number="NL-2026-015")
        stories.acknowledged(deal, partly)
        stories.paid_out(deal, partly)
        stories.collected(deal, partly, 110_000, on=stories.FUNDED_ON, recorded=TODAY)
        return ready, partly

    return once(story)


@pytest.fixture(autouse=True)
def on_the_day(db: None) -> Iterator[None]:
    with clock.stopped(NOON):
        yield


def confirmed(deal: Parties, payment: OrderedPayment, *, on: date = TODAY) -> None:
    with acting(member(deal, "treasury"), at=stories.noon(max(on, TODAY))) as actor:
        paying_out.confirm_ordered_payment(actor=actor, key=key(), payment_ref=payment.ref, value_on=on)


def given_back(deal: Parties, tranche: Tranche) -> None:
    with acting(member(deal, "treasury"), at=NOON) as actor:
        treasury.return_disbursement(
            actor=actor, key=key(), tranche_ref=tranche.ref, value_on=TODAY, bank_reference="BACK-1"
        )


def disputed(deal: Parties, tranche: Tranche, *, share: Share = disputes.ALL) -> Dispute:
    with walls.asking_for(deal.seller.pk):
        invoice_ref = Invoice.objects.values_list("ref", flat=True).get(milestone=tranche.milestone_id)
    return disputes.on_invoice(invoice_ref, actor=scenarios.approver_actor(deal), share=share, at=NOON)


def test_not_carried_out_then_carried_out_then_given_back(deal: Parties, waiting: Both) -> None:
    ready, _partly = waiting
    before = stories.entries(deal.financier)
    (first,) = payments(deal, with_the_bank(deal, ("advance", ready)))
    with pytest.raises(Refused, match="not paid out"):
        given_back(deal, ready)
    with acting(member(deal, "treasury"), at=NOON) as actor:
        paying_out.return_ordered_payment(actor=actor, key=key(), payment_ref=first.ref, reason="No such account.")
    order = with_the_bank(deal, ("advance", ready))
    (second,) = payments(deal, order)
    with pytest.raises(Refused, match="cannot have left before"):
        confirmed(deal, second, on=stories.FUNDED_ON)
    confirmed(deal, second)
    given_back(deal, ready)
    assert (state_of(deal, order), state_of(deal, ready)) == ("closed", "returned")
    assert summed(stories.entries(deal.financier)) == summed(before)
    events.verified(deal)


def test_a_dispute_stops_the_file_but_not_what_the_bank_carried_out(deal: Parties, waiting: Both) -> None:
    """Otherwise it could not be settled: what is assigned and not paid out cannot be credited, nor be cancelled."""
    ready, partly = waiting
    bea = scenarios.approver_actor(deal)
    out = payments(deal, with_the_bank(deal, ("advance", ready), ("reserve", partly)))
    whole = disputed(deal, ready)
    disputed(deal, partly, share=Share(amount=Decimal(5_000)))
    with walls.asking_for(deal.financier.pk), pytest.raises(IntegrityError, match="in dispute"), transaction.atomic():
        _forced(ready, reference=out[0].ref, by=deal.people["treasury"].user.pk)
    for payment in out:
        confirmed(deal, payment)
    assert state_of(deal, ready) == "funded_post"
    upheld = disputes.proposed(whole, "upheld", actor=bea, at=NOON)
    disputes.agreed(upheld, actor=scenarios.seller_actor(deal), at=NOON)
    assert state_of(deal, ready) == "recourse_due"
    events.verified(deal)


def _forced(tranche: Tranche, *, reference: str, by: int) -> None:
    """Paid out past every service, under the reference of a payment that is not confirmed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO financing_disbursement (ref, tranche_id, financier_id, amount, currency, value_on,"
            " bank_reference, priced_by_id, sent_by_id, sent_at) SELECT 'forced', t.id, t.financier_id,"
            " t.gross - t.discount - t.fee, t.currency, %s, %s, o.created_by_id, %s, %s FROM financing_tranche t"
            " JOIN financing_offer o ON o.id = t.offer_id WHERE t.id = %s",
            [TODAY, reference, by, NOON, tranche.pk],
        )
        cursor.execute(
            "UPDATE financing_tranche SET state = 'funded_post', funded_on = %s WHERE id = %s", [TODAY, tranche.pk]
        )


def test_a_file_is_looked_at_once_more_before_it_leaves(deal: Parties, waiting: Both) -> None:
    ready, _partly = waiting
    order = approved(deal, ordered(deal, ("advance", ready)))
    disputed(deal, ready)
    with pytest.raises(Refused, match="in dispute"):
        taken(deal, order)
    assert state_of(deal, order) == "approved"


def test_an_advance_is_not_ordered_for_when_its_payment_is_expected(deal: Parties, waiting: Both) -> None:
    with walls.asking_for(deal.financier.pk):
        Tranche.objects.filter(pk=waiting[0].pk).update(expected_on=stories.day(3))
    with pytest.raises(Refused, match="too late"):
        ordered(deal, ("advance", waiting[0]), on=stories.day(3))
    ordered(deal, ("advance", waiting[0]), on=stories.day(2))


def test_of_a_reserve_is_booked_what_was_ordered(deal: Parties, waiting: Both) -> None:
    _ready, partly = waiting
    (first,) = payments(deal, with_the_bank(deal, ("reserve", partly)))
    stories.collected(deal, partly, 10_000, on=TODAY, reference="IN-2")
    confirmed(deal, first)
    (second,) = payments(deal, with_the_bank(deal, ("reserve", partly)))
    assert second.amount == 10_000
    confirmed(deal, second)
    with walls.asking_for(deal.financier.pk):
        paid = dict(ReservePayout.objects.values_list("bank_reference", "amount"))
        reserve = sum(ReservePayout.objects.values_list("reserve", flat=True))
    assert paid == {first.ref: first.amount, second.ref: Decimal(10_000)}
    assert reserve == 18_000
    events.verified(deal)


def test_what_is_ordered_of_a_payment_keeps_it_from_being_reversed(deal: Parties, waiting: Both) -> None:
    _ready, partly = waiting
    ordered(deal, ("reserve", partly))
    with walls.asking_for(deal.financier.pk):
        collection = Collection.objects.get(tranche=partly)
    with pytest.raises(Refused, match="in the payment order"), acting(member(deal, "treasury"), at=NOON) as actor:
        treasury.reverse_collection(actor=actor, key=key(), collection_ref=collection.ref, reason="Wrong invoice.")


def test_no_reserve_is_ordered_while_the_seller_has_the_buyers_money(deal: Parties, waiting: Both) -> None:
    _ready, partly = waiting
    with acting(member(deal, "treasury"), at=NOON) as actor:
        treasury.record_misdirected(
            actor=actor,
            key=key(),
            tranche_ref=partly.ref,
            amount=Decimal(10_000),
            received_on=TODAY,
            bank_reference="OURS-1",
        )
    with pytest.raises(Refused, match="once it has passed that on"):
        ordered(deal, ("reserve", partly))
