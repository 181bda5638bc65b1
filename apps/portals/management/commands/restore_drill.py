"""``manage.py restore_drill [BACKUP]``: does the backup come back, and does Cairn work with it?"""

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.test import Client  # Django's own way to ask a page of itself
from django.urls import reverse

from apps.core import backups
from apps.parties.models import Membership
from apps.workflows.backups import restoring
from apps.workflows.backups.errors import BackupError
from apps.workflows.upkeep import EVERY_VERIFIER
from config import drill
from config.embedded_pg.server import Server

PATIENCE: Final = 60.0
"""Seconds that the throw-away server is given to go down."""


class Command(BaseCommand):
    help = (
        "Restore a backup into a throw-away place, start it, run every verifier, sign in; exit 1 if anything differs."
        " The real database is not touched, and nothing is left behind."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", type=Path, nargs="?", help="the folder of one backup (the newest in BACKUP_DIR)")
        parser.add_argument("--in", type=Path, dest="place", metavar="DIR", help="a folder with room for all of it")
        parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        backup = options["backup"] or _newest()
        if options["inside"]:
            self._try_out(backup)
            return
        signal.signal(signal.SIGTERM, _leave)
        with _place(options["place"]) as place:
            # That nothing was collected for a web server to serve is no matter here.
            python = [sys.executable, "-W", "ignore:No directory at:UserWarning"]
            command = [*python, str(settings.BASE_DIR / "manage.py"), "restore_drill", "--inside"]
            done = subprocess.run([*command, str(backup.resolve())], check=False, env=drill.environment(place))  # noqa: S603
        if done.returncode:
            raise CommandError(f"{backup.name} did not pass the drill; the reason stands above.")

    def _try_out(self, backup: Path) -> None:
        """In the throw-away place, of which the settings of this process speak."""
        started = time.monotonic()
        try:
            with self._timed("restored and compared"):
                restoring.restore(backup, replace=False, tell=self._say)
        except BackupError as error:
            raise CommandError(str(error)) from None
        for verifier in EVERY_VERIFIER:
            with self._timed(verifier):
                call_command(verifier, stdout=self.stdout)
        with self._timed("signed in"):
            self._say(_sign_in())
        self._say(f"{backup.name} passed the drill, {time.monotonic() - started:.1f} s.")

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self._say(f"  {what}: {time.monotonic() - started:.1f} s")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _newest() -> Path:
    if not settings.BACKUP_DIR:
        raise CommandError("Which backup? Name its folder, or set BACKUP_DIR.")
    found = backups.whole(Path(settings.BACKUP_DIR))
    if not found:
        raise CommandError(f"There is no backup in {settings.BACKUP_DIR}: take one with manage.py backup.")
    return found[-1]


def _sign_in() -> str:
    """Sign a seller or buyer in by a code that is mailed, and open the first page; in an installation without people,
    the page to sign in on.

    Whoever also needs a second factor is passed over: it is nobody's but theirs. The mail stays in this process.
    """
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    member = (
        Membership.objects.using("owner")
        .filter(user__is_active=True, ended_at=None, organisation__is_financier=False, user__authenticator=None)
        .select_related("user")
        .order_by("pk")
        .first()
    )
    response = client.get(reverse("account_login"))
    if member is None:
        shown, says = response.status_code == 200, "Nobody can sign in by a code alone; the page to sign in on opens."
    else:
        client.post(reverse("account_login"), {"email": member.user.email})
        client.post(reverse("account_confirm_login_code"), {"code": _mailed_code(to=member.user.email)})
        response = client.get(reverse("home"), follow=True)
        shown = response.status_code == 200 and response.wsgi_request.user == member.user
        says = f"Signed in as {member.user.email} with a mailed code: {response.request['PATH_INFO']} opens."
    if not shown:
        raise CommandError(f"Signing in failed: {response.request['PATH_INFO']} answered {response.status_code}.")
    return says


def _mailed_code(*, to: str) -> str:
    """The code that stands in a line of its own in the newest mail to somebody."""
    for message in reversed(getattr(mail, "outbox", [])):
        code = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", str(message.body), re.MULTILINE)
        if message.to == [to] and code:
            return code.group(1)
    raise CommandError(f"Signing in failed: no code was mailed to {to}.")


@contextmanager
def _place(home: Path | None) -> Iterator[Path]:
    """A folder that is gone afterwards, once the server in it is down."""
    with tempfile.TemporaryDirectory(prefix="cairn-drill-", dir=home) as folder:
        place = Path(folder)
        try:
            yield place
        finally:
            server = Server(place / "postgres")
            deadline = time.monotonic() + PATIENCE
            while (server.cluster / "postmaster.pid").exists() and time.monotonic() < deadline:
                time.sleep(0.1)
            if server.socket_folder() != server.cluster:
                shutil.rmtree(server.socket_folder(), ignore_errors=True)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)
