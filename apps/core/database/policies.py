"""From what models declare to what Postgres holds: role, grants, functions and policies, rebuilt by each migrate."""

import pgtrigger
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from apps.core.database.guards import Guard
from apps.core.database.walls import ROW, WEB_ROLE, Open, Wall, declared, openings, seen, sums

FUNCTIONS = """
CREATE OR REPLACE FUNCTION cairn_orgs() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT ('{' || nullif(current_setting('app.orgs', true), '') || '}')::bigint[] $$;
CREATE OR REPLACE FUNCTION cairn_readers() RETURNS jsonb[] LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT ('{' || nullif(current_setting('app.orgs', true), '') || '}')::jsonb[] $$;
CREATE OR REPLACE FUNCTION cairn_user() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT nullif(current_setting('app.user', true), '')::bigint $$;
CREATE OR REPLACE FUNCTION cairn_contract() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT nullif(current_setting('app.contract', true), '')::bigint $$;
CREATE OR REPLACE FUNCTION cairn_own() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT ('{' || nullif(CASE WHEN nullif(current_setting('app.contract', true), '') IS NULL
     THEN current_setting('app.orgs', true) ELSE current_setting('app.widened', true) END, '') || '}')::bigint[] $$;
"""
NO_TRIGGER_IS_IGNORED = """
CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean LANGUAGE sql IMMUTABLE AS
  $$ SELECT false $$;
"""
"""pgtrigger would let any session switch a trigger off by naming it in a setting. The web's session is not to be
believed in that, and asking took as long as most of the triggers themselves."""


def build(owner: BaseDatabaseWrapper) -> None:
    """Create role, grants and policies for every table; safe to repeat. Runs as the owner, after migrations.

    The logins of the web and of the owner may become the web role. An owner that is no superuser is held by
    row-level security too, so it gets a policy of its own that shows it everything.
    """
    with transaction.atomic(using=owner.alias), owner.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cairn walls'))")
        cursor.execute(FUNCTIONS)
        cursor.execute(NO_TRIGGER_IS_IGNORED)
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [WEB_ROLE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {WEB_ROLE} NOLOGIN NOBYPASSRLS")
        _let_logins_become_the_web_role(owner)
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {WEB_ROLE}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {WEB_ROLE}")
        for name, sql in sums().items():
            cursor.execute(_sum(name, sql))
        cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {WEB_ROLE}")
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        (unheld,) = cursor.fetchone()
        existing = set(owner.introspection.table_names(cursor))
        _drop_policies(owner)
        for table, wall in declared().items():
            if table in existing:
                if isinstance(wall, Wall) and wall.parent:
                    cursor.execute(_lookup(wall.parent))
                if isinstance(wall, Wall) and wall.asks:
                    cursor.execute(wall.asks)
                cursor.execute(_statements(table, wall))
                if isinstance(wall, Wall) and not unheld:
                    cursor.execute(_owner_policy(table))
        opened = [(opener, table, condition) for opener, table, condition in openings() if {opener, table} <= existing]
        for opener, table, condition in opened:
            cursor.execute(_opening(opener, table, condition))
        _refuse_holes(owner)
        _let_guards_see(owner)
        for opener, table, condition in opened:
            cursor.execute(_asked_apart(opener, table, condition))


def _let_logins_become_the_web_role(owner: BaseDatabaseWrapper) -> None:
    with owner.cursor() as cursor:
        cursor.execute("SELECT current_user")
        logins = {cursor.fetchone()[0], connection.settings_dict["USER"]} - {"", None}
        for login in sorted(logins):
            cursor.execute("SELECT pg_has_role(%s, %s, 'SET')", [login, WEB_ROLE])
            if cursor.fetchone() == (False,):
                cursor.execute(f"GRANT {WEB_ROLE} TO {owner.ops.quote_name(login)} WITH INHERIT FALSE, SET TRUE")


def _lookup(table: str) -> str:
    """Whether the asker sees a row: under the asker's own policies, and VOLATILE, to see what was written just now."""
    return (
        f"CREATE OR REPLACE FUNCTION {seen(table)}(row_id bigint) RETURNS boolean"
        " LANGUAGE plpgsql VOLATILE SECURITY INVOKER AS"
        f" $$ BEGIN RETURN EXISTS (SELECT 1 FROM {table} WHERE id = row_id); END $$;"
    )


def _sum(name: str, sql: str) -> str:
    """One whole number of an organisation for which the asker asks; nothing of any other. STABLE: it cannot write."""
    return (
        f"CREATE OR REPLACE FUNCTION {name}(house bigint) RETURNS bigint"
        " LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp"
        f" AS $$ BEGIN IF house = ANY (cairn_orgs()) THEN RETURN ({sql}); END IF; RETURN NULL; END $$;"
    )


def guards_that_see_all() -> set[str]:
    """The functions of the triggers that ask with the owner's eyes (:meth:`Guard.seeing_all`)."""
    return {
        str(trigger.get_pgid(model))
        for model, trigger in pgtrigger.registered()
        if isinstance(trigger, Guard) and trigger.sees_all
    }


GUARDED = ["search_path=public, pg_temp", "enable_seqscan=off"]
"""Of a guard that sees all. It looks up by key, row by row, by a plan that is kept: one that was made while a table was
small would read all of it for each row ever after, and a first contract of thousands of lines take minutes to sign."""


def _let_guards_see(owner: BaseDatabaseWrapper) -> None:
    """Theirs are the owner's eyes, and nobody else's: no other trigger may call them, no other schema deceive them."""
    seeing = sorted(guards_that_see_all())
    with owner.cursor() as cursor:
        cursor.execute(
            "SELECT proname, proname = ANY (%s) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND prorettype = 'trigger'::regtype AND CASE WHEN proname = ANY (%s)"
            " THEN NOT prosecdef OR proconfig IS DISTINCT FROM %s ELSE prosecdef END",
            [seeing, seeing, GUARDED],
        )
        for name, sees_all in cursor.fetchall():
            function = f"{owner.ops.quote_name(name)}()"
            cursor.execute(
                f"ALTER FUNCTION {function} SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off"
                if sees_all
                else f"ALTER FUNCTION {function} SECURITY INVOKER RESET ALL"
            )
        for name in seeing:
            cursor.execute(f"REVOKE ALL ON FUNCTION {owner.ops.quote_name(name)}() FROM PUBLIC, {WEB_ROLE}")


def _drop_policies(owner: BaseDatabaseWrapper) -> None:
    """All of the web role's, so that a policy that is declared no more opens nothing any more."""
    with owner.cursor() as cursor:
        cursor.execute(
            "SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public' AND %s = ANY (roles)", [WEB_ROLE]
        )
        for table, policy in cursor.fetchall():
            cursor.execute(f"DROP POLICY {owner.ops.quote_name(policy)} ON {owner.ops.quote_name(table)}")


def _refuse_holes(owner: BaseDatabaseWrapper) -> None:
    """A column name inside a subquery means the subquery's table first, and then compares with itself: always true."""
    with owner.cursor() as cursor:
        cursor.execute(
            r"SELECT tablename, policyname, qual FROM pg_policies"
            r" WHERE concat(qual, ' ', with_check) ~ '(\m\w+\.\w+\M)\)? = \(?\1\M'"
        )
        hole = cursor.fetchone()
    if hole:
        raise LookupError("The policy {1} on {0} compares a column with itself: {2}".format(*hole))


def _owner_policy(table: str) -> str:
    return (
        f"DROP POLICY IF EXISTS owner ON {table};"
        f" CREATE POLICY owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);"
    )


def _opening(opener: str, table: str, condition: str) -> str:
    return f"CREATE POLICY opened_by_{opener} ON {table} FOR SELECT TO {WEB_ROLE} USING ({condition})"


def _asked_apart(opener: str, table: str, condition: str) -> str:
    """The same opening by a function, which asks under the asker's own policies and, being STABLE, as of the statement.

    Written into the policy itself, the condition would bring the policies of its tables, and theirs, into the plan of
    every statement that names the opened table: reading two organisations took 250 subqueries. It looks up by index
    whatever the planner thinks of its chances, for most rows that are asked about there is nothing to find soon; and it
    is as dear to the planner as what it asks, so that statements still come to the opened table last.
    """
    function = f"cairn_{opener}_opens_{table}"
    return (
        f"CREATE OR REPLACE FUNCTION {function}({table} {table}) RETURNS boolean"
        f" LANGUAGE plpgsql STABLE SECURITY INVOKER COST 100000 SET enable_seqscan = off"
        f" AS $$ BEGIN RETURN {condition}; END $$;"
        f" ALTER POLICY opened_by_{opener} ON {table} USING ({function}({table}))"
    )


def _statements(table: str, wall: Wall | Open) -> str:
    grant = (
        f"REVOKE ALL ON {table} FROM {WEB_ROLE}; GRANT {', '.join(wall.may)} ON {table} TO {WEB_ROLE};"
        if wall.may
        else f"REVOKE ALL ON {table} FROM {WEB_ROLE};"
    )
    if isinstance(wall, Open):
        return grant
    if wall.changes:
        grant += f" GRANT UPDATE ({', '.join(wall.changes)}) ON {table} TO {WEB_ROLE};"
    return (
        f"{grant} ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
        f" CREATE POLICY tenant ON {table} TO {WEB_ROLE} USING ({wall.sees})"
        f" WITH CHECK ({wall.writes or wall.sees});"
    ).replace(ROW, table)
