"""Write what belongs together in one statement.

A sign-off that saved row after row spent most of its time between the rows. The rows are still made, filled and named
by the models; only their way to Postgres is one statement (a CTE) instead of one each. What is new travels as one JSON
value for each table and becomes rows of its type there, so the statement says only which tables it writes, and its plan
is kept; of what changed, only the changes travel.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias, cast

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Field, ForeignKey, Model

from apps.core.database import in_flight

Change: TypeAlias = tuple[Model, Sequence[str]]
"""A row that exists, is locked by the caller and was changed, with the names of the fields that changed."""
_Changed: TypeAlias = tuple[type[Model], tuple[str, ...]]
_Child: TypeAlias = tuple[type[Model], str]
"""A model whose rows are written with the row, and the column with which they point at it; empty if they do not."""


def insert(row: Model, *, children: Sequence[Model], after: Sequence[Change]) -> None:
    """Insert a row and the rows that belong to it, after the changes on which it depends: all of it or an error.

    The key of ``row`` is set; where nobody waits for it, once the statement has landed, which is before COMMIT
    (:mod:`~apps.core.database.in_flight`). ``children`` get none. The order is guaranteed by data, not by luck: the row
    is selected from the changes that were made and the children from the row, so triggers and walls find what they
    look for.
    A change that meets no row is an error, and then nothing is written: whoever holds its lock would have found it.
    """
    families: dict[_Child, list[Model]] = defaultdict(list)
    for child in children:
        families[type(child), _column_to(row, child)].append(child)
    changes = tuple((type(changed), tuple(names)) for changed, names in after)
    values: list[Any] = [value for change in after for value in _changed(*change)]
    values.append(_text(_values(row)))
    values += [_text([_values(child) for child in family]) for family in families.values()]

    def look(cursor: CursorWrapper) -> None:
        written = cursor.fetchone()
        if written is None:
            raise LookupError(f"nothing was written: a row on which {row._meta.label} depends is not there any more")
        (row.pk,) = written
        row._state.adding = False

    in_flight.write(_statement(type(row), changes, tuple(families)), values, look=look)
    in_flight.wait()


def change(changes: Sequence[Change]) -> None:
    """Say of rows of several models, each locked by the caller, what they have in these fields now, in one statement.

    A change that meets no row is an error: whoever holds its lock would have found it.
    """

    def look(cursor: CursorWrapper) -> None:
        (met,) = cursor.fetchone()
        if met != len(changes):
            raise LookupError(f"{len(changes) - met} of {len(changes)} rows are not there any more")

    values = [value for one in changes for value in _changed(*one)]
    in_flight.write(_changes(tuple((type(row), tuple(names)) for row, names in changes)), values, look=look)


def update(rows: Sequence[Model], *, names: Sequence[str]) -> None:
    """Say of rows of one model, locked by the caller, what they have in these fields now: all of it or an error.

    One statement whose length does not depend on how many rows there are; ``bulk_update`` makes a CASE of each value.
    """
    if not rows:
        return
    model = type(rows[0])
    with connection.cursor() as cursor:
        cursor.execute(_update(model, tuple(names)), [_text([{**_values(row), "id": row.pk} for row in rows])])
        if cursor.rowcount != len(rows):
            raise LookupError(f"{len(rows) - cursor.rowcount} rows of {model._meta.label} are not there any more")


@cache
def _update(model: type[Model], names: tuple[str, ...]) -> str:
    columns = [_field(model, name).column for name in names]
    moved = ", ".join(f"{column} = now.{column}" for column in columns)
    table = model._meta.db_table
    return f"UPDATE {table} SET {moved} FROM jsonb_populate_recordset(NULL::{table}, %s) now WHERE {table}.id = now.id"


@cache
def _changes(changes: tuple[_Changed, ...]) -> str:
    met = " + ".join(f"(SELECT count(*) FROM change_{number})" for number in range(len(changes)))
    return f"WITH {', '.join(_parts(changes))} SELECT {met}"


def _parts(changes: tuple[_Changed, ...]) -> list[str]:
    parts = []
    for number, (changed, names) in enumerate(changes):
        table = changed._meta.db_table
        moved = ", ".join(f"{_field(changed, name).column} = %s" for name in names)
        parts.append(f"change_{number} AS (UPDATE {table} SET {moved} WHERE id = %s RETURNING id)")
    return parts


@cache
def _statement(model: type[Model], changes: tuple[_Changed, ...], children: tuple[_Child, ...]) -> str:
    parts = _parts(changes)
    made = "".join(f" CROSS JOIN change_{number}" for number in range(len(changes)))
    columns = _columns(model)
    parts.append(
        f"written AS (INSERT INTO {model._meta.db_table} ({', '.join(columns)})"
        f" SELECT {', '.join(f'new.{column}' for column in columns)}"
        f" FROM jsonb_populate_record(NULL::{model._meta.db_table}, %s) new{made} RETURNING id)"
    )
    for child, key in children:
        table = child._meta.db_table
        columns = _columns(child)
        said = ["written.id" if column == key else f"new.{column}" for column in columns]
        parts.append(
            f"{table}_rows AS (INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(said)}"
            f" FROM written CROSS JOIN jsonb_populate_recordset(NULL::{table}, %s) new)"
        )
    return f"WITH {', '.join(parts)} SELECT id FROM written"


def _changed(row: Model, names: Sequence[str]) -> list[Any]:
    """The values of the fields that changed, as Django itself would send them, and the row's key."""
    fields = [_field(type(row), name) for name in names]
    return [*(field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields), row.pk]


def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    return cast("Field[Any, Any]", model._meta.get_field(name))


@cache
def _columns(model: type[Model]) -> list[str]:
    return [str(field.column) for field in model._meta.concrete_fields if not field.primary_key]


@cache
def _attributes(model: type[Model]) -> dict[str, str]:
    return {str(field.column): field.attname for field in model._meta.concrete_fields}


def _values(row: Model) -> dict[str, Any]:
    return {column: getattr(row, attribute) for column, attribute in _attributes(type(row)).items()}


def _text(said: Any) -> str:
    return json.dumps(said, default=_word)


def _word(value: Any) -> str:
    """What JSON has no word for, as Postgres reads it in any statement."""
    if isinstance(value, Decimal | date):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not travel in JSON")


def _column_to(row: Model, child: Model) -> str:
    for field in child._meta.concrete_fields:
        if isinstance(field, ForeignKey) and field.is_cached(child) and field.get_cached_value(child) is row:
            return str(field.column)
    return ""
