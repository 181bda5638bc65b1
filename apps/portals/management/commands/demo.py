"""``manage.py demo``: the whole product on this machine, with deals already in it, in one process."""

import fcntl
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

import waitress
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.urls import reverse
from waitress import wasyncore

from apps.contracts.models import Contract
from apps.core.database.scratch import drop
from apps.core.errors import Refused
from apps.parties.models import User
from apps.portals.demo.check import check
from apps.portals.demo.doors import sign_in_path
from apps.workflows import worker
from apps.workflows.deal_file import player
from apps.workflows.deal_file.deal import Deal
from apps.workflows.deal_file.read import read

PORTS_TO_TRY = 20
PERSONAS = (
    ("seller: Anna of Nordlicht", "anna@nordlicht.example"),
    ("buyer: Paul of Aurora", "paul@aurora-kliniken.example"),
    ("financier: Frank, who prices", "frank@hanse-receivables.example"),
    ("financier: Greta, who approves", "greta@hanse-receivables.example"),
    ("financier: Hugo, who pays", "hugo@hanse-receivables.example"),
)


class Command(BaseCommand):
    help = "Start the demo: embedded PostgreSQL, migrated, real deals played, worker running, pages served."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the first port to try (8000)")
        parser.add_argument("--reset", action="store_true", help="throw the demo's data away and start anew")
        parser.add_argument(
            "--check", action="store_true", help="start everything, try it over HTTP, stop; exit 0 if all is well"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Start the demo as `manage.py demo`, with the embedded database.")
        signal.signal(signal.SIGTERM, _leave)
        try:
            self._run(options)
        except KeyboardInterrupt:
            self._say("\nStopping.")

    def _run(self, options: dict[str, Any]) -> None:
        with _alone():
            self._serve(options)

    def _serve(self, options: dict[str, Any]) -> None:
        listening = _free_socket(options["port"])
        port = listening.getsockname()[1]
        settings.BASE_URL = f"http://localhost:{port}"
        if options["reset"]:
            self._reset()
        self._say("Migrating the embedded database …")
        call_command("migrate", verbosity=0, interactive=False)
        self._play_deals()
        show_own_error_pages()
        with worker.running(), _serving(listening):
            if options["check"]:
                check(f"http://localhost:{port}", people=PERSONAS, tell=self._say)
                self._say("The demo works.")
                return
            self._greet(port)
            threading.Event().wait()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _reset(self) -> None:
        for alias in connections:
            connections[alias].close()
        drop(connections["owner"].settings_dict["NAME"])
        for folder in ("files", "outbox"):
            for path in sorted((Path(settings.DATA_DIR) / folder).rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()

    def _play_deals(self) -> None:
        if Contract.objects.using("owner").exists():
            self._say("The demo's data is kept from last time; --reset starts anew.")
            return
        deals = [_deal(path) for path in sorted((Path(settings.BASE_DIR) / "deals").glob("*.yaml"))]
        settings.CLOCK_CAN_BE_STOPPED = True
        try:
            player.play(*deals, tell=self._say)
        except BaseException as error:
            self._reset()  # half a demo would be kept by the next start
            if isinstance(error, Refused):
                raise CommandError(str(error)) from None
            raise
        finally:
            settings.CLOCK_CAN_BE_STOPPED = False

    def _greet(self, port: int) -> None:
        base = f"http://localhost:{port}"
        lines = [f"\nCairn is running at {base}. One click signs you in:\n"]
        known = {user.email: user for user in User.objects.filter(email__in=dict(PERSONAS).values())}
        lines += [f"  {title:<34} {base}{sign_in_path(known[email])}" for title, email in PERSONAS if email in known]
        lines += [
            f"  {'outbox: every mail of the demo':<34} {base}{reverse('demo:outbox')}",
            "\nCtrl-C stops everything; your data stays.",
        ]
        self._say("\n".join(lines))


def show_own_error_pages() -> None:
    """Show errors as a visitor of a real installation sees them.

    The settings were read with DEBUG, which opens the demo's doors; Django's pages for programmers come with it.
    """
    settings.DEBUG = False


def _deal(path: Path) -> Deal:
    try:
        return read(path.read_text(encoding="utf-8"), today=date.today())  # noqa: DTZ011  the day at this desk
    except Refused as refused:
        raise CommandError(f"{path}: {refused}") from None


@contextmanager
def _alone() -> Iterator[None]:
    """One demo for one folder: a second would play into the database that the first one serves, or empty it."""
    Path(settings.DATA_DIR).mkdir(parents=True, exist_ok=True)
    with (Path(settings.DATA_DIR) / "demo.lock").open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"A demo is running already with the data in {settings.DATA_DIR}. Stop it with Ctrl-C first."
            ) from None
        yield


@contextmanager
def _serving(listening: socket.socket) -> Iterator[None]:
    """Pages, by a server that slow clients do not take down."""
    sockets: dict[int, Any] = {}
    server = waitress.create_server(
        get_wsgi_application(),
        map=sockets,
        sockets=[listening],
        threads=8,
        connection_limit=1000,
        channel_timeout=30,
        max_request_body_size=settings.REQUEST_MAX_BYTES,
    )
    thread = threading.Thread(target=server.run, name="web", daemon=True)
    thread.start()
    try:
        yield
    finally:
        # In its own thread, between two rounds of its loop: what is closed beside the loop fails in it.
        server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets))
        thread.join(timeout=5)


def _free_socket(first: int) -> socket.socket:
    """A listening socket on the first free port; a busy one is passed over."""
    for port in range(first, first + PORTS_TO_TRY):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError:
            listening.close()
            continue
        listening.listen(128)
        return listening
    raise CommandError(f"The ports {first} to {first + PORTS_TO_TRY - 1} are all busy; name a free one with --port.")


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
