"""Whole databases for a moment: a deal is played, or a race is run, on a committed copy that is thrown away after.

Postgres itself copies a database (``CREATE DATABASE … TEMPLATE …``) in a fraction of a second. What is copied by
default is an empty database with all migrations and walls, made once for each state of the code. The owner must be
allowed to create databases.

Who lives holds an advisory lock on the name of its copy, so what a killed process left behind is recognised, from
any machine, and swept away.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.backends.utils import CursorWrapper

from apps.core.database import policies

ALIASES: Final = ("default", "owner")
COPY: Final = "cairn_scratch_"
TEMPLATE: Final = "cairn_template_"


def clone(template: str, name: str) -> None:
    """Make the database ``name`` as a copy of ``template``, to which nobody may be connected meanwhile.

    Its files are copied. By default Postgres writes every page of the copy into its log as well, which takes twice as
    long for what is thrown away.
    """
    with maintenance() as cursor:
        cursor.execute(f"CREATE DATABASE {_quoted(name)} TEMPLATE {_quoted(template)} STRATEGY file_copy")


def drop(name: str) -> None:
    """Throw a database away, with the connections that are left to it; no error when there is none."""
    with maintenance() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")


@contextmanager
def scratch_database(template: str | None = None) -> Iterator[str]:
    """Inside the block both aliases mean a fresh copy of ``template``; by default of an empty, migrated database.

    Threads that connect inside the block meet the copy too. What they commit is gone after the block, and a connection
    that a thread left open is cut. The name of the copy is handed to the block. Refused inside a transaction.
    """
    with _name_of_ours() as (cursor, name):
        _sweep(cursor)
        if template is None:
            _clone_migrated(cursor, name)
        else:
            clone(template, name)
        try:
            with pointing_at(name):
                yield name
        finally:
            drop(name)


@contextmanager
def kept_copy(template: str) -> Iterator[str]:
    """The name of a copy of ``template`` to copy from in turn, until the block ends; nothing points at it."""
    with _name_of_ours() as (_cursor, name):
        clone(template, name)
        try:
            yield name
        finally:
            drop(name)


@contextmanager
def _name_of_ours() -> Iterator[tuple[CursorWrapper, str]]:
    """A name for a copy, in use as whoever sweeps can see, for as long as this block and this process last."""
    name = f"{COPY}{os.getpid()}_{secrets.token_hex(4)}"
    with maintenance() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        yield cursor, name


@contextmanager
def pointing_at(name: str) -> Iterator[None]:
    """Inside the block both aliases mean the database ``name``, in this thread and in threads that connect anew.

    The settings of a connection are one dictionary that all threads share, so changing the name there is enough.
    """
    before = {alias: connections[alias].settings_dict["NAME"] for alias in ALIASES}
    _point(dict.fromkeys(ALIASES, name))
    try:
        yield
    finally:
        _point(before)


@contextmanager
def maintenance() -> Iterator[CursorWrapper]:
    """A cursor of the owner outside every database of ours; each statement is committed at once."""
    with connections["owner"]._nodb_cursor() as cursor:  # Django's own way to its CREATE DATABASE
        yield cursor


@cache
def templates() -> tuple[str, str]:
    """Names of the two templates that belong to the code as it is: the migrated one, and the walled copy of it.

    A model that says something new about its rows, but has no new migration, costs no migrating again.
    """
    homes = [Path(app.path) for app in apps.get_app_configs()]
    ours = [home for home in homes if home.is_relative_to(settings.BASE_DIR)]
    migrations = {file for home in homes for file in home.glob("migrations/*.py")}
    sources = ("*.py", "models/**/*.py", "database/*.py")
    sentences = {file for home in ours for source in sources for file in home.glob(source)}
    return f"{TEMPLATE}{_fingerprint(migrations)}", f"{TEMPLATE}{_fingerprint(migrations | sentences)}"


def _fingerprint(files: set[Path]) -> str:
    digest = sha256()
    for file in sorted(files):
        digest.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _clone_migrated(cursor: CursorWrapper, name: str) -> None:
    """One process at a time makes the templates, or copies one; those of former states of the code are dropped."""
    migrated, walled = templates()
    cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [TEMPLATE])
    try:
        for former in set(_databases(cursor, TEMPLATE)) - {migrated, walled}:
            drop(former)
        _make_once(cursor, migrated, source="template1", fill=_migrate)
        _make_once(cursor, walled, source=migrated, fill=_build_walls)
        clone(walled, name)
    finally:
        cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [TEMPLATE])


def _make_once(cursor: CursorWrapper, name: str, *, source: str, fill: Callable[[], None]) -> None:
    """Under another name until it is complete, and closed for connections then, so that copying never waits."""
    if name in _databases(cursor, TEMPLATE):
        return
    unfinished = f"{name}_unfinished"
    clone(source, unfinished)
    with pointing_at(unfinished):
        fill()
    cursor.execute(f"ALTER DATABASE {_quoted(unfinished)} RENAME TO {_quoted(name)}")
    cursor.execute(f"ALTER DATABASE {_quoted(name)} WITH ALLOW_CONNECTIONS false")


def _migrate() -> None:
    call_command("migrate", database="owner", interactive=False, verbosity=0)


def _build_walls() -> None:
    policies.build(connections["owner"])


def _sweep(cursor: CursorWrapper) -> None:
    """Drop the copies whose makers are dead: nobody holds the lock on their names."""
    for name in _databases(cursor, COPY):
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        if cursor.fetchone() == (True,):
            drop(name)
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def _databases(cursor: CursorWrapper, prefix: str) -> list[str]:
    cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
    return [name for (name,) in cursor.fetchall()]


def _point(names: dict[str, str]) -> None:
    for alias, name in names.items():
        connections[alias].validate_no_atomic_block()
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


def _quoted(name: str) -> str:
    return connections["owner"].ops.quote_name(name)
