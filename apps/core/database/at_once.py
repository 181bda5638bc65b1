"""Several questions in one statement: what each would find, for one way to Postgres.

A page that puts lists together, and an invoice of a contract with much agreed, ask for rows of many kinds that do not
depend on each other. As querysets they stay where they belong and say what they always say; :func:`read` only sends
them together, and each has its rows afterwards as if it had been asked alone.
"""

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Loader

NOTHING: Final = "NULL::record[]"


class Sql:
    """A question in SQL, for what querysets have no words for; it has its ``rows`` once it was read."""

    def __init__(self, statement: str, values: Sequence[Any]) -> None:
        self.statement, self.values = statement, values
        self.rows: list[tuple[Any, ...]] = []


def read(*asked: "QuerySet[Any, Any] | Sql") -> None:
    """Ask all of it in one statement. A queryset that has its rows already is not asked again.

    What a queryset prefetches it asks for when it is used, as ever.
    """
    questions = [_Question(one) for one in asked if isinstance(one, Sql) or one._result_cache is None]
    if not any(one.statement for one in questions):
        return
    parts = [f"ARRAY(SELECT a_row FROM ({one.statement}) a_row)" if one.statement else NOTHING for one in questions]
    with connection.cursor() as cursor:  # which puts values into the text as Django's own statements need them
        statement = cursor.cursor.mogrify(
            f"SELECT {', '.join(parts)}", [value for one in questions for value in one.values]
        )
    here: Any = connection
    with here._prepare_cursor(_Cursor(here.connection)) as cursor:
        cursor.execute(statement)
        found = cursor.fetchone()
    for question, rows in zip(questions, found, strict=True):
        question.answer(rows or [])


class _Question:
    def __init__(self, asked: "QuerySet[Any, Any] | Sql") -> None:
        self._asked = asked
        if isinstance(asked, Sql):
            self.statement, self.values = asked.statement, asked.values
            return
        self._queryset: Any = asked.all()
        self._compiler: Any = self._queryset.query.get_compiler(using=connection.alias)
        try:
            self.statement, self.values = self._compiler.as_sql()
        except EmptyResultSet:
            self.statement, self.values = "", ()

    def answer(self, rows: list[tuple[Any, ...]]) -> None:
        if isinstance(self._asked, Sql):
            self._asked.rows = rows
            return
        if not self.statement:
            self._asked._result_cache = []
            return
        # The queryset makes of the rows what it makes of its own.
        self._compiler.execute_sql = lambda *_words, **_options: [rows]
        self._queryset.query.get_compiler = lambda *_words, **_options: self._compiler
        self._asked._result_cache = list(self._queryset._iterable_class(self._queryset))


class _Cursor(psycopg.Cursor[Any]):
    """Gets rows in the form in which Postgres says of each part of a row of which type it is."""

    def __init__(self, of: "psycopg.Connection[Any]") -> None:
        super().__init__(of)
        for name in ("json", "jsonb"):
            self.adapters.register_loader(name, _Json)

    def execute(self, query: Any, params: Any = None, **_options: Any) -> "_Cursor":
        return super().execute(query, params, prepare=False, binary=True)


class _Json(Loader):
    """As text, which Django reads itself."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> str:
        return bytes(data).removeprefix(b"\x01").decode()
