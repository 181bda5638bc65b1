"""``manage.py archive DIR``: the process that keeps every acknowledged commit a second time, elsewhere."""

import signal
import threading
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from apps.workflows.backups import archiving
from apps.workflows.backups.errors import BackupError


class Command(BaseCommand):
    help = (
        "Take a base backup if there is none, then receive the write-ahead log until SIGINT or SIGTERM; meanwhile no"
        " commit is acknowledged before it is in the archive."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archive", type=Path, metavar="DIR", help="a folder on another disk or machine")
        parser.add_argument("--new-base", action="store_true", help="take a base backup even if there is one")
        parser.add_argument("--keep", type=int, metavar="N", help="keep the newest N base backups, and the log since")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["keep"] is not None and options["keep"] < 1:
            raise CommandError("--keep needs a number of at least 1.")
        until = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: until.set())
        try:
            archiving.archive(
                options["archive"].resolve(),
                new_base=options["new_base"],
                keep=options["keep"],
                until=until,
                tell=self._say,
            )
        except BackupError as error:
            raise CommandError(str(error)) from None
        except (psycopg.Error, DatabaseError) as error:
            raise CommandError(f"The database refused: {str(error).strip()}") from None

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
