"""Statements that Django compiles once and Postgres plans once: for the few that every sign-off sends.

A queryset is compiled anew each time that it is asked, and a statement that brings its values in its text is planned
anew each time that it is sent. For a read behind row-level security, whose policies put a subquery for every table into
the plan, either takes several times as long as the read itself. So the statements of a hot path, which
``tests/workflows/test_statements.py`` lists, are written with :class:`Argument` where their values belong.

What is kept is the plan and never an answer: a policy reads for whom the connection asks when the plan is executed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.utils import CursorWrapper
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler
from psycopg.pq import TransactionStatus

M = TypeVar("M", bound=Model)
Values = Sequence[Any] | Mapping[str, Any]


class _Cursor(psycopg.Cursor[Any]):
    """Sends the values beside the statement; Django's own cursors put them into its text.

    A cursor of a statement is used again: psycopg would split the statement, and look for what writes each value and
    reads each column, anew with every cursor.
    """

    def __init__(self, of: "psycopg.Connection[Any]", statement: str) -> None:
        super().__init__(of)
        self._statement = statement
        self._converted: Any = None

    def execute(self, query: Any, params: Values | None = None, **_options: Any) -> "_Cursor":
        try:
            return super().execute(query, params, prepare=True)
        except psycopg.errors.FeatureNotSupported:
            # A migration changed a column that was read before: "cached plan must not change result type". In a
            # transaction it is too late, and after ROLLBACK nothing is prepared any more.
            if self.connection.info.transaction_status != TransactionStatus.IDLE:
                raise
            super().execute("DEALLOCATE ALL", prepare=True)  # psycopg forgets too
            return super().execute(query, params, prepare=True)

    def close(self) -> None:
        """Wait for the next use; one whose answer never came is of no more use."""
        if not self._statement or self.pgresult is None:
            super().close()
            return
        self._reset()
        self._tx.set_pgresult(None)  # what was asked and answered belongs to who asked
        self._converted.params = None
        _waiting(self.connection)[self._statement] = self

    def _convert_query(self, query: Any, params: Any = None) -> Any:
        if self._last_query is query and self._converted is not None:
            self._converted.dump(params)
        else:
            self._converted = super()._convert_query(query, params)
        # What Django logs as the last statement; psycopg notes it for statements that are not prepared only.
        self._query = self._converted
        return self._converted


def _waiting(connection: Any) -> dict[str, _Cursor]:
    """The cursors of a connection of psycopg's that nobody uses at the moment, by statement."""
    waiting: dict[str, _Cursor] = vars(connection).setdefault("_waiting", {})
    return waiting


def cursor(statement: str = "") -> CursorWrapper:
    """Django's cursor on the web's connection, whose statements Postgres prepares when they come for the first time.

    ``statement`` is the one that it is for, if it is for one. A value has no type but the one that its place gives it:
    where a place gives none, the statement casts.
    """
    here: Any = connections[DEFAULT_DB_ALIAS]  # found once: through ``connection`` each word would look for it anew
    here.close_if_health_check_failed()  # before the first statement of a request or a job, as Django's cursors do
    here.ensure_connection()
    kept = _waiting(here.connection).pop(statement, None) if statement else None
    # As BaseDatabaseWrapper.cursor does: so errors are Django's, and whoever counts statements counts these too.
    return here._prepare_cursor(kept or _Cursor(here.connection, statement))  # type: ignore[no-any-return]


def is_kept(asked: Any) -> bool:
    """Whether a cursor came from :func:`cursor`."""
    return isinstance(getattr(asked, "cursor", asked), _Cursor)


class Argument(Expression):
    """The place in a kept queryset of a value that each call brings along."""

    def __init__(self, name: str, output_field: "Field[Any, Any] | None" = None) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, _compiler: SQLCompiler, _connection: Any) -> Any:
        return "%s", [self]


class Read(Generic[M]):
    """A queryset with :class:`Argument` in it, kept as SQL from its first use on.

    ``build`` is called once, so nothing in it may depend on who asks or when. What it selects, joins and annotates
    comes back as from any queryset; a lock that it takes is only worth something inside a transaction.
    ``then`` is SQL over the row, which the name ``held`` has there, that is evaluated once the row is locked and not
    before; its values are attributes of the row.
    """

    def __init__(self, build: Callable[[], "QuerySet[M, Any]"], *, then: Mapping[str, str] | None = None) -> None:
        self._build = build
        self._then = then or {}
        self._first: _Compiled[M] | None = None
        self._all: _Compiled[M] | None = None

    def first(self, **arguments: Any) -> M | None:
        """The first row, in the order of the queryset, or None."""
        return self.ask_first(**arguments).answer()

    def ask_first(self, **arguments: Any) -> "Asked[M]":
        """Ask for the first row: inside a pipeline of psycopg's nobody waits for it before :meth:`Asked.answer`."""
        if self._first is None:
            self._first = _Compiled(self._build()[:1], then=self._then)
        return Asked(self._first, arguments)

    def all(self, **arguments: Any) -> list[M]:
        """Every row, in the order of the queryset."""
        if self._all is None:
            self._all = _Compiled(self._build(), then=self._then)
        return self._all.rows(arguments)


class Asked(Generic[M]):
    """A question for one row that was sent."""

    def __init__(self, compiled: "_Compiled[M]", arguments: Mapping[str, Any]) -> None:
        self._compiled = compiled
        self._cursor = compiled.send(arguments)

    def answer(self) -> M | None:
        with self._cursor as cursor:
            rows = self._compiled.read(cursor)
        return rows[0] if rows else None

    def forget(self) -> None:
        """Nobody wants to know any more; it was answered."""
        self._cursor.close()


class _Compiled(Generic[M]):
    """What :class:`django.db.models.query.ModelIterable` finds out anew for each query."""

    def __init__(self, queryset: "QuerySet[M, Any]", *, then: Mapping[str, str]) -> None:
        compiler: Any = queryset.query.get_compiler(using=connection.alias)
        self.sql, self.values = compiler.as_sql()
        if then:
            more = ", ".join(then.values())
            # What stands beside a locked row in one SELECT is evaluated before the wait for the lock.
            self.sql = f"WITH held AS MATERIALIZED ({self.sql}) SELECT held.*, {more} FROM held"
        select, info = compiler.select, compiler.klass_info
        fields = info["select_fields"]
        self.model: type[M] = info["model"]
        self.columns = slice(fields[0], fields[-1] + 1)
        self.names = [column[0].target.attname for column in select[self.columns]]
        self.rows_of = _Rows(self.model)
        self.related = get_related_populators(info, select, connection.alias)  # type: ignore[call-arg]
        _spare(self.related)
        self.annotations: dict[str, int] = dict(compiler.annotation_col_map or {})
        self.annotations |= {name: len(select) + place for place, name in enumerate(then)}
        self.converters = compiler.get_converters([column[0] for column in select[: compiler.col_count]])

    def rows(self, arguments: Mapping[str, Any]) -> list[M]:
        with self.send(arguments) as asked:
            return self.read(asked)

    def send(self, arguments: Mapping[str, Any]) -> CursorWrapper:
        values = [arguments[value.name] if isinstance(value, Argument) else value for value in self.values]
        asked = cursor(self.sql)
        asked.execute(self.sql, values)
        return asked

    def read(self, asked: CursorWrapper) -> list[M]:
        return [self._made(list(row)) for row in asked.fetchall()]

    def _made(self, row: list[Any]) -> M:
        for position, (converters, expression) in self.converters.items():
            for convert in converters:
                row[position] = convert(row[position], expression, connection)
        made: M = self.rows_of.from_db(connection.alias, self.names, row[self.columns])
        for populator in self.related:
            populator.populate(row, made)
        for name, position in self.annotations.items():
            setattr(made, name, row[position])
        return made


class _Rows:
    """Makes rows of a model as its own ``from_db`` does, without calling ``__init__``, which looks at each field anew.

    What was read is put where the fields keep it; what was not is asked for when somebody wants it, as ever.
    """

    def __init__(self, model: type[Model]) -> None:
        self._model = model

    def from_db(self, db: str, names: Sequence[str], values: Sequence[Any]) -> Any:
        row = self._model.__new__(self._model)
        state = ModelState()
        state.adding, state.db = False, db
        vars(row).update(zip(names, values, strict=True), _state=state)
        return row


def _spare(populators: Sequence[Any]) -> None:
    """The same for the rows that are joined, which Django's populators make."""
    for populator in populators:
        populator.model_cls = _Rows(populator.model_cls)
        _spare(populator.related_populators)
