"""Write what belongs together in one statement.

A sign-off that saved row after row spent most of its time between the rows. The rows are still made, filled and named
by the models; only their way to Postgres is one statement (a CTE) instead of one each.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import Field, ForeignKey, Model

_Field: TypeAlias = "Field[Any, Any] | ForeignKey[Any, Any]"
Change: TypeAlias = tuple[Model, Sequence[str]]
"""A row that exists, is locked by the caller and was changed, with the names of the fields that changed."""


def insert(row: Model, *, children: Sequence[Model], after: Sequence[Change]) -> None:
    """Insert a row and the rows that point at it, after the changes on which it depends: all of it or an error.

    The key of ``row`` is set; ``children`` get none. The order is guaranteed by data, not by luck: the row is selected
    from the changes that were made and the children from the row, so triggers and walls find what they look for.
    A change that meets no row is an error, and then nothing is written: whoever holds its lock would have found it.
    """
    parts: list[str] = []
    values: list[Any] = []
    for number, (changed, names) in enumerate(after):
        named = {field.name: field for field in _fields(changed)}
        fields = [named[name] for name in names]
        parts.append(
            f"change_{number} AS (UPDATE {changed._meta.db_table}"
            f" SET {', '.join(f'{column} = %s' for column in _columns(fields))} WHERE id = %s RETURNING id)"
        )
        values += [*(_value(field, changed) for field in fields), changed.pk]
    changes = "".join(f" CROSS JOIN change_{number}" for number in range(len(after)))
    fields = list(_fields(row))
    marks = ", ".join("%s" for _ in fields)
    parts.append(
        f"written AS (INSERT INTO {row._meta.db_table} ({', '.join(_columns(fields))})"
        f" SELECT {marks} FROM (SELECT) one{changes} RETURNING id)"
    )
    values += [_value(field, row) for field in fields]
    for table, rows in _by_table(children).items():
        fields = list(_fields(rows[0]))
        lines = []
        for child in rows:
            is_key = [_points_at(field, child, row) for field in fields]
            lines.append(", ".join("(SELECT id FROM written)" if key else "%s" for key in is_key))
            values += [_value(field, child) for field, key in zip(fields, is_key, strict=True) if not key]
        rows_of = ", ".join(f"({line})" for line in lines)
        parts.append(f"{table}_rows AS (INSERT INTO {table} ({', '.join(_columns(fields))}) VALUES {rows_of})")
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(parts)} SELECT id FROM written", values)
        written = cursor.fetchone()
    if written is None:
        raise LookupError(f"nothing was written: a row on which {row._meta.label} depends is not there any more")
    (row.pk,) = written
    row._state.adding = False


def _by_table(rows: Sequence[Model]) -> dict[str, list[Model]]:
    tables: dict[str, list[Model]] = defaultdict(list)
    for row in rows:
        tables[row._meta.db_table].append(row)
    return tables


def _fields(row: Model) -> Iterator[_Field]:
    return (field for field in row._meta.concrete_fields if not field.primary_key)


def _columns(fields: Sequence[_Field]) -> list[str]:
    return [str(field.column) for field in fields]


def _value(field: _Field, row: Model) -> Any:
    return field.get_db_prep_save(getattr(row, field.attname), connection)


def _points_at(field: _Field, child: Model, row: Model) -> bool:
    return isinstance(field, ForeignKey) and field.is_cached(child) and field.get_cached_value(child) is row
