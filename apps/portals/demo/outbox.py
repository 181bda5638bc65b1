"""The mails of the demo: they are written to files instead of being sent, and read here."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from django.conf import settings

END: Final = b"-" * 79
"""What Django's file backend writes after each message."""
NEWEST: Final = 200
LINK: Final = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it would have arrived. ``name`` is its file's."""

    name: str
    subject: str
    sender: str
    to: str
    sent_at: datetime | None
    text: str
    html: str

    @property
    def links(self) -> list[str]:
        return list(dict.fromkeys(LINK.findall(self.text)))


def mails() -> list[Mail]:
    """The newest mails, the newest first."""
    files = sorted(_folder().glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    return [_read(file) for file in files[:NEWEST]]


def mail_of(name: str) -> Mail | None:
    """The mail in the file of this name; a name that is not in the folder is None, whatever path it spells."""
    return next((_read(file) for file in _folder().glob("*.log") if file.name == name), None)


def _folder() -> Path:
    return Path(settings.EMAIL_FILE_PATH)


def _read(file: Path) -> Mail:
    message = message_from_bytes(file.read_bytes().partition(END)[0], policy=policy.default)
    date = message["Date"]
    return Mail(
        name=file.name,
        subject=str(message["Subject"] or ""),
        sender=str(message["From"] or ""),
        to=str(message["To"] or ""),
        sent_at=date.datetime if date is not None else None,
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""
