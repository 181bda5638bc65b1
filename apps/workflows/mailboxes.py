"""Where notifications of failed mails lie: a maildir, or a mailbox of an IMAP server. Each message is read once.

What was read is marked as seen, once what it says is written down, and never deleted. Of every message at most as much
is read as a notification needs.
"""

import imaplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import mktime
from typing import Final
from urllib.parse import unquote, urlsplit

from apps.contracts.rules.returned_mail import MOST_BYTES
from apps.core import clock
from apps.core.errors import Refused

Take = Callable[[bytes, datetime], object]
TIMEOUT: Final = 30.0
"""Seconds for an answer of the IMAP server."""
MOST_AT_ONCE: Final = 1_000
"""Messages in one run: the next run reads on."""
SECURE_PORT: Final = 993
PORT: Final = 143
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def read_all(url: str, take: Take) -> int:
    """Give every unread message, with the instant at which it was received, to ``take``; the answer is how many.

    ``url`` is ``maildir:///path``, ``imaps://user:password@host/FOLDER``, or ``imap://`` on this machine alone: without
    TLS a password crosses no network.
    """
    parts = urlsplit(url)
    if parts.scheme == "maildir":
        return _read_maildir(Path(unquote(parts.path)), take)
    if parts.scheme == "imaps" or (parts.scheme == "imap" and parts.hostname in LOCAL):
        return _read_imap(url, take)
    raise Refused("Give maildir:///path, or imaps://user:password@host/FOLDER.")


def _read_maildir(folder: Path, take: Take) -> int:
    """Messages of ``new``, and those of ``cur`` that nobody has seen."""
    if not (folder / "new").is_dir() or not (folder / "cur").is_dir():
        raise Refused("{folder} is no maildir: it has no folders “new” and “cur”.", folder=str(folder))
    waiting = [
        *sorted((folder / "new").iterdir()),
        *(one for one in sorted((folder / "cur").iterdir()) if _is_new(one)),
    ]
    count = 0
    for path in waiting[:MOST_AT_ONCE]:
        with suppress(FileNotFoundError):  # another reader was quicker
            if not path.is_file() or path.is_symlink():
                continue
            with path.open("rb") as stored:
                content = stored.read(MOST_BYTES)
            take(content, datetime.fromtimestamp(path.stat().st_mtime, UTC))
            name, _info, flags = path.name.partition(":2,")
            path.rename(folder / "cur" / f"{name}:2,{''.join(sorted({*flags, 'S'}))}")
            count += 1
    return count


def _is_new(path: Path) -> bool:
    return "S" not in path.name.partition(":2,")[2]


def _read_imap(url: str, take: Take) -> int:
    with _connected(url) as server:
        _state, found = server.uid("SEARCH", "UNSEEN")
        numbers = (found[0] or b"").split() if found else []
        kept_back: list[str] = []
        for number in numbers[:MOST_AT_ONCE]:
            uid = number.decode("ascii")
            state, answer = server.uid("FETCH", uid, f"(INTERNALDATE BODY.PEEK[]<0.{MOST_BYTES}>)")
            if state != "OK":
                kept_back.append(uid)
                continue
            for part in answer or ():
                if isinstance(part, tuple):
                    told = imaplib.Internaldate2tuple(b" ".join([part[0], *_others(answer)]))
                    take(part[1], datetime.fromtimestamp(mktime(told), UTC) if told else clock.now())
                    break
            server.uid("STORE", uid, "+FLAGS", r"(\Seen)")
        if kept_back:
            # They stay unread, and whoever waits for all to be read is told.
            raise imaplib.IMAP4.error(f"not handed out by the server: {', '.join(kept_back)}")
        return len(numbers[:MOST_AT_ONCE])


def _others(answer: list[object]) -> list[bytes]:
    """What the server says beside the message itself: some say the date after it."""
    return [part for part in answer if isinstance(part, bytes)]


@contextmanager
def _connected(url: str) -> Iterator[imaplib.IMAP4]:
    parts = urlsplit(url)
    host, folder = parts.hostname or "", unquote(parts.path).strip("/") or "INBOX"
    server: imaplib.IMAP4
    if parts.scheme == "imaps":
        secure = ssl.create_default_context()
        server = imaplib.IMAP4_SSL(host, parts.port or SECURE_PORT, ssl_context=secure, timeout=TIMEOUT)
    else:
        server = imaplib.IMAP4(host, parts.port or PORT, timeout=TIMEOUT)
    try:
        server.login(unquote(parts.username or ""), unquote(parts.password or ""))
        state, _said = server.select(f'"{folder}"')
        if state != "OK":
            raise Refused("The mailbox has no folder {folder}.", folder=folder)
        yield server
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            server.logout()
