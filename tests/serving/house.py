"""The product as it is installed: a web process with ``DATABASE_URL``, on a PostgreSQL of the test's own.

The server may be stopped, frozen and started again: nobody else uses it. The web process does not start it, as it
would the embedded one that it does not know.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]
import psycopg

from config.embedded_pg.server import Server

ROOT: Final = Path(__file__).resolve().parents[2]
STATEMENT_SECONDS: Final = 2
SECRET: Final = "known to everybody, good for tests only, and long enough for it"
PEOPLE: Final = """
import json, os, django
django.setup()
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("collectstatic", interactive=False, verbosity=0)
settings.CLOCK_CAN_BE_STOPPED = True
from tests import scenarios
parties = scenarios.organisations()
cookies = {}
for role in ("seller", "buyer", "financier"):
    user = parties.people[role].user
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session["second_factor"] = True
    session.save()
    cookies[role] = session.session_key
print(json.dumps(cookies))
"""


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many seconds."""

    status: int
    headers: dict[str, str]
    body: str
    seconds: float


@dataclass
class Database:
    """A cluster of the test's own."""

    folder: Path
    server: Server = field(init=False)

    def __post_init__(self) -> None:
        self.server = Server(self.folder)

    @property
    def url(self) -> str:
        return f"postgres://postgres@/cairn?host={self.server.socket_folder()}"

    def start(self) -> None:
        self.server.attach()

    def stop(self) -> None:
        self.server.detach()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of the server stands still: it takes connections, by its kernel, and answers nothing."""
        postmaster = psutil.Process(int((self.server.cluster / "postmaster.pid").read_text().splitlines()[0]))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGCONT)


@dataclass
class House:
    """A web process at work."""

    port: int
    process: "subprocess.Popen[bytes]"
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        who: str = "",
        headers: dict[str, str] | None = None,
        body: str = "",
        patience: float = 60,
    ) -> Answer:
        """One request on a connection of its own; who is signed in sends the session's cookie."""
        sent = {"Host": "localhost", **(headers or {})}
        if who:
            sent["Cookie"] = f"sessionid={self.cookies[who]}"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=patience)
        began = time.monotonic()
        try:
            connection.request(method, path, body=body or None, headers=sent)
            response = connection.getresponse()
            read = response.read().decode(errors="replace")
        finally:
            connection.close()
        return Answer(response.status, dict(response.getheaders()), read, time.monotonic() - began)


def environment(database: Database, data: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database.url,
        "DATABASE_STATEMENT_SECONDS": str(STATEMENT_SECONDS),
        "DATA_DIR": str(data),
        "SECRET_KEY": SECRET,
        "ALLOWED_HOSTS": "localhost",
        "PLAIN_HTTP": "true",
        "STATIC_ROOT": str(data / "static"),
    }


def prepared(database: Database, data: Path) -> dict[str, str]:
    """Make the database; one process migrates it, collects static files, lets people in. Gives their sessions' keys."""
    env = environment(database, data)
    with psycopg.connect(host=str(database.server.socket_folder()), user="postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE cairn")
    said = subprocess.run([sys.executable, "-c", PEOPLE], check=True, env=env, cwd=ROOT, capture_output=True, text=True)
    people: dict[str, str] = json.loads(said.stdout.splitlines()[-1])
    return people


@contextmanager
def serving(env: dict[str, str], *command: str, cookies: dict[str, str] | None = None) -> Iterator[House]:
    """The command with ``{port}`` filled in, from its first answer until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = Path(env["DATA_DIR"]) / f"web-{port}.log"
    with log.open("wb") as said:
        arguments = [part.format(port=port) for part in command]
        process = subprocess.Popen(arguments, env=env, cwd=ROOT, stdout=said, stderr=said)
    house = House(port, process, cookies or {})
    try:
        _until_it_answers(house, log)
        yield house
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_it_answers(house: House, log: Path) -> None:
    for _ in range(300):
        with suppress(OSError):
            if house.ask("/health/live").status == 200:
                return
        if house.process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"the web process did not start: {log.read_text()[-2000:]}")
