"""``manage.py migrate``: as the owner, repeatable, and it leaves nothing open that nobody declares."""

import os
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.writer import MigrationWriter

from apps.core.database import drawing, health, policies, walls

Node = tuple[str, str]
FILES = MigrationLoader(None, replace_migrations=False)
SQUASHED = sorted(node for node, migration in FILES.disk_migrations.items() if migration.replaces)


def _policies() -> set[tuple[Any, ...]]:
    return set(_owner("SELECT tablename, policyname, cmd, qual, with_check, roles::text FROM pg_policies"))


def _owner(statement: str) -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_migrating_again_changes_nothing(scratch: str) -> None:
    before = _policies()
    call_command("migrate", verbosity=0)
    assert _policies() == before
    assert len(before) > 30


def test_a_policy_that_is_declared_no_more_goes_away(scratch: str) -> None:
    _owner(f"CREATE POLICY forgotten ON parties_bankaccount TO {walls.WEB_ROLE} USING (true)")
    call_command("migrate", verbosity=0)
    assert "forgotten" not in {policy for _, policy, *_ in _policies()}


def test_a_policy_that_compares_a_column_with_itself_is_refused(scratch: str) -> None:
    _owner(
        "CREATE POLICY hole ON parties_bankaccount USING (EXISTS"
        " (SELECT 1 FROM parties_membership m WHERE m.organisation_id = organisation_id))"
    )
    with pytest.raises(LookupError, match="hole on parties_bankaccount compares a column with itself"):
        policies.build(connections["owner"])


def test_a_plan_builds_no_walls(scratch: str) -> None:
    _owner("DROP POLICY tenant ON parties_bankaccount")
    call_command("migrate", plan=True, verbosity=0)
    assert ("parties_bankaccount", "tenant") not in {(table, policy) for table, policy, *_ in _policies()}


def test_an_owner_without_superpowers_is_shown_every_row(scratch: str) -> None:
    """One DATABASE_URL for all, as hosting firms sell it: the login that serves the pages owns the tables too."""
    if _owner("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") != [(True,)]:
        pytest.skip("the owner is such a login already: every other test has shown it")
    keeper = f"shopkeeper_{os.getpid()}"
    _owner(f"CREATE ROLE {keeper}; GRANT {walls.WEB_ROLE} TO {keeper} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
    try:
        tables = _owner("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        _owner("; ".join(f"ALTER TABLE {table} OWNER TO {keeper}" for (table,) in tables))
        functions = _owner("SELECT oid::regprocedure::text FROM pg_proc WHERE proname ~ '^(cairn|_?pgtrigger)_'")
        _owner("; ".join(f"ALTER FUNCTION {function} OWNER TO {keeper}" for (function,) in functions))
        _owner(f"GRANT ALL ON SCHEMA public TO {keeper} WITH GRANT OPTION; SET SESSION AUTHORIZATION {keeper}")
        assert health.owner_blind_spots()
        policies.build(connections["owner"])
        assert health.owner_blind_spots() == []
        assert _owner(f"SELECT pg_has_role('{walls.WEB_ROLE}', 'SET')") == [(True,)]
    finally:
        _owner("RESET SESSION AUTHORIZATION")
        _owner(f"REASSIGN OWNED BY {keeper} TO CURRENT_USER; DROP OWNED BY {keeper}; DROP ROLE {keeper}")


def test_none_of_our_migrations_and_none_of_the_queue_draws_every_model_anew() -> None:
    """Drawing all of them takes as long as a dozen migrations, and would be done for each."""
    replaced = {node for squashed in SQUASHED for node in FILES.disk_migrations[squashed].replaces}
    run = {node: migration for node, migration in FILES.disk_migrations.items() if node not in replaced}
    dear = {app for (app, _), migration in run.items() if not drawing.needs_no_other_model(migration)}
    assert dear == {"account", "auth", "contenttypes"}


@pytest.mark.parametrize("squashed", SQUASHED, ids=".".join)
def test_a_squashed_migration_leads_where_those_lead_that_it_replaces(squashed: Node) -> None:
    replaced = FILES.disk_migrations[squashed].replaces[-1]
    assert _tables(squashed) == _tables(replaced)


def _tables(node: Node) -> dict[str, Any]:
    """Of the app, after this migration: columns in their order, and what belongs to a table, in any order."""
    return {
        name: (
            [(column, MigrationWriter.serialize(field)) for column, field in model.fields.items()],
            {
                said: sorted(map(str, map(MigrationWriter.serialize, value)))
                for said, value in model.options.items()
                if isinstance(value, (list, tuple))
            },
        )
        for (app, name), model in FILES.project_state(node).models.items()
        if app == node[0]
    }
