"""How often somebody may try: one counter for all web processes, counted in one statement, so no two requests miss one.

A window begins with the first try and ends by itself. Signing in has limits of its own, which are allauth's.
"""

import hashlib
import hmac
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.models import Subquery

from apps.core import clock
from apps.core.errors import Refused
from apps.workflows.models import Tally

LONGEST: Final = timedelta(hours=1)
"""No window is longer, so older counters may be forgotten."""


@dataclass(frozen=True, slots=True)
class Limit:
    """``most`` times ``within`` a while, of what ``name`` says."""

    name: str
    most: int
    within: timedelta


WRONG_LINKS: Final = Limit("wrong personal link", 30, timedelta(minutes=10))
"""For one address. The tokens of links cannot be guessed (256 bits); whoever tries costs a query for each."""
SEARCHES: Final = Limit("search", 60, timedelta(minutes=1))
"""For one person: more than anybody types, and few enough that a script cannot keep the database at it."""

COMMENTS: Final = Limit("comment", 20, timedelta(hours=1))
"""For one side of one contract, its milestones too: each comment is a mail to somebody who cannot stop them."""
CHANGES: Final = Limit("change order", 20, timedelta(hours=1))
"""The same of change orders: each that is recorded or proposed is a mail."""

HAND_OVERS: Final = Limit("decision passed on by link", 10, timedelta(hours=1))
"""For one contract: each is a mail to a mailbox that somebody types, without an account."""

INVOICE_QUESTIONS: Final = Limit("question about an invoice", 10, timedelta(hours=1))
"""For one invoice, whoever asks: each is a mail to the seller, and whoever has the link needs no account."""

DISPUTE_LINKS: Final = Limit("link to dispute an invoice", 3, timedelta(hours=1))
"""For one invoice: each is a mail to the buyer's signatory, and whoever has the invoice's link needs no account."""

PRINTS: Final = Limit("document made on request", 30, timedelta(minutes=10))
"""For one person: a PDF that is made when somebody asks is laid out anew each time."""


class TooOften(Exception):
    """The limit is reached; ``wait`` is how long until the window ends."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"too often; {wait.total_seconds():.0f} seconds to wait")
        self.wait = wait


def count(limit: Limit, who: str) -> None:
    """Count one more of it; :class:`TooOften` beyond the limit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workflows_tally AS tally (key, since, count)"
            " VALUES (%s, coalesce(%s, clock_timestamp()), 1)"
            " ON CONFLICT (key) DO UPDATE SET"
            "  count = CASE WHEN tally.since + make_interval(secs => %s) > excluded.since"
            "   THEN tally.count + 1 ELSE 1 END,"
            "  since = CASE WHEN tally.since + make_interval(secs => %s) > excluded.since"
            "   THEN tally.since ELSE excluded.since END"
            " RETURNING count, since + make_interval(secs => %s) - coalesce(%s, clock_timestamp())",
            [_key(limit, who), clock.stopped_at(), *[limit.within.total_seconds()] * 3, clock.stopped_at()],
        )
        counted, wait = cursor.fetchone()
    if counted > limit.most:
        raise TooOften(wait)


def spare(limit: Limit, who: str) -> None:
    """Count one more of it in a workflow; beyond the limit it is refused in words, and what was written is not lost."""
    try:
        count(limit, who)
    except TooOften as reached:
        minutes = max(1, math.ceil(reached.wait.total_seconds() / 60))
        raise Refused(
            "That were too many in a short time. Try again in {minutes} minutes, or write it all in one.",
            minutes=minutes,
        ) from None


def reached(limit: Limit, who: str) -> Subquery:
    """Since when the limit is reached, or nothing: to be asked along with something else, in the same statement."""
    return Subquery(Tally.objects.filter(key=_key(limit, who), count__gte=limit.most).values("since"))


def check(limit: Limit, *, since: datetime | None) -> None:
    """Refuse by what :func:`reached` told."""
    if since is not None and (wait := since + limit.within - clock.now()) > timedelta():
        raise TooOften(wait)


def forget(*, before: datetime) -> int:
    """Forget the counters that began so long ago that their windows are over; the answer is how many."""
    return Tally.objects.filter(since__lt=before - LONGEST).delete()[0]


def _key(limit: Limit, who: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"tally:{limit.name}:{who}".encode(), hashlib.sha256).hexdigest()
