"""Corrected invoices: words are put right by a document that stands in the place of another, and no money moves."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Thread

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connections, transaction

from apps.audit.models import Entry as AuditEntry
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused, Stale
from apps.invoicing import documents, exports, snapshot
from apps.invoicing.einvoice.profiles import PEPPOL, XRECHNUNG
from apps.invoicing.models import CorrectedInvoice, OpenItem
from apps.invoicing.page import page_of
from apps.ledger.models import Entry
from apps.workflows import correcting, correction_jobs
from apps.workflows.worker import run_due_jobs
from tests import scenarios
from tests.corrections import corrected, credited, right_of
from tests.invoicing.conftest import Billed
from tests.invoicing.test_receipts import _assigned as assigned
from tests.invoicing.test_receipts import _receive

D = Decimal
AT = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)


def test_words_change_and_no_money_does(billed: Billed) -> None:
    def standing_sums() -> tuple[object, ...]:
        with walls.asking_for(billed.contract.seller_id):
            item = OpenItem.objects.get(invoice=billed.invoice)
            return item.open, item.credited, item.due_on, Entry.objects.count()

    before = standing_sums()
    first = corrected(billed.parties, billed.invoice, {"street": "Hafenweg 9", "vat_number": " de 129 274 202"}, at=AT)
    second = corrected(billed.parties, billed.invoice, {"order_number": "PO-77"}, at=AT + timedelta(days=1))
    assert [one.number for one in (first, second)] == ["COR-2026-0001", "COR-2026-0002"]
    assert (first.gross, first.place, second.place, standing_sums()) == (D(14280), 1, 2, before)
    told, again = snapshot.read(first.snapshot), snapshot.read(second.snapshot)
    assert told.corrects is not None
    assert again.corrects is not None
    assert told.buyer.address.line == again.buyer.address.line == "Hafenweg 9"
    assert again.order_number == "PO-77"
    # Each names what stood before it; who pays, pays by the reference of the invoice.
    assert (told.corrects.number, again.corrects.number) == (billed.invoice.number, first.number)
    assert again.remittance == snapshot.read(billed.invoice.snapshot).remittance
    assert again.corrects.changes == (("", "PO-77"),)
    # What is credited from then on names the document that stands, and its buyer.
    note = credited(billed.parties, billed.invoice.ref, "12000.00", at=AT + timedelta(days=2))
    said = snapshot.read(note.snapshot)
    assert said.preceding is not None
    assert (said.preceding.number, said.buyer.address.line, said.corrects) == (second.number, "Hafenweg 9", None)
    with pytest.raises(Refused, match="credited in full"):
        corrected(billed.parties, billed.invoice, {"order_number": "PO-78"}, at=AT + timedelta(days=3))
    for command in ("verify_ledger", "verify_audit"):
        call_command(command, stdout=io.StringIO())


def test_what_is_refused_leaves_nothing(billed: Billed) -> None:
    for change, why in (
        ({}, "Nothing differs"),
        ({"street": ""}, "full name and address"),
        ({"vat_number": "DE123456789"}, "not a valid VAT number"),
        ({"city": "K" * 81}, "longer than 80"),
        ({"name": "Aurora\u202eKliniken"}, "cannot be seen"),
        ({"lines": ()}, "has the lines of its invoice"),
        ({"lines": (("", ""),)}, "what it bills"),
    ):
        with pytest.raises(Refused, match=why):
            corrected(billed.parties, billed.invoice, change)
    right, seen = right_of(billed.invoice)

    def tried(role: str, *, reason: str = "Wrong.", seen: str = seen, key: str = "") -> dict[str, str]:
        actor = scenarios.member(billed.parties, role)
        with scenarios.acting(actor, at=AT):
            return correcting.correct_invoice(
                actor=actor,
                key=key or scenarios.key(),
                invoice_ref=billed.invoice.ref,
                right=right,
                reason=reason,
                seen=seen,
            )

    for role in ("delivery", "buyer", "approver"):
        with pytest.raises((NotAllowed, Refused)):
            tried(role)
    with pytest.raises(Refused, match="Say why"):
        tried("billing", reason=" \n ")
    with pytest.raises(Stale):
        tried("billing", seen="0" * 64)
    with walls.asking_for(billed.contract.seller_id):
        assert not CorrectedInvoice.objects.exists()
    # Twice with one key is once; the same once more has nothing left to put right.
    assert tried("billing", key="once") == tried("billing", key="once")
    with pytest.raises(Refused, match="Nothing differs"):
        tried("billing")


def test_two_at_once_get_two_numbers_or_one_is_stale(billed: Billed) -> None:
    shown = [right_of(billed.invoice, {"street": street}) for street in ("Hafenweg 9", "Hafenweg 11")]
    ends: list[str] = []

    def issue(number: int) -> None:
        bilge = scenarios.member(billed.parties, "billing")
        right, seen = shown[number]
        try:
            with scenarios.acting(bilge, at=AT):
                answer = correcting.correct_invoice(
                    actor=bilge, key=str(number), invoice_ref=billed.invoice.ref, right=right, reason="R", seen=seen
                )
            ends.append(answer["number"])
        except Stale:
            ends.append("stale")
        finally:
            connections.close_all()

    threads = [Thread(target=issue, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["COR-2026-0001", "stale"]


def test_the_document_is_made_checked_and_mailed(billed: Billed) -> None:
    one = corrected(billed.parties, billed.invoice, {"street": "Hafenweg 9"}, reason="They moved.", at=AT)
    run_due_jobs()
    with walls.asking_for(billed.contract.seller_id):
        one.refresh_from_db()
    assert (one.state, one.xml_obstacle) == ("ready", "")
    with default_storage.open(one.xml_stored_as) as stored:
        xml = stored.read().decode()
    assert "<ram:TypeCode>384</ram:TypeCode>" in xml
    assert f"<ram:IssuerAssignedID>{billed.invoice.number}</ram:IssuerAssignedID>" in xml
    assert b"<cbc:InvoiceTypeCode>384<" in exports.written(one.snapshot, XRECHNUNG).replace(b' listID="UNCL1001"', b"")
    assert PEPPOL in exports.lacks(one.snapshot)
    (letter,) = [mailed for mailed in mail.outbox if one.number in mailed.subject]
    assert [name for name, _content, _kind in letter.attachments] == [f"{one.number}.pdf"]
    assert "Hafenweg 9" in letter.body
    assert "They moved." in letter.body
    for _run in range(2):
        correction_jobs.render_corrected_invoice(corrected_ref=one.ref, organisation_id=billed.contract.seller_id)
    with walls.asking_for(billed.contract.seller_id):
        verbs = AuditEntry.objects.filter(verb__startswith="corrected_invoice.").values_list("verb", flat=True)
        assert sorted(verbs) == ["corrected_invoice.issued", "corrected_invoice.made", "corrected_invoice.sent"]
    out = io.StringIO()
    call_command("check_documents", stdout=out)
    assert "all as they were issued" in out.getvalue()
    # Another word on the stored page is found.
    other = documents.made_of(one.snapshot.replace("Hafenweg 9", "Hafenweg 8"))
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE invoicing_correctedinvoice DISABLE TRIGGER USER")
        name = default_storage.save("corrected-invoices/forged.pdf", io.BytesIO(other.pdf))
        cursor.execute("UPDATE invoicing_correctedinvoice SET stored_as = %s WHERE id = %s", [name, one.pk])
        cursor.execute("ALTER TABLE invoicing_correctedinvoice ENABLE TRIGGER USER")
    with pytest.raises(CommandError, match="problems"):
        call_command("check_documents", stdout=out)
    assert one.number in out.getvalue()


def test_what_is_paid_meanwhile_is_not_asked_for_once_more(billed: Billed) -> None:
    def printed(street: str) -> tuple[str, bool, str]:
        one = corrected(billed.parties, billed.invoice, {"street": street}, at=AT)
        page = page_of(snapshot.read(one.snapshot))
        return page.due, page.pay_code is not None, page.notes[0]

    assert printed("Hafenweg 9")[:2] == ("14,280.00\xa0EUR", True)
    for amount, due, words in (
        ("10000.00", "4,280.00\xa0EUR", "When this was issued, 4,280.00\xa0EUR of it was still to be paid."),
        ("4280.00", "0.00\xa0EUR", "Nothing of it was still to be paid when this was issued."),
    ):
        _receive(billed, amount=D(amount), bank_reference=amount)
        asked, has_code, note = printed(f"Hafenweg {amount}")
        assert (asked, has_code) == (due, False)
        assert words in note
    run_due_jobs()
    assert "Still open" in mail.outbox[-1].body
    call_command("check_documents", stdout=io.StringIO())


def test_an_assigned_invoice_is_corrected_without_a_code_into_the_old_account(billed: Billed) -> None:
    account = assigned(billed)
    one = corrected(billed.parties, billed.invoice, at=AT)
    said = snapshot.read(one.snapshot)
    page = page_of(said)
    assert page.pay_code is None
    # The other way round, a claim that is assigned no more: nobody is told any more to pay the financier only.
    assert page_of(replace(said, payee=snapshot.Payee("Kontor Capital GmbH"))).assigned == ""
    assert "Kontor Capital GmbH is paid, as you were told since" in page.notes[0]
    run_due_jobs()
    (letter,) = [mailed for mailed in mail.outbox if one.number in mailed.subject]
    assert account.iban in letter.body.replace(" ", "")
    assert "The attached PDF still names the old account." in " ".join(letter.body.split())


ROW = (
    "INSERT INTO invoicing_correctedinvoice (ref, state, requested_at, stored_as, size, sha256, failure, seller_id,"
    " buyer_id, contract_id, invoice_id, place, reason, number, series_prefix, series_year, series_position, currency,"
    " net, tax, gross, issued_at, issued_on, issued_by_id, issued_by_name, snapshot, snapshot_sha256, chain_sha256,"
    " xml_stored_as, xml_size, xml_sha256, xml_obstacle) SELECT reverse(ref), 'making', now(), '', 0, '', '',"
    " seller_id, {buyer}, contract_id, invoice_id, {place}, reason, 'COR-2026-0002', {prefix}, series_year, 2,"
    " currency, {net}, tax, {net} + tax, issued_at, issued_on, issued_by_id, issued_by_name, {said}, snapshot_sha256,"
    " repeat('a', 64), '', 0, '', '' FROM invoicing_correctedinvoice WHERE id = %(one)s"
)
DRAW = (
    "UPDATE invoicing_numberseries SET last = last + 1, head = repeat('a', 64),"
    " last_issued_at = (SELECT issued_at FROM invoicing_correctedinvoice WHERE id = %(one)s) WHERE prefix = 'COR'; "
)
RIGHT = {"buyer": "buyer_id", "place": "2", "prefix": "'COR'", "net": "net", "said": "snapshot"}


def otherwise(**words: str) -> str:
    return DRAW + ROW.format(**{**RIGHT, **words})


def set_in(path: str, value: str) -> str:
    return f"jsonb_set(snapshot::jsonb, '{{{path}}}', '{value}')::text"


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE invoicing_correctedinvoice SET reason = 'x' WHERE id = %(one)s", "frozen"),
        ("DELETE FROM invoicing_correctedinvoice WHERE id = %(one)s", "never deleted|frozen"),
        ("UPDATE invoicing_correctedinvoice SET state = 'ready' WHERE id = %(one)s", "has_its_bytes|has_its_xml"),
        (ROW.format(**RIGHT), "drawn from its series"),
        (DRAW.removesuffix("; "), "drawn and not used"),
        (otherwise(net="net + 1"), "between the same"),
        (otherwise(buyer="seller_id"), "between the same"),
        (otherwise(place="3"), "follow each other"),
        (otherwise(prefix="'INV'"), "own_series|drawn"),
        (otherwise(said=set_in("totals,due", '"1"')), "no money"),
        (otherwise(said=set_in("lines,0,net", '"1"')), "no money"),
        (otherwise(said=set_in("taxes,0,rate", '"7"')), "no money"),
        (otherwise(said=set_in("due_date", '"2027-01-01"')), "no money"),
        (otherwise(said=set_in("credit_transfer,iban", '"DE02120300000000202051"')), "no money"),
        (otherwise(said=set_in("payee", '{"name": "Another"}')), "no money"),
        (otherwise(said=set_in("seller,vat_identifier", '"DE1"')), "no money"),
        (
            "UPDATE invoicing_invoice SET series_prefix = 'COR' WHERE id = %(invoice)s",
            "this row is frozen",
        ),
    ],
)
def test_the_database_refuses_what_the_code_forgot(corrected_once: dict[str, int], sql: str, why: str) -> None:
    with pytest.raises(IntegrityError, match=why):
        committed(sql, corrected_once)


def committed(sql: str, names: dict[str, int], *, keep: bool = True) -> None:
    """As the owner, who goes round the services and the walls."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for statement in sql.split("; "):
            cursor.execute(statement, names)
        transaction.set_rollback(not keep, using="owner")


def test_the_same_words_in_right_order_would_stand(corrected_once: dict[str, int]) -> None:
    """So what is refused above is refused for what it changes; also where the invoice is from before some keys were."""
    committed(otherwise(said=set_in("buyer,name", '"Aurora"')), corrected_once, keep=False)
    older = (
        "ALTER TABLE invoicing_invoice DISABLE TRIGGER USER; UPDATE invoicing_invoice SET snapshot ="
        " (snapshot::jsonb - 'deposits' - 'reserved' - 'retained' #- '{lines,0,base_quantity}')::text"
        " WHERE id = %(invoice)s; "
    )
    committed(older + otherwise(), corrected_once, keep=False)


@pytest.fixture(scope="module")
def corrected_once(untouched: Billed) -> dict[str, int]:
    one = corrected(untouched.parties, untouched.invoice, at=AT)
    return {"one": one.pk, "invoice": untouched.invoice.pk}
