"""Payments go to the bank in one file: two people, one file, given out once, and booked when the bank has paid."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.financing.models import OrderedPayment, PaymentOrder, Tranche
from apps.parties.models import BankAccount
from apps.workflows import funding, paying_out
from tests.conftest import Once
from tests.financing import stories
from tests.scenarios import Parties, acting, key, member

TODAY = stories.day(1)
NOON = stories.noon(TODAY)


@pytest.fixture(scope="module")
def deal(once: Once) -> Parties:
    return once(stories.parties)


@pytest.fixture(scope="module")
def waiting(once: Once, deal: Parties) -> tuple[Tranche, Tranche]:
    """An advance of 99,790 to pay out, and one that is repaid, with 18,000 of its reserve due."""

    def story() -> tuple[Tranche, Tranche]:
        facility = stories.opened_facility(deal)
        ready = stories.accepted_advance(deal, facility=facility)
        stories.acknowledged(deal, ready)
        repaid = stories.accepted_advance(deal, facility=facility, number="NL-2026-015")
        stories.acknowledged(deal, repaid)
        stories.paid_out(deal, repaid)
        stories.collected(deal, repaid, 120_000, on=stories.FUNDED_ON, recorded=TODAY)
        return ready, repaid

    return once(story)


@pytest.fixture(autouse=True)
def on_the_day(db: None) -> Iterator[None]:
    with clock.stopped(NOON):
        yield


def ordered(deal: Parties, *wanted: tuple[str, Tranche], by: str = "treasury", on: date = TODAY) -> PaymentOrder:
    with acting(member(deal, by), at=NOON) as actor:
        answer = paying_out.order_payments(
            actor=actor,
            key=key(),
            currency="EUR",
            wanted=tuple((what, tranche.ref) for what, tranche in wanted),
            execute_on=on,
        )
        return PaymentOrder.objects.get(ref=answer["order"])


def approved(deal: Parties, order: PaymentOrder, *, by: str = "financier") -> PaymentOrder:
    with acting(member(deal, by), at=NOON) as actor:
        paying_out.approve_payment_order(actor=actor, key=key(), order_ref=order.ref)
        order.refresh_from_db()
    return order


def taken(deal: Parties, order: PaymentOrder) -> PaymentOrder:
    with acting(member(deal, "treasury"), at=NOON) as actor:
        paying_out.hand_out_payment_file(actor=actor, key=key(), order_ref=order.ref)
        order.refresh_from_db()
    return order


def with_the_bank(deal: Parties, *wanted: tuple[str, Tranche]) -> PaymentOrder:
    return taken(deal, approved(deal, ordered(deal, *wanted)))


def payments(deal: Parties, order: PaymentOrder) -> list[OrderedPayment]:
    with walls.asking_for(deal.financier.pk):
        return list(OrderedPayment.objects.filter(order=order).order_by("pk"))


def state_of(deal: Parties, row: PaymentOrder | Tranche) -> str:
    with walls.asking_for(deal.financier.pk):
        return str(type(row).objects.values_list("state", flat=True).get(pk=row.pk))


Both = tuple[Tranche, Tranche]


def test_from_the_pick_to_the_books(deal: Parties, waiting: Both) -> None:
    ready, repaid = waiting
    order = ordered(deal, ("advance", ready), ("reserve", repaid))
    assert (order.total, order.count, order.state) == (Decimal("99790") + due(deal), 2, "draft")
    order = approved(deal, order)
    assert order.message_sha256 == canonical.sha256(order.message)
    for one in payments(deal, order):
        assert f"<EndToEndId>{one.ref}</EndToEndId>" in order.message
    order = taken(deal, order)
    with acting(member(deal, "treasury"), at=NOON) as actor:
        refused = paying_out.confirm_payment_order(actor=actor, key=key(), order_ref=order.ref, value_on=TODAY)
    assert refused == []
    assert (state_of(deal, order), state_of(deal, ready)) == ("closed", "funded_post")
    entries = stories.entries(deal.financier)
    assert stories.lines(d1100=120_000, c2000=18_000, c2100=1_700, c2110=510, c1000=99_790) in entries
    assert entries[-1] == {"2010": due(deal), "1000": -due(deal)}
    with acting(member(deal, "treasury"), at=NOON) as actor:
        assert paying_out.confirm_payment_order(actor=actor, key=key(), order_ref=order.ref, value_on=TODAY) == []


def due(deal: Parties) -> Decimal:
    """The reserve of 18,000 and the discount that was not earned."""
    with walls.asking_for(deal.financier.pk):
        collection = Tranche.objects.get(state="settled").collections.get()
        return collection.to_seller + collection.rebate


def test_two_people_and_nobody_alone(deal: Parties, waiting: Both) -> None:
    order = ordered(deal, ("advance", waiting[0]))
    with pytest.raises(NotAllowed, match="second person"):
        approved(deal, order, by="treasury")
    with pytest.raises(NotAllowed):
        approved(deal, order, by="analyst")
    with pytest.raises(NotAllowed):
        ordered(deal, ("reserve", waiting[1]), by="underwriter")
    with pytest.raises(IllegalTransition):
        taken(deal, order)
    taken(deal, approved(deal, order))
    with pytest.raises(IllegalTransition):
        taken(deal, order)


def test_what_is_ordered_is_not_paid_twice(deal: Parties, waiting: Both) -> None:
    ready, repaid = waiting
    with pytest.raises(Refused, match="Pick at least one"):
        ordered(deal)
    with pytest.raises(Refused, match="Nothing is due"):
        ordered(deal, ("reserve", ready))
    with pytest.raises(IllegalTransition, match="does not wait"):
        ordered(deal, ("advance", repaid))
    order = ordered(deal, ("advance", ready), ("reserve", repaid))
    for attempt in (
        lambda: ordered(deal, ("advance", ready)),
        lambda: stories.paid_out(deal, ready, on=TODAY, reference="OUT-7"),
        lambda: stories.reserve_paid(deal, repaid, on=TODAY),
        lambda: _cancelled(deal, ready),
    ):
        with pytest.raises(Refused, match="payment order"):
            attempt()
    with acting(member(deal, "treasury"), at=NOON) as actor:
        paying_out.discard_payment_order(actor=actor, key=key(), order_ref=order.ref, reason="A wrong day.")
    ordered(deal, ("advance", ready))


def _cancelled(deal: Parties, tranche: Tranche) -> None:
    with acting(member(deal, "treasury"), at=NOON) as actor:
        funding.cancel_tranche(actor=actor, key=key(), tranche_ref=tranche.ref, reason="Not needed.")


def test_what_the_bank_returns_is_not_booked_and_can_be_picked_anew(deal: Parties, waiting: Both) -> None:
    ready, _repaid = waiting
    before = stories.entries(deal.financier)
    order = with_the_bank(deal, ("advance", ready))
    (payment,) = payments(deal, order)
    with acting(member(deal, "treasury"), at=NOON) as actor:
        again = key()
        for _twice in range(2):
            paying_out.return_ordered_payment(
                actor=actor, key=again, payment_ref=payment.ref, reason="The account is closed."
            )
        with pytest.raises(IllegalTransition):
            paying_out.confirm_ordered_payment(actor=actor, key=key(), payment_ref=payment.ref, value_on=TODAY)
    assert (state_of(deal, order), state_of(deal, ready)) == ("closed", "accepted")
    assert stories.entries(deal.financier) == before
    ordered(deal, ("advance", ready))


def test_an_account_that_changed_meanwhile_stops_the_file(deal: Parties, waiting: Both) -> None:
    order = ordered(deal, ("advance", waiting[0]))
    with walls.asking_for(deal.seller.pk):
        BankAccount.objects.filter(organisation=deal.seller, currency="EUR").update(iban="DE75512108001245126199")
    with pytest.raises(Refused, match="have changed since it was picked"):
        approved(deal, order)
    assert state_of(deal, order) == "draft"


def test_postgres_holds_both_pairs_of_eyes_and_the_one_file(deal: Parties, waiting: Both) -> None:
    order = ordered(deal, ("advance", waiting[0]))
    who = {name: deal.people[name].user.pk for name in ("treasury", "financier")}
    made = "message = 'x', message_sha256 = encode(sha256('x'), 'hex'), approved_at = now()"
    table = "financing_paymentorder"
    attempts = {
        "paid_out_by_two": f"UPDATE {table} SET state = 'approved', {made}, approved_by_id = {who['treasury']}",
        "file_of_an_approved_order": f"UPDATE {table} SET state = 'approved', approved_by_id = {who['financier']}",
        "file carries its hash": f"UPDATE {table} SET message = 'x', message_sha256 = 'y'",
        "illegal step": f"UPDATE {table} SET state = 'handed_out'",
        "frozen": f"UPDATE {table} SET total = 1",
        "answered after its file was handed out": (
            "UPDATE financing_orderedpayment SET state = 'confirmed', answered_on = now(),"
            f" answered_by_id = {who['treasury']}"
        ),
    }
    with walls.asking_for(deal.financier.pk):
        for because, statement in attempts.items():
            with pytest.raises(IntegrityError, match=because), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
    order = with_the_bank_of(deal, order)
    with walls.asking_for(deal.financier.pk), pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        PaymentOrder.objects.filter(pk=order.pk).update(claimed_by=deal.people["financier"].user)


def with_the_bank_of(deal: Parties, order: PaymentOrder) -> PaymentOrder:
    return taken(deal, approved(deal, order))
