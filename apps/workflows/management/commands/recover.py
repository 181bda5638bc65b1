"""``manage.py recover DIR``: the embedded database from an archive, up to its last acknowledged commit."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.workflows.backups import archiving, measures, stored
from apps.workflows.upkeep import EVERY_VERIFIER
from config.embedded_pg.base import server
from config.embedded_pg.errors import ServerError
from config.embedded_pg.recovery import recover


class Command(BaseCommand):
    help = "Bring the embedded database and the files back from what manage.py archive kept, and verify them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archive", type=Path, metavar="DIR", help="the folder of the archive")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError("This recovers the embedded database; for a server, docs/operations.md tells the way.")
        archive, files = options["archive"].resolve(), stored.folder()
        found = archiving.bases(archive)
        if not found:
            raise CommandError(f"{archive} is no archive: it has no base backup.")
        if any(stored.names(files)):
            raise CommandError(f"{files} has files: move the folder away first; nothing is written over it.")
        self._say(f"Recovering from {found[-1].name} and the log since …")
        try:
            recover(server(), base=found[-1], wal=archive / "wal")
            self._say(f"{stored.mirror(archive / 'files', files)} files copied.")
        except ServerError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(stored.reason(error)) from None
        for verifier in EVERY_VERIFIER:
            call_command(verifier, stdout=self.stdout)
        self._compare_files(files)
        self._say("Recovered. Begin a new archive, in another folder, before web and worker start.")

    def _compare_files(self, files: Path) -> None:
        differing = 0
        for file in measures.files():
            path = files / file.name
            if not path.is_file() or stored.sha256(path) != file.sha256:
                differing += 1
                self._say(f"  NOT FOUND: {file.name}, or not as the database says")
        if differing:
            raise CommandError(f"The database is back; {differing} files are not: look for them in the last backup.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
