"""What Postgres refuses of invoices, whoever asks: these statements go round the services, as the tables' owner."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from apps.core.database import walls
from tests.invoicing.conftest import Billed

COLUMNS = (
    "ref, seller_id, buyer_id, contract_id, milestone_id, number, series_prefix, series_year, series_position,"
    " currency, net, tax, gross, issued_at, issued_on, due_on, snapshot, snapshot_sha256, chain_sha256"
)


def _refused(statement: str, because: str) -> None:
    with (
        pytest.raises(IntegrityError, match=because),
        transaction.atomic(using="owner"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(statement)


def _copy(**changes: str) -> str:
    """A second invoice for the second milestone, copied from the first with other values."""
    values = {name.strip(): f"i.{name.strip()}" for name in COLUMNS.split(",")} | {
        "ref": "'raw'",
        "milestone_id": "m.id",
        "number": "'INV-2026-0002'",
        "series_position": "2",
        **changes,
    }
    return (
        f"INSERT INTO invoicing_invoice ({COLUMNS}) SELECT {', '.join(values.values())} FROM invoicing_invoice i"
        " JOIN milestones_milestone m ON m.contract_id = i.contract_id AND m.position = 2 WHERE i.series_position = 1"
    )


READY = "UPDATE invoicing_document SET state = 'ready', rendered_at = now(), size = 1, sha256 = 'x', stored_as = 'x'"
DRAW = "UPDATE invoicing_numberseries SET last = last + 1"


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE invoicing_invoice SET gross = gross + 1", "this row is frozen"),
        ("UPDATE invoicing_invoice SET gross = gross", "replaced once it is cancelled"),
        (
            "UPDATE invoicing_invoice SET milestone_id = NULL, replaced_milestone_id = milestone_id",
            "once it is cancelled",
        ),
        ("DELETE FROM invoicing_invoice", "this row is frozen"),
        ("TRUNCATE invoicing_invoice CASCADE", "append-only"),
        ("UPDATE invoicing_invoiceline SET net = 1", "append-only"),
        ("DELETE FROM invoicing_invoiceline", "append-only"),
    ],
)
def test_an_issued_invoice_never_changes(untouched: Billed, statement: str, why: str) -> None:
    """But for the milestone that it bills, once it is cancelled and another one bills that."""
    _refused(statement, why)


def test_a_milestone_that_is_not_accepted_cannot_be_billed_by_anybody(untouched: Billed) -> None:
    _refused(f"{DRAW}; {_copy()}", "only for an accepted milestone")


def test_a_milestone_is_billed_once_and_at_its_amount(untouched: Billed) -> None:
    draw = f"{DRAW}, head = 'head'"
    again = {"milestone_id": "i.milestone_id", "chain_sha256": "'head'"}
    _refused(f"{draw}; {_copy(**again)}", "milestone_id")
    _refused(f"{draw}; {_copy(**again, net='i.net + 1', gross='i.gross + 1')}", "only for an accepted milestone")


def test_a_number_is_drawn_from_its_series_or_not_at_all(untouched: Billed) -> None:
    _refused(_copy(milestone_id="i.milestone_id"), "drawn from its series")


@pytest.mark.parametrize(
    ("statement", "because"),
    [
        (DRAW, "drawn and not used"),
        ("UPDATE invoicing_numberseries SET last = last - 1", "numbers go up by one"),
        ("UPDATE invoicing_numberseries SET last = last + 2", "numbers go up by one"),
        ("UPDATE invoicing_numberseries SET head = ''", "numbers go up by one"),
        ("DELETE FROM invoicing_numberseries", "never deleted"),
        (
            "INSERT INTO invoicing_numberseries (organisation_id, prefix, year, last, head)"
            " SELECT organisation_id, 'X', 2026, 7, '' FROM invoicing_numberseries",
            "starts at zero",
        ),
    ],
)
def test_numbers_are_neither_skipped_nor_taken_back(untouched: Billed, statement: str, because: str) -> None:
    _refused(statement, because)


@pytest.mark.parametrize(
    ("statement", "because"),
    [
        ("UPDATE invoicing_openitem SET paid = 1, open = open - 1", "differs from its allocations"),
        ("UPDATE invoicing_openitem SET open = open - 1", "open_is_gross_less_retained_reserved_credited_and_paid"),
        ("UPDATE invoicing_openitem SET paid = paid - 1, open = open + 1", "never_paid_more_than_owed"),
        ("UPDATE invoicing_openitem SET paid = gross, open = 0", "settled_when_nothing_is_open"),
        ("UPDATE invoicing_openitem SET gross = 1, open = 1", "frozen"),
        ("DELETE FROM invoicing_openitem", r"frozen|never deleted"),
        ("UPDATE invoicing_document SET state = 'ready'", "ready_document_has_its_bytes"),
        (f"{READY}, xml_size = 1, xml_sha256 = 'x'", "ready_document_has_its_xml_or_an_obstacle"),
        (READY, "ready_document_has_its_xml_or_an_obstacle"),
        (f"{READY}, xml_obstacle = 'seller', xml_size = 1", "ready_document_has_its_xml_or_an_obstacle"),
        ("DELETE FROM invoicing_document", "never deleted"),
    ],
)
def test_what_is_owed_follows_the_allocations_only(untouched: Billed, statement: str, because: str) -> None:
    _refused(statement, because)


def test_an_allocation_beyond_the_payment_is_refused(untouched: Billed) -> None:
    _refused(
        "INSERT INTO invoicing_payment (ref, recipient_id, payer_id, amount, currency, received_on, bank_reference,"
        " recorded_at) SELECT 'raw', seller_id, buyer_id, 10, 'EUR', '2026-04-01', 'raw', now() FROM invoicing_invoice;"
        " INSERT INTO invoicing_allocation (payment_id, invoice_id, amount, allocated_at)"
        " SELECT p.id, i.id, 11, now() FROM invoicing_payment p, invoicing_invoice i;"
        " UPDATE invoicing_openitem SET paid = 11, open = gross - 11",
        "allocated beyond its amount",
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE invoicing_invoice SET gross = gross",
        "UPDATE invoicing_invoiceline SET net = 1",
        "DELETE FROM invoicing_invoice",
        "DELETE FROM invoicing_openitem",
        "DELETE FROM invoicing_payment",
        "UPDATE invoicing_allocation SET amount = 1",
        "TRUNCATE invoicing_invoice CASCADE",
    ],
)
def test_the_web_role_is_not_even_granted_to_try(untouched: Billed, statement: str) -> None:
    with (
        walls.asking_for(untouched.contract.seller_id),
        pytest.raises(DatabaseError, match="permission denied"),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
