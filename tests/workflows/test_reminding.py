"""Buyers are reminded of what is overdue: by schedule and by hand, once each, and of nothing that is not asked for."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from apps.audit.models import Entry
from apps.contracts.models import SentMail
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing import documents
from apps.invoicing import services as invoicing
from apps.invoicing.models import Delivery, Invoice, OpenItem, Payment, ReminderPause
from apps.invoicing.services.arrival import never_arrived
from apps.milestones.models import Reservation
from apps.milestones.services import Defect
from apps.workflows import billing, jobs, reminding, reserving
from tests import scenarios
from tests.returned import bounce
from tests.scenarios import Parties, acting, key

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DUE_IN = 30


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


@pytest.fixture
def invoice(parties: Parties) -> Invoice:
    milestone = scenarios.accepted_milestone(scenarios.active_contract(parties, at=AT), at=AT)
    with walls.asking_for(parties.seller.pk), clock.stopped(AT):
        found = Invoice.objects.select_related("open_item").get(milestone=milestone)
        assert (found.due_on - found.issued_on).days == DUE_IN
        documents.render(invoice_ref=found.ref)
    return found


def late(days: int) -> datetime:
    """So many days after the due date, at noon."""
    return AT + timedelta(days=DUE_IN + days, hours=3)


def schedule(parties: Parties, *days: int) -> None:
    bilge = scenarios.member(parties, "billing")
    with acting(bilge, at=AT):
        reminding.set_reminders(actor=bilge, key=key(), days=days)


def tended(at: datetime) -> list[int]:
    """What the clock finds and does at a moment."""
    with clock.stopped(at):
        found = reminding.due(at=at)
        for one in found:
            reminding.tend(invoice_ref=one.invoice_ref, seller_id=one.seller_id, number=one.number)
    return [one.number for one in found]


def reminders(invoice: Invoice) -> list[Delivery]:
    with walls.asking_for(invoice.seller_id):
        return list(Delivery.objects.filter(invoice=invoice, reminder__gt=0).order_by("pk"))


def paid(parties: Parties, invoice: Invoice, amount: Decimal | None = None, *, at: datetime) -> None:
    bilge = scenarios.member(parties, "billing")
    with acting(bilge, at=at):
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=invoice.ref,
            amount=amount or invoice.gross,
            received_on=at.date(),
            bank_reference=f"STMT-{at}",
        )


def test_the_schedule_reminds_on_its_days_and_catches_up_with_one_letter(parties: Parties, invoice: Invoice) -> None:
    assert tended(late(40)) == []  # nobody asked for reminders yet
    schedule(parties, 14, 3, 28)
    assert tended(late(2)) == []
    assert tended(late(3)) == [1]
    assert tended(late(3)) == []
    assert tended(late(30)) == [3]  # nobody worked on the fourteenth day
    assert [one.reminder for one in reminders(invoice)] == [1, 3]
    mail.outbox.clear()
    with clock.stopped(late(30)):
        jobs.send_invoice.func(delivery_ref=reminders(invoice)[1].ref, organisation_id=invoice.buyer_id)
    (message,) = mail.outbox
    assert message.subject.startswith("Reminder 3: invoice INV-")
    assert invoice.number in message.body
    assert [name for name, *_rest in message.attachments] == [f"{invoice.number}.pdf"]


def test_what_is_paid_is_not_reminded_of(parties: Parties, invoice: Invoice) -> None:
    schedule(parties, 3)
    with clock.stopped(late(3)):
        (found,) = reminding.due(at=late(3))
        paid(parties, invoice, at=late(3))
        # It was found a moment before the money was recorded.
        assert reminding.tend(invoice_ref=found.invoice_ref, seller_id=found.seller_id, number=1) == {"delivery": ""}
    assert tended(late(5)) == []
    with transaction.atomic(), walls.asking_for(invoice.seller_id), pytest.raises(IntegrityError, match="overdue"):
        Delivery.objects.create(
            invoice=invoice,
            seller_id=invoice.seller_id,
            buyer_id=invoice.buyer_id,
            reminder=1,
            requested_at=late(5),
        )


def test_somebody_reminds_by_hand_once_a_day_and_the_schedule_counts_it(parties: Parties, invoice: Invoice) -> None:
    schedule(parties, 3, 14)
    bilge = scenarios.member(parties, "billing")
    with acting(bilge, at=late(0)), pytest.raises(Refused, match="not overdue"):
        reminding.remind_buyer(actor=bilge, key=key(), invoice_ref=invoice.ref)
    with acting(bilge, at=late(1)):
        answers = [reminding.remind_buyer(actor=bilge, key="k", invoice_ref=invoice.ref) for _ in range(2)]
        assert answers[0] == answers[1]
        with pytest.raises(Refused, match="today already"):
            reminding.remind_buyer(actor=bilge, key=key(), invoice_ref=invoice.ref)
    assert tended(late(3)) == []
    assert tended(late(14)) == [2]
    assert [(one.reminder, one.asked_by) for one in reminders(invoice)] == [(1, "Bilge Aydin"), (2, "")]


@pytest.mark.parametrize("role", ["delivery", "payables"])
def test_only_billing_reminds(parties: Parties, invoice: Invoice, role: str) -> None:
    actor = scenarios.member(parties, role)
    with acting(actor, at=late(5)), pytest.raises((NotAllowed, Refused)):
        reminding.remind_buyer(actor=actor, key=key(), invoice_ref=invoice.ref)
    with acting(actor, at=AT), pytest.raises(NotAllowed):
        reminding.set_reminders(actor=actor, key=key(), days=[3])


def test_what_could_not_be_sent_today_is_sent_when_it_can_be(parties: Parties, invoice: Invoice) -> None:
    """It was paid in the moment between, and the payment was a mistake: another day it is asked for."""
    schedule(parties, 3)
    (found,) = reminding.due(at=late(3))
    paid(parties, invoice, at=late(3))
    with clock.stopped(late(3)):
        assert reminding.tend(invoice_ref=found.invoice_ref, seller_id=found.seller_id, number=1) == {"delivery": ""}
    bilge = scenarios.member(parties, "billing")
    with acting(bilge, at=late(4)):
        payment = Payment.objects.get()
        billing.reverse_payment(actor=bilge, key=key(), payment_ref=payment.ref, reason="Not theirs.")
    assert tended(late(4)) == [1]
    assert [one.reminder for one in reminders(invoice)] == [1]


def test_what_was_withheld_has_reminders_of_its_own(parties: Parties) -> None:
    """They begin anew with the days to pay that begin with its release."""
    submission = scenarios.submitted_milestone(scenarios.active_contract(parties, at=AT), at=AT)
    bea = scenarios.approver_actor(parties)
    with acting(bea, at=AT):
        answer = reserving.accept_with_reservations(
            actor=bea,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            defects=[Defect("A dent", AT.date() + timedelta(days=20), Decimal(1000))],
        )
    with walls.asking_for(parties.seller.pk), clock.stopped(AT):
        invoice = Invoice.objects.select_related("open_item").get(ref=answer["invoice"])
        documents.render(invoice_ref=invoice.ref)
    schedule(parties, 3, 14)
    assert (tended(late(3)), tended(late(14))) == ([1], [2])
    paid(parties, invoice, invoice.open_item.open, at=late(20))
    with acting(bea, at=late(60)):
        reservation = Reservation.objects.get()
        reserving.release_reservation(actor=bea, key=key(), reservation_ref=reservation.ref)
    assert tended(late(60 + DUE_IN + 2)) == []
    assert tended(late(60 + DUE_IN + 3)) == [3]
    assert tended(late(60 + DUE_IN + 20)) == [4]
    mail.outbox.clear()
    with clock.stopped(late(60 + DUE_IN + 3)):
        jobs.send_invoice.func(delivery_ref=reminders(invoice)[2].ref, organisation_id=invoice.buyer_id)
    assert "30 Jun" in str(mail.outbox[0].body).replace("\N{NO-BREAK SPACE}", " ")


def test_nobody_is_reminded_while_it_is_paused_and_then_with_one_letter(parties: Parties, invoice: Invoice) -> None:
    schedule(parties, 3, 14)
    bilge = scenarios.member(parties, "billing")

    def put_off(days: int, *, at: int, reason: str = "They pay in two parts.") -> None:
        with acting(bilge, at=late(at)):
            until = (late(days)).date()
            reminding.pause_reminders(actor=bilge, key=key(), invoice_ref=invoice.ref, until=until, reason=reason)

    for wrong, says in (((1, {"at": 2}), "over already"), ((1, {"at": 1, "reason": " "}), "Say why")):
        with pytest.raises(Refused, match=says):
            put_off(wrong[0], **wrong[1])
    put_off(4, at=1)
    put_off(20, at=2)
    assert tended(late(4)) == tended(late(20)) == []
    with acting(bilge, at=late(15)), pytest.raises(Refused, match="two parts"):
        reminding.remind_buyer(actor=bilge, key=key(), invoice_ref=invoice.ref)
    with acting(bilge, at=late(15)), pytest.raises(IntegrityError, match="paused"), transaction.atomic():
        Delivery.objects.create(
            invoice=invoice, seller_id=invoice.seller_id, buyer_id=invoice.buyer_id, reminder=1, requested_at=late(15)
        )
    with acting(scenarios.member(parties, "delivery"), at=late(16)) as dana, pytest.raises(NotAllowed):
        reminding.resume_reminders(actor=dana, key=key(), invoice_ref=invoice.ref)
    with acting(scenarios.buyer_actor(parties), at=late(16)) as olga:
        assert not ReminderPause.objects.exists()
        assert not Entry.objects.filter(text__contains="two parts").exists(), "why is the seller's own affair"
        with pytest.raises(Refused, match="no such"):
            reminding.resume_reminders(actor=olga, key=key(), invoice_ref=invoice.ref)
    with acting(bilge, at=late(16)):
        reminding.resume_reminders(actor=bilge, key=key(), invoice_ref=invoice.ref)
        with pytest.raises(Refused, match="not paused"):
            reminding.resume_reminders(actor=bilge, key=key(), invoice_ref=invoice.ref)
    assert tended(late(16)) == [2]
    put_off(30, at=17)
    assert tended(late(30)) == []
    assert [one.reminder for one in reminders(invoice)] == [2]


def test_nobody_is_reminded_of_an_invoice_that_came_back(parties: Parties, invoice: Invoice) -> None:
    """From one mailbox of three: the others have it. From all: nobody does, until it is sent again and stays there."""
    schedule(parties, 3)
    with walls.asking_for(invoice.seller_id):
        delivery = invoicing.deliver(invoice=invoice, at=AT)
    with clock.stopped(AT):
        jobs.send_invoice.func(delivery_ref=delivery.ref, organisation_id=invoice.buyer_id)
    with walls.asking_for(invoice.seller_id):
        sent = SentMail.objects.get(subject=f"invoice:{invoice.ref}")
        assert not OpenItem.objects.filter(never_arrived("invoice")).exists()
    bounce(sent, sent.recipients[:1], at=AT + timedelta(hours=1))
    with walls.asking_for(invoice.seller_id):
        assert not OpenItem.objects.filter(never_arrived("invoice")).exists()
    bounce(sent, sent.recipients[1:], at=AT + timedelta(hours=2))
    assert tended(late(3)) == []
    bilge = scenarios.member(parties, "billing")
    with acting(bilge, at=late(3)):
        with pytest.raises(Refused, match="came back"):
            reminding.remind_buyer(actor=bilge, key=key(), invoice_ref=invoice.ref)
        with pytest.raises(IntegrityError, match="never arrived"), transaction.atomic():
            Delivery.objects.create(
                invoice=invoice, seller=parties.seller, buyer=parties.buyer, reminder=1, requested_at=late(3)
            )
        again = billing.resend_invoice(actor=bilge, key=key(), invoice_ref=invoice.ref)
    with clock.stopped(late(3)):
        jobs.send_invoice.func(delivery_ref=again["delivery"], organisation_id=invoice.buyer_id)
    assert tended(late(4)) == [1]
