"""PostgreSQL's own programs: found in the version that fits the server, and run with the owner's connection."""

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
from django.db import connections
from psycopg.conninfo import make_conninfo

from apps.workflows.backups.errors import BackupError
from config.embedded_pg import programs

EVERY_SECONDS: Final = 5.0
"""How often something that takes long says how far it is."""
_KEYWORDS: Final = frozenset(option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults())

Tell = Callable[[str], object]


def server_version() -> str:
    """The server's version, such as ``18.4``."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT split_part(current_setting('server_version'), ' ', 1)")
        return str(cursor.fetchone()[0])


def major_of(version: str) -> int:
    return int(version.split(".", maxsplit=1)[0])


def find(name: str, *, major: int) -> Path:
    """The program in the lowest version that knows a server of this version: what it writes, the server can read.

    Raises ``BackupError`` when there is none.
    """
    found = sorted((known, path) for path in _candidates(name) if (known := _major(path)) >= major)
    if not found:
        raise BackupError(
            f"There is no {name} for PostgreSQL {major}: install its client programs"
            f" (apt-get install postgresql-client-{major}) and put them on the PATH."
        )
    return found[0][1]


def run(program: Path, *arguments: str, watched: Path | None = None, tell: Tell = str) -> str:
    """Run a program and give what it printed; ``tell`` hears how large the ``watched`` file has become.

    Raises ``BackupError`` with what the program complained of.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        with subprocess.Popen(  # noqa: S603 - programs of PostgreSQL, no shell
            [program, *arguments], env=environment(), stdin=subprocess.DEVNULL, stdout=said, stderr=complained
        ) as process:
            try:
                _wait(process, watched=watched, tell=tell)
            except BaseException:
                process.kill()
                raise
        said.seek(0)
        complained.seek(0)
        if process.returncode:
            words = complained.read().decode(errors="replace").strip() or f"ended with {process.returncode}"
            raise BackupError(f"{program.name} failed. {words}")
        return said.read().decode(errors="replace")


def connection_string(**changed: str) -> str:
    """How libpq reaches the owner's database, without the password, which would stand in the list of processes."""
    parameters = {name: value for name, value in _parameters().items() if name in _KEYWORDS and name != "password"}
    return make_conninfo(**{**parameters, **changed})


def environment() -> dict[str, str]:
    """What a program of PostgreSQL needs to know beside its arguments."""
    known = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(Path.home()), "LC_ALL": "C"}
    password = _parameters().get("password")
    return {**known, "PGPASSWORD": str(password)} if password else known


def _parameters() -> dict[str, Any]:
    return dict(connections["owner"].get_connection_params())


def _wait(process: "subprocess.Popen[bytes]", *, watched: Path | None, tell: Tell) -> None:
    last = time.monotonic()
    while True:
        try:
            process.wait(timeout=EVERY_SECONDS)
        except subprocess.TimeoutExpired:
            if watched and watched.exists() and time.monotonic() - last >= EVERY_SECONDS:
                last = time.monotonic()
                tell(f"  … {size(watched.stat().st_size)}")
        else:
            return


def _candidates(name: str) -> set[Path]:
    """In the embedded server's package, and on the PATH."""
    installed = shutil.which(name)
    beside = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    return {*(folder / name for folder in programs.folders()), *beside, *([Path(installed)] if installed else [])}


@cache
def _major(program: Path) -> int:
    """Its version; 0 for one that does not even say that."""
    try:
        done = subprocess.run([program, "--version"], check=False, capture_output=True, text=True)  # noqa: S603
    except OSError:
        return 0
    version = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(version[1]) if version else 0


def size(count: int) -> str:
    """A number of bytes for people."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
