"""Documents before payment: an invoice is issued at once and due when the buyer has confirmed them, and not before."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction

from apps.contracts.drafts import ChangeDraft, ChangedTerms, LineTerms
from apps.contracts.models import Contract
from apps.contracts.payment_documents import PaymentDocuments
from apps.core import days
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.financing.services.eligibility import eligible_amount
from apps.invoicing import services as invoicing
from apps.invoicing import snapshot, wording
from apps.invoicing.models import Invoice, OpenSum, PaymentDocument
from apps.invoicing.rules import Band
from apps.invoicing.services.ageing import ageing
from apps.milestones.models import Reservation
from apps.milestones.services import Defect
from apps.parties.models import User
from apps.parties.services.members import join
from apps.workflows import billing, payment_documents, reserving
from apps.workflows.mails import payment_documents as mails
from tests import change_orders, scenarios
from tests.scenarios import PDF, Parties, acting, key

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WAIVER, BOND, TAX = "Conditional waiver of lien", "Performance bond", "Tax clearance"


@pytest.fixture
def contract(parties: Parties) -> Contract:
    """30 days to pay that begin with the last document; a waiver with each invoice, a bond once."""
    first, second, third = scenarios.software_draft(parties).lines
    draft = scenarios.software_draft(
        parties,
        payment_documents=PaymentDocuments(each=(WAIVER,), once=(BOND,)),
        lines=(first, second, type(third)(**{**_fields(third), "own": LineTerms(documents=(TAX,))})),
    )
    return scenarios.active_contract(parties, draft=draft, at=NOON)


def _fields(line: Any) -> dict[str, Any]:
    return {name: getattr(line, name) for name in line.__dataclass_fields__}


def invoice(contract: Contract, position: int) -> Invoice:
    with walls.asking_for(contract.seller_id):
        return Invoice.objects.select_related("open_item", "contract", "milestone").get(milestone__position=position)


def document(contract: Contract, title: str, position: int = 1) -> PaymentDocument:
    with walls.asking_for(contract.seller_id):
        return PaymentDocument.objects.filter(title=title, invoice__milestone__position=position).order_by("-pk")[0]


def handed_in(parties: Parties, one: PaymentDocument, *, at: datetime, **more: Any) -> None:
    with acting(scenarios.member(parties, "billing"), at=at) as bilge:
        said = more or {"upload": ContentFile(PDF, name="waiver.pdf")}
        payment_documents.hand_in_document(actor=bilge, document_ref=one.ref, **said)


def confirmed(parties: Parties, one: PaymentDocument, *, at: datetime, by: str = "payables", once: str = "") -> None:
    with acting(scenarios.member(parties, by), at=at) as actor:
        payment_documents.confirm_document(actor=actor, key=once or key(), document_ref=one.ref)


def returned(parties: Parties, one: PaymentDocument, *, at: datetime, reason: str = "It is not signed.") -> None:
    with acting(scenarios.member(parties, "payables"), at=at) as actor:
        payment_documents.return_document(actor=actor, key=key(), document_ref=one.ref, reason=reason)


def overdue(contract: Contract, *, on: date) -> Decimal:
    """What both sides' first pages call overdue on a day."""
    found = set()
    for side in (contract.seller_id, contract.buyer_id):
        with walls.asking_for(side):
            sums = OpenSum.objects.filter(organisation_id=side).by_currency(overdue_on=on)
            found.add(sums.get("EUR", (Decimal(0), Decimal(0)))[1])
    (late,) = found
    return late


def test_it_is_issued_at_once_and_due_with_the_last_document(parties: Parties, contract: Contract) -> None:
    scenarios.accepted_milestone(contract, position=1, at=NOON)
    issued = invoice(contract, 1)
    assert (issued.issued_on, issued.open_item.open) == (date(2026, 4, 1), issued.gross)
    assert issued.open_item.due_on == days.NOT_YET
    said = snapshot.read(issued.snapshot)
    assert (said.documents, said.documents_days, said.payable_by) == ((WAIVER, BOND), "begin", None)
    assert wording.payment_terms(said) == (
        "Not due before the buyer has confirmed these documents: Conditional waiver of lien, Performance bond. Then"
        " payable as if it were dated on the day of the last confirmation: within 30 days of the invoice's date,"
        " without deduction."
    )
    # A year later nobody is late, and nothing is asked for.
    later = NOON + 365 * DAY
    assert overdue(contract, on=later.date()) == 0
    with acting(scenarios.member(parties, "billing"), at=later) as bilge:
        assert not invoicing.may_be_reminded(actor=bilge, invoice_id=issued.pk, today=later.date())
        found = ageing(bilge, on=later.date())
        assert [(one.band, one.amount) for one in found.owed] == [(Band.NOT_DUE, issued.gross)]

    waiver, bond = document(contract, WAIVER), document(contract, BOND)
    handed_in(parties, waiver, at=NOON + DAY)
    handed_in(parties, bond, at=NOON + DAY, note="By courier.")
    confirmed(parties, waiver, at=NOON + 5 * DAY)
    assert invoice(contract, 1).open_item.due_on == days.NOT_YET
    confirmed(parties, bond, at=NOON + 9 * DAY)
    assert invoice(contract, 1).open_item.due_on == date(2026, 5, 10)
    assert overdue(contract, on=date(2026, 5, 10)) == 0
    assert overdue(contract, on=date(2026, 5, 11)) == issued.gross
    # The bond serves the next invoice too; the last has a document of its own.
    scenarios.accepted_milestone(contract, position=3, at=NOON + 10 * DAY)
    last = invoice(contract, 3)
    with walls.asking_for(contract.seller_id):
        rows = PaymentDocument.objects.filter(invoice=last).order_by("pk")
        assert [(one.title, one.state) for one in rows] == [(WAIVER, "missing"), (TAX, "missing")]


def test_what_serves_all_is_confirmed_for_all_that_wait(parties: Parties, contract: Contract) -> None:
    for position in (1, 2):
        scenarios.accepted_milestone(contract, position=position, at=NOON)
        confirmed(parties, document(contract, WAIVER, position), at=NOON + DAY)
    # What came by post is confirmed without being handed in here.
    confirmed(parties, document(contract, BOND, 2), at=NOON + 3 * DAY)
    assert {invoice(contract, one).open_item.due_on for one in (1, 2)} == {date(2026, 5, 4)}


def test_a_document_is_the_same_however_a_change_order_writes_it(parties: Parties, contract: Contract) -> None:
    scenarios.accepted_milestone(contract, position=1, at=NOON)
    terms = ChangedTerms(payment_documents=PaymentDocuments(once=(BOND.upper(),)))
    order = change_orders.propose(
        contract,
        ChangeDraft("In capitals", "As the bank writes it.", terms=terms),
        by=scenarios.seller_actor(parties),
        at=NOON,
    )
    change_orders.sign(order, by=scenarios.buyer_actor(parties), at=NOON)
    scenarios.accepted_milestone(contract, position=2, at=NOON)
    confirmed(parties, document(contract, BOND.upper(), 2), at=NOON + 3 * DAY)
    assert document(contract, BOND).state == "confirmed"


def test_nobody_of_the_seller_confirms_for_the_buyer(parties: Parties, contract: Contract) -> None:
    scenarios.accepted_milestone(contract, position=1, at=NOON)
    waiver, petra = document(contract, WAIVER), scenarios.member(parties, "payables")
    assert petra.user_id is not None
    with walls.asking_for(parties.seller.pk, user=petra.user_id), transaction.atomic():
        join(user=User.objects.get(pk=petra.user_id), organisation=parties.seller, roles={"billing"}, at=NOON)
    handed_in(parties, waiver, at=NOON)
    for answer in (confirmed, returned):
        with pytest.raises(Refused, match="belongs to the seller"):
            answer(parties, waiver, at=NOON)
    assert document(contract, WAIVER).state == "handed_in"


def test_what_is_returned_is_missing_anew_and_stays_as_it_was(parties: Parties, contract: Contract) -> None:
    scenarios.accepted_milestone(contract, position=1, at=NOON)
    waiver = document(contract, WAIVER)
    handed_in(parties, waiver, at=NOON)
    # The same once more is the same.
    handed_in(parties, waiver, at=NOON)
    stored = document(contract, WAIVER).stored_as
    with default_storage.open(stored) as file:
        assert file.read() == PDF
    returned(parties, waiver, at=NOON + DAY)
    again = document(contract, WAIVER)
    assert again.pk != waiver.pk
    assert again.state == "missing"
    with walls.asking_for(contract.buyer_id):
        waiver.refresh_from_db()
    assert (waiver.state, waiver.reason, waiver.stored_as) == ("returned", "It is not signed.", stored)
    handed_in(parties, again, at=NOON + 2 * DAY, note="Signed now.")
    confirmed(parties, again, at=NOON + 3 * DAY)
    confirmed(parties, document(contract, BOND), at=NOON + 3 * DAY)
    assert invoice(contract, 1).open_item.due_on == date(2026, 5, 4)


def test_who_may_not_and_what_cannot_be(parties: Parties, contract: Contract) -> None:
    scenarios.accepted_milestone(contract, position=1, at=NOON)
    waiver = document(contract, WAIVER)
    with pytest.raises(Refused, match="Attach the document"):
        handed_in(parties, waiver, at=NOON, note=" ")
    with pytest.raises(Refused, match="PDF"):
        handed_in(parties, waiver, at=NOON, upload=ContentFile(b"MZ", name="waiver.pdf"))
    with pytest.raises(IllegalTransition, match="nothing can be returned"):
        returned(parties, waiver, at=NOON)
    with acting(scenarios.member(parties, "delivery"), at=NOON) as dario, pytest.raises(NotAllowed):
        payment_documents.hand_in_document(actor=dario, document_ref=waiver.ref, note="Here.")
    for role in ("approver", "billing", "treasury"):
        with pytest.raises(Refused):
            confirmed(parties, waiver, at=NOON, by=role)
    handed_in(parties, waiver, at=NOON)
    with pytest.raises(Refused, match="wrong with it"):
        returned(parties, waiver, at=NOON, reason=" ")
    with pytest.raises(IllegalTransition, match="not missing any more"):
        handed_in(parties, waiver, at=NOON, note="Another.")
    confirmed(parties, waiver, at=NOON, once="one click")
    confirmed(parties, waiver, at=NOON, once="one click")
    with pytest.raises(IllegalTransition, match="has confirmed this document already"):
        confirmed(parties, waiver, at=NOON)
    with pytest.raises(IllegalTransition, match="has confirmed this document already"):
        returned(parties, waiver, at=NOON)
    assert invoice(contract, 1).open_item.due_on == days.NOT_YET


def test_a_payment_before_it_is_due_settles_it_and_taken_back_it_waits_again(
    parties: Parties, contract: Contract
) -> None:
    scenarios.accepted_milestone(contract, position=1, at=NOON)
    issued = invoice(contract, 1)
    with acting(scenarios.member(parties, "billing"), at=NOON + DAY) as bilge:
        paid = billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=issued.ref,
            amount=issued.gross,
            received_on=date(2026, 4, 2),
            bank_reference="IN-1",
        )
        billing.reverse_payment(actor=bilge, key=key(), payment_ref=paid["payment"], reason="Another's money.")
    item = invoice(contract, 1).open_item
    assert (item.open, item.due_on) == (issued.gross, days.NOT_YET)
    assert issued.milestone is not None
    with acting(scenarios.member(parties, "billing"), at=NOON + DAY), pytest.raises(Refused, match="not due before"):
        eligible_amount(issued.milestone, face=issued.gross, at=NOON)


def by_hand(parties: Parties, sql: str, values: list[str]) -> None:
    """A write that skips the service, and its end of the transaction."""
    with acting(scenarios.member(parties, "billing"), at=NOON), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_postgres_holds_it(parties: Parties, contract: Contract) -> None:
    scenarios.accepted_milestone(contract, position=1, at=NOON)
    issued, waiver = invoice(contract, 1), document(contract, WAIVER)
    item, one = f"invoicing_openitem SET due_on = %s WHERE id = {issued.open_item.pk}", f"WHERE id = {waiver.pk}"
    for sql, values in (
        (f"UPDATE {item}", ["2026-05-01"]),
        (f"UPDATE invoicing_paymentdocument SET state = 'returned' {one}", []),
        (f"UPDATE invoicing_paymentdocument SET title = 'Nothing' {one}", []),
        (f"UPDATE invoicing_paymentdocument SET state = 'handed_in', handed_in_at = now() {one}", []),
        (f"DELETE FROM invoicing_paymentdocument {one}", []),
    ):
        with pytest.raises(DatabaseError):
            by_hand(parties, sql, values)
    bond = document(contract, BOND)
    confirmed(parties, waiver, at=NOON)
    # The last one is confirmed and the invoice left without a day: refused at commit.
    sql = f"UPDATE invoicing_paymentdocument SET state = 'confirmed', decided_at = now() WHERE id = {bond.pk}"
    with pytest.raises(DatabaseError):
        by_hand(parties, sql, [])
    assert invoice(contract, 1).open_item.due_on == days.NOT_YET


def test_both_sides_are_told_by_mail(parties: Parties, contract: Contract) -> None:
    scenarios.accepted_milestone(contract, position=1, at=NOON)
    waiver = document(contract, WAIVER)
    handed_in(parties, waiver, at=NOON, note="Signed on Monday.")
    mail.outbox.clear()
    with walls.asking_for(contract.buyer_id):
        mails.document_handed_in(document_ref=waiver.ref)
    returned(parties, waiver, at=NOON)
    with walls.asking_for(contract.seller_id):
        mails.document_decided(document_ref=waiver.ref)
    asked, told = mail.outbox
    assert "Signed on Monday." in asked.body
    assert WAIVER in asked.subject
    assert "It is not signed." in told.body
    assert "Returned" in told.subject


def test_what_is_withheld_whole_waits_for_them_too(parties: Parties, contract: Contract) -> None:
    """Nothing was payable at first, so nothing was asked for: with the defect it was due without any document."""
    submission = scenarios.submitted_milestone(contract, at=NOON)
    bea = scenarios.approver_actor(parties)
    whole = [Defect("It does not start", date(2026, 4, 20), submission.milestone.amount)]
    with acting(bea, at=NOON):
        reserving.accept_with_reservations(
            actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256, defects=whole
        )
    assert invoice(contract, 1).open_item.open == 0
    with walls.asking_for(contract.buyer_id):
        defect = Reservation.objects.get(contract=contract)
    with acting(bea, at=NOON):
        reserving.release_reservation(actor=bea, key=key(), reservation_ref=defect.ref)
    issued = invoice(contract, 1)
    assert (issued.open_item.open, issued.open_item.due_on) == (issued.gross, days.NOT_YET)
    for title in (WAIVER, BOND):
        confirmed(parties, document(contract, title), at=NOON + DAY)
    assert invoice(contract, 1).open_item.due_on == date(2026, 5, 2)
