"""Is a backup what it says that it is, and is what came back what was backed up? Every difference is a sentence."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from django.db.migrations.loader import MigrationLoader

from apps.workflows.backups import manifest, measures, stored
from apps.workflows.backups.manifest import Manifest


def of_backup(backup: Path, said: Manifest) -> Iterator[str]:
    """Differences between the bytes of a backup and what its manifest says of them. Reads every byte."""
    damaged = False
    for part, sha256 in said.parts.items():
        path = backup / part
        if not path.is_file():
            damaged = True
            yield f"{part} is missing"
        elif stored.sha256(path) != sha256:
            damaged = True
            yield f"{part} was changed: its SHA-256 is not the one in the manifest"
    if not damaged:
        yield from of_files(backup / manifest.FILES, stored.listed(backup / manifest.HASHES))


def of_files(folder: Path, listed: dict[str, str]) -> Iterator[str]:
    """Files that are missing, changed, or not on the list."""
    here = set(stored.names(folder))
    for name, sha256 in listed.items():
        if name not in here:
            yield f"the file {name} is missing"
        elif stored.sha256(folder / name) != sha256:
            yield f"the file {name} was changed"
    for name in sorted(here - listed.keys()):
        yield f"the file {name} is not on the list: it was added later"


def of_code(said: Manifest) -> list[str]:
    """Migrations that the backup has seen and this code has not: it was written by a newer release."""
    known = {f"{app}.{name}" for app, name in _known_migrations()}
    return [f"the migration {name} is unknown here" for name in said.migrations if name not in known]


def of_database(backup: Path, said: Manifest) -> Iterator[str]:
    """Differences between a restored database and what was counted when it was dumped."""
    applied = measures.migrations()
    if applied != said.migrations:
        yield f"other migrations are applied: {', '.join(sorted({*applied} ^ {*said.migrations}))}"
    yield from _different("table", said.rows, measures.rows(), unit=" rows")
    yield from _different("", manifest.read_heads(backup), dict(measures.heads()))


def of_named_files(backup: Path, said: Manifest) -> Iterator[str]:
    """Files that a row names and that are not there, or are not what the row says."""
    listed = stored.listed(backup / manifest.HASHES)
    for file in measures.files():
        if file.name not in listed:
            if file.name in said.files_not_found:
                yield f"the file {file.name} was missing already when the backup was taken"
        elif listed[file.name] != file.sha256:
            yield f"the file {file.name} is not the one whose SHA-256 stands in the database"


def _different(what: str, before: Mapping[str, object], now: Mapping[str, object], *, unit: str = "") -> Iterator[str]:
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            there = f"{now[name]}{unit}" if name in now else "nothing"
            backed_up = f"{before[name]}{unit}" if name in before else "nothing"
            yield f"{what} {name}: {backed_up} when backed up, {there} now".strip()


def _known_migrations() -> set[tuple[str, str]]:
    loader = MigrationLoader(None, ignore_no_migrations=True)  # the files, without a database
    replaced = {name for migration in loader.disk_migrations.values() for name in migration.replaces}
    return {*loader.disk_migrations, *replaced}
