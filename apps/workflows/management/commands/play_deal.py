"""``manage.py play_deal FILE [--json] [--keep]``: what would come of this deal?"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.test.utils import override_settings  # the one thing of Django that swaps settings and tells who cached them

from apps.core.database.scratch import scratch_database
from apps.core.errors import Refused
from apps.workflows.deal_file import player, report
from apps.workflows.deal_file.deal import Deal
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.report_parts import Report


@contextmanager
def _nothing_remains() -> Iterator[None]:
    """A database and a folder for this play alone, and no mails."""
    with TemporaryDirectory(prefix="cairn-") as folder, scratch_database():
        files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": folder}}
        with override_settings(
            CLOCK_CAN_BE_STOPPED=True,
            EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
            STORAGES={**settings.STORAGES, "default": files},
        ):
            yield


class Command(BaseCommand):
    help = (
        "Play a deal file through the real services and print what came of it. docs/deal-files.md explains the format."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a deal file, such as deals/software-30-30-40.yaml")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--keep", action="store_true", help="play into the demo's database instead of a scratch copy"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        deal = self._read(options["file"])
        if options["keep"]:
            if not settings.EMBEDDED:
                raise CommandError("--keep plays into the embedded database only; unset DATABASE_URL.")
            with override_settings(CLOCK_CAN_BE_STOPPED=True):
                found = self._play(deal, options["file"])
        else:
            with _nothing_remains():
                found = self._play(deal, options["file"])
        self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) if options["json"] else report.plain(found))

    def _read(self, path: Path) -> Deal:
        try:
            return read(path.read_text(encoding="utf-8"), today=date.today())  # noqa: DTZ011  the day at this terminal
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise CommandError(f"{path}: is not UTF-8 text") from None
        except Refused as refused:
            told = [one.template.format(**one.parts) for one in (refused, *refused.more)]
            said = f" {told[0]}" if len(told) == 1 else "".join(f"\n  {one}" for one in told)
            raise CommandError(f"{path}:{said}") from None

    def _play(self, deal: Deal, path: Path) -> Report:
        try:
            (contract_ref,) = player.play(deal)
        except Refused as refused:
            raise CommandError(f"{path}: {refused}") from None
        return report.report(title=deal.title, contract_ref=contract_ref)
