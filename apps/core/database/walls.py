"""The second wall between tenants: row-level security that repeats, in Postgres, what ``visible_to`` filters.

Each model says beside its ``visible_to`` which rows an organisation may see (``wall = by_organisation("seller_id")``);
``manage.py migrate`` turns these sentences into :mod:`~apps.core.database.policies`, and a test reads the catalogue to
find a table left out.

Who is asking stands in three session settings, set at the start of every request and job and emptied at its end:

- ``app.orgs``      the organisations whose rows may be seen, usually one; unset or empty shows nothing
- ``app.user``      the signed-in user, who may see the memberships that are theirs
- ``app.contract``  for a guest: the one contract to which the link belongs
- ``app.token``     the SHA-256 of a link's token while the link is being resolved: who knows it may read its row

A guest speaks for an organisation on one contract only, and so sees none of the organisation's own records (its team,
accounts, books, facilities). A workflow that a guest starts reaches those of the parties that it names, and no longer
than its transaction: ``app.widened``, set by :func:`widen`.

A downstream model may open rows of an upstream table for reading (a shared contract shows its parties to each other)
with ``wall_opens = {"parties_organisation": "SQL condition"}``; so upstream never has to know who stands downstream.

A guest sees one contract, and some limits are the organisation's. A model may let one number of it be asked for, by
``wall_adds_up = {"cairn_name": "SQL over house"}``: the number of the asker's own organisation, and no row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.apps import apps
from django.db import connection
from django.db.models import CharField, Func

from apps.core import clock
from apps.core.database import kept

WEB_ROLE: Final = "cairn_web"

ORGS = "(SELECT cairn_orgs())::bigint[]"
OWN = "(SELECT cairn_own())::bigint[]"
"""The organisations whose own records may be touched: the asker's; for a guest, those to which a workflow widened."""
READERS = "(SELECT cairn_readers())::jsonb[]"
"""The organisations of ORGS once more, for columns that hold theirs as JSON."""
USER = "(SELECT cairn_user())"
CONTRACT = "(SELECT cairn_contract())"
ROW = "{row}"
"""The table to whose row a condition belongs, for columns inside a subquery whose own table has one of the name."""
TOKEN = "(SELECT nullif(current_setting('app.token', true), ''))"  # noqa: S105  SQL, no secret


@dataclass(frozen=True)
class Wall:
    """Which rows of one table the web role may touch.

    ``sees`` is SQL over the table's columns. ``writes`` defaults to the same; ``may`` lists the commands that are
    granted at all, so that an append-only table grants no ``UPDATE``, and ``changes`` the columns of one that may be
    updated all the same. ``parent`` is the table behind :func:`through`; ``asks`` makes the function that the
    conditions call, where one does.
    """

    sees: str
    writes: str | None = None
    may: tuple[str, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")
    changes: tuple[str, ...] = ()
    parent: str = ""
    asks: str = ""

    def only(self, *commands: str) -> "Wall":
        """The same rows, fewer commands: ``wall.only("SELECT", "INSERT")``."""
        return replace(self, may=commands)

    def changing(self, *columns: str) -> "Wall":
        """The same rows, of which these columns alone may be updated."""
        return replace(self, changes=columns)

    def or_when(self, condition: str) -> "Wall":
        """Show (and let write) further rows: for tables with more than one kind of reader."""
        return replace(
            self,
            sees=f"({self.sees}) OR ({condition})",
            writes=self.writes and f"({self.writes}) OR ({condition})",
        )


@dataclass(frozen=True)
class Open:
    """A table without tenants (users, sessions, jobs), with the reason why it needs no policy."""

    reason: str
    may: tuple[str, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")


def by_organisation(*columns: str) -> Wall:
    """An organisation's own records: one of the columns names an organisation of the asker. Guests see none."""
    return Wall(" OR ".join(f"{column} = ANY ({OWN})" for column in columns))


def through(table: str, column: str, *, row_by_row: bool = False) -> Wall:
    """Rows that belong to a row of another walled table: seen, and written, when that row is seen.

    What is written asks a function, because a policy's own query would not see a parent that the same statement wrote.
    ``row_by_row`` is for parents that are there before, so what is written asks as what is read does; and has the
    parent looked up for the row at hand: where few rows of many are read, the planner might collect all parents
    beforehand. OFFSET tells it not to.
    """
    return Wall(
        f"EXISTS (SELECT 1 FROM {table} parent WHERE parent.id = {column}{' OFFSET 0' if row_by_row else ''})",
        writes=None if row_by_row else f"{seen(table)}({column})",
        parent=table,
    )


def seen(table: str) -> str:
    """The function that tells whether the asker sees a row of a table."""
    return f"cairn_sees_{table}"


FOREIGN_TABLES: dict[str, Open] = {
    "django_migrations": Open("framework", may=("SELECT",)),
    "django_content_type": Open("framework", may=("SELECT",)),
    "auth_permission": Open("framework, unused: roles decide", may=("SELECT",)),
    "auth_group": Open("framework, unused: roles decide", may=("SELECT",)),
    "auth_group_permissions": Open("framework, unused: roles decide", may=("SELECT",)),
    "django_session": Open("sessions are reached by a random key only"),
    "account_emailaddress": Open("belongs to users, who exist before any organisation"),
    "account_emailconfirmation": Open("belongs to users, who exist before any organisation"),
    "mfa_authenticator": Open("belongs to users, who exist before any organisation"),
    "django_admin_log": Open("written by no page: the audit trail is our own", may=("SELECT",)),
    "procrastinate_jobs": Open("the queue carries references, never content"),
    "procrastinate_events": Open("the queue carries references, never content"),
    "procrastinate_periodic_defers": Open("the queue carries references, never content"),
    "procrastinate_workers": Open("the queue carries references, never content"),
    "django_cache": Open("rate limits: counters under hashed keys"),
}


def declared() -> dict[str, Wall | Open]:
    """Every table of the project's models with its wall; a model without one is a ``LookupError``."""
    walls: dict[str, Wall | Open] = dict(FOREIGN_TABLES)
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if not model._meta.managed or model._meta.proxy or table in walls:
            continue
        wall = getattr(model, "wall", None)
        if not isinstance(wall, Wall | Open):
            raise LookupError(  # noqa: TRY004  what is missing is a sentence, not a type
                f"{model._meta.label} says not which rows an organisation may see: give it a wall"
            )
        walls[table] = wall
    return walls


def openings() -> list[tuple[str, str, str]]:
    """What downstream models open for reading upstream: (opening table, opened table, condition)."""
    return [
        (model._meta.db_table, table, condition)
        for model in apps.get_models()
        for table, condition in getattr(model, "wall_opens", {}).items()
    ]


def sums() -> dict[str, str]:
    """The sums over all rows of an organisation that a model declares, whichever of them its asker sees: by the name of
    their function, SQL over ``house``, the organisation."""
    return {name: sql for model in apps.get_models() for name, sql in getattr(model, "wall_adds_up", {}).items()}


def _joined(organisations: tuple[int, ...]) -> str:
    return ",".join(str(number) for number in sorted(set(organisations)))


_ENTER: Final = (
    "SELECT set_config('app.orgs', %s, false), set_config('app.user', %s, false),"
    " set_config('app.contract', %s, false), set_config('app.token', %s, false),"
    " set_config('app.widened', '', false), clock_timestamp()"
)
_WIDEN: Final = (
    "SELECT set_config('app.orgs', concat_ws(',', nullif(current_setting('app.orgs', true), ''), added), true),"
    " set_config('app.widened', concat_ws(',', nullif(current_setting('app.widened', true), ''), added), true),"
    " clock_timestamp() FROM (SELECT %s::text AS added) one"
)


def enter(
    *organisations: int,
    user: int | None = None,
    contract: int | None = None,
    token: str = "",
) -> datetime:
    """Say for whom this connection asks from now on, and hear what time it is, for whoever shows it.

    Called by the middleware, by jobs and by the deal player.
    """
    with kept.cursor(_ENTER) as cursor:
        cursor.execute(_ENTER, [_joined(organisations), str(user or ""), str(contract or ""), token])
        *_settings, instant = cursor.fetchone()
    return clock.said(instant)


def leave() -> None:
    """Ask for nobody: every tenant table is empty until the next :func:`enter`."""
    enter()


@contextmanager
def asking_for(*organisations: int, user: int | None = None, contract: int | None = None) -> Iterator[None]:
    """Ask for the given organisations inside the block, and for nobody after it."""
    enter(*organisations, user=user, contract=contract)
    try:
        yield
    finally:
        if not connection.needs_rollback:
            leave()


class Widening(Func):
    """As :func:`widen` to the organisation whose id stands in a column of the row that is read, as an annotation of it.

    For a row that itself names whose records are touched next. Of a queryset that gives no row nothing is widened.
    """

    template = (
        "set_config('app.orgs',"
        " concat_ws(',', nullif(current_setting('app.orgs', true), ''), %(expressions)s::text), true)"
        " || set_config('app.widened',"
        " concat_ws(',', nullif(current_setting('app.widened', true), ''), %(expressions)s::text), true)"
    )
    arity = 1
    output_field = CharField()


def widening(*columns: str) -> str:
    """The same in SQL, to the organisations whose ids stand in columns of a row."""
    return Widening.template % {"expressions": f"concat_ws(',', {', '.join(columns)})"}


def widen(*organisations: int) -> datetime:
    """Until the end of this transaction, touch the rows of these organisations too; the answer is the time.

    It is asked for in the same statement because every workflow needs both at the same moment: once the row is locked
    that names the organisations, and not before.

    A buyer's sign-off issues the seller's invoice and moves the financier's book: the workflow names the parties
    whose records it writes. ``set_config(…, true)`` falls back by itself at COMMIT and ROLLBACK.
    """
    added = _joined(organisations)
    with kept.cursor(_WIDEN) as cursor:
        cursor.execute(_WIDEN, [added or None])
        *_settings, instant = cursor.fetchone()
    return clock.said(instant)
