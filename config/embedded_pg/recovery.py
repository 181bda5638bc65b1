"""Bring the embedded server back from a base backup and the write-ahead log that was received after it."""

import os
import shlex
import shutil
import time
from pathlib import Path
from typing import Final

import psycopg

from config.embedded_pg import account, programs
from config.embedded_pg.errors import ServerError
from config.embedded_pg.server import PORT, SUPERUSER, Server

PARTIAL: Final = ".partial"
"""What pg_receivewal adds to the name of the segment that it is still writing: the newest commits stand there."""
PATIENCE: Final = 24 * 60 * 60.0
"""Seconds that replaying the log may take."""


def recover(server: Server, *, base: Path, wal: Path) -> None:
    """Make the cluster of ``server`` from copies of both, replay the log to its end, and leave the server running.

    What was copied is not changed. Raises ``ServerError`` when there is a cluster already, or when it does not come up.
    """
    if server.cluster.exists():
        raise ServerError(f"There is a cluster in {server.folder}: move it away first; nothing is written over it.")
    server.folder.mkdir(parents=True, exist_ok=True)
    owner = account.server_account(server.folder, programs.folder().parent)
    cluster, log = server.folder / "data.arriving", server.folder / "arriving-wal"
    for former in (cluster, log):
        if former.exists():
            shutil.rmtree(former)
    shutil.copytree(base, cluster, symlinks=True)
    _copy_log(wal, log)
    with (cluster / "postgresql.auto.conf").open("a") as settings:
        # The last line wins. Nobody receives yet what this server commits, so no commit may wait for it.
        settings.write(f"synchronous_standby_names = ''\nrestore_command = {_quoted(_fetching(log))}\n")
    (cluster / "recovery.signal").touch()
    _give(cluster, owner)
    _give(log, owner)
    cluster.rename(server.cluster)
    server.attach()
    _finish(server)
    shutil.rmtree(log)


def _copy_log(wal: Path, log: Path) -> None:
    log.mkdir()
    names = {path.name for path in wal.iterdir()}
    for name in sorted(names):
        whole = name.removesuffix(PARTIAL)
        if whole == name or whole not in names:
            shutil.copyfile(wal / name, log / whole)


def _fetching(log: Path) -> str:
    """The command by which the server fetches a segment; per cent signs in the path are doubled."""
    place = shlex.quote(str(log).replace("%", "%%"))
    return f'cp {place}/%f "%p"'


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _give(folder: Path, owner: account.Account | None) -> None:
    for place, _folders, files in os.walk(folder):
        Path(place).chmod(0o700)
        if owner:
            os.chown(place, owner.uid, owner.gid)
            for name in files:
                os.chown(Path(place) / name, owner.uid, owner.gid)


def _finish(server: Server) -> None:
    """Wait until the end of the log is reached and the server writes again; forget how it fetched the log."""
    address = {"host": str(server.socket_folder()), "port": str(PORT), "user": SUPERUSER, "dbname": "postgres"}
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(autocommit=True, **address) as connection:  # type: ignore[arg-type]
        while connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
            if time.monotonic() > deadline:
                raise ServerError(f"The log is still being replayed; {server.log} tells how far it is.")
            time.sleep(0.1)
        for name in ("restore_command", "synchronous_standby_names"):
            connection.execute(f"ALTER SYSTEM RESET {name}")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CHECKPOINT")
