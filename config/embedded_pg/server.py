"""A real PostgreSQL 18 beside the data: started when first needed, stopped when its last user is gone.

Who uses the server is known by file locks, which the kernel gives back however a process ends, so nothing stale can
remain. Four files lie beside the cluster:

- ``gate``    held while somebody comes or leaves, ``start`` while the server starts, so that only one does
- ``users``   held shared by every process that uses the server; whoever gets it alone is the last
- ``keeper``  held by the keeper (keeper.py), which starts the server, waits for ``users`` and stops the server, also
  when its users were killed and could not

The socket is the only door, in a folder that no other user may enter: the server listens on no network address.
"""

import fcntl
import logging
import os
import shlex
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from io import BufferedRandom
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]

from config.embedded_pg import account, programs
from config.embedded_pg.errors import ServerError

log = logging.getLogger(__name__)

SUPERUSER: Final = "postgres"
PORT: Final = 5432
"""Only part of the socket's file name."""
LONGEST_SOCKET: Final = 103
"""Bytes of a Unix socket's path: 107 on Linux, 103 on macOS."""
MAX_CONNECTIONS: Final = 250
SETTINGS: Final = {
    "port": str(PORT),
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": str(MAX_CONNECTIONS),
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
"""Given at every start on the command line, which wins over the configuration file and ``ALTER SYSTEM``."""


class Server:
    """One cluster in one folder, shared by all processes that attach to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()
        self.cluster = self.folder / "data"
        self.log = self.cluster / "server.log"
        self._users: BufferedRandom | None = None
        self._mutex = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    # --- what a process does -------------------------------------------------------------------------------------

    def attach(self) -> None:
        """Use the server until :meth:`detach` or the end of this process; start it when it is not running.

        Raises ``ServerError`` when it cannot be started.
        """
        with self._mutex:
            try:
                if self._users is not None and self.answers():
                    return
                self.folder.mkdir(parents=True, exist_ok=True)
                with self._locked("gate"):
                    if self._users is None:
                        users = self._open("users")
                        fcntl.flock(users, fcntl.LOCK_SH)
                        self._users = users
                    if not (self.answers() and self._is_kept()):
                        self._send_for_keeper()
            except PermissionError as error:
                raise ServerError(
                    f"{self.folder} belongs to another user: run as that user, or set DATA_DIR."
                ) from error
            except OSError as error:
                raise ServerError(f"{self.folder} cannot be used: {error.strerror}. Set DATA_DIR.") from error

    def detach(self) -> None:
        """Leave the server; the last one to leave stops it and waits until it is down."""
        with self._mutex:
            if self._users is None:
                return
            with self._locked("gate"):
                try:
                    fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.stop()
                except BlockingIOError:
                    # Others still use it: the shared lock comes at once. Or the keeper is stopping it: wait for that.
                    fcntl.flock(self._users, fcntl.LOCK_SH)
            self._users.close()
            self._users = None

    def answers(self) -> bool:
        """Whether a server listens on the socket of this cluster."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(5)
            try:
                probe.connect(str(self.socket_folder() / f".s.PGSQL.{PORT}"))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            except BlockingIOError:  # so many are waiting to be let in that there is no place in the queue
                return True
        return True

    def socket_folder(self) -> Path:
        """The cluster's own folder, or a private temporary one when that path is too long for a socket."""
        if len(os.fsencode(self.cluster / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET:
            return self.cluster
        name = f"embedded-pg-{sha256(os.fsencode(self.cluster)).hexdigest()[:16]}"
        return Path(tempfile.gettempdir()).resolve() / name

    # --- what the last user or the keeper does -------------------------------------------------------------------

    def stop(self) -> None:
        """Shut down: open transactions are rolled back, everything committed is on disk. Needs ``users`` alone."""
        self._forget_dead_postmaster()
        if not (self.cluster / "postmaster.pid").exists():
            return
        for mode in ("fast", "immediate"):
            with suppress(ServerError):
                self._run("pg_ctl", "stop", "--wait", "--timeout=60", f"--mode={mode}", f"--pgdata={self.cluster}")
                return

    # --- what the keeper does ------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Start the server, then wait in the background until nobody holds ``users``, and stop it.

        Returns when the server answers and the waiting process is there. Raises ``ServerError`` when it cannot start.
        """
        with self._locked("start"):  # the gate may be open again when who sent for the keeper was killed
            if not self.answers():
                self._start()
        keeper = self._open("keeper")
        try:
            fcntl.flock(keeper, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if os.fork():
            return
        os.setsid()
        with self._open("users") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            self.stop()
            # In this order, so that who waits for ``users`` finds that there is no keeper any more.
            keeper.close()

    def _start(self) -> None:
        owner = account.server_account(self.folder, programs.folder().parent)
        if not self.cluster.exists():
            self._create_cluster(owner)
        self._check_version()
        self._forget_dead_postmaster()
        folder = self.socket_folder()
        if folder != self.cluster:
            account.private_folder(folder, owner)
        options = [f"-k {shlex.quote(str(folder))}"]
        options += [f"-c {name}={shlex.quote(value)}" for name, value in SETTINGS.items()]
        where = [f"--pgdata={self.cluster}", f"--log={self.log}"]
        try:
            self._run("pg_ctl", "start", "--wait", "--timeout=120", *where, f"--options={' '.join(options)}")
        except ServerError as error:
            raise ServerError(f"PostgreSQL did not start. {self._end_of_log()} (all of it: {self.log})") from error

    def _create_cluster(self, owner: account.Account | None) -> None:
        """Made under another name and renamed when complete: an interrupted start leaves nothing half done."""
        unfinished = self.folder / "data.unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        account.private_folder(unfinished, owner)
        self._run(
            "initdb",
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            "--auth=trust",  # the folder is the lock: only its owner reaches the socket
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",  # sorts and folds case alike on every machine
            "--data-checksums",
        )
        unfinished.rename(self.cluster)

    def _check_version(self) -> None:
        version = (self.cluster / "PG_VERSION").read_text().strip()
        if version != programs.MAJOR:
            raise ServerError(
                f"{self.cluster} was written by PostgreSQL {version}, this is {programs.MAJOR}:"
                " dump it with the former release of Cairn and load it with this one."
            )

    def _forget_dead_postmaster(self) -> None:
        """After a power cut the number in its lock files may belong to some other program, which would look alive.

        They are taken away only when no process works in the cluster any more: two servers would destroy it.
        """
        pid_file = self.cluster / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError):
            number = int(pid_file.read_text().splitlines()[0])
            living = self._processes()
            if number in {process.pid for process in living}:
                return
            _, working = psutil.wait_procs(living, timeout=30)  # they end by themselves after their server's death
            if not working:
                (self.socket_folder() / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
                pid_file.unlink()

    def _processes(self) -> list[psutil.Process]:
        """Processes of PostgreSQL at work in this cluster; a zombie is none."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.name().startswith("postgres") and process.cwd() == str(self.cluster):
                    found.append(process)
        return found

    def _is_kept(self) -> bool:
        with self._open("keeper") as keeper:
            try:
                fcntl.flock(keeper, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _send_for_keeper(self) -> None:
        """In a session of its own, so that neither Ctrl-C nor the end of this process interrupts a start."""
        home = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "config.embedded_pg.keeper", str(self.folder)]
        said = programs.call(command, env={**os.environ, "PYTHONPATH": path})
        if said:
            log.warning(said)

    def _run(self, program: str, *arguments: str) -> None:
        programs.call(
            [str(programs.folder() / program), *arguments], env={"PATH": os.defpath}, owner=account.existing_account()
        )

    def _end_of_log(self) -> str:
        try:
            return " ".join(self.log.read_text(errors="replace").splitlines()[-3:])
        except OSError:
            return "It wrote no log."

    def _open(self, name: str) -> BufferedRandom:
        path = self.folder / name
        path.touch(mode=0o600)
        return path.open("r+b")

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with self._open(name) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _forget(self) -> None:
        """A forked child attaches by itself: what it inherited is the parent's."""
        self._mutex = threading.Lock()
        if self._users is not None:
            self._users.close()
            self._users = None
