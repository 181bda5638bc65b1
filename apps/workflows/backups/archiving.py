"""Keep every acknowledged commit a second time, elsewhere: a base backup, and the write-ahead log as it is written.

``archive_command`` hands over whole segments and loses the commits of the last one with the machine. Here the server
waits at each COMMIT until ``pg_receivewal --synchronous`` has it on the archive's disk, so who got an answer is in the
archive. Files are copied every minute.

::

    base-20260615T013000Z/    pg_basebackup, one or more
    wal/                      what pg_receivewal received since
    files/                    evidence and documents
    identity                  which cluster, and which of its histories
"""

import fcntl
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]
import psycopg

from apps.workflows.backups import stored, tools
from apps.workflows.backups.errors import BackupError
from apps.workflows.backups.tools import Tell

NAME: Final = "cairn_archive"
"""Of the replication slot, and of the receiver in ``synchronous_standby_names``."""
PATIENCE: Final = 60.0
"""Seconds that the receiver is given to reach the server's end of the log."""
FILES_EVERY: Final = 60.0
"""Seconds between two looks for new files."""
STARTS_IN: Final = re.compile(r"START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)")

Connection = psycopg.Connection[tuple[Any, ...]]


def archive(home: Path, *, new_base: bool, keep: int | None, until: threading.Event, tell: Tell) -> None:
    """Receive until the event is set; then commits wait for the archive no more, and the receiver is ended.

    When this process is killed instead, commits go on waiting: nobody gets an answer for what is not in the archive.
    Raises ``BackupError`` when archiving cannot begin.
    """
    try:
        with _alone(home), _connected() as connection:
            _require_rights(connection)
            _require_same_history(home, connection)
            _make_slot(connection)
            with _receiving(home / "wal") as receiver:
                _wait_for_stream(connection, receiver)
                if new_base or not bases(home):
                    _take_base(home, tell=tell)
                if keep:
                    _prune(home, keep=keep, tell=tell)
                _set_standby(connection, NAME)
                tell("From now on every commit waits until it is in the archive. Stop with Ctrl-C.")
                try:
                    _keep_receiving(home, receiver, until=until, tell=tell)
                finally:
                    _release(tell=tell)
    except OSError as error:
        raise BackupError(stored.reason(error)) from error


def bases(home: Path) -> list[Path]:
    """The base backups of an archive, the oldest first; those that were interrupted do not count."""
    return sorted(path for path in home.glob("base-*Z") if path.is_dir())


def _keep_receiving(home: Path, receiver: "_Receiver", *, until: threading.Event, tell: Tell) -> None:
    looked = -FILES_EVERY
    while not until.is_set():
        if time.monotonic() - looked >= FILES_EVERY:
            looked = time.monotonic()
            stored.mirror(stored.folder(), home / "files")
        if receiver.has_ended():
            tell(f"pg_receivewal ended ({receiver.last_words()}); it is started again, and commits wait for it.")
            receiver.start()
        until.wait(1)
    stored.mirror(stored.folder(), home / "files")


class _Receiver:
    """pg_receivewal, which comes back by itself when the server was away."""

    def __init__(self, wal: Path) -> None:
        self.log = wal.with_name("receiver.log")
        version = tools.server_version()
        self.command: list[str | Path] = [
            tools.find("pg_receivewal", major=tools.major_of(version)),
            "--synchronous",
            "--no-password",
            f"--slot={NAME}",
            f"--directory={wal}",
            f"--dbname={tools.connection_string(application_name=NAME)}",
        ]
        self.environment = tools.environment()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("wb") as said:
            self.process = subprocess.Popen(  # noqa: S603 - a program of PostgreSQL, no shell
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def last_words(self) -> str:
        return (self.log.read_text(errors="replace").strip().splitlines() or ["without a word"])[-1]

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)  # it brings to disk what it has
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def _receiving(wal: Path) -> Iterator[_Receiver]:
    wal.mkdir(mode=0o700, exist_ok=True)
    _end_former_receivers(wal)
    receiver = _Receiver(wal)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


def _end_former_receivers(wal: Path) -> None:
    """One whose parent was killed would go on, and hold the slot."""
    former = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "pg_receivewal" and f"--directory={wal}" in process.cmdline():
                process.terminate()
                former.append(process)
    psutil.wait_procs(former, timeout=PATIENCE)


def _connected() -> Connection:
    """A connection beside Django's: each statement is committed at once, and a server that is away stays away."""
    password = tools.environment().get("PGPASSWORD")
    return psycopg.connect(tools.connection_string(), password=password, autocommit=True, connect_timeout=10)


def _require_rights(connection: Connection) -> None:
    if connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() != (True,):
        raise BackupError(
            "The owner may not change the server's settings: docs/operations.md tells what its administrator does."
        )


def _require_same_history(home: Path, connection: Connection) -> None:
    """Segments of two clusters, or from before and after a recovery, carry the same names and are not the same."""
    found = connection.execute(
        "SELECT system_identifier || '/' || timeline_id FROM pg_control_system(), pg_control_checkpoint()"
    ).fetchone()
    mine, path = str(found[0] if found else ""), home / "identity"
    if not path.exists():
        path.write_text(f"{mine}\n")
    if path.read_text().strip() != mine:
        raise BackupError(
            f"{home} is the archive of another database, or of this one before a recovery: name a new one."
        )


def _make_slot(connection: Connection) -> None:
    """The server keeps what was not received yet, from this moment on."""
    if connection.execute("SELECT 1 FROM pg_replication_slots WHERE slot_name = %s", [NAME]).fetchone() is None:
        connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [NAME])


def _wait_for_stream(connection: Connection, receiver: _Receiver) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if receiver.has_ended():
            raise BackupError(f"pg_receivewal failed. {receiver.last_words()}")
        if connection.execute(
            "SELECT 1 FROM pg_stat_replication WHERE application_name = %s AND state = 'streaming'", [NAME]
        ).fetchone():
            return
        time.sleep(0.1)
    raise BackupError(f"pg_receivewal does not reach the end of the log. {receiver.last_words()}")


def _take_base(home: Path, *, tell: Tell) -> None:
    started = time.monotonic()
    unfinished = home / "base.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    tell("Taking a base backup …")
    tools.run(
        tools.find("pg_basebackup", major=tools.major_of(tools.server_version())),
        "--checkpoint=fast",
        "--wal-method=stream",
        "--manifest-checksums=SHA256",
        "--no-password",
        f"--pgdata={unfinished}",
        f"--dbname={tools.connection_string()}",
    )
    base = home / time.strftime("base-%Y%m%dT%H%M%SZ", time.gmtime())
    unfinished.rename(base)
    tell(f"  {base}, {time.monotonic() - started:.1f} s")


def _prune(home: Path, *, keep: int, tell: Tell) -> None:
    """Remove all but the newest base backups, and the log from before the oldest one that is kept."""
    kept = bases(home)[-keep:]
    label = STARTS_IN.search((kept[0] / "backup_label").read_text())
    if label is None:
        raise BackupError(f"{kept[0]} has no legible backup_label: take another base backup with --new-base.")
    for base in bases(home)[:-keep]:
        shutil.rmtree(base)
        tell(f"Removed {base.name}.")
    program = tools.find("pg_archivecleanup", major=tools.major_of(tools.server_version()))
    tools.run(program, str(home / "wal"), label[1])


def _set_standby(connection: Connection, name: str) -> None:
    connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
    connection.execute("SELECT pg_reload_conf()")


def _release(*, tell: Tell) -> None:
    try:
        with _connected() as connection:
            _set_standby(connection, "")
        tell("Commits wait for the archive no more.")
    except (psycopg.OperationalError, OSError) as error:
        tell(f"The server is away ({str(error).strip()}): its commits will wait for the archive when it is back.")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"Another process archives into {home} already.") from None
        yield
