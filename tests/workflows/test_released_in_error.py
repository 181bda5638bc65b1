"""Retention that was released in error: its statement is disputed, and what both sides uphold is kept back again."""

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.db import IntegrityError, connections, transaction
from django.utils import translation
from pytest_django import DjangoDbBlocker

from apps.contracts.models import Contract
from apps.contracts.retention import BUYER, RetentionRelease, RetentionTerms
from apps.core import clock
from apps.core.database import scratch as scratch_databases
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing import correction_wording, inspection, snapshot
from apps.invoicing import services as invoicing
from apps.invoicing.einvoice.paper import Paper
from apps.invoicing.inspection import Stored
from apps.invoicing.models import CreditNote, Invoice, OpenItem, Retention, RetentionReturn
from apps.invoicing.rules import Share
from apps.invoicing.services.late_interest import late_charges
from apps.invoicing.services.progress import progress
from apps.ledger.charts import Seller
from apps.revenue import services as revenue
from apps.revenue.models import Recognition
from apps.workflows import billing, retention
from apps.workflows.worker import run_due_jobs
from tests import corrections, disputes, packed, scenarios
from tests.scenarios import Parties, acting, key, member
from tests.workflows.test_retention import booked, released, state, verified

D = Decimal
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
UNTIL = date(2026, 9, 1)
TERMS = RetentionTerms(rate=D(10), releases=(RetentionRelease(D(50)), RetentionRelease(D(50), BUYER)))


def made() -> tuple[Parties, Contract, Invoice]:
    """A contract of 12,000, 12,000 and 16,000 that is completed: of 4,000 that were retained 2,000 are released."""
    with clock.stopped(AT):
        parties = scenarios.organisations()
    draft = replace(scenarios.software_draft(parties), retention=TERMS)
    contract = scenarios.active_contract(parties, draft=draft, at=AT)
    for position in (1, 2, 3):
        scenarios.accepted_milestone(contract, position=position, at=AT)
    with clock.stopped(AT):
        retention.tend_contract(contract_ref=contract.ref)
    with walls.asking_for(parties.seller.pk):
        return parties, contract, Invoice.objects.get(kind="retention_release")


def item_of(parties: Parties, statement: Invoice) -> OpenItem:
    with walls.asking_for(parties.seller.pk):
        return OpenItem.objects.get(invoice=statement)


def upheld(
    parties: Parties,
    statement: Invoice,
    *,
    amount: str,
    until: date | None,
    at: datetime,
    share: Share = disputes.ALL,
    step: timedelta = DAY,
) -> dict[str, str]:
    """The buyer disputes it, the seller proposes that so much was released in error, and the buyer agrees."""
    bea, bilge = scenarios.approver_actor(parties), member(parties, "billing")
    dispute = disputes.on_invoice(statement.ref, actor=bea, at=at, share=share)
    outcome = "partly_upheld" if amount else "upheld"
    proposal = disputes.proposed(dispute, outcome, actor=bilge, at=at + step, amount=amount, kept_until=until)
    return disputes.agreed(proposal, actor=bea, at=at + 2 * step)


def test_what_is_upheld_is_kept_back_again_and_released_by_itself_on_its_day_once(scratch: str) -> None:
    parties, contract, statement = made()
    bea = scenarios.approver_actor(parties)
    with walls.asking_for(parties.seller.pk):
        earned = list(Recognition.objects.order_by("pk").values_list("pk", "amount"))
    before = booked(parties, Seller.RECEIVABLES), booked(parties, Seller.RETENTION_HELD)
    dispute = disputes.on_invoice(statement.ref, actor=bea, at=AT + DAY, share=Share(amount=D(1000)))
    assert (dispute.amount, dispute.whole, dispute.awaits) == (D(1000), D(2000), "seller")
    item = item_of(parties, statement)
    assert (item.open, item.disputed, item.payable) == (D(2000), D(1000), D(1000)), "the rest is payable as ever"
    bilge = member(parties, "billing")
    with pytest.raises(Refused, match="kept back no longer"):
        disputes.proposed(dispute, "upheld", actor=bilge, at=AT + 2 * DAY, kept_until=AT.date())
    proposal = disputes.proposed(
        dispute, "partly_upheld", actor=bilge, at=AT + 2 * DAY, amount="500.33", kept_until=UNTIL
    )
    answer = disputes.agreed(proposal, actor=bea, at=AT + 3 * DAY)

    item = item_of(parties, statement)
    assert (item.open, item.disputed, item.credited) == (D("1499.67"), D(0), D("500.33"))
    with walls.asking_for(parties.seller.pk):
        note = CreditNote.objects.get(ref=answer["credit_note"])
        assert (note.net, note.tax, note.gross, note.about) == (D("500.33"), D(0), D("500.33"), "Retained again")
        kept = list(Retention.objects.order_by("pk").values_list("held", "released", "returned"))
        assert list(Recognition.objects.order_by("pk").values_list("pk", "amount")) == earned, "the price is the same"
    # 600, 600 and 800 had been released; what comes back is shared in proportion.
    assert kept == [
        (D(1200), D("449.90"), D("150.10")),
        (D(1200), D("449.90"), D("150.10")),
        (D(1600), D("599.87"), D("200.13")),
    ]
    assert booked(parties, Seller.RECEIVABLES) == before[0] - D("500.33")
    assert booked(parties, Seller.RETENTION_HELD) == before[1] + D("500.33")
    found = state(parties, contract)
    assert (found.held, found.released, found.due) == (D("2500.33"), D("1499.67"), D("1499.67"))
    assert [(one.position, one.amount, one.on) for one in found.parts] == [
        (1, D("1499.67"), AT.date()),
        (2, D(2000), None),
        (3, D("500.33"), UNTIL),
    ]
    with walls.asking_for(parties.seller.pk):
        (aged,) = invoicing.retention_by_age(seller_id=parties.seller.pk, today=UNTIL - 10 * DAY)
        assert aged.held == D("2500.33")
        assert revenue.tie_out(organisation_id=parties.seller.pk, currency="EUR", since=AT.date()).differ == 0
    assert "nothing differs" in verified()

    assert retention.due(at=datetime(2026, 8, 31, 20, tzinfo=UTC)) == []
    late = datetime(2026, 9, 4, 9, tzinfo=UTC)
    (due,) = retention.due(at=late)
    assert (due.position, due.on) == (3, UNTIL)
    for _twice in range(2):
        with clock.stopped(late):
            retention.tend(contract_ref=due.contract_ref, seller_id=due.seller_id, position=due.position)
    assert retention.due(at=late) == []
    found = state(parties, contract)
    assert (found.held, found.released) == (D(2000), D(2000))
    assert [(one.position, one.amount) for one in found.parts] == [(1, D("1499.67")), (2, D(2000)), (3, D("500.33"))]
    released(contract, 2, by=member(parties, "buyer"), at=late)
    assert booked(parties, Seller.RETENTION_HELD) == 0
    assert "nothing differs" in verified()


def test_it_bears_no_interest_meanwhile_and_rejected_is_due_as_before(scratch: str) -> None:
    parties, _contract, statement = made()
    bea, bilge = scenarios.approver_actor(parties), member(parties, "billing")
    dispute = disputes.on_invoice(statement.ref, actor=bea, at=AT + DAY)
    item = item_of(parties, statement)
    assert (item.disputed, item.payable) == (D(2000), D(0))
    late = statement.due_on + 30 * DAY
    with walls.asking_for(parties.seller.pk):
        assert not late_charges(OpenItem.objects.filter(invoice=statement), today=late)
        assert not invoicing.may_be_reminded(actor=bilge, invoice_id=statement.pk, today=late)
    with pytest.raises(Refused, match="Nothing is kept back again"):
        disputes.proposed(dispute, "rejected", actor=bea, at=AT + 2 * DAY, kept_until=UNTIL)
    disputes.agreed(disputes.proposed(dispute, "rejected", actor=bea, at=AT + 2 * DAY), actor=bilge, at=AT + 3 * DAY)
    item = item_of(parties, statement)
    assert (item.open, item.payable, item.due_on) == (D(2000), D(2000), statement.due_on)
    with walls.asking_for(parties.seller.pk):
        assert not RetentionReturn.objects.exists()
    assert "nothing differs" in verified()


def test_without_a_day_the_buyer_releases_it_again_and_that_may_be_in_error_too(scratch: str) -> None:
    parties, contract, statement = made()
    upheld(parties, statement, amount="", until=None, at=AT + DAY)
    found = state(parties, contract)
    assert (found.held, found.released, found.due) == (D(4000), D(0), D(0))
    assert item_of(parties, statement).settled_at is not None
    assert retention.due(at=AT + 3000 * DAY) == [], "nobody says so by itself"
    with pytest.raises(NotAllowed, match="The buyer says when"):
        released(contract, 3, by=member(parties, "billing"), at=AT + 4 * DAY)
    # The part that was agreed releases what is its own, and none of what came back.
    again = released(contract, 2, by=member(parties, "buyer"), at=AT + 4 * DAY)
    third = released(contract, 3, by=member(parties, "buyer"), at=AT + 5 * DAY)
    with walls.asking_for(parties.seller.pk):
        amounts = {one.ref: one.gross for one in Invoice.objects.filter(kind="retention_release")}
        anew = Invoice.objects.get(ref=third["invoice"])
    assert (amounts[again["invoice"]], amounts[third["invoice"]]) == (D(2000), D(2000))
    upheld(parties, anew, amount="300", until=UNTIL, at=AT + 6 * DAY)
    assert [(one.position, one.amount) for one in state(parties, contract).parts][2:] == [(3, D(1700)), (4, D(300))]
    assert "nothing differs" in verified()


def test_each_part_that_came_back_keeps_its_amount_and_day_whatever_happens_on_one_day(scratch: str) -> None:
    parties, contract, statement = made()
    bo, minute, later = member(parties, "buyer"), timedelta(minutes=1), UNTIL + 30 * DAY
    second = released(contract, 2, by=bo, at=AT + minute)
    upheld(parties, statement, amount="", until=UNTIL, at=AT + 2 * minute, step=minute)
    with walls.asking_for(parties.seller.pk):
        two = Invoice.objects.get(ref=second["invoice"])
        first = Invoice.objects.select_related("open_item").order_by("pk")[0]
    with acting(member(parties, "billing"), at=AT + 5 * minute) as bilge:
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=first.ref,
            amount=first.open_item.open,
            received_on=AT.date(),
            bank_reference="IN-1",
        )
    # Of 600 that came back of the first invoice 476 are credited; what comes back of it after that is whole.
    assert corrections.credited(parties, first.ref, "400", at=AT + 6 * minute).retained == D(476)
    upheld(parties, two, amount="", until=later, at=AT + 7 * minute, step=minute)
    parts = [(one.position, one.amount, one.on) for one in state(parties, contract).parts]
    assert parts[2:] == [(3, D(1524), UNTIL), (4, D(2000), later)]
    released(contract, 4, by=bo, at=AT + 20 * minute)
    with walls.asking_for(parties.seller.pk):
        sheet = progress(contract, since=AT.date(), until=UNTIL)
        assert [line.retained for line in sheet.lines] == [D(124), D(600), D(800)]
    late = datetime(2026, 9, 2, 9, tzinfo=UTC)
    with clock.stopped(late):
        retention.tend(contract_ref=contract.ref, seller_id=parties.seller.pk, position=3)
    parts = [(one.position, one.amount, one.on) for one in state(parties, contract).parts]
    assert parts[2:] == [(3, D(1524), late.date()), (4, D(2000), AT.date())]
    assert "nothing differs" in verified()


def test_paper_and_mails_say_so_and_what_is_never_owed_is_credited_of_the_invoices(
    scratch: str, tmp_path: Path
) -> None:
    parties, contract, statement = made()
    with acting(scenarios.approver_actor(parties), at=AT):
        run_due_jobs()
    mail.outbox.clear()
    answer = upheld(parties, statement, amount="500", until=UNTIL, at=AT + DAY)
    with clock.stopped(AT + 3 * DAY):
        run_due_jobs()
    said = "\n".join(f"{one.subject}\n{one.body}" for one in mail.outbox)
    assert f"In dispute: {statement.number}" in said
    assert "Released in error: " in said, said
    assert "In dispute, of released retention: " in said, said
    assert "In dispute, net of tax" not in said
    assert "Retained again until" in said
    assert f"so much of {statement.number} was released in error" in said
    with walls.asking_for(parties.seller.pk):
        note = CreditNote.objects.select_related("document").get(ref=answer["credit_note"])
        document = note.document
        assert (document.state, document.xml_obstacle) == ("ready", "retention")
        with default_storage.open(document.stored_as) as file:
            pdf = file.read()
        stored = Stored(note.snapshot, pdf, document.sha256, document.size, b"", "", 0, document.xml_obstacle)
        assert inspection.findings(stored) == []
        first = Invoice.objects.order_by("pk")[0]
    said_so = snapshot.read(note.snapshot)
    assert "It is retained again until" in correction_wording.correction(said_so)
    with translation.override(said_so.language):
        assert Paper(pdf).says(correction_wording.correction(said_so))
    with acting(member(parties, "billing"), at=AT + 4 * DAY) as bilge:
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=first.ref,
            amount=first.open_item.open,
            received_on=(AT + 4 * DAY).date(),
            bank_reference="IN-1",
        )
    # What is never to be paid falls with the invoices, tax and all: what came back goes last of what is retained.
    credit = corrections.credited(parties, first.ref, "600", at=AT + 5 * DAY)
    assert (credit.gross, credit.retained) == (D(714), D(714))
    with walls.asking_for(parties.seller.pk):
        kept = Retention.objects.get(invoice=first)
    assert (kept.held, kept.released, kept.returned) == (D(486), D(450), D(36))
    packed.assert_pack_holds(contract.number, tmp_path)
    with zipfile.ZipFile(tmp_path / "pack.zip") as pack:
        assert b'"kept_until": "2026-09-01"' in pack.read("disputes/0001.json")
    assert [(one.position, one.amount) for one in state(parties, contract).parts][2:] == [(3, D(386))]
    assert "nothing differs" in verified()


@pytest.fixture(scope="module")
def untouched(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Contract]:
    """One contract for all attempts, because each of them is refused."""
    with django_db_blocker.unblock(), scratch_databases.scratch_database():
        parties, contract, statement = made()
        upheld(parties, statement, amount="500", until=UNTIL, at=AT + DAY)
        yield contract
        connections.close_all()


@pytest.mark.parametrize(
    ("statement", "because"),
    [
        ("UPDATE invoicing_retention SET released = released - 1", "never grows"),
        ("UPDATE invoicing_retention SET returned = returned + 1", "unless it comes back"),
        ("UPDATE invoicing_retention SET returned = returned - 1", "never grows"),
        ("UPDATE invoicing_retention SET released = released - 1, returned = returned + 1", "differs"),
        ("UPDATE invoicing_retentionreturn SET kept_until = NULL", "append-only"),
        ("UPDATE invoicing_retentionreturnshare SET amount = 1", "append-only"),
        (
            "INSERT INTO invoicing_retentionreturn (contract_id, release_id, credit_note_id, position, kind, currency,"
            " amount, returned_at) SELECT contract_id, release_id, credit_note_id, 9, kind, currency, amount + 1,"
            " returned_at FROM invoicing_retentionreturn",
            "only what was released comes back",
        ),
        (
            "INSERT INTO invoicing_retentionreturnshare (back_id, retention_id, amount)"
            " SELECT back_id, (SELECT min(id) + 10 FROM invoicing_retention), 1 FROM invoicing_retentionreturnshare"
            " LIMIT 1",
            "more comes back|foreign key",
        ),
        (
            "INSERT INTO invoicing_retentionrelease (ref, contract_id, position, kind, event, invoice_id, currency,"
            " amount, released_on, released_at, released_by_name) SELECT 'x', contract_id, 3, kind, 'date', invoice_id,"
            " currency, amount, released_on, released_at, '' FROM invoicing_retentionrelease",
            "only what was agreed is released",
        ),
    ],
)
def test_the_database_refuses_what_goes_round_the_services(untouched: Contract, statement: str, because: str) -> None:
    with (
        pytest.raises(IntegrityError, match=because),
        transaction.atomic(using="owner"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(f"{statement}; SET CONSTRAINTS ALL IMMEDIATE")
