"""Raw SQL that goes round the services is refused: what the bank said stays, and money is applied once."""

# Fixtures are imported by name.
# ruff: noqa: F811

import pytest
from django.db import IntegrityError, connections, transaction

from tests.invoicing.conftest import Billed, story, untouched  # noqa: F401
from tests.invoicing.statements.bank import Bank, Booking, camt
from tests.invoicing.statements.test_applying import DAY, NUMBER, D, imported


@pytest.fixture(scope="module")
def kept(untouched: Billed) -> Billed:
    """One transaction applied, one open, one of money out."""
    bank = Bank(
        [
            Booking(DAY, D("14280.00"), NUMBER, reference="applied"),
            Booking(DAY, D("5.00"), "x", reference="open"),
            Booking(DAY, D("-1.00"), "y", reference="out"),
        ]
    )
    imported(untouched, camt(bank, DAY, DAY))
    return untouched


TRANSACTION, STATEMENT = "invoicing_banktransaction", "invoicing_bankstatement"
FILE, APPLICATION = "invoicing_statementfile", "invoicing_cashapplication"
FROZEN, ONCE_WRITTEN = "this row is frozen", "append-only"


def changed(what: str, *, of: str = "open") -> str:
    return f"UPDATE {TRANSACTION} SET {what} WHERE bank_reference = '{of}'"


def again(table: str, other: str = "{}", *, where: str = "true") -> str:
    """One more row like the first of a table, in which something is other."""
    new = '{"id": 999999, "ref": "another"}' if table != APPLICATION else '{"id": 999999}'
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, to_jsonb(t) || '{new}' || '{other}')).*"
        f" FROM {table} t WHERE {where} ORDER BY id LIMIT 1"
    )


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (changed("amount = 6"), FROZEN),
        (changed("text = 'other'"), FROZEN),
        (changed("unapplied = 4"), "differs from its payments"),
        (changed("unapplied = 1", of="out"), "unapplied_is_a_part_of_money_in"),
        (changed("state = 'applied'"), "state_of_a_bank_transaction_is_true"),
        (changed("state = 'open'", of="applied"), "state_of_a_bank_transaction_is_true"),
        (changed("state = 'open', unapplied = amount", of="applied"), "differs from its payments"),
        (changed("state = 'set_aside'"), "set_aside_by_somebody_for_a_reason"),
        (changed("state = 'waiting'"), "illegal step from open to waiting"),
        (changed("state = 'open'", of="out"), "illegal step from noted to open"),
        (f"DELETE FROM {TRANSACTION}", "never deleted"),
        (f"UPDATE {STATEMENT} SET closing = closing + 1", ONCE_WRITTEN),
        (f"DELETE FROM {STATEMENT}", ONCE_WRITTEN),
        (f"UPDATE {FILE} SET brought = 0", ONCE_WRITTEN),
        (f"DELETE FROM {FILE}", ONCE_WRITTEN),
        (f"UPDATE {APPLICATION} SET position = 9", ONCE_WRITTEN),
        (f"DELETE FROM {APPLICATION}", ONCE_WRITTEN),
        (f"TRUNCATE {APPLICATION}", ONCE_WRITTEN),
        (again(TRANSACTION, '{"state": "waiting"}', where="bank_reference = 'open'"), "bank_transaction_once"),
        (
            again(TRANSACTION, '{"state": "waiting", "identity": "other", "currency": "USD"}', where="amount = 5"),
            "a transaction is of its statement",
        ),
        (again(TRANSACTION, '{"identity": "other"}', where="amount = 5"), "a transaction is of its statement"),
        (again(STATEMENT, '{"closing": 1}'), "statement_adds_up"),
        (again(STATEMENT, '{"currency": "USD"}'), "a statement is of its file and account"),
        (again(APPLICATION, '{"position": 2}'), "payment_id"),
        (again(FILE), "statement_file_imported_once"),
        (again(FILE, '{"account_id": 999999}'), "a statement is of an own account"),
    ],
)
def test_the_database_refuses_what_the_code_forgot(kept: Billed, sql: str, words: str) -> None:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        with pytest.raises(IntegrityError, match=words), transaction.atomic(using="owner"):
            cursor.execute(f"{sql}; SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"SELECT count(*), sum(unapplied) FROM {TRANSACTION}")
        assert cursor.fetchone() == (3, D("5.000"))
