"""Credit notes: numbered, chained, posted; what was paid comes free; nothing is credited beyond itself."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connections, transaction

from apps.audit.models import Entry as AuditEntry
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused, Stale
from apps.invoicing import documents, snapshot
from apps.invoicing import services as invoicing
from apps.invoicing.models import Allocation, CreditNote, CreditNoteDocument, NumberSeries, OpenItem, Payment
from apps.invoicing.rules import Share
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.workflows import billing, credit_jobs, crediting
from apps.workflows.worker import run_due_jobs
from tests import scenarios
from tests.invoicing.conftest import Billed

D = Decimal
REST = Share()
AT = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)


def credited(
    billed: Billed, share: Share = REST, *, role: str = "billing", reason: str = "Agreed discount.", days: int = 0
) -> CreditNote:
    actor = scenarios.member(billed.parties, role)
    with scenarios.acting(actor, at=AT + timedelta(days=days)):
        preview = invoicing.preview_credit(invoice_ref=billed.invoice.ref, share=share)
        answer = crediting.credit_invoice(
            actor=actor,
            key=scenarios.key(),
            invoice_ref=billed.invoice.ref,
            share=share,
            reason=reason,
            seen=preview.sha256,
        )
        note = CreditNote.objects.get(ref=answer["credit_note"])
        assert (note.net, note.tax, note.gross) == (preview.net, preview.tax, preview.gross)
        return note


def paid(billed: Billed, amount: str, *, invoice_ref: str = "", reference: str = "STMT-77/3") -> str:
    bilge = scenarios.member(billed.parties, "billing")
    with scenarios.acting(bilge, at=AT):
        return billing.record_payment(
            actor=bilge,
            key=scenarios.key(),
            invoice_ref=invoice_ref or billed.invoice.ref,
            amount=D(amount),
            received_on=date(2026, 4, 1),
            bank_reference=reference,
        )["payment"]


def item(billed: Billed, invoice_ref: str = "") -> OpenItem:
    with walls.asking_for(billed.contract.seller_id):
        return OpenItem.objects.get(invoice__ref=invoice_ref or billed.invoice.ref)


def booked(billed: Billed, account: Seller, key: str | None = None) -> Decimal:
    with walls.asking_for(billed.contract.seller_id):
        return ledger.balance(
            organisation_id=billed.contract.seller_id,
            currency="EUR",
            purpose=ledger.Purpose.SELLER,
            account=account,
            key=key,
        )


def verified() -> str:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    return out.getvalue()


def test_a_part_is_credited_and_the_rest_exactly(billed: Billed) -> None:
    first = credited(billed, Share(percent=D("33.3333")))
    assert (first.number, first.net, first.tax, first.gross) == ("CN-2026-0001", D(4000), D(760), D(4760))
    assert (first.purpose, first.issued_on) == ("correction", date(2026, 4, 1))
    assert (item(billed).credited, item(billed).open, item(billed).settled_at) == (D(4760), D(9520), None)
    second = credited(billed, Share(amount=D("0.03")), days=1)
    assert (second.net, second.tax) == (D("0.03"), D("0.01"))
    last = credited(billed, days=2)
    assert (last.number, last.net, last.tax) == ("CN-2026-0003", D("7999.97"), D("1519.99"))
    assert (item(billed).open, item(billed).credited) == (D(0), D(14280))
    assert item(billed).settled_at is not None
    assert booked(billed, Seller.RECEIVABLES) == booked(billed, Seller.OUTPUT_TAX) == 0
    assert booked(billed, Seller.CONTRACT_BALANCE) == 0
    with pytest.raises(Refused, match="in full"):
        credited(billed, days=3)
    assert "nothing differs" in verified()


def test_the_series_is_chained_and_the_snapshot_refers_to_its_invoice(billed: Billed) -> None:
    first, second = credited(billed, Share(percent=D(10))), credited(billed, Share(percent=D(10)), reason="Again.")
    said = snapshot.read(second.snapshot)
    assert said.preceding is not None
    assert (said.kind, said.preceding.number, said.preceding.reason) == (
        "credit_note",
        billed.invoice.number,
        "Again.",
    )
    assert [(row.taxable, row.tax) for row in said.preceding.credited] == [(D(1200), D(228))]
    assert said.credit_transfer is None
    assert second.chain_sha256 != first.chain_sha256
    with walls.asking_for(billed.contract.seller_id):
        series = NumberSeries.objects.get(prefix="CN")
        assert (series.last, series.head) == (2, second.chain_sha256)
        entry = AuditEntry.objects.filter(verb="credit_note.issued").latest("pk")
    assert second.chain_sha256 in entry.text


def test_what_was_paid_comes_free_and_settles_another_invoice(billed: Billed) -> None:
    payment = paid(billed, "14280.00")
    note = credited(billed, Share(amount=D("2000.00")))
    assert (item(billed).paid, item(billed).open, item(billed).credited) == (D(11900), D(0), D(2380))
    assert booked(billed, Seller.UNAPPLIED_RECEIPTS, f"payment:{payment}") == D(-2380)
    assert booked(billed, Seller.RECEIVABLES) == 0
    with walls.asking_for(billed.contract.seller_id):
        (free,) = Payment.objects.unapplied()
        assert (free.ref, vars(free)["left"]) == (payment, D(2380))
        assert Allocation.objects.get(freed_by=note).amount == D(-2380)
    other = scenarios.accepted_milestone(billed.contract, position=2, at=AT)
    with walls.asking_for(billed.contract.seller_id):
        target = other.invoice.ref
    bilge = scenarios.member(billed.parties, "billing")
    with scenarios.acting(bilge, at=AT):
        crediting.allocate_payment(actor=bilge, key="a", payment_ref=payment, invoice_ref=target)
        with pytest.raises(Refused, match="before"):
            crediting.allocate_payment(actor=bilge, key="b", payment_ref=payment, invoice_ref=target)
    assert (item(billed, target).paid, item(billed, target).open) == (D(2380), D(11900))
    assert booked(billed, Seller.UNAPPLIED_RECEIPTS) == 0
    assert "nothing differs" in verified()
    # The payment was a mistake after all: everything that became of it goes back.
    with scenarios.acting(bilge, at=AT):
        billing.reverse_payment(actor=bilge, key="r", payment_ref=payment, reason="Another buyer's.")
    assert (item(billed).paid, item(billed).open) == (D(0), D(11900))
    assert (item(billed, target).paid, item(billed, target).open) == (D(0), D(14280))
    assert booked(billed, Seller.UNAPPLIED_RECEIPTS) == booked(billed, Seller.BANK) == 0
    assert booked(billed, Seller.RECEIVABLES) == D(11900) + D(14280)
    assert "nothing differs" in verified()


def test_an_open_part_falls_first_and_only_the_rest_comes_free(billed: Billed) -> None:
    payment = paid(billed, "10000.00")
    credited(billed, Share(amount=D("6000.00")))
    assert (item(billed).paid, item(billed).open, item(billed).credited) == (D(7140), D(0), D(7140))
    assert booked(billed, Seller.UNAPPLIED_RECEIPTS, f"payment:{payment}") == D(-2860)
    assert "nothing differs" in verified()


def test_who_may_and_what_was_seen(billed: Billed) -> None:
    for role in ("delivery", "buyer", "approver"):
        with pytest.raises((NotAllowed, Refused)):
            credited(billed, role=role)
    bilge = scenarios.member(billed.parties, "billing")
    with scenarios.acting(bilge, at=AT):
        shown = invoicing.preview_credit(invoice_ref=billed.invoice.ref, share=Share())
    credited(billed, Share(amount=D(1)))
    with scenarios.acting(bilge, at=AT), pytest.raises(Stale):
        crediting.credit_invoice(
            actor=bilge,
            key="late",
            invoice_ref=billed.invoice.ref,
            share=Share(),
            reason="Whole.",
            seen=shown.sha256,
        )
    with pytest.raises(Refused, match="Say why"):
        credited(billed, reason="  ")
    assert item(billed).credited == D("1.19")


def test_the_document_is_made_checked_and_mailed(billed: Billed) -> None:
    note = credited(billed, Share(percent=D("12.345")), reason="Two days of training were not held.")
    run_due_jobs()
    with walls.asking_for(billed.contract.seller_id):
        document = CreditNoteDocument.objects.get(credit_note=note)
    assert (document.state, document.xml_obstacle) == ("ready", "")
    with default_storage.open(document.xml_stored_as) as stored:
        xml = stored.read().decode()
    assert "<ram:TypeCode>381</ram:TypeCode>" in xml
    assert f"<ram:IssuerAssignedID>{billed.invoice.number}</ram:IssuerAssignedID>" in xml
    (letter,) = [one for one in mail.outbox if note.number in one.subject]
    assert [name for name, _content, _kind in letter.attachments] == [f"{note.number}.pdf"]
    assert "training" in letter.body
    out = io.StringIO()
    call_command("check_documents", stdout=out)
    assert "all as they were issued" in out.getvalue()
    # Another figure on the stored page is found.
    other = documents.made_of(note.snapshot.replace("1481.4", "1481.5"))
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE invoicing_creditnotedocument DISABLE TRIGGER USER")
        name = default_storage.save("credit-notes/forged.pdf", io.BytesIO(other.pdf))
        cursor.execute("UPDATE invoicing_creditnotedocument SET stored_as = %s WHERE id = %s", [name, document.pk])
        cursor.execute("ALTER TABLE invoicing_creditnotedocument ENABLE TRIGGER USER")
    with pytest.raises(CommandError, match="problems"):
        call_command("check_documents", stdout=out)
    assert note.number in out.getvalue()


def test_rendered_twice_it_is_there_once(billed: Billed) -> None:
    note = credited(billed)
    for _run in range(2):
        credit_jobs.render_credit_note(credit_note_ref=note.ref, organisation_id=billed.contract.seller_id)
    with walls.asking_for(billed.contract.seller_id):
        assert AuditEntry.objects.filter(verb="credit_note.made").count() == 1


INTO_NOTES = (
    "INSERT INTO invoicing_creditnote (ref, seller_id, buyer_id, contract_id, invoice_id, purpose, reason, number,"
    " series_prefix, series_year, series_position, currency, net, tax, gross, issued_at, issued_on, issued_by_id,"
    " issued_by_name, snapshot, snapshot_sha256, chain_sha256) SELECT reverse(ref), seller_id, buyer_id, contract_id,"
    " invoice_id, {purpose}, reason, 'CN-2026-0002', series_prefix, series_year, 2, currency, {net}, {tax},"
    " {net} + {tax}, issued_at, issued_on, issued_by_id, issued_by_name, snapshot, snapshot_sha256,"
    " repeat('a', 64) FROM invoicing_creditnote WHERE id = %(note)s"
)
DRAW = (
    "UPDATE invoicing_numberseries SET last = last + 1, head = repeat('a', 64),"
    " last_issued_at = (SELECT issued_at FROM invoicing_creditnote WHERE id = %(note)s) WHERE prefix = 'CN'"
)
COMPLETE = (
    "; INSERT INTO invoicing_creditnoteline (credit_note_id, invoice_line_id, net) SELECT c.id, l.id, {net}"
    " FROM invoicing_creditnote c JOIN invoicing_invoiceline l USING (invoice_id) WHERE c.series_position = 2"
    "; UPDATE invoicing_openitem SET credited = credited + {net} + {tax}, open = open - {net} - {tax}, settled_at ="
    " CASE WHEN open = {net} + {tax} THEN now() END WHERE invoice_id = %(invoice)s"
    "; INSERT INTO invoicing_creditnotedocument (ref, state, requested_at, stored_as, size, sha256, failure,"
    " credit_note_id, xml_stored_as, xml_size, xml_sha256, xml_obstacle) SELECT ref, 'making', now(), '', 0, '', '',"
    " id, '', 0, '', '' FROM invoicing_creditnote WHERE series_position = 2"
)
SHORT = {"purpose": "'correction'", "net": "8000", "tax": "1520"}


def committed(sql: str, names: dict[str, int]) -> None:
    """As the owner, who goes round the services and the walls."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for statement in sql.split("; "):
            cursor.execute(statement, names)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE invoicing_creditnote SET net = 1 WHERE id = %(note)s", "append-only"),
        ("DELETE FROM invoicing_creditnoteline WHERE credit_note_id = %(note)s", "append-only"),
        (INTO_NOTES.format(**SHORT), "drawn from its series"),
        (DRAW, "drawn and not used"),
        (f"{DRAW}; {INTO_NOTES.format(**SHORT)}", "lacks lines"),
        (f"{DRAW}; " + (INTO_NOTES + COMPLETE).format(**{**SHORT, "net": "8000.01"}), "never_paid_more"),
        (f"{DRAW}; " + (INTO_NOTES + COMPLETE).format(**{**SHORT, "tax": "1519.99"}), "beyond itself"),
        (f"{DRAW}; " + (INTO_NOTES + COMPLETE).format(**{**SHORT, "net": "7999", "tax": "1521"}), "beyond itself"),
        (f"{DRAW}; {INTO_NOTES.format(**{**SHORT, 'purpose': chr(39) + 'nullification' + chr(39)})}", "one_purpose"),
        ("UPDATE invoicing_openitem SET credited = 0, open = gross WHERE invoice_id = %(invoice)s", "credit notes"),
        (
            "UPDATE invoicing_openitem SET credited = credited + 1, open = open - 1 WHERE invoice_id = %(invoice)s",
            "credit notes",
        ),
        (
            "INSERT INTO invoicing_creditnoteline (credit_note_id, invoice_line_id, net) SELECT %(note)s, id, 1"
            " FROM invoicing_invoiceline WHERE invoice_id = %(invoice)s",
            "credited_lines_unique",
        ),
        (
            "INSERT INTO invoicing_payeeinstruction (contract_id, milestone_id, payee_id, payee_name, iban, bic,"
            " account_number, routing_number, bank_name, given_at) SELECT contract_id, milestone_id, buyer_id, 'x', '',"
            " '', '', '', '', issued_at FROM invoicing_invoice WHERE id = %(invoice)s",
            "credited is not assigned",
        ),
        (
            "UPDATE milestones_milestone SET nullified = 4000 WHERE id = %(milestone)s",
            "without being asked and granted|do not add up",
        ),
        ("UPDATE milestones_milestone SET state = 'nullified' WHERE id = %(milestone)s", "nullified_is_a_part"),
    ],
)
def test_the_database_refuses_what_the_code_forgot(
    credited_once: tuple[Billed, CreditNote], sql: str, why: str
) -> None:
    billed, note = credited_once
    names = {"note": note.pk, "invoice": billed.invoice.pk, "milestone": billed.milestone.pk}
    with pytest.raises(IntegrityError, match=why):
        committed(sql, names)


@pytest.fixture(scope="module")
def credited_once(untouched: Billed) -> tuple[Billed, CreditNote]:
    """A third of the invoice is credited, in a database in which nothing else happens."""
    return untouched, credited(untouched, Share(amount=D("4000.00")))
