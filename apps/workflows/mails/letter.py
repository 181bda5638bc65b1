"""One letter: from whom, to whom, in whose language, with one button; as HTML and as plain text that say the same."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from email.mime.image import MIMEImage
from email.utils import formataddr, parseaddr
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import css_inline
from babel.dates import format_skeleton
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise

from apps.contracts import services as contracts
from apps.contracts.models import Contract, SentMail
from apps.core import clock
from apps.parties import branding, logos
from apps.parties.models import Organisation

Text = str | Promise
SHORT_DATES: Final = {"en": "en_GB", "de": "de_DE"}
NBSP: Final = "\N{NO-BREAK SPACE}"
BLANK_LINES: Final = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes with a letter."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class About:
    """What a letter is about that proves something or carries a document, so that its Message-ID is kept.

    ``subject`` names it as the audit trail does; a statement of account belongs to no one contract.
    """

    subject: str
    contract: Contract | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What ``templates/mail/<name>.*`` is filled with.

    ``key`` tells this letter from every other of its name: a job that runs twice sends the same Message-ID, and the
    mailbox can recognise the second. ``reader`` is the organisation whose language is used. ``by`` is a deadline for
    the subject line, in the zone of the reader. Without ``url`` there is no button.
    """

    name: str
    key: str
    sender: Organisation
    reader: Organisation
    to: Sequence[str]
    button: Text = ""
    url: str = ""
    by: datetime | date | None = None
    facts: Sequence[dict[str, Any]] = ()
    context: dict[str, Any] = field(default_factory=dict)
    files: Sequence[Enclosure] = ()
    about: About | None = None


LOGO: Final = "logo"
HOUSE_DARK: Final = {"accent_dark": "#74c9d8", "accent_fill_dark": "#1b7384"}
"""The usual colours in the dark."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the mail server took: to whom, the Message-ID by which a mailbox knows it again, and where that is kept."""

    to: tuple[str, ...]
    message_id: str
    mail: SentMail | None = None


def send(letter: Letter) -> Sent | None:
    """Render and hand over to the mail server; nothing happens when nobody is there to read it."""
    if not letter.to:
        return None
    message = rendered(letter)
    message.send()
    message_id = str(message.extra_headers["Message-ID"])
    return Sent(tuple(message.to), message_id, _kept(letter, message_id))


def _kept(letter: Letter, message_id: str) -> SentMail | None:
    if letter.about is None:
        return None
    contract = letter.about.contract
    return contracts.note_sent(
        name=letter.name,
        subject=letter.about.subject,
        contract_id=contract.pk if contract is not None else None,
        sender_id=letter.sender.pk,
        reader_id=letter.reader.pk,
        to=letter.to,
        message_id=message_id,
        at=clock.now(),
    )


def rendered(letter: Letter) -> EmailMultiAlternatives:
    """The message, ready to send: subject, plain text, and HTML with its styles written into the elements."""
    logo = _logo(letter.sender)
    with translation.override(letter.reader.language):
        context = {
            **letter.context,
            "from_name": letter.sender.legal_name,
            "sender": letter.sender,
            "reader": letter.reader,
            "facts": letter.facts,
            "button_words": letter.button,
            "button_url": letter.url,
            **_look(letter.sender),
            "logo": LOGO if logo else "",
            "by": _short_date(letter.by, letter.reader) if letter.by else "",
        }
        # Headers are one line, whatever a title contains.
        subject = " ".join(render_to_string(f"mail/{letter.name}.subject.txt", context).replace(NBSP, " ").split())
        context["subject"] = subject
        text = render_to_string(f"mail/{letter.name}.txt", context).replace(NBSP, " ").strip()
        html = render_to_string(f"mail/{letter.name}.html", context)
    _name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    message = EmailMultiAlternatives(
        subject=subject,
        body=BLANK_LINES.sub("\n\n", text) + "\n",
        from_email=formataddr((" ".join(letter.sender.legal_name.split()), address)),
        to=list(letter.to),
        reply_to=[letter.sender.email] if letter.sender.email else None,
        headers={
            "Message-ID": f"<{letter.name}.{letter.key}@{address.rpartition('@')[2] or 'localhost'}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(inlined(html), "text/html")
    if logo:
        message.attach(_inline(logo))
    for file in letter.files:
        message.attach(file.name, file.content, file.content_type)
    return message


def _look(sender: Organisation) -> dict[str, str]:
    """The sender's colours, in the light and in the dark."""
    if not sender.accent:
        return {"accent": branding.HOUSE, **HOUSE_DARK}
    return {
        "accent": sender.accent,
        "accent_dark": branding.on_dark(sender.accent),
        "accent_fill_dark": sender.accent,
    }


def _logo(sender: Organisation) -> bytes:
    """The sender's picture. A mail goes without one that is not there."""
    try:
        return logos.content(sender.logo) if sender.logo else b""
    except (OSError, ValueError):
        return b""


def _inline(png: bytes) -> MIMEImage:
    """The picture goes with the message: nothing is fetched when it is opened."""
    image = MIMEImage(png, _subtype="png")
    image.add_header("Content-ID", f"<{LOGO}>")
    image.add_header("Content-Disposition", "inline", filename="logo.png")
    return image


def inlined(html: str) -> str:
    """The same with its styles in the elements, where every mailbox finds them."""
    return _inliner().inline(html)


def fact(term: Text, value: Any = "", **more: Any) -> dict[str, Any]:
    """One line of the table of facts: a value, or an ``amount`` with its ``currency``, or a date ``on``."""
    return {"term": term, "value": value, **more}


def money(term: Text, amount: Any, currency: str) -> dict[str, Any]:
    """One line with an amount."""
    return fact(term, amount=amount, currency=currency)


def absolute(path: str) -> str:
    """A link as it stands in a mail."""
    return f"{settings.BASE_URL.rstrip('/')}{path}"


def _short_date(instant: datetime | date, reader: Organisation) -> str:
    """``12 Dec``: short enough for a subject line; the letter itself says year and hour."""
    on = instant.astimezone(ZoneInfo(reader.time_zone)).date() if isinstance(instant, datetime) else instant
    return str(format_skeleton("MMMd", on, locale=SHORT_DATES.get(reader.language, "en_GB")))


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
