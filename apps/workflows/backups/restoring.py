"""Bring a backup back: checked before anything is touched, compared when it stands.

Ownership, grants and policies are not taken from the dump: they belong to the roles of the place, and
``manage.py migrate`` makes them anew from the code.
"""

import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.core.management import call_command
from django.db import DatabaseError, connections

from apps.core.database import scratch
from apps.workflows.backups import comparing, manifest, measures, stored, tools
from apps.workflows.backups.errors import BackupError
from apps.workflows.backups.manifest import Manifest
from apps.workflows.backups.tools import Tell

OWNER: Final = "owner"
MADE_ANEW: Final = re.compile(r"^\d+; \d+ \d+ (?:POLICY|ROW SECURITY) ")
"""Lines of a dump's table of contents that are left out; grants are by an option."""
MOST_NAMED: Final = 20


@dataclass(frozen=True)
class _Aside:
    """What stood there before: the database under its new name, the folder under its new path."""

    database: str
    files: Path


def restore(backup: Path, *, replace: bool, tell: Tell) -> None:
    """Restore into the configured database and the configured folder, which must both be empty.

    With ``replace``, what they hold is renamed first, not deleted. Raises ``BackupError`` with every difference between
    the backup and its manifest before anything is touched, and with every difference of what came back after it.
    """
    try:
        said = check(backup, tell=tell)
        _restore(backup, said, replace=replace, tell=tell)
    except OSError as error:
        raise BackupError(stored.reason(error)) from error


def check(backup: Path, *, tell: Tell) -> Manifest:
    """Compare every byte with the manifest. Raises ``BackupError`` that names what differs."""
    said = manifest.read(backup)
    tell(f"Checking {backup.name}: {said.files} files, {tools.size(said.bytes)}, and the dump …")
    _refuse(comparing.of_code(said), "It was written by a newer release: restore it with that one.")
    _refuse(comparing.of_backup(backup, said), f"{backup.name} is not as it was written: take another backup.")
    return said


def _restore(backup: Path, said: Manifest, *, replace: bool, tell: Tell) -> None:
    version = tools.server_version()
    if tools.major_of(version) < tools.major_of(said.server):
        raise BackupError(
            f"The backup comes from PostgreSQL {said.server}, and this server is {version}: use one at least as new."
        )
    is_taken = _look_around(replace=replace)
    files = stored.folder()
    arriving = files.with_name(f"{files.name}.restoring")
    aside = None
    try:
        _copy_files(backup, arriving, tell=tell)
        if is_taken:
            aside = _set_aside(backup, tell=tell)
        tell("Restoring the database …")
        _load(backup / manifest.DUMP, version=version, tell=tell)
    except BaseException:
        _put_back(aside)
        shutil.rmtree(arriving, ignore_errors=True)
        raise
    tell("Comparing it with the manifest …")
    differences = [*comparing.of_database(backup, said), *comparing.of_named_files(backup, said)]
    if files.exists():
        shutil.rmtree(files)  # empty folders at the most
    arriving.rename(files)
    tell("Building the walls …")
    call_command("migrate", interactive=False, verbosity=0)
    with connections[OWNER].cursor() as cursor:
        cursor.execute("ANALYZE")
    if aside:
        tell(f"What stood there before is kept: the database {aside.database}, the folder {aside.files}.")
    _refuse(differences, "All that came back stands, but it is not all that was backed up.")
    tell(f"  {sum(said.rows.values())} rows, {said.heads} heads and {said.files} files are as they were backed up")


def _load(dump: Path, *, version: str, tell: Tell) -> None:
    """Everything in one transaction: a dump that cannot be loaded leaves the database as empty as it was."""
    major = tools.major_of(version)
    program = tools.find("pg_restore", major=major)
    with tempfile.TemporaryDirectory(prefix="cairn-") as home:
        contents = Path(home) / "contents"
        lines = tools.run(program, "--list", str(dump)).splitlines()
        contents.write_text("".join(f"{line}\n" for line in lines if not MADE_ANEW.match(line)))
        tools.run(
            program,
            "--exit-on-error",
            "--single-transaction",
            "--no-owner",
            "--no-privileges",
            "--no-password",
            f"--use-list={contents}",
            f"--dbname={tools.connection_string()}",
            str(dump),
            tell=tell,
        )


def _look_around(*, replace: bool) -> bool:
    """Whether something is there that has to be set aside first; a refusal when that was not asked for."""
    files = stored.folder()
    has_rows, has_files = bool(measures.tables_of_ours()), any(stored.names(files))
    if not has_rows and not has_files:
        return False
    name = connections[OWNER].settings_dict["NAME"]
    if not replace:
        what = " and ".join(
            [f"the database {name} has tables"] * has_rows + [f"the folder {files} has files"] * has_files
        )
        raise BackupError(
            f"{what[0].upper()}{what[1:]}: restore into an empty place, or say --replace, and what is there is renamed."
        )
    others = _others_at_work()
    if others:
        raise BackupError(f"{others} connections to {name} are open: stop web and worker first.")
    return True


def _copy_files(backup: Path, arriving: Path, *, tell: Tell) -> None:
    if arriving.exists():
        shutil.rmtree(arriving)
    arriving.mkdir(mode=0o700, parents=True)
    tell("Copying the files …")
    copied = {file.name: file.sha256 for file in stored.copied(backup / manifest.FILES, arriving)}
    if copied != stored.listed(backup / manifest.HASHES):
        raise BackupError("The files changed while they were copied: check the disk.")
    stored.sync(arriving)


def _set_aside(backup: Path, *, tell: Tell) -> _Aside:
    files = stored.folder()
    name = connections[OWNER].settings_dict["NAME"]
    stamp = backup.name.removeprefix("cairn-").lower()
    aside = _Aside(_free_name(f"{name}_before_{stamp}"), _free_path(files.with_name(f"{files.name}.before-{stamp}")))
    _rename(name, aside.database)
    try:
        if files.exists():
            files.rename(aside.files)
    except OSError:
        _put_back(aside)
        raise
    tell(f"Set aside: the database as {aside.database}, the files as {aside.files}.")
    return aside


def _put_back(aside: _Aside | None) -> None:
    if aside is None:
        return
    name = connections[OWNER].settings_dict["NAME"]
    _close()
    scratch.drop(name)
    with scratch.maintenance() as cursor:
        cursor.execute(f'ALTER DATABASE "{aside.database}" RENAME TO "{name}"')
    if aside.files.exists():
        aside.files.rename(stored.folder())


def _rename(name: str, aside: str) -> None:
    _close()
    try:
        with scratch.maintenance() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" RENAME TO "{aside}"')
            cursor.execute(f'CREATE DATABASE "{name}"')
    except DatabaseError as error:
        raise BackupError(
            f"The database could not be set aside ({str(error).strip()}). The owner needs CREATEDB for --replace;"
            " or make an empty database by hand and restore into that one."
        ) from error


def _close() -> None:
    for alias in scratch.ALIASES:
        connections[alias].close()


def _others_at_work() -> int:
    connections["default"].close()
    with connections[OWNER].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def _free_name(wanted: str) -> str:
    with connections[OWNER].cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        taken = {name for (name,) in cursor.fetchall()}
    return next(name for name in _numbered(wanted) if name not in taken)


def _free_path(wanted: Path) -> Path:
    return next(path for path in map(wanted.with_name, _numbered(wanted.name)) if not path.exists())


def _numbered(wanted: str) -> Iterable[str]:
    return (wanted if number == 1 else f"{wanted}_{number}" for number in range(1, 1_000))


def _refuse(differences: Iterable[str], advice: str) -> None:
    found = list(differences)
    if found:
        more = f"\n  … and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        raise BackupError("\n  ".join([advice, *found[:MOST_NAMED]]) + more)
