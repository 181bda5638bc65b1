"""A payment recorded by mistake is taken back whole: open item, allocation and book agree, and nothing is hidden."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction

from apps.audit.models import Entry as AuditEntry
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing.models import Allocation, OpenItem, Payment, PaymentReversal
from apps.ledger.models import Entry
from apps.workflows import billing, jobs
from tests import scenarios
from tests.invoicing.conftest import Billed

D = Decimal
AT = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 4, 3, 9, 0, tzinfo=UTC)


def recorded(billed: Billed, amount: str = "20000.00", *, reference: str = "STMT-77/3") -> str:
    bilge = scenarios.member(billed.parties, "billing")
    with scenarios.acting(bilge, at=AT):
        return billing.record_payment(
            actor=bilge,
            key=scenarios.key(),
            invoice_ref=billed.invoice.ref,
            amount=D(amount),
            received_on=date(2026, 4, 1),
            bank_reference=reference,
        )["payment"]


def taken_back(billed: Billed, payment: str, *, key: str = "k", role: str = "billing", reason: str = "Wrong.") -> str:
    actor = scenarios.member(billed.parties, role)
    with scenarios.acting(actor, at=LATER):
        return billing.reverse_payment(actor=actor, key=key, payment_ref=payment, reason=reason)["reversal"]


def item(billed: Billed) -> OpenItem:
    with walls.asking_for(billed.contract.seller_id):
        return OpenItem.objects.get(invoice=billed.invoice)


def verified() -> str:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    return out.getvalue()


def test_everything_is_undone_and_everything_stays_visible(billed: Billed) -> None:
    payment = recorded(billed)
    assert item(billed).open == 0
    reversal = taken_back(billed, payment, reason="  Another  buyer's money. ")
    assert (item(billed).open, item(billed).paid) == (D("14280.00"), D(0))
    assert item(billed).settled_at is None
    with walls.asking_for(billed.contract.seller_id):
        kept = PaymentReversal.objects.select_related("payment").get(ref=reversal)
        assert (kept.reason, kept.reversed_by_name, kept.reversed_on) == (
            "Another buyer's money.",
            "Bilge Aydin",
            date(2026, 4, 3),
        )
        assert list(Allocation.objects.order_by("pk").values_list("amount", flat=True)) == [D("14280"), D("-14280")]
        assert not Payment.objects.unapplied().exists()
        entry = Entry.objects.get(cause=f"reversal:{reversal}")
        assert entry.booked_on == date(2026, 4, 3)
        assert entry.reverses is not None
        assert entry.reverses.cause == f"payment:{payment}"
        assert AuditEntry.objects.filter(verb="payment.reversed").count() == 1
    verified()


def test_what_is_not_allocated_is_found(billed: Billed) -> None:
    recorded(billed)
    with walls.asking_for(billed.contract.seller_id):
        assert [payment.left for payment in Payment.objects.unapplied()] == [D("5720.000")]  # type: ignore[attr-defined]


def test_the_same_bank_line_is_recorded_anew_and_still_only_once(billed: Billed) -> None:
    taken_back(billed, recorded(billed))
    again = recorded(billed, "1000.00")
    with pytest.raises(Refused, match="already recorded"):
        recorded(billed, "1000.00")
    assert item(billed).open == D("13280.00")
    taken_back(billed, again, key="k2")
    recorded(billed, "14280.00")
    with walls.asking_for(billed.contract.seller_id):
        assert list(Payment.objects.order_by("pk").values_list("recording", flat=True)) == [1, 2, 3]
    verified()


def test_a_key_reverses_once_and_no_key_reverses_twice(billed: Billed) -> None:
    payment = recorded(billed)
    assert taken_back(billed, payment) == taken_back(billed, payment)
    with pytest.raises(Refused, match="already reversed"):
        taken_back(billed, payment, key="other")


def test_who_may_not_and_without_a_reason_nothing_happens(billed: Billed) -> None:
    payment = recorded(billed)
    with pytest.raises(NotAllowed):
        taken_back(billed, payment, role="delivery")
    with pytest.raises(NotAllowed):
        taken_back(billed, payment, role="payables")
    with pytest.raises(Refused, match="Say why"):
        taken_back(billed, payment, reason="  ")
    assert item(billed).open == 0


def test_the_buyer_is_told_that_the_receipt_does_not_hold(billed: Billed) -> None:
    payment = recorded(billed)
    taken_back(billed, payment, reason="Another buyer's money.")
    mail.outbox.clear()
    jobs.send_payment_receipt.func(payment_ref=payment, organisation_id=billed.contract.buyer_id)
    assert mail.outbox == []
    jobs.send_payment_reversed.func(payment_ref=payment, organisation_id=billed.contract.buyer_id)
    (message,) = mail.outbox
    assert message.subject == f"Corrected: 20,000.00 EUR for invoice {billed.invoice.number} was recorded by mistake"
    assert message.to == ["paul@meridian.example"]
    assert "Another buyer's money." in message.body
    assert "Open now: 14,280.00 EUR" in message.body


AGAIN = (
    "INSERT INTO invoicing_paymentreversal (ref, payment_id, recipient_id, payer_id, reason, reversed_by_id,"
    " reversed_by_name, reversed_on, reversed_at) SELECT 'x', payment_id, recipient_id, payer_id, 'again',"
    " reversed_by_id, 'Eve', reversed_on, now() FROM invoicing_paymentreversal"
)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (AGAIN, "payment_id"),
        ("DELETE FROM invoicing_paymentreversal", "append-only"),
        ("UPDATE invoicing_paymentreversal SET reason = 'none'", "append-only"),
        (
            "INSERT INTO invoicing_allocation (payment_id, invoice_id, amount, allocated_at, reverses_id)"
            " SELECT payment_id, invoice_id, -1, now(), id FROM invoicing_allocation WHERE reverses_id IS NULL",
            "reversed exactly",
        ),
        (
            "INSERT INTO invoicing_payment (ref, recipient_id, payer_id, amount, currency, received_on, bank_reference,"
            " recording, recorded_at) SELECT 'x', recipient_id, payer_id, 1, 'EUR', received_on, bank_reference, 7,"
            " now() FROM invoicing_payment",
            "recorded anew only after",
        ),
    ],
)
def test_the_database_refuses_what_the_code_forgot(billed: Billed, statement: str, says: str) -> None:
    taken_back(billed, recorded(billed))
    with pytest.raises(IntegrityError, match=says), transaction.atomic(using="owner"):
        connections["owner"].cursor().execute(statement)


def test_a_reversal_that_leaves_an_allocation_is_refused(billed: Billed) -> None:
    recorded(billed)
    half = (
        "INSERT INTO invoicing_paymentreversal (ref, payment_id, recipient_id, payer_id, reason, reversed_by_id,"
        " reversed_by_name, reversed_on, reversed_at) SELECT 'x', p.id, recipient_id, payer_id, 'half', u.id, 'Eve',"
        " received_on, now() FROM invoicing_payment p, (SELECT min(id) AS id FROM parties_user) u"
    )
    with pytest.raises(IntegrityError, match="still allocated"), transaction.atomic(using="owner"):
        connections["owner"].cursor().execute(half)
