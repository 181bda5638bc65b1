"""``manage.py read_bounces [URL]``: which of our mails came back?"""

import sys
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.contracts.rules.returned_mail import MOST_BYTES
from apps.core.errors import Refused
from apps.workflows.mailboxes import read_all
from apps.workflows.returned import take_returned


class Command(BaseCommand):
    help = (
        "Read notifications of failed mails (RFC 3464) from a maildir or an IMAP mailbox, or one of them from standard"
        " input, and note which of our mails came back. docs/operations.md explains it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "source",
            nargs="?",
            default=settings.BOUNCES_URL,
            help="maildir:///path or imaps://user:password@host/FOLDER (default: BOUNCES_URL); - for standard input",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        read = noted = 0

        def take(content: bytes, received_at: datetime | None) -> None:
            nonlocal read, noted
            taken = take_returned(content, received_at=received_at)
            read += taken.is_notice
            noted += taken.noted

        source = options["source"]
        try:
            if source == "-":
                take(sys.stdin.buffer.read(MOST_BYTES), None)
                # The rest is read and forgotten, or the mail server's pipe breaks.
                while sys.stdin.buffer.read(MOST_BYTES):
                    pass
                count = 1
            elif source:
                count = read_all(source, take)
            else:
                raise CommandError(
                    "Say where they lie: a URL, BOUNCES_URL in the environment, or - for standard input."
                )
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{count} messages read, {read} say that a mail failed, {noted} mailboxes noted")
