"""Documents before payment that end: refused once they have, told of before, and wanted anew by later invoices."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction

from apps.contracts.models import Contract
from apps.contracts.payment_documents import PaymentDocuments
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing.models import PaymentDocument
from apps.parties.actor import Actor
from apps.workflows import payment_documents
from apps.workflows.mails import payment_documents as mails
from apps.workflows.once import Answer
from tests import scenarios
from tests.scenarios import Parties, acting, key

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
INSURANCE = "Certificate of insurance"
UNTIL = date(2026, 5, 31)
LAST = datetime(2026, 5, 31, 21, 59, tzinfo=UTC)
"""A minute before midnight where the seller is."""


@pytest.fixture
def contract(parties: Parties) -> Contract:
    """A certificate of insurance before the first payment."""
    draft = scenarios.software_draft(parties, payment_documents=PaymentDocuments(once=(INSURANCE,)))
    contract = scenarios.active_contract(parties, draft=draft, at=NOON)
    scenarios.accepted_milestone(contract, position=1, at=NOON)
    return contract


def states(contract: Contract, position: int) -> list[str]:
    """Of what the invoice of a milestone waits or waited for."""
    with walls.asking_for(contract.seller_id):
        rows = PaymentDocument.objects.filter(invoice__milestone__position=position).order_by("pk")
        return list(rows.values_list("state", flat=True))


def newest(contract: Contract, position: int = 1) -> PaymentDocument:
    with walls.asking_for(contract.seller_id):
        return PaymentDocument.objects.filter(invoice__milestone__position=position).order_by("-pk")[0]


def hand_in(parties: Parties, one: PaymentDocument, *, until: date | None = UNTIL, at: datetime = NOON) -> None:
    with acting(scenarios.member(parties, "billing"), at=at) as bilge:
        payment_documents.hand_in_document(actor=bilge, document_ref=one.ref, note="By post.", valid_until=until)


def confirm(parties: Parties, one: PaymentDocument, *, at: datetime = NOON) -> None:
    with acting(scenarios.member(parties, "payables"), at=at) as paul:
        payment_documents.confirm_document(actor=paul, key=key(), document_ref=one.ref)


def tell(parties: Parties, one: PaymentDocument, *, at: datetime, once: str = "") -> Answer:
    clockwork = Actor.system(organisation_id=parties.seller.pk)
    with acting(clockwork, at=at):
        return payment_documents.tell_of_ending_document(actor=clockwork, key=once or key(), document_ref=one.ref)


def test_on_its_last_day_it_is_good_and_a_day_later_refused(parties: Parties, contract: Contract) -> None:
    one = newest(contract)
    with pytest.raises(Refused, match="was valid until 2026-05-31"):
        hand_in(parties, one, at=LAST + DAY)
    assert states(contract, 1) == ["missing"]
    hand_in(parties, one, at=LAST)
    with pytest.raises(Refused, match="is not any more"):
        confirm(parties, one, at=LAST + timedelta(minutes=1))
    assert states(contract, 1) == ["handed_in"]
    with acting(scenarios.member(parties, "payables"), at=LAST + DAY) as paul:
        payment_documents.return_document(actor=paul, key=key(), document_ref=one.ref, reason="It has ended.")
    again = newest(contract)
    hand_in(parties, again, until=UNTIL + 365 * DAY, at=LAST + DAY)
    confirm(parties, again, at=LAST + DAY)
    assert states(contract, 1) == ["returned", "confirmed"]


def test_it_serves_invoices_of_its_last_day_and_none_of_later_ones(parties: Parties, contract: Contract) -> None:
    one = newest(contract)
    hand_in(parties, one)
    confirm(parties, one)
    scenarios.accepted_milestone(contract, position=2, at=LAST)
    assert states(contract, 2) == []
    scenarios.accepted_milestone(contract, position=3, at=LAST + timedelta(minutes=1))
    assert states(contract, 3) == ["missing"]
    # What was confirmed while it was good stays so.
    assert states(contract, 1) == ["confirmed"]


def test_it_ends_also_where_it_is_confirmed_by_another_invoice(parties: Parties, contract: Contract) -> None:
    hand_in(parties, newest(contract))
    scenarios.accepted_milestone(contract, position=2, at=NOON)
    confirm(parties, newest(contract, 2))
    assert [newest(contract, one).valid_until for one in (1, 2)] == [UNTIL, UNTIL]


def test_what_has_ended_is_not_confirmed_by_another_invoice_either(parties: Parties, contract: Contract) -> None:
    hand_in(parties, newest(contract))
    scenarios.accepted_milestone(contract, position=2, at=NOON)
    with pytest.raises(Refused, match="is not any more"):
        confirm(parties, newest(contract, 2), at=LAST + DAY)
    assert (states(contract, 1), states(contract, 2)) == (["handed_in"], ["missing"])


def test_the_seller_is_told_once_two_weeks_before(parties: Parties, contract: Contract) -> None:
    one = newest(contract)
    hand_in(parties, one)
    confirm(parties, one)
    assert tell(parties, one, at=LAST - 15 * DAY) == {}
    assert tell(parties, one, at=LAST - 14 * DAY, once="a run") == {"document": one.ref}
    assert tell(parties, one, at=LAST - 14 * DAY, once="a run") == {"document": one.ref}
    assert tell(parties, one, at=LAST - 13 * DAY) == {}
    mail.outbox.clear()
    with walls.asking_for(contract.seller_id):
        mails.document_ending(document_ref=one.ref)
    (told,) = mail.outbox
    assert told.subject == f"{INSURANCE} ends soon"
    assert (
        "valid until 31\N{NO-BREAK SPACE}May\N{NO-BREAK SPACE}2026" in told.body
        or "valid until 31 May 2026" in told.body
    )
    with acting(scenarios.member(parties, "billing"), at=LAST) as bilge, pytest.raises(NotAllowed):
        payment_documents.tell_of_ending_document(actor=bilge, key=key(), document_ref=one.ref)


def test_nobody_is_told_of_what_another_outlives(parties: Parties, contract: Contract) -> None:
    """The second milestone was accepted after the end: its new certificate stands, the old one interests nobody."""
    old = newest(contract)
    hand_in(parties, old)
    confirm(parties, old)
    scenarios.accepted_milestone(contract, position=2, at=LAST + DAY)
    new = newest(contract, 2)
    hand_in(parties, new, until=UNTIL + 365 * DAY, at=LAST + DAY)
    confirm(parties, new, at=LAST + DAY)
    assert tell(parties, old, at=LAST + 2 * DAY) == {}
    assert tell(parties, new, at=LAST + 2 * DAY) == {}


def test_postgres_confirms_nothing_that_has_ended(parties: Parties, contract: Contract) -> None:
    one = newest(contract)
    hand_in(parties, one)
    for change in (
        "state = 'confirmed', decided_at = '2026-06-03T12:00Z'",
        "expiry_told_at = now()",
        "state = 'missing'",
    ):
        with acting(scenarios.member(parties, "payables"), at=NOON), pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(f"UPDATE invoicing_paymentdocument SET {change} WHERE id = %s", [one.pk])
    assert states(contract, 1) == ["handed_in"]
