"""``manage.py restore BACKUP [--replace]``: bring a backup back, for good."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.workflows.backups import restoring
from apps.workflows.backups.errors import BackupError


class Command(BaseCommand):
    help = "Restore a backup into the configured database and folder, and compare what came back with its manifest."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", type=Path, help="the folder of one backup")
        parser.add_argument(
            "--replace", action="store_true", help="rename what is there, instead of refusing to restore over it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            restoring.restore(options["backup"], replace=options["replace"], tell=self._say)
        except BackupError as error:
            raise CommandError(str(error)) from None
        self._say("Restored. Start web and worker.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
