"""Files copied with their hashes, and lists of hashes in the form that ``sha256sum --check`` reads."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from apps.workflows.backups.errors import BackupError

CHUNK: Final = 1024 * 1024
LINE: Final = 64
"""Signs of a SHA-256 in a line of the list; two blanks and the name follow."""


@dataclass(frozen=True)
class Stored:
    """A file of the private store, by its name in it; ``size`` in bytes."""

    name: str
    sha256: str
    size: int


def folder() -> Path:
    """Where evidence and documents lie."""
    stores: Any = settings.STORAGES
    return Path(stores["default"]["OPTIONS"]["location"])


def names(home: Path) -> Iterator[str]:
    """Every file below a folder, by its path in it, in order."""
    for place, folders, files in os.walk(home):
        folders.sort()
        for name in sorted(files):
            path = Path(place) / name
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(home).as_posix()


def sizes(home: Path) -> Iterator[int]:
    """Bytes of every file that is still there when it is looked at."""
    for name in names(home):
        with suppress(FileNotFoundError):
            yield (home / name).stat().st_size


def copied(source: Path, target: Path) -> Iterator[Stored]:
    """Copy every file, onto the disk and not only towards it. A file that goes away meanwhile is left out.

    Raises ``BackupError`` when there is no room, or no right.
    """
    for name in names(source):
        if "\n" in name or "\\" in name:
            raise BackupError(f"The file name {name!r} cannot stand in a list: rename the file.")
        with suppress(FileNotFoundError):
            yield copy(source / name, target / name, name=name)


def mirror(source: Path, target: Path) -> int:
    """Copy the files that the target has not yet, and say how many. Files never change, so a name is enough."""
    arriving = target.with_name(f"{target.name}.arriving")
    count = 0
    for name in names(source):
        if (target / name).exists():
            continue
        arriving.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            copy(source / name, arriving, name=name)
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            arriving.rename(target / name)
            count += 1
    return count


def copy(source: Path, target: Path, *, name: str) -> Stored:
    """Copy one file; the hash is of the bytes that were written."""
    digest, count = hashlib.sha256(), 0
    with source.open("rb") as reading:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as writing:
            os.fchmod(writing.fileno(), 0o600)
            while chunk := reading.read(CHUNK):
                writing.write(chunk)
                digest.update(chunk)
                count += len(chunk)
            writing.flush()
            os.fsync(writing.fileno())
    return Stored(name, digest.hexdigest(), count)


def sha256(path: Path) -> str:
    """Of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def line(stored: Stored) -> str:
    return f"{stored.sha256}  files/{stored.name}\n"


def listed(path: Path) -> dict[str, str]:
    """SHA-256 by name, from a list of lines as :func:`line` makes them."""
    with path.open(encoding="utf-8") as lines:
        return {text[LINE + 2 :].rstrip("\n").removeprefix("files/"): text[:LINE] for text in lines}


def sync(folder: Path) -> None:
    """Bring the entries of a folder and of those below it to disk."""
    for place, _folders, _files in os.walk(folder):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def reason(error: OSError) -> str:
    """What an operating system's refusal means for somebody who keeps backups."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full{where}: make room, or keep fewer backups with --keep."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"There is no right to read or write there{where}: run as the owner of the data, or name another folder."
    return f"{error.strerror}{where}."
