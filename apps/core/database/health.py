"""Questions to a running database: does it keep what it acknowledged, and do the walls between tenants stand?

``manage.py doctor`` asks them, and so may a test or a start script. Every answer is a list of complaints in plain
words; an empty list means that all is well.
"""

from typing import Final

from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from apps.core.database import walls

OLDEST: Final = 16
"""The first PostgreSQL in which a role can be granted for ``SET ROLE`` alone."""
MUST_NOT_BE_OFF: Final = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")
TIMEOUTS: Final = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
VANISHED: Final = ("tcp_keepalives_idle", "tcp_user_timeout")
"""With these a session whose network is gone ends, and its locks with it. What is asked is what the connection was
opened with: of itself a Unix socket says that it has none."""


def version() -> str:
    """The server's version, such as ``18.4``. Raises Django's ``OperationalError`` when there is no database."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT split_part(current_setting('server_version'), ' ', 1)")
        return str(cursor.fetchone()[0])


def losses() -> list[str]:
    """Settings with which a power cut, a bad disk or a forgotten lock costs data or availability."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT name, CASE WHEN name = ANY (%s) THEN reset_val ELSE setting END"
            " FROM pg_settings WHERE name = ANY (%s)",
            [[*VANISHED], [*MUST_NOT_BE_OFF, *TIMEOUTS, *VANISHED]],
        )
        settings = dict(cursor.fetchall())
    return [f"{name} is off" for name in MUST_NOT_BE_OFF if settings.get(name) == "off"] + [
        f"{name} is not set" for name in (*TIMEOUTS, *VANISHED) if settings.get(name) == "0"
    ]


def unapplied() -> list[str]:
    """Migrations that the code has and the database has not."""
    executor = MigrationExecutor(connections["owner"])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def web_powers() -> list[str]:
    """What the connection of pages and jobs may do and must not."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper OR rolbypassrls,"
            " EXISTS (SELECT 1 FROM pg_class WHERE relowner = pg_roles.oid)"
            " FROM pg_roles WHERE rolname = current_user"
        )
        role, bypasses, owns = cursor.fetchone()
    complaints = []
    if role != walls.WEB_ROLE:
        complaints.append(f"it runs as {role} and not as {walls.WEB_ROLE}")
    if bypasses:
        complaints.append(f"{role} passes row-level security")
    if owns:
        complaints.append(f"{role} owns tables")
    return complaints


def login_powers() -> list[str]:
    """What the login behind the web role could do if it stepped back out of that role."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT session_user, rolsuper OR rolbypassrls,"
            " EXISTS (SELECT 1 FROM pg_class WHERE relowner = pg_roles.oid)"
            " FROM pg_roles WHERE rolname = session_user"
        )
        login, bypasses, owns = cursor.fetchone()
    return [f"the login {login} is the owner or a superuser"] if bypasses or owns else []


def owner_blind_spots() -> list[str]:
    """Walled tables of which the owner would not see every row, so that a verifier would miss some."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND row_security_active(c.oid) AND NOT EXISTS (SELECT 1 FROM pg_policy p"
            "  WHERE p.polrelid = c.oid AND p.polname = 'owner' AND current_user::regrole = ANY (p.polroles))"
            " ORDER BY relname"
        )
        return [f"the owner does not see all of {table}" for (table,) in cursor.fetchall()]


def wall_gaps() -> list[str]:
    """Tables without the wall that their model declares, and tables of which nobody says who may see them."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT relname, relrowsecurity AND relforcerowsecurity AND EXISTS"
            " (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant')"
            " FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        )
        walled = dict(cursor.fetchall())
    declared = walls.declared()
    return [
        f"{table} has no wall"
        for table, wall in declared.items()
        if isinstance(wall, walls.Wall) and table in walled and not walled[table]
    ] + [f"nobody says who may see {table}" for table in sorted(walled.keys() - declared.keys())]


def archive_gaps() -> list[str]:
    """Commits wait for an archive that nobody writes. Only who may see all sessions can tell."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('synchronous_standby_names'),"
            " EXISTS (SELECT 1 FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))"
            " OR NOT pg_has_role('pg_read_all_stats', 'USAGE')"
        )
        name, is_received = cursor.fetchone()
    return [f"commits wait for {name}, which does not receive them"] if name and not is_received else []
