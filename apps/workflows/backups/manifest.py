"""What a backup says of itself, so that what comes back can be compared with it.

::

    cairn-20260615T013000Z/
        manifest.json     this; with the SHA-256 of the three parts below
        database.dump     pg_dump's custom format
        heads.tsv         where every audit chain and number series stood
        files.sha256      the SHA-256 of every file; `sha256sum --check files.sha256` reads it
        files/            evidence and documents
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from apps.core.backups import MANIFEST
from apps.workflows.backups import stored
from apps.workflows.backups.errors import BackupError

FORMAT: Final = 1
DUMP: Final = "database.dump"
HEADS: Final = "heads.tsv"
HASHES: Final = "files.sha256"
FILES: Final = "files"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """``parts`` are SHA-256 by file name, ``rows`` counts by table; ``files`` are so many, of so many ``bytes``."""

    format: int
    taken_at: str
    release: dict[str, str]
    server: str
    dumped_by: str
    migrations: list[str]
    rows: dict[str, int]
    heads: int
    files: int
    bytes: int
    files_not_found: list[str]
    parts: dict[str, str]


def write(backup: Path, manifest: Manifest) -> None:
    path = backup / MANIFEST
    path.write_text(json.dumps(asdict(manifest), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    path.chmod(0o600)


def read(backup: Path) -> Manifest:
    """Raises ``BackupError`` when there is none, or one that this release does not understand."""
    path = backup / MANIFEST
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        found = int(said["format"])
    except FileNotFoundError:
        raise BackupError(f"{backup} is no backup: it has no {MANIFEST}.") from None
    except OSError as error:
        raise BackupError(stored.reason(error)) from None
    except (ValueError, KeyError, TypeError):
        raise BackupError(f"{path} cannot be read: it is damaged.") from None
    if found != FORMAT:
        raise BackupError(
            f"{backup.name} is of format {found}, this release of Cairn reads {FORMAT}: restore it with the release"
            f" that wrote it ({said.get('release', {}).get('cairn', 'unknown')})."
        )
    try:
        return Manifest(**said)
    except TypeError:
        raise BackupError(f"{path} cannot be read: it is damaged.") from None


def write_heads(backup: Path, heads: dict[str, str]) -> None:
    text = "".join(f"{what}\t{where}\n" for what, where in heads.items())
    (backup / HEADS).write_text(text, encoding="utf-8")
    (backup / HEADS).chmod(0o600)


def read_heads(backup: Path) -> dict[str, str]:
    with (backup / HEADS).open(encoding="utf-8") as lines:
        pairs = (line.rstrip("\n").partition("\t") for line in lines)
        return {what: where for what, _tab, where in pairs}
