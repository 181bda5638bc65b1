"""From acceptance to invoice: what is billed, numbered, snapshotted, chained and posted, to the cent."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections, transaction

from apps.contracts.models import ContractVersion
from apps.core import canonical
from apps.core.database import walls
from apps.core.errors import Refused
from apps.core.refs import new_ref
from apps.invoicing import services as invoicing
from apps.invoicing import snapshot
from apps.invoicing.models import Document, Invoice, InvoiceLine, NumberSeries, OpenItem
from apps.invoicing.snapshot import Address, CreditTransfer, ElectronicAddress, Line, Party, TaxRow, Totals
from apps.ledger.models import Entry
from apps.parties import services as parties_services
from apps.parties.models import Organisation
from apps.workflows import sign_off
from tests import scenarios
from tests.invoicing.conftest import ACCEPTED_AT, Billed

D = Decimal


def test_an_accepted_milestone_is_billed_to_the_cent(billed: Billed) -> None:
    invoice = billed.invoice
    assert (invoice.net, invoice.tax, invoice.gross) == (D("12000.00"), D("2280.00"), D("14280.00"))
    assert invoice.number == "INV-2026-0001"
    assert invoice.issued_at == ACCEPTED_AT
    # Accepted before midnight in UTC, which is after midnight where the seller is.
    assert invoice.issued_on == date(2026, 3, 3)
    assert invoice.due_on == date(2026, 4, 2)
    with walls.asking_for(invoice.seller_id):
        line = InvoiceLine.objects.get()
        item = OpenItem.objects.get()
        document = Document.objects.get()
    assert (line.description, line.quantity, line.net) == ("Prototype", D(1), D("12000.00"))
    assert (line.tax_category, line.tax_rate) == ("S", D(19))
    assert (item.gross, item.paid, item.open) == (D("14280.00"), D(0), D("14280.00"))
    assert item.settled_at is None
    assert document.state == "rendering"


def test_the_invoice_is_posted_against_the_contract_balance_and_never_as_revenue(billed: Billed) -> None:
    invoice = billed.invoice
    with walls.asking_for(invoice.seller_id):
        entry = Entry.objects.get()
        lines = sorted(entry.lines.values_list("account__code", "key", "amount"))
    assert (entry.cause, entry.booked_on) == (f"invoice:{invoice.ref}", date(2026, 3, 3))
    assert lines == [
        ("1100", f"invoice:{invoice.ref}", D("14280.00")),
        ("2000", f"contract:{billed.contract.ref}", D("-12000.00")),
        ("2100", "", D("-2280.00")),
    ]


REACHED = (ElectronicAddress("DE136695976", "9930"), "Buchhaltung", "+49 40 1234567")


def test_the_snapshot_says_everything_and_reads_back_as_it_was_written(billed: Billed) -> None:
    invoice = billed.invoice
    said = snapshot.read(invoice.snapshot)
    assert snapshot.write(said) == invoice.snapshot
    address = Address("Hafenstrasse 7", "20457", "Hamburg", "DE")
    assert said.number == invoice.number
    assert said.kind == "milestone"
    assert said.issue_date == invoice.issued_on
    assert said.due_date == invoice.due_on
    assert said.contract_number == "NL-2026-014"
    assert said.seller == Party(
        "Nordlicht Software GmbH", address, "DE136695976", "", "", "office@nordlicht.example", *REACHED
    )
    assert said.buyer == Party(
        "Meridian Logistik AG", address, "DE136695976", "", "", "einkauf@meridian.example", *REACHED
    )
    assert said.payee is None
    assert said.buyer_reference == "04011000-1234512345-06"
    assert said.credit_transfer == CreditTransfer(
        "Nordlicht Software GmbH", "DE89370400440532013000", "COBADEFFXXX", "", "", ""
    )
    assert said.acceptance is not None
    assert said.acceptance.accepted_by == "Bea Berg"
    assert said.acceptance.accepted_at == ACCEPTED_AT
    assert said.acceptance.accepted_on == date(2026, 3, 3)
    assert said.lines == (
        Line(
            "1",
            "Prototype",
            "Prototype as described in the specification.",
            D(1),
            "C62",
            D(12000),
            D(12000),
            "S",
            D(19),
        ),
    )
    assert said.taxes == (TaxRow(D(12000), D(2280), "S", D(19), ""),)
    assert said.totals == Totals(D(12000), D(12000), D(2280), D(14280), D(14280))


def test_every_snapshot_is_chained_to_the_one_before_in_its_series(billed: Billed) -> None:
    scenarios.accepted_milestone(billed.contract, position=2, at=datetime(2026, 6, 30, 9, 0, tzinfo=UTC))
    with walls.asking_for(billed.contract.seller_id):
        first, second = Invoice.objects.order_by("series_position")
        series = NumberSeries.objects.get()
    assert [first.number, second.number] == ["INV-2026-0001", "INV-2026-0002"]
    for invoice, before in ((first, "0" * 64), (second, first.chain_sha256)):
        assert invoice.snapshot_sha256 == canonical.sha256(invoice.snapshot)
        assert invoice.chain_sha256 == canonical.sha256(before + invoice.number + invoice.snapshot_sha256)
    assert (series.last, series.head) == (2, second.chain_sha256)


def test_a_new_year_where_the_seller_is_starts_a_new_series(billed: Billed) -> None:
    # Still 2026 in UTC, already 2027 in Berlin.
    scenarios.accepted_milestone(billed.contract, position=2, at=datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    with walls.asking_for(billed.contract.seller_id):
        numbers = list(Invoice.objects.order_by("pk").values_list("number", flat=True))
    assert numbers == ["INV-2026-0001", "INV-2027-0001"]


def test_a_higher_number_is_never_issued_earlier(billed: Billed) -> None:
    # The transaction of the second invoice read its clock first, and waited for the first one's number.
    scenarios.accepted_milestone(billed.contract, position=2, at=datetime(2026, 3, 2, 22, 30, tzinfo=UTC))
    with walls.asking_for(billed.contract.seller_id):
        first, second = Invoice.objects.order_by("series_position")
        assert (second.issued_at, second.issued_on, second.due_on) == (first.issued_at, first.issued_on, first.due_on)
        assert NumberSeries.objects.get().last_issued_at == ACCEPTED_AT


def test_a_series_does_not_go_back_in_time_by_raw_sql_either(billed: Billed) -> None:
    with pytest.raises(IntegrityError, match="numbers are issued in the order of time"):
        connections["owner"].cursor().execute(
            "UPDATE invoicing_numberseries SET last = last + 1, last_issued_at = last_issued_at - interval '1 second'"
        )


def test_two_sellers_number_apart(billed: Billed) -> None:
    strangers = scenarios.organisations("Foreign")
    contract = scenarios.active_contract(strangers, at=datetime(2026, 2, 2, 9, 0, tzinfo=UTC))
    scenarios.accepted_milestone(contract, at=ACCEPTED_AT)
    with walls.asking_for(contract.seller_id):
        assert Invoice.objects.get().number == "INV-2026-0001"


def test_a_seller_without_any_tax_number_is_told_before_the_contract_is_proposed(billed: Billed) -> None:
    contract, sina = billed.contract, scenarios.seller_actor(billed.parties)
    with scenarios.acting(sina):
        seller = Organisation.objects.get(pk=contract.seller_id)
        version = ContractVersion.objects.get(contract=contract)
        invoicing.check_billable(contract=contract, version=version)
        contract.seller.vat_number = ""
        with pytest.raises(Refused, match="Nordlicht Software GmbH must add one"):
            invoicing.check_billable(contract=contract, version=version)
        contract.seller = seller
        version.currency = "USD"
        with pytest.raises(Refused, match="no bank account in USD"):
            invoicing.check_billable(contract=contract, version=version)


def test_missing_tax_data_refuse_the_acceptance_and_nothing_happened(billed: Billed) -> None:
    contract, sina = billed.contract, scenarios.seller_actor(billed.parties)
    submission = scenarios.submitted_milestone(contract, position=2)
    with scenarios.acting(sina), transaction.atomic():
        data = scenarios._data("Nordlicht Software GmbH", "office@nordlicht.example")
        parties_services.change(
            actor=sina,
            data=parties_services.OrganisationData(
                legal_name=data.legal_name,
                country="DE",
                street=data.street,
                postcode=data.postcode,
                city=data.city,
            ),
        )
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with scenarios.acting(guest):
        with pytest.raises(Refused, match="Nordlicht Software GmbH must add one"):
            sign_off.accept_milestone(actor=guest, key="k", submission_ref=submission.ref, seen=submission.sha256)
        submission.refresh_from_db()
        assert submission.state == "submitted"
    with walls.asking_for(contract.seller_id):
        assert Invoice.objects.count() == 1
        assert NumberSeries.objects.get().last == 1


def test_a_milestone_that_is_not_accepted_is_not_billed(billed: Billed) -> None:
    milestone = scenarios.milestone_of(billed.contract, position=2)
    sina = scenarios.seller_actor(billed.parties)
    with scenarios.acting(sina), pytest.raises(Refused, match="Only an accepted milestone is billed"):
        invoicing.issue(new_ref(), milestone=milestone, contract=billed.contract, actor=sina, at=ACCEPTED_AT)
