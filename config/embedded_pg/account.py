"""PostgreSQL refuses to run as root, so root starts it under an account of its own that owns nothing else."""

import logging
import os
import pwd
import shutil
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.embedded_pg.errors import ServerError

log = logging.getLogger(__name__)

NAME: Final = "cairn_pg"


@dataclass(frozen=True)
class Account:
    """The system account under which the server runs."""

    uid: int
    gid: int


def existing_account() -> Account | None:
    """The account to run as, made earlier by :func:`server_account`; ``None`` for oneself, when not root."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(NAME)
    return Account(entry.pw_uid, entry.pw_gid)


def server_account(*folders: Path) -> Account | None:
    """The account to run as, which can reach the folders; ``None`` for oneself, when not root.

    Root makes what lies above the folders passable for everybody, but not readable, and says so in the log.
    Raises ``ServerError`` when the account cannot be made.
    """
    if os.geteuid() != 0:
        return None
    _make_account()
    for folder in folders:
        for step in (folder, *folder.parents):
            _allow(step, stat.S_IXOTH)
    _make_readable(folders[-1])
    return existing_account()


def _make_account() -> None:
    with suppress(KeyError):
        pwd.getpwnam(NAME)
        return
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program:
        command = [program, "--system", "--user-group", "--no-create-home", "--shell=/usr/sbin/nologin", NAME]
        # Two processes may try at once: the second one fails and finds the account there.
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - fixed words
    try:
        pwd.getpwnam(NAME)
    except KeyError as error:
        raise ServerError(
            f"PostgreSQL refuses to run as root, and the account {NAME} could not be made for it:"
            " run as another user, or set DATABASE_URL."
        ) from error


def private_folder(path: Path, owner: Account | None) -> None:
    """Make a folder that only the server's account (and root) may enter; refuse one that somebody else prepared."""
    path.mkdir(mode=0o700, exist_ok=True)
    mine = owner.uid if owner else os.geteuid()
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {mine, os.geteuid()}:
        raise PermissionError(13, "not ours", str(path))
    path.chmod(0o700)
    if owner:
        os.chown(path, owner.uid, owner.gid)


def _make_readable(programs: Path) -> None:
    """Packages installed under a strict umask are readable for root only."""
    if (programs / "bin" / "postgres").stat().st_mode & stat.S_IXOTH:
        return
    for path in (programs, *programs.rglob("*")):
        executable = path.stat().st_mode & stat.S_IXUSR
        _allow(path, stat.S_IROTH | (stat.S_IXOTH if executable else 0))


def _allow(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(stat.S_IMODE(mode) | bits)
        log.warning("Made %s passable for the database's account %s", path, NAME)
