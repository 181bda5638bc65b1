"""The second wall has no hole: read from Postgres' own catalogue, not from our declarations."""

import pytest
from django.db import connections

from apps.core.database import walls

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def _rows(sql: str) -> list[tuple[object, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def test_every_table_has_a_policy_or_a_reason() -> None:
    tables = {row[0] for row in _rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    declared = walls.declared()
    assert tables - set(declared) == set()
    walled = {
        row[0]
        for row in _rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity")
    }
    assert {table for table, wall in declared.items() if isinstance(wall, walls.Wall)} == walled


def test_the_web_role_owns_nothing_and_cannot_pass_the_walls() -> None:
    assert _rows("SELECT rolbypassrls, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = 'cairn_web'") == [
        (False, False, False)
    ]
    assert _rows("SELECT tablename FROM pg_tables WHERE tableowner = 'cairn_web'") == []


def test_records_are_insert_only_for_the_web_role() -> None:
    for table in (
        "ledger_entry",
        "ledger_line",
        "audit_entry",
        "invoicing_invoice",
        "contracts_signature",
        "milestones_decision",
    ):
        granted = {
            row[0]
            for row in _rows(
                "SELECT privilege_type FROM information_schema.role_table_grants"
                f" WHERE grantee = 'cairn_web' AND table_name = '{table}'"
            )
        }
        assert granted == {"SELECT", "INSERT"}, table


def test_nobody_asking_sees_nothing() -> None:
    walls.leave()
    with connections["default"].cursor() as cursor:
        for table, wall in walls.declared().items():
            if isinstance(wall, walls.Wall):
                cursor.execute(f"SELECT count(*) FROM {table}")
                assert cursor.fetchone() == (0,), table
