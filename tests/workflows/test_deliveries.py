"""The invoice goes to the buyer: with its document and never without it, to whom, how often, and what is kept of it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, connection, connections, transaction

from apps.audit.models import Entry
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing import documents, snapshot
from apps.invoicing.models import Delivery, Invoice
from apps.parties.models import Organisation
from apps.workflows import billing, jobs, mails, worker
from tests import scenarios
from tests.financing import stories
from tests.scenarios import Parties

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = AT + timedelta(days=3)


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


def invoiced(parties: Parties) -> Invoice:
    milestone = scenarios.accepted_milestone(scenarios.active_contract(parties, at=AT), at=AT)
    with walls.asking_for(parties.seller.pk):
        return Invoice.objects.get(milestone=milestone)


def rendered(invoice: Invoice) -> None:
    with clock.stopped(LATER):
        jobs.render_invoice.func(invoice_ref=invoice.ref, organisation_id=invoice.seller_id)


def deliveries(invoice: Invoice) -> list[Delivery]:
    with walls.asking_for(invoice.seller_id):
        return list(Delivery.objects.filter(invoice=invoice).order_by("pk"))


def sent(delivery: Delivery) -> EmailMultiAlternatives:
    mail.outbox.clear()
    with clock.stopped(LATER):
        jobs.send_invoice.func(delivery_ref=delivery.ref, organisation_id=delivery.buyer_id)
    (message,) = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    return message


def waiting_mails() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args->>'delivery_ref' FROM procrastinate_jobs WHERE task_name LIKE '%.send_invoice'")
        return [ref for (ref,) in cursor.fetchall()]


def test_a_ready_document_goes_to_everybody_of_the_buyer_who_sees_to_it(parties: Parties) -> None:
    invoice = invoiced(parties)
    rendered(invoice)
    (delivery,) = deliveries(invoice)
    assert waiting_mails() == [delivery.ref]
    message = sent(delivery)
    assert message.subject == f"Invoice {invoice.number}: 14,280.00 EUR, due 1 Apr"
    assert message.from_email == "Nordlicht Software GmbH <no-reply@localhost>"
    assert message.to == ["einkauf@meridian.example", "bea@meridian.example", "paul@meridian.example"]
    assert "Pay to: Nordlicht Software GmbH\nIBAN: DE89370400440532013000\nBIC: COBADEFFXXX" in message.body
    reference = snapshot.read(invoice.snapshot).payment_reference
    assert reference.startswith("RF")
    assert f"Reference: {reference}" in message.body
    assert "http://testserver/i/" in message.body
    with walls.asking_for(parties.seller.pk):
        stored = Invoice.objects.select_related("document").get(pk=invoice.pk).document
    ((name, content, kind),) = message.attachments
    assert (name, kind) == (f"{invoice.number}.pdf", "application/pdf")
    assert isinstance(content, bytes)
    assert len(content) == stored.size
    (kept,) = deliveries(invoice)
    assert (kept.recipients, kept.sent_at) == (message.to, LATER)
    assert kept.message_id == message.extra_headers["Message-ID"] == f"<invoice.{delivery.ref}@localhost>"
    with walls.asking_for(parties.seller.pk):
        assert Entry.objects.filter(verb="invoice.sent", subject=f"invoice:{invoice.ref}").count() == 1


def test_a_job_that_runs_again_sends_nothing_twice_and_a_lost_note_sends_the_same_message(parties: Parties) -> None:
    invoice = invoiced(parties)
    rendered(invoice)
    (delivery,) = deliveries(invoice)
    with walls.asking_for(parties.buyer.pk):
        first = mails.invoice(delivery_ref=delivery.ref)  # the worker dies before it notes that the mail went
    again = sent(delivery)
    assert first is not None
    assert again.extra_headers["Message-ID"] == first.message_id
    mail.outbox.clear()
    jobs.send_invoice.func(delivery_ref=delivery.ref, organisation_id=delivery.buyer_id)
    rendered(invoice)
    assert mail.outbox == []
    assert len(deliveries(invoice)) == 1


def test_the_whole_way_by_the_worker(parties: Parties) -> None:
    invoice = invoiced(parties)
    worker.run_due_jobs()
    to = [message.to for message in mail.outbox if message.subject.startswith(f"Invoice {invoice.number}")]
    assert to == [["einkauf@meridian.example", "bea@meridian.example", "paul@meridian.example"]]


def test_a_failed_render_mails_nobody(parties: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(*_: object, **__: object) -> str:
        raise OSError("the disk is full")

    invoice = invoiced(parties)
    monkeypatch.setattr(documents, "_store", torn)
    with pytest.raises(OSError, match="disk is full"):
        rendered(invoice)
    assert deliveries(invoice) == []
    assert waiting_mails() == []


def test_a_document_that_cannot_be_put_on_its_way_is_not_ready_either(
    parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: object) -> None:
        raise RuntimeError("the queue is gone")

    invoice = invoiced(parties)
    monkeypatch.setattr(jobs.send_invoice, "defer", refused)
    with pytest.raises(RuntimeError, match="queue is gone"):
        rendered(invoice)
    with walls.asking_for(parties.seller.pk):
        assert Invoice.objects.select_related("document").get(pk=invoice.pk).document.state == "rendering"
    assert deliveries(invoice) == []


def test_a_mail_that_fails_stays_to_be_sent_and_is_retried(parties: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> int:
        raise ConnectionRefusedError

    invoice = invoiced(parties)
    rendered(invoice)
    (delivery,) = deliveries(invoice)
    with monkeypatch.context() as patch:
        patch.setattr(EmailMultiAlternatives, "send", away)
        with pytest.raises(ConnectionRefusedError):
            sent(delivery)
    assert deliveries(invoice)[0].sent_at is None
    assert jobs.send_invoice.retry_strategy == jobs.MAIL_AGAIN
    assert sent(delivery).to


def test_an_assigned_invoice_names_the_payee_and_warns_of_the_old_account(db: None) -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal)
    with walls.asking_for(deal.seller.pk):
        invoice = Invoice.objects.get(milestone_id=tranche.milestone_id)
    rendered(invoice)
    (delivery,) = deliveries(invoice)
    message = sent(delivery)
    assert "Pay to: Kontor Capital GmbH\nIBAN: DE75512108001245126199" in message.body
    assert "still names the old account" in message.body


def test_a_buyer_without_portal_gets_the_page_of_the_invoice_in_its_own_language(parties: Parties) -> None:
    buyer = scenarios.named_buyer(parties)
    with walls.asking_for(parties.seller.pk):
        Organisation.objects.filter(pk=buyer.pk).update(language="de")
    draft = scenarios.software_draft(parties, buyer_ref=buyer.ref, signatory_email="Kontakt@Hafen.example")
    milestone = scenarios.accepted_milestone(scenarios.active_contract(parties, draft=draft, at=AT), at=AT)
    with walls.asking_for(parties.seller.pk):
        invoice = Invoice.objects.get(milestone=milestone)
    rendered(invoice)
    message = sent(deliveries(invoice)[0])
    assert message.to == ["kontakt@hafen.example"]
    assert "14.280,00 EUR" in message.subject
    assert "http://testserver/i/" in message.body
    assert "/buyer/" not in message.body


def test_send_again_is_one_more_letter_once_for_its_key(parties: Parties) -> None:
    invoice = invoiced(parties)
    rendered(invoice)
    first = sent(deliveries(invoice)[0])
    bilge = scenarios.member(parties, "billing")
    with scenarios.acting(bilge, at=LATER):
        answers = [billing.resend_invoice(actor=bilge, key="k", invoice_ref=invoice.ref) for _ in range(2)]
        with pytest.raises(Refused, match="is being sent right now"):
            billing.resend_invoice(actor=bilge, key="other", invoice_ref=invoice.ref)
    assert answers[0] == answers[1]
    _first, again = deliveries(invoice)
    assert (again.ref, again.asked_by) == (answers[0]["delivery"], "Bilge Aydin")
    assert sent(again).extra_headers["Message-ID"] != first.extra_headers["Message-ID"]


def test_only_the_sellers_billing_sends_again_and_only_what_is_there(parties: Parties) -> None:
    invoice = invoiced(parties)
    for role in ("delivery", "payables"):
        actor = scenarios.member(parties, role)
        with scenarios.acting(actor), pytest.raises(NotAllowed):
            billing.resend_invoice(actor=actor, key="k", invoice_ref=invoice.ref)
    bilge = scenarios.member(parties, "billing")
    with scenarios.acting(bilge), pytest.raises(Refused, match="no document yet"):
        billing.resend_invoice(actor=bilge, key="k", invoice_ref=invoice.ref)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE invoicing_delivery SET sent_at = NULL, recipients = '{}', message_id = ''", "frozen"),
        ("UPDATE invoicing_delivery SET recipients = '{eve@elsewhere.example}'", "frozen"),
        ("UPDATE invoicing_delivery SET asked_by = 'Eve'", "frozen"),
        ("DELETE FROM invoicing_delivery", "never deleted"),
        (
            "INSERT INTO invoicing_delivery (ref, invoice_id, seller_id, buyer_id, asked_by, requested_at, recipients,"
            " message_id) SELECT 'x', invoice_id, buyer_id, seller_id, '', requested_at, '{}', ''"
            " FROM invoicing_delivery",
            "between its parties",
        ),
    ],
)
def test_the_database_keeps_what_was_sent(scratch: str, statement: str, says: str) -> None:
    parties = scenarios.organisations()
    invoice = invoiced(parties)
    rendered(invoice)
    sent(deliveries(invoice)[0])
    with pytest.raises(IntegrityError, match=says), transaction.atomic(using="owner"):
        connections["owner"].cursor().execute(statement)


def test_who_finances_the_invoice_does_not_read_the_buyers_mailboxes(db: None) -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal)
    with walls.asking_for(deal.seller.pk):
        invoice = Invoice.objects.get(milestone_id=tranche.milestone_id)
    rendered(invoice)
    with walls.asking_for(deal.financier.pk):
        assert Invoice.objects.filter(pk=invoice.pk).exists()
        assert not Delivery.objects.exists()


def test_a_guest_who_signs_gets_a_copy_and_a_member_does_not(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    worker.run_due_jobs()
    (copy,) = [message for message in mail.outbox if message.subject.startswith("You signed")]
    assert copy.subject == "You signed: NL-2026-014, Warehouse software implementation"
    assert copy.to == ["bea@meridian.example"]
    with walls.asking_for(contract.seller_id):
        assert contract.active_version is not None
        signature = contract.active_version.signatures.get(side="buyer")
    assert signature.statement in copy.body
    assert signature.sha256 in copy.body
    assert "Version: 1" in copy.body
    assert "/s/" in copy.body


def test_a_recorded_payment_is_confirmed_to_payables(parties: Parties) -> None:
    invoice = invoiced(parties)
    bilge = scenarios.member(parties, "billing")
    with scenarios.acting(bilge, at=LATER):
        answer = billing.record_payment(
            actor=bilge,
            key="k",
            invoice_ref=invoice.ref,
            amount=invoice.gross + 100,
            received_on=LATER.date(),
            bank_reference="S-1",
        )
    mail.outbox.clear()
    jobs.send_payment_receipt.func(payment_ref=answer["payment"], organisation_id=parties.buyer.pk)
    (message,) = mail.outbox
    assert message.subject == f"Received: 14,380.00 EUR for invoice {invoice.number}"
    assert message.to == ["paul@meridian.example"]
    assert "Still open: 0.00 EUR" in message.body
    assert "it stays yours: 100.00 EUR" in message.body


def test_three_letters_an_hour_are_enough(parties: Parties) -> None:
    invoice = invoiced(parties)
    rendered(invoice)
    sent(deliveries(invoice)[0])
    for place in (1, 2):
        with scenarios.acting(scenarios.member(parties, "billing"), at=LATER + timedelta(minutes=10 * place)) as actor:
            billing.resend_invoice(actor=actor, key=scenarios.key(), invoice_ref=invoice.ref)
        sent(deliveries(invoice)[place])
    with (
        scenarios.acting(scenarios.member(parties, "billing"), at=LATER + timedelta(minutes=30)) as actor,
        pytest.raises(Refused, match=r"sent 3 times within an hour.* in 30 minutes"),
    ):
        billing.resend_invoice(actor=actor, key=scenarios.key(), invoice_ref=invoice.ref)
    assert len(deliveries(invoice)) == 3
