"""``manage.py export_journal ORGANISATION --from DAY --to DAY``: the journal of one organisation as a file."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.core.made import MadeState
from apps.ledger.exports import asking
from apps.ledger.models import Book, ExportFormat, JournalExport
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.workflows.journals import making


class Command(BaseCommand):
    """Export as the page does, with the same numbers, the same bytes and the same record."""

    help = "Write the journal of an organisation and a period to a file, as its page for exports does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", help="the organisation's reference, as its page shows it")
        parser.add_argument("--from", dest="starts_on", type=date.fromisoformat, required=True, help="2026-01-01")
        parser.add_argument("--to", dest="ends_on", type=date.fromisoformat, required=True, help="2026-01-31, included")
        parser.add_argument("--format", default=ExportFormat.CSV.value, choices=ExportFormat.values)
        parser.add_argument("--currency", default="", help="of the book; the organisation's own if nothing is said")
        parser.add_argument("--book", default=Book.Purpose.SELLER.value, choices=Book.Purpose.values)
        parser.add_argument("--output", type=Path, help="the file; named as the page names it if nothing is said")

    def handle(self, *_args: Any, **options: Any) -> None:
        organisation = Organisation.objects.using("owner").filter(ref=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"{options['organisation']}: there is no such organisation.")
        with walls.asking_for(organisation.pk):
            export = self._export(organisation, options)
            path: Path = options["output"] or Path(export.file_name)
            with default_storage.open(export.stored_as) as stored, path.open("wb") as file:
                shutil.copyfileobj(stored, file)
            self.stdout.write(
                f"{path}: entries {export.numbers}, debit = credit = {export.debit} {export.book.currency},"
                f" SHA-256 {export.sha256}"
            )

    def _export(self, organisation: Organisation, options: dict[str, Any]) -> JournalExport:
        currency = options["currency"] or organisation.currency
        try:
            with transaction.atomic():
                book = (
                    Book.objects.select_for_update()
                    .filter(organisation=organisation, purpose=options["book"], currency=currency)
                    .first()
                )
                if book is None:
                    raise CommandError(f"{organisation.legal_name} has no such book in {currency}.")
                wanted = asking.Wanted(
                    book=book, format=options["format"], starts_on=options["starts_on"], ends_on=options["ends_on"]
                )
                actor = Actor.system(organisation_id=organisation.pk)
                export, _is_new = asking.fix(wanted=wanted, actor=actor, at=clock.now())
        except Refused as refused:
            raise CommandError(str(refused)) from None
        making.make(export_ref=export.ref)
        export.refresh_from_db()
        if export.state != MadeState.READY:
            raise CommandError(export.failure)
        return export
