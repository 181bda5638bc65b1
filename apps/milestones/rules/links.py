"""Links that show that a criterion is met: what somebody names instead of attaching it. No database, no Django."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from apps.core.errors import Refused
from apps.core.texts import has_unseen

MOST_LINKS: Final = 5
"""Links to one criterion, and to the submission as a whole."""
LONGEST_LINK_TITLE: Final = 120
LONGEST_ADDRESS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Link:
    """A page elsewhere, with what it is called. What stands there may change: only title and address are frozen."""

    title: str
    url: str


def checked_links(links: Sequence[Link], *, field: str) -> list[Link]:
    """The links as they are kept: without blanks around them, rows without any text left out, and a link without a
    title called by its host; the scheme in small letters, as Postgres asks for it (RFC 3986, 6.2.2.1).

    Refused: more than :data:`MOST_LINKS`, an address that is not https, one that hides behind a user name, and one with
    signs other than those of addresses (RFC 3986 writes them in ASCII).
    """
    written = [Link(link.title.strip(), link.url.strip()) for link in links]
    kept = [_checked(link, field=field) for link in written if link.title or link.url]
    if len(kept) > MOST_LINKS:
        raise Refused("At most {most} links can stand here.", field=field, most=MOST_LINKS)
    return kept


def _checked(link: Link, *, field: str) -> Link:
    if not link.url:
        raise Refused("Give the address of “{title}” too: it begins with https://.", field=field, title=link.title)
    if len(link.url) > LONGEST_ADDRESS:
        raise Refused("An address has at most {most} characters.", field=field, most=LONGEST_ADDRESS)
    host = _host(link.url)
    if not host:
        raise Refused(
            "“{url}” is no address that can stand here. Copy it from the browser: it begins with https://, and has"
            " neither blanks nor a user name in it.",
            field=field,
            url=link.url,
        )
    title = link.title or host
    if len(title) > LONGEST_LINK_TITLE:
        raise Refused("The title of a link has at most {most} characters.", field=field, most=LONGEST_LINK_TITLE)
    if has_unseen(title) or "\n" in title:
        raise Refused("This text contains signs that cannot be seen. Type it anew.", field=field)
    return Link(title, f"https{link.url[5:]}")


def _host(url: str) -> str:
    """The host of an https address; nothing of any other text."""
    if not all("!" <= sign <= "~" for sign in url) or any(sign in "\"'<>\\^`{|}" for sign in url):
        return ""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    return host if parts.scheme == "https" and "@" not in parts.netloc else ""
