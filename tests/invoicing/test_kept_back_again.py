"""What came back of retention keeps its own part, whatever is credited: of two kinds, and by raw SQL."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker

from apps.contracts.models import Contract
from apps.contracts.retention import BUYER, RetentionRelease, RetentionTerms
from apps.core import clock
from apps.core.database import scratch as scratch_databases
from apps.core.database import walls
from apps.invoicing.models import Invoice, Retention
from apps.invoicing.services import crediting
from apps.invoicing.services import disputes as invoice_disputes
from apps.workflows import billing, retention
from tests import corrections, disputes, scenarios
from tests.scenarios import Parties, acting, key, member

D = Decimal
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UNTIL = date(2026, 9, 1)
TERMS = RetentionTerms(
    rate=D(10),
    name="Performance",
    releases=(RetentionRelease(D(50)), RetentionRelease(D(50), BUYER)),
    further=(RetentionTerms(rate=D(5), name="Defects", releases=(RetentionRelease(D(100), BUYER),)),),
)


@dataclass(frozen=True)
class Returned:
    """A contract of 12,000, 12,000 and 16,000 is completed and paid, 1,200, 1,200 and 1,600 were retained of one kind
    and half of that of another; of the 2,000 that were released 500 came back, and the first invoice is credited until
    nothing is retained of it but what came back of the first kind, 150."""

    parties: Parties
    contract: Contract
    first: Invoice
    statement: Invoice


def told() -> Returned:
    with clock.stopped(AT):
        parties = scenarios.organisations()
    draft = replace(scenarios.software_draft(parties), retention=TERMS)
    contract = scenarios.active_contract(parties, draft=draft, at=AT)
    for position in (1, 2, 3):
        scenarios.accepted_milestone(contract, position=position, at=AT)
    with clock.stopped(AT):
        retention.tend_contract(contract_ref=contract.ref)
    with walls.asking_for(parties.seller.pk):
        statement = Invoice.objects.get(kind="retention_release")
        first = Invoice.objects.select_related("open_item").order_by("pk")[0]
    with acting(member(parties, "billing"), at=AT) as bilge:
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=first.ref,
            amount=first.open_item.open,
            received_on=AT.date(),
            bank_reference="IN-1",
        )
    return Returned(parties, contract, first, statement)


def returned(now: Returned, *, amount: str = "500", at: datetime = AT) -> None:
    bea, bilge = scenarios.approver_actor(now.parties), member(now.parties, "billing")
    dispute = disputes.on_invoice(now.statement.ref, actor=bea, at=at + MINUTE)
    proposal = disputes.proposed(
        dispute, "partly_upheld", actor=bilge, at=at + 2 * MINUTE, amount=amount, kept_until=UNTIL
    )
    disputes.agreed(proposal, actor=bea, at=at + 3 * MINUTE)


def kept(now: Returned) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Of the first invoice, kind by kind: withheld, released, came back."""
    found = Retention.objects.using("owner").filter(invoice=now.first).order_by("kind")
    return list(found.values_list("held", "released", "returned"))


@pytest.fixture(scope="module")
def untouched(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Returned]:
    """One story for all attempts, because each of them is refused."""
    with django_db_blocker.unblock(), scratch_databases.scratch_database():
        now = told()
        returned(now)
        returned(now, amount="0.01", at=AT + 10 * MINUTE)  # of one line of the statement
        credit = corrections.credited(now.parties, now.first.ref, "1008.40", at=AT + 20 * MINUTE)
        assert credit.retained == D(1200)
        assert kept(now) == [(D(600), D(450), D(150)), (D(0), D(0), D(0))]
        yield now
        connections.close_all()


DRAW = "UPDATE invoicing_numberseries SET last = last + 1, head = 'head' WHERE prefix = 'RET'"
STATED = (
    "INSERT INTO invoicing_invoice ({columns}) SELECT {values} FROM invoicing_invoice i"
    " JOIN invoicing_numberseries s ON s.organisation_id = i.seller_id AND s.prefix = i.series_prefix"
    " WHERE i.kind = 'retention_release'"
)


def statement_of(amount: str) -> str:
    """Another statement of retention, complete, which asks for this much, by raw SQL."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'invoicing_invoice'::regclass AND attnum > 0"
            " AND NOT attisdropped AND attidentity = ''"
        )
        columns = [name for (name,) in cursor.fetchall()]
    changed = {
        "ref": "'raw'",
        "number": "'RET-RAW'",
        "series_position": "s.last",
        "chain_sha256": "s.head",
        "net": amount,
        "gross": amount,
    }
    made = STATED.format(columns=", ".join(columns), values=", ".join(changed.get(one, f"i.{one}") for one in columns))
    raw = "(SELECT id FROM invoicing_invoice WHERE ref = 'raw')"
    return (
        f"{DRAW}; {made};"
        f" INSERT INTO invoicing_invoiceline (invoice_id, position, description, quantity, unit_price, net,"
        f" tax_category, tax_rate) SELECT {raw}, 1, 'raw', 1, {amount}, {amount}, 'O', 0;"
        f" INSERT INTO invoicing_openitem (invoice_id, contract_id, seller_id, buyer_id, currency, due_on, gross, paid,"
        f" credited, open) SELECT id, contract_id, seller_id, buyer_id, currency, due_on, gross, 0, 0, gross"
        f" FROM invoicing_invoice WHERE ref = 'raw';"
        f" INSERT INTO invoicing_document (ref, invoice_id, state, requested_at, stored_as, size, sha256,"
        f" xml_stored_as, xml_size, xml_sha256, xml_obstacle, failure)"
        f" SELECT 'raw', {raw}, 'rendering', now(), '', 0, '', '', 0, '', '', '';"
    )


def release_of(position: int, amount: str, *moves: str) -> str:
    """A part of the schedule, or one that came back, is released by so much of the first kind of the first invoice."""
    first = "(SELECT min(id) FROM invoicing_retention)"
    share = (
        "INSERT INTO invoicing_retentionshare (release_id, retention_id, amount)"
        f" SELECT id, {first}, amount FROM invoicing_retentionrelease WHERE ref = 'raw'"
    )
    of_it = [share if one == "share" else f"UPDATE invoicing_retention SET {one} WHERE id = {first}" for one in moves]
    return (
        f"{statement_of(amount)}"
        " INSERT INTO invoicing_retentionrelease (ref, contract_id, position, kind, event, invoice_id, currency,"
        f" amount, released_on, released_at, released_by_name) SELECT 'raw', contract_id, {position}, 1, 'date', id,"
        f" currency, {amount}, issued_on, issued_at, '' FROM invoicing_invoice WHERE ref = 'raw'; {'; '.join(of_it)}"
    )


def refused(statement: str, because: str) -> None:
    with (
        pytest.raises(IntegrityError, match=because),
        transaction.atomic(using="owner"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(f"{statement}; SET CONSTRAINTS ALL IMMEDIATE")


ALL_OF_IT = "released = released + 150, returned = returned - 150"


@pytest.mark.parametrize(
    ("moves", "because"),
    [
        ((ALL_OF_IT, "share"), "a part releases what is its own"),
        (("share", ALL_OF_IT), "a part releases what is its own"),
        (("returned = 0", "share", "released = released + 150"), "what agreed parts release never grows"),
    ],
)
def test_a_part_that_was_agreed_releases_nothing_of_what_came_back(
    untouched: Returned, moves: tuple[str, ...], because: str
) -> None:
    # Nothing else is retained any more, so what is withheld, released and came back tallies all the same.
    refused(release_of(2, "150", *moves), because)


def test_what_came_back_is_released_by_no_more_and_no_less_than_what_is_left_of_it(untouched: Returned) -> None:
    refused(release_of(4, "151", "share"), "a part releases what is its own")
    part = "released = released + 149, returned = returned - 149"
    refused(release_of(4, "149", "share", part), "differs from its open item")
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(f"{release_of(4, '150', 'share', ALL_OF_IT)}; SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True, using="owner")


@pytest.mark.parametrize(
    ("statement", "because"),
    [
        (
            "INSERT INTO invoicing_invoiceline (invoice_id, position, description, quantity, unit_price, net,"
            " tax_category, tax_rate) SELECT invoice_id, position + 9, 'raw', 1, 1, 1, tax_category, tax_rate"
            " FROM invoicing_invoiceline",
            "no line joins an invoice that is complete",
        ),
        (
            "INSERT INTO invoicing_creditnoteline (credit_note_id, invoice_line_id, net)"
            " SELECT n.id, l.id, 1 FROM invoicing_creditnote n JOIN invoicing_invoiceline l"
            " ON l.invoice_id = n.invoice_id WHERE NOT EXISTS (SELECT 1 FROM invoicing_creditnoteline e"
            " WHERE e.credit_note_id = n.id AND e.invoice_line_id = l.id)",
            "no line joins a credit note that is complete",
        ),
        (
            "UPDATE invoicing_document SET state = 'failed';"
            " INSERT INTO invoicing_retention (invoice_id, contract_id, seller_id, buyer_id, currency, kind, held,"
            " carried) SELECT id, contract_id, seller_id, buyer_id, currency, 3, 0, 5 FROM invoicing_invoice",
            "nothing is withheld of an invoice on paper",
        ),
        (
            "INSERT INTO invoicing_retentionreturn (contract_id, release_id, credit_note_id, position, kind, currency,"
            " amount, kept_until, returned_at) SELECT contract_id, release_id, credit_note_id, 9, kind, currency,"
            " amount, (returned_at AT TIME ZONE 'Europe/Berlin')::date, returned_at FROM invoicing_retentionreturn",
            "kept until a day to come",
        ),
        (
            "INSERT INTO invoicing_retentionreturn (contract_id, release_id, credit_note_id, position, kind, currency,"
            " amount, kept_until, returned_at) SELECT contract_id, release_id, credit_note_id, 9, kind, currency,"
            " amount, kept_until, returned_at - interval '1 year' FROM invoicing_retentionreturn",
            "only what was released comes back",
        ),
        ("UPDATE invoicing_retentionreturn SET kept_until = kept_until + 1", "append-only"),
        ("UPDATE milestones_disputeproposal SET kept_until = kept_until + 1", "append-only"),
    ],
)
def test_the_database_refuses_what_goes_round_the_services(untouched: Returned, statement: str, because: str) -> None:
    refused(statement, because)


@pytest.mark.parametrize("day", [None, UNTIL + timedelta(days=1)])
def test_nothing_is_kept_until_a_day_on_which_nobody_agreed(
    scratch: str, monkeypatch: pytest.MonkeyPatch, day: date | None
) -> None:
    now = told()
    monkeypatch.setattr(invoice_disputes, "_kept_until", lambda dispute: day)
    with pytest.raises(IntegrityError, match="nobody agreed that part"):
        returned(now)


@pytest.fixture(scope="module")
def uncredited(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Returned]:
    """Before anything is credited, for attempts that are taken back."""
    with django_db_blocker.unblock(), scratch_databases.scratch_database():
        now = told()
        returned(now)
        yield now
        connections.close_all()


@settings(max_examples=40, deadline=None)
@given(notes=st.lists(st.integers(1, 900), min_size=1, max_size=4))
def test_whatever_is_credited_of_two_kinds_what_came_back_is_kept_until_nothing_else_is(
    uncredited: Returned, notes: list[int]
) -> None:
    found = Retention.objects.filter(invoice=uncredited.first).order_by("kind")
    with walls.asking_for(uncredited.parties.seller.pk), transaction.atomic():
        taken = 0
        for note in notes:
            by = min(note, 1350 - taken)
            crediting.retain_less(uncredited.first, by=D(by))
            taken += by
            work, defects = found
            assert (work.released, defects.released) == (D(450), D(0)), "what was released stays so"
            assert (work.returned, defects.returned) == (D(min(150, 1350 - taken)), D(0)), "what came back falls last"
            assert defects.held == max(0, min(600, 1200 - taken)), "the kinds fall in the order they were agreed in"
            assert work.held - work.released + defects.held == 1350 - taken
            found = found.all()
        transaction.set_rollback(True)
