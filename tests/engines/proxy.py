"""A proxy between web and database that can be told to fail: on a Unix socket, understanding just enough of Postgres.

It reads the messages that the web sends (https://www.postgresql.org/docs/current/protocol-message-formats.html) and
counts them. At one of them, or at COMMIT, it does what networks do:

- ``LOST_REQUEST``  cuts both lines before the message goes on
- ``LOST_ANSWER``   hands the message on, waits for all of its answer, and cuts both lines without passing it on
- ``BLACK_HOLE``    hands nothing on any more and says nothing, and cuts the line in the end
- ``LATENCY``       hands every message on, late
"""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

PORT = 5432
UNANSWERED = frozenset((b"P", b"B", b"D", b"E", b"C"))
"""Parse, Bind, Describe, Execute, Close: Postgres answers when Sync follows, so up to there it is one message."""
LATE = 0.005
"""Seconds by which each message is late, where it is."""
SILENT = 1.5
"""Seconds after which a line on which nobody is heard any more is cut at last, as keepalives do."""


class Fault(StrEnum):
    LOST_REQUEST = "the request is lost"
    LOST_ANSWER = "the answer is lost"
    BLACK_HOLE = "nothing is heard any more"
    LATENCY = "everything is late"


@dataclass
class Plan:
    """What is to happen, once: ``fault`` at message ``at`` (counted from 1), or at COMMIT when that is None."""

    fault: Fault
    at: int | None = None
    happened: bool = False
    passed: int = 0
    """How many messages went by."""
    commits: int = 0


@dataclass
class Proxy:
    """Listens in ``folder``, where Postgres's own socket would be."""

    folder: Path
    server: str
    plan: Plan | None = None
    _lines: list[socket.socket] = field(default_factory=list)
    _healed: threading.Event = field(default_factory=threading.Event)

    def serve(self, door: socket.socket) -> None:
        while True:
            try:
                web, _ = door.accept()
            except OSError:
                return
            database = socket.socket(socket.AF_UNIX)
            database.connect(self.server)
            self._lines += [web, database]
            threading.Thread(target=self._ask, args=(web, database), daemon=True).start()

    def heal(self) -> None:
        """Let go of what is held in the black hole: its lines are cut, new ones work."""
        self.plan = None
        self._healed.set()
        self._healed = threading.Event()

    def cut_everything(self) -> None:
        for line in self._lines:
            _cut(line)
        self._lines.clear()

    def _ask(self, web: socket.socket, database: socket.socket) -> None:
        """Hand on what the web says, message by message; the first one has no letter."""
        swallow, ended = threading.Event(), threading.Event()
        threading.Thread(target=self._answer, args=(web, database, swallow, ended), daemon=True).start()
        try:
            opening = _exactly(web, 4)
            database.sendall(opening + _exactly(web, _length(opening) - 4))
            while True:
                message = _message(web)
                while message[-1][:1] in UNANSWERED:
                    message += _message(web)
                if self._is_due(message):
                    if self._fail(database, swallow, b"".join(message)):
                        ended.wait(SILENT)
                    _cut(web)
                    _cut(database)
                    return
                database.sendall(b"".join(message))
        except (OSError, EOFError):
            _cut(web)
            _cut(database)

    def _answer(
        self, web: socket.socket, database: socket.socket, swallow: threading.Event, ended: threading.Event
    ) -> None:
        last = b""
        with suppress(OSError):
            while said := database.recv(65_536):
                if swallow.is_set():
                    # ReadyForQuery, outside a transaction: the answer is complete, and so is what it is about.
                    last = (last + said)[-6:]
                    if last.startswith(b"Z\x00\x00\x00\x05"):
                        break
                    continue
                if self.plan is not None and self.plan.fault is Fault.LATENCY:
                    time.sleep(LATE)
                web.sendall(said)
        ended.set()
        _cut(web)
        _cut(database)

    def _is_due(self, message: list[bytes]) -> bool:
        plan = self.plan
        if plan is None or plan.happened:
            return False
        plan.passed += 1
        is_commit = any(part[:1] in (b"Q", b"P") and b"COMMIT" in part[5:21] for part in message)
        plan.commits += is_commit
        if plan.fault is Fault.LATENCY:
            plan.happened = True
            return False
        plan.happened = is_commit if plan.at is None else plan.passed == plan.at
        return plan.happened

    def _fail(self, database: socket.socket, swallow: threading.Event, message: bytes) -> bool:
        """Whether an answer is waited for. In the middle of a pipeline Postgres answers and then waits for the rest,
        which is no transaction left idle to it, so that none of its own limits ends that session."""
        fault = self.plan.fault if self.plan else Fault.LOST_REQUEST
        if fault is Fault.LOST_ANSWER:
            swallow.set()
            database.sendall(message)
        elif fault is Fault.BLACK_HOLE:
            # For longer than Postgres waits for a session that fell silent inside a transaction.
            self._healed.wait(SILENT)
        return fault is Fault.LOST_ANSWER


@contextmanager
def between(server_folder: Path) -> Iterator[Proxy]:
    """A proxy before the server whose socket is in this folder."""
    name = f".s.PGSQL.{PORT}"
    with TemporaryDirectory(prefix="proxy-") as folder, socket.socket(socket.AF_UNIX) as door:
        door.bind(f"{folder}/{name}")
        door.listen(64)
        proxy = Proxy(Path(folder), str(server_folder / name))
        threading.Thread(target=proxy.serve, args=(door,), daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.heal()
            proxy.cut_everything()


def _message(web: socket.socket) -> list[bytes]:
    head = _exactly(web, 5)
    return [head + _exactly(web, _length(head[1:]) - 4)]


def _exactly(line: socket.socket, count: int) -> bytes:
    read = b""
    while len(read) < count:
        piece = line.recv(count - len(read))
        if not piece:
            raise EOFError
        read += piece
    return read


def _length(four: bytes) -> int:
    return int(struct.unpack("!I", four)[0])


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
