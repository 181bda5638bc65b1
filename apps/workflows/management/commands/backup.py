"""``manage.py backup [--to DIR] [--keep N]``: database and files, at one moment, whole or not at all."""

import signal
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.workflows.backups import manifest, taking
from apps.workflows.backups.errors import BackupError


class Command(BaseCommand):
    help = "Back up database and files into a folder of its own, with everything that a restore is compared with."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, metavar="DIR", help="where backups lie (BACKUP_DIR)")
        parser.add_argument("--keep", type=int, metavar="N", help="remove all but the newest N, once this one is whole")

    def handle(self, *args: Any, **options: Any) -> None:
        home = options["to"] or (Path(settings.BACKUP_DIR) if settings.BACKUP_DIR else None)
        if home is None:
            raise CommandError("Where to? Name a folder with --to, or set BACKUP_DIR.")
        if options["keep"] is not None and options["keep"] < 1:
            raise CommandError("--keep needs a number of at least 1: the backup that is being taken stays.")
        signal.signal(signal.SIGTERM, _leave)
        try:
            backup = taking.take(home, tell=self._say)
            if options["keep"] is not None:
                taking.prune(home, keep=options["keep"], tell=self._say)
            missing = manifest.read(backup).files_not_found
        except BackupError as error:
            raise CommandError(str(error)) from None
        if missing:
            raise CommandError(
                f"The backup is kept, but {len(missing)} files that the database names were not there to be copied."
            )

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)
