"""Where backups lie, and which of them are whole.

A backup is a folder that carries its final name; it gets that name in one step when everything in it is on disk. What
is being made or thrown away lies beside it under a name that begins with a dot, and counts for nothing.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

MANIFEST: Final = "manifest.json"
FRESH_HOURS: Final = 26
"""A nightly backup that is older was missed: a day, and the time that it takes."""

_NAME: Final = re.compile(r"cairn-\d{8}T\d{6}Z")
_STAMP: Final = "cairn-%Y%m%dT%H%M%SZ"


def name_of(at: datetime) -> str:
    """The folder of a backup that was taken at this moment: names sort in the order of time."""
    return at.astimezone(UTC).strftime(_STAMP)


def taken_at(backup: Path) -> datetime:
    """When it was taken, as its name says."""
    return datetime.strptime(backup.name, _STAMP).replace(tzinfo=UTC)


def whole(home: Path) -> list[Path]:
    """The backups in this folder, the oldest first; none when there is no such folder."""
    if not home.is_dir():
        return []
    return sorted(path for path in home.iterdir() if _NAME.fullmatch(path.name) and (path / MANIFEST).is_file())
