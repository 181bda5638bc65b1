"""Take a backup: the database at one moment, then the files, then the manifest; whole, or not there at all.

Files are written before the row that names them, and never changed: files copied after the database are at least those
that the database names. Only a draft's evidence can be removed in between, and that is recognised.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.db import connections, transaction

from apps.core import backups
from apps.core.database import health
from apps.workflows.backups import manifest, measures, stored, tools
from apps.workflows.backups.errors import BackupError
from apps.workflows.backups.tools import Tell

UNFINISHED: Final = ".unfinished-"
REMOVED: Final = ".removed-"
OWNER: Final = "owner"


@dataclass(frozen=True, kw_only=True)
class _Moment:
    """What the database held at the moment that the dump shows."""

    at: datetime
    server: str
    dumped_by: str
    migrations: list[str]
    rows: dict[str, int]
    heads: dict[str, str]
    files: list[stored.Stored]


def take(home: Path, *, tell: Tell) -> Path:
    """Take a backup into the folder ``home`` and give its path.

    Raises ``BackupError`` when it cannot be taken, and then leaves nothing that looks like one. Files that the database
    names and that are not there are named in the manifest of a backup that is kept all the same.
    """
    _refuse_blind_spots()
    try:
        with _alone(home):
            return _take(home, tell=tell)
    except OSError as error:
        raise BackupError(stored.reason(error)) from error


def prune(home: Path, *, keep: int, tell: Tell) -> None:
    """Throw all but the newest ``keep`` backups away; each loses its name first, so that no half of it looks whole."""
    try:
        with _alone(home):
            for backup in backups.whole(home)[:-keep]:
                doomed = home / f"{REMOVED}{backup.name}"
                backup.rename(doomed)
                shutil.rmtree(doomed)
                tell(f"Removed {backup.name}.")
    except OSError as error:
        raise BackupError(stored.reason(error)) from error


def _take(home: Path, *, tell: Tell) -> Path:
    started = time.monotonic()
    unfinished = home / f"{UNFINISHED}{os.getpid()}"
    unfinished.mkdir(mode=0o700)
    try:
        moment = _dump(unfinished, tell=tell)
        backup = home / backups.name_of(moment.at)
        _finish(unfinished, moment=moment, tell=tell)
        unfinished.rename(backup)  # refused when a backup of the same second is there
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    _sync(home)
    tell(f"Backup {backup} is complete, {time.monotonic() - started:.1f} s.")
    tell(f"SHA-256 of its manifest, to be kept elsewhere: {stored.sha256(backup / backups.MANIFEST)}")
    return backup


def _dump(backup: Path, *, tell: Tell) -> _Moment:
    """Dump the database, and count in the same snapshot what the dump holds."""
    version = tools.server_version()
    program = tools.find("pg_dump", major=tools.major_of(version))
    path = backup / manifest.DUMP
    path.touch(mode=0o600)
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT clock_timestamp(), pg_export_snapshot(), pg_database_size(current_database())")
        at, snapshot, size = cursor.fetchone()
        tell(f"Dumping the database ({tools.size(size)} on the server) …")
        tools.run(
            program,
            "--format=custom",
            "--no-password",
            "--enable-row-security",  # an owner without BYPASSRLS sees all rows by a policy of its own
            f"--snapshot={snapshot}",
            f"--file={path}",
            f"--dbname={tools.connection_string()}",
            watched=path,
            tell=tell,
        )
        moment = _Moment(
            at=at,
            server=version,
            dumped_by=tools.run(program, "--version").strip(),
            migrations=measures.migrations(),
            rows=measures.rows(),
            heads=dict(measures.heads()),
            files=list(measures.files()),
        )
    with path.open("rb") as dump:
        os.fsync(dump.fileno())
    tell(f"  {sum(moment.rows.values())} rows of {len(moment.rows)} tables in {tools.size(path.stat().st_size)}")
    return moment


def _finish(backup: Path, *, moment: _Moment, tell: Tell) -> None:
    count, total, found = _copy_files(backup, tell=tell)
    missing = _missing(moment.files, found=found)
    for name in missing:
        tell(f"  NOT FOUND: the database names the file {name}")
    manifest.write_heads(backup, moment.heads)
    parts = (manifest.DUMP, manifest.HEADS, manifest.HASHES)
    manifest.write(
        backup,
        manifest.Manifest(
            format=manifest.FORMAT,
            taken_at=moment.at.isoformat(),
            release=measures.release(),
            server=moment.server,
            dumped_by=moment.dumped_by,
            migrations=moment.migrations,
            rows=moment.rows,
            heads=len(moment.heads),
            files=count,
            bytes=total,
            files_not_found=missing,
            parts={part: stored.sha256(backup / part) for part in parts},
        ),
    )
    for part in (*parts, backups.MANIFEST):
        with (backup / part).open("rb") as file:
            os.fsync(file.fileno())
    stored.sync(backup)


def _copy_files(backup: Path, *, tell: Tell) -> tuple[int, int, set[str]]:
    source, target = stored.folder(), backup / manifest.FILES
    target.mkdir(mode=0o700)
    _refuse_full_disk(source, target)
    tell("Copying the files …")
    count = total = 0
    found = set()
    last = time.monotonic()
    with (backup / manifest.HASHES).open("x", encoding="utf-8") as hashes:
        os.fchmod(hashes.fileno(), 0o600)
        for file in stored.copied(source, target):
            hashes.write(stored.line(file))
            count, total = count + 1, total + file.size
            found.add(file.name)
            if time.monotonic() - last >= tools.EVERY_SECONDS:
                last = time.monotonic()
                tell(f"  … {count} files, {tools.size(total)}")
    tell(f"  {count} files, {tools.size(total)}")
    return count, total, found


def _missing(named: list[stored.Stored], *, found: set[str]) -> list[str]:
    """Files that a row of the dump names and the store has not, unless the row has gone away with its file since."""
    absent = {file.name for file in named} - found
    if not absent:
        return []
    still_named = {file.name for file in measures.files()}
    return sorted(absent & still_named)


def _refuse_blind_spots() -> None:
    unseen = health.owner_blind_spots()
    if unseen:
        raise BackupError(f"{unseen[0]}, so the backup would not hold all rows: run manage.py migrate as the owner.")


def _refuse_full_disk(source: Path, target: Path) -> None:
    needed = sum(stored.sizes(source))
    free = shutil.disk_usage(target).free
    if needed > free:
        raise BackupError(
            f"The files need {tools.size(needed)}, and the disk has {tools.size(free)} left:"
            " make room, or keep fewer backups with --keep."
        )


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One process at a time works in a folder; what a killed one left half done is swept away."""
    files = stored.folder().resolve()
    if home.resolve() == files or files in home.resolve().parents:
        raise BackupError(f"{home} lies among the files that are backed up: name a folder outside of it.")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"Another backup is being taken in {home}: wait until it is complete.") from None
        for path in home.iterdir():
            if path.name.startswith((UNFINISHED, REMOVED)):
                shutil.rmtree(path)
        yield


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
