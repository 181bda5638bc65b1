"""Exports of a journal that real deals made: the files say what the ledger says, and what is numbered stays so."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.audit.models import Entry as AuditEntry
from apps.core import canonical
from apps.core.errors import NotAllowed, Refused
from apps.invoicing.models import Invoice
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.ledger.exports import defaults
from apps.ledger.models import Book, Entry, EntryNumber, ExportFormat, JournalExport, Line
from apps.parties.actor import Actor
from apps.workflows import billing, export_jobs, exporting
from apps.workflows.journals import making, reading
from apps.workflows.once import Answer
from tests import scenarios
from tests.ledger import exported
from tests.scenarios import Parties, acting, key, member

FEBRUARY, MARCH = datetime(2026, 2, 10, 9, tzinfo=UTC), datetime(2026, 3, 3, 9, tzinfo=UTC)
DETAILS = {"consultant": 29098, "client": 55003, "year_begins": 1, "chart": "04"}


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


@pytest.fixture
def invoices(parties: Parties) -> list[Invoice]:
    return told(parties)


def told(parties: Parties) -> list[Invoice]:
    """One invoice in February, one in March, and a payment of the first in March."""
    contract = scenarios.active_contract(parties, at=FEBRUARY)
    for position, at in enumerate((FEBRUARY, MARCH), start=1):
        scenarios.accepted_milestone(contract, position=position, at=at)
    with acting(member(parties, "billing"), at=MARCH) as bilge:
        found = list(Invoice.objects.order_by("pk"))
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=found[0].ref,
            amount=Decimal("15000.00"),
            received_on=MARCH.date(),
            bank_reference="=BANK-1",
        )
    return found


def set_accounts(parties: Parties, package: str = "datev", **changes: str) -> None:
    accounts = defaults.accounts_of(package, chart="04") | changes
    details = DETAILS if package == "datev" else {"tax_rate": "No VAT"} if package == "xero" else {}
    with acting(member(parties, "billing"), at=MARCH) as bilge:
        exporting.set_own_accounts(actor=bilge, key=key(), package=package, accounts=accounts, details=details)


def asked(parties: Parties, kind: str, *, month: int = 3, through: int = 0, role: str = "billing") -> JournalExport:
    """The export of a month, or of all from it through another one, made by its job."""
    last = date(2026, (through or month) + 1, 1) - timedelta(days=1)
    with acting(member(parties, role), at=MARCH) as actor:
        ref = exporting.request_export(
            actor=actor, key=key(), currency="EUR", kind=kind, starts_on=date(2026, month, 1), ends_on=last
        )["export"]
        export_jobs.make_journal_export.func(export_ref=ref, organisation_id=parties.seller.pk)
    with acting(member(parties, role)):
        return JournalExport.objects.select_related("book", "organisation").get(ref=ref)


def content_of(export: JournalExport) -> bytes:
    assert export.state == "ready", export.failure
    with default_storage.open(export.stored_as) as file:
        content: bytes = file.read()
    assert canonical.sha256(content) == export.sha256
    assert (len(content), export.done_lines) == (export.size, export.lines)
    return content


def sums_of_ledger(parties: Parties, export: JournalExport) -> exported.Sums:
    found: exported.Sums = {}
    with acting(member(parties, "seller")):
        lines = Line.objects.filter(entry__book=export.book, entry__booked_on__range=(export.starts_on, export.ends_on))
        for code, amount in lines.values_list("account__code", "amount"):
            found[code] = found.get(code, Decimal(0)) + amount
    return exported.moved(found)


@pytest.mark.parametrize("kind", ExportFormat.values)
def test_a_file_says_of_every_account_what_the_ledger_says(
    parties: Parties, invoices: list[Invoice], kind: str
) -> None:
    if kind in ("datev", "xero", "quickbooks"):
        set_accounts(parties, kind)
    export = asked(parties, kind, month=2, through=3)
    sums = exported.read(kind, content_of(export), export.accounts)
    assert sums == sums_of_ledger(parties, export)
    assert sums[Seller.BANK] == Decimal("15000.00")
    assert (export.numbers, export.entries, export.lines) == ("1–3", 3, 9)
    assert export.debit == export.credit == Decimal("14280.00") * 2 + Decimal("15000.00")


def test_a_row_says_what_was_booked_and_for_which_invoice_and_contract(
    parties: Parties, invoices: list[Invoice]
) -> None:
    rows = exported.rows_of_csv(content_of(asked(parties, "csv")))
    paid = [row for row in rows if row["Cause"].startswith("payment:")]
    assert [(row["Entry"], row["Date"], row["Document"], row["Contract"]) for row in paid] == [
        ("3", "2026-03-03", invoices[0].number, "NL-2026-014")
    ] * 3
    assert [(row["Account"], row["Account name"], row["Debit"], row["Credit"]) for row in paid] == [
        ("1000", "Bank", "15000.00", ""),
        ("1100", "Receivables", "", "14280.00"),
        ("2200", "Unapplied receipts", "", "720.00"),
    ]
    assert paid[0]["Text"] == f"Payment of {invoices[0].number}: =BANK-1"


def test_neighbouring_periods_neither_overlap_nor_leave_a_gap_whichever_is_exported_first(
    parties: Parties, invoices: list[Invoice]
) -> None:
    march, february = asked(parties, "csv", month=3), asked(parties, "csv", month=2)
    assert (february.numbers, march.numbers) == ("1", "2–3")
    whole = asked(parties, "csv", month=2, through=3)
    assert whole.numbers == "1–3"
    head, *rows = content_of(whole).splitlines()
    assert rows == [*content_of(february).splitlines()[1:], *content_of(march).splitlines()[1:]]
    assert content_of(february).splitlines()[0] == head


@pytest.mark.parametrize("kind", ["csv", "xlsx", "datev"])
def test_the_same_period_twice_is_the_same_file(parties: Parties, invoices: list[Invoice], kind: str) -> None:
    set_accounts(parties)
    first = asked(parties, kind)
    assert asked(parties, kind, role="seller").pk == first.pk
    # One whose file is not kept any more is written anew, later, to the same bytes.
    with acting(member(parties, "seller")):
        other = JournalExport.objects.get(pk=first.pk)
    other.pk, other.ref, other.state, other.stored_as, other.made_at = None, "2" * 16, "making", "", None
    other._state.adding = True
    with acting(member(parties, "seller")):
        other.save()
        making.make(export_ref=other.ref)
        other.refresh_from_db()
    assert (other.sha256, other.size) == (first.sha256, first.size)
    assert content_of(other) == content_of(first)


def test_what_is_booked_later_with_an_early_date_gets_a_later_number(parties: Parties, invoices: list[Invoice]) -> None:
    before = asked(parties, "csv", month=2), asked(parties, "csv", month=3)
    with acting(member(parties, "seller")):
        ledger.post(
            organisation_id=parties.seller.pk,
            currency="EUR",
            purpose=ledger.Purpose.SELLER,
            cause="late:1",
            description="Booked late",
            booked_on=date(2026, 2, 27),
            legs=[
                ledger.debit(Seller.BANK, amount=Decimal("1.00")),
                ledger.credit(Seller.UNAPPLIED_RECEIPTS, amount=Decimal("1.00"), key="payment:none"),
            ],
            at=MARCH,
        )
    after = asked(parties, "csv", month=2), asked(parties, "csv", month=3)
    assert (after[0].numbers, after[1].pk) == ("1, 4", before[1].pk)
    rows = [row["Entry"] for row in exported.rows_of_csv(content_of(after[0]))]
    assert rows == ["1"] * 3 + ["4"] * 2


def test_an_export_asks_as_many_questions_for_one_entry_as_for_many(parties: Parties, invoices: list[Invoice]) -> None:
    counts = []
    for months in ((2, 2), (2, 3)):
        export = asked(parties, "csv", month=months[0], through=months[1])
        with acting(member(parties, "seller")), CaptureQueriesContext(connection) as queries:
            assert sum(1 for _entry in reading.entries_of(export)) == export.entries
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 2


def test_an_account_without_one_of_the_sellers_stops_the_export_before_anything_is_written(
    parties: Parties, invoices: list[Invoice]
) -> None:
    set_accounts(parties, **{Seller.OUTPUT_TAX: "", Seller.UNAPPLIED_RECEIPTS: "", Seller.ADVANCES_RECEIVED: ""})
    with pytest.raises(Refused, match="2100 Output tax, 2200 Unapplied receipts") as refused:
        asked(parties, "datev")
    assert refused.value.lacks == "datev_accounts"
    assert "Advances" not in str(refused.value)
    with acting(member(parties, "seller")):
        assert not JournalExport.objects.exists()
        assert not EntryNumber.objects.exists()


def test_datev_wants_the_consultants_numbers_first(parties: Parties, invoices: list[Invoice]) -> None:
    with pytest.raises(Refused, match="under which numbers DATEV knows you"):
        asked(parties, "datev")


def test_a_journal_in_another_currency_is_only_for_tables(parties: Parties, invoices: list[Invoice]) -> None:
    with acting(member(parties, "seller"), at=MARCH) as sina:
        ledger.post(
            organisation_id=parties.seller.pk,
            currency="USD",
            purpose=ledger.Purpose.SELLER,
            cause="usd:1",
            description="Dollars",
            booked_on=MARCH.date(),
            legs=[
                ledger.debit(Seller.BANK, amount=Decimal("1.00")),
                ledger.credit(Seller.CONTRACT_BALANCE, amount=Decimal("1.00"), key="contract:none"),
            ],
            at=MARCH,
        )
        for kind in ("xero", "quickbooks"):
            with pytest.raises(Refused, match="knows no rate for USD"):
                _in_dollars(sina, kind)
        assert _in_dollars(sina, "csv")["export"]


def _in_dollars(actor: Actor, kind: str) -> Answer:
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    return exporting.request_export(actor=actor, key=key(), kind=kind, currency="USD", starts_on=first, ends_on=last)


def test_an_empty_period_is_refused(parties: Parties, invoices: list[Invoice]) -> None:
    with pytest.raises(Refused, match="Nothing is booked"):
        asked(parties, "csv", month=1)


@pytest.mark.parametrize("role", ["delivery", "buyer"])
def test_only_owner_and_billing_export(parties: Parties, invoices: list[Invoice], role: str) -> None:
    """A buyer has no book as a seller, so there is nothing to ask for."""
    with pytest.raises(NotAllowed if role == "delivery" else Refused):
        asked(parties, "csv", role=role)


def test_who_exported_what_is_recorded(parties: Parties, invoices: list[Invoice]) -> None:
    set_accounts(parties)
    export = asked(parties, "datev")
    asked(parties, "datev", role="seller")
    with acting(member(parties, "seller")):
        said = list(AuditEntry.objects.filter(verb="journal.exported").order_by("position"))
        facts = canonical.read(said[0].text)["facts"]
        assert AuditEntry.objects.filter(verb="journal.accounts_set").count() == 1
    assert [one.actor_name for one in said] == [parties.people[role].user.name for role in ("billing", "seller")]
    assert {one.subject for one in said} == {f"export:{export.ref}"}
    assert (facts["entries"], facts["debit"], facts["credit"]) == ("2–3", "29280", "29280")


def test_a_book_that_does_not_keep_the_promise_makes_no_file(
    parties: Parties, invoices: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = reading.entries_of
    monkeypatch.setattr(making, "entries_of", lambda export: list(real(export))[1:])
    export = asked(parties, "csv")
    assert (export.state, export.stored_as) == ("failed", "")
    assert "was promised" in export.failure


def test_the_database_refuses_numbers_with_a_gap_and_changed_exports(parties: Parties, invoices: list[Invoice]) -> None:
    export = asked(parties, "csv", month=2)
    with acting(member(parties, "seller")):
        book = Book.objects.get()
        entry = Entry.objects.filter(numbered=None).first()
        assert entry is not None
        wrong = EntryNumber(organisation_id=parties.seller.pk, book=book, entry=entry, number=7)
        for change in (
            wrong.save,
            lambda: EntryNumber.objects.update(number=9),
            lambda: JournalExport.objects.filter(pk=export.pk).update(debit=1, credit=1),
            lambda: JournalExport.objects.filter(pk=export.pk).update(numbers="1–9"),
            lambda: JournalExport(
                **{
                    **{field.attname: getattr(export, field.attname) for field in JournalExport._meta.fields},
                    "id": None,
                    "ref": "3" * 16,
                    "credit": export.credit + 1,
                }
            ).save(),
        ):
            with pytest.raises(DatabaseError, match=r"no gap|append-only|frozen|exports_balance|permission denied"):
                _in_a_savepoint(change)


def _in_a_savepoint(change: object) -> None:
    assert callable(change)
    with transaction.atomic():
        change()


def test_the_command_writes_the_same_file(scratch: str, tmp_path: Path) -> None:
    parties = scenarios.organisations()
    told(parties)
    export = asked(parties, "csv")
    path = tmp_path / "journal.csv"
    days = ["--from", "2026-03-01", "--to", "2026-03-31"]
    call_command("export_journal", parties.seller.ref, *days, "--output", str(path))
    assert path.read_bytes() == content_of(export)
    with pytest.raises(CommandError, match="Nothing is booked"):
        call_command("export_journal", parties.seller.ref, "--from", "2020-01-01", "--to", "2020-01-31")
    with pytest.raises(CommandError, match="no such organisation"):
        call_command("export_journal", "2" * 16, *days)
