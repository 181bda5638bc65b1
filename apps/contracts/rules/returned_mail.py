"""Notifications that a mail was not delivered (RFC 3464): what they say, and for how long they take a proof away.

What is read was sent by anybody: it is cut where it is too long, only the report itself is looked into and never
what is nested in it, and whatever is not such a notification says nothing. Who sent it is not known; so the caller
counts it only of a Message-ID that went to the mailbox that it names.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, message_from_string
from email.message import Message
from typing import Final

COUNTS_FOR: Final = timedelta(hours=24)
"""A mail that the mail server took proves delivery once it has not come back for so long."""
GIVEN_UP_WITHIN: Final = timedelta(days=7)
"""What comes back later takes back no interest that has run: mail servers give up after four or five days (RFC 5321,
section 4.5.4.1), and its reader might make up a notification at any time."""
MOST_BYTES: Final = 2**20
"""The report stands before the mail that it returns, so of a longer one the rest is not needed."""
MOST_MAILBOXES: Final = 100
LONGEST_REASON: Final = 300
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,250}>")
"""In signs that can be printed, as ours are written: no other is looked for, because no database keeps a NUL."""
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_ORIGINALS: Final = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "message/rfc822-headers"}
)
_STATUSES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})


@dataclass(frozen=True, slots=True)
class Failure:
    """One mailbox, by the names under which the notification knows it (in small letters), and why it failed."""

    mailboxes: tuple[str, ...]
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Returned:
    """The Message-ID of the mail that came back, and from where."""

    message_id: str
    failures: tuple[Failure, ...]


def read_returned(content: bytes) -> Returned | None:
    """What a notification says of a mail that failed for good; None for everything else, whatever is wrong with it.

    A mail that is only late, or that was delivered, has not failed.
    """
    try:
        return _read(message_from_bytes(content[:MOST_BYTES]))
    except Exception:
        return None


def _read(message: Message) -> Returned | None:
    kind = str(message.get_param("report-type") or "").lower()
    parts = message.get_payload()
    if message.get_content_type() != "multipart/report" or kind != "delivery-status" or not isinstance(parts, list):
        return None
    inside = [part for part in parts if isinstance(part, Message)]
    status = next((part for part in inside if part.get_content_type() in _STATUSES), None)
    original = next((part for part in inside if part.get_content_type() in _ORIGINALS), None)
    if status is None or original is None:
        return None
    found = _MESSAGE_ID.fullmatch("".join(str(_headers(original).get("Message-ID", "")).split()))
    blocks = status.get_payload()
    if found is None or not isinstance(blocks, list):
        return None
    failures = [_failure(block) for block in blocks[1 : MOST_MAILBOXES + 1] if isinstance(block, Message)]
    said = tuple(one for one in failures if one is not None)
    return Returned(found.group(), said) if said else None


def _headers(original: Message) -> Message:
    """The headers of the mail that came back, whole or alone."""
    inner = original.get_payload()
    if isinstance(inner, list) and inner and isinstance(inner[0], Message):
        return inner[0]
    text = original.get_payload(decode=True)
    return message_from_string(text.decode("utf-8", "replace") if isinstance(text, bytes) else "")


def _failure(block: Message) -> Failure | None:
    """Of one mailbox that it failed; None where it did not."""
    if str(block.get("Action", "")).strip().lower() != "failed":
        return None
    named = (str(block.get(name, "")).partition(";") for name in ("Original-Recipient", "Final-Recipient"))
    mailboxes = tuple(dict.fromkeys(mailbox for _kind, _sep, said in named if (mailbox := said.strip().lower())))
    status = _STATUS.search(str(block.get("Status", "")))
    reason = " ".join(str(block.get("Diagnostic-Code", "")).partition(";")[2].split())
    shown = "".join(sign for sign in reason if sign.isprintable())[:LONGEST_REASON]
    return Failure(mailboxes, status.group() if status else "", shown) if mailboxes else None


def returned_of(returned: Returned, *, recipients: Sequence[str]) -> list[tuple[str, Failure]]:
    """Which of the mailboxes to which the mail went it came back from, as we wrote them."""
    ours = {mailbox.lower(): mailbox for mailbox in recipients}
    found: dict[str, Failure] = {}
    for failure in returned.failures:
        for named in failure.mailboxes:
            if named in ours:
                found.setdefault(ours[named], failure)
    return list(found.items())


def came_back_in_time(received: Iterable[datetime], *, sent_at: datetime) -> bool:
    """Whether a mail came back so early that it proves nothing."""
    return any(at <= sent_at + COUNTS_FOR for at in received)
