"""How often the same document is mailed: a person may lose a letter, and no mailbox is flooded."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from apps.core.errors import Refused

MOST: Final = 3
WITHIN: Final = timedelta(hours=1)
"""So many letters in so long, the first one included."""


def check_again(asked: Iterable[datetime], *, at: datetime) -> None:
    """Refuse one more letter where enough went already; ``asked`` are the instants of those before."""
    recent = sorted(one for one in asked if at - WITHIN < one <= at)
    if len(recent) >= MOST:
        wait = recent[-MOST] + WITHIN - at
        raise Refused(
            "It was sent {most} times within an hour. Ask whether the mailbox is right, or send it again in {minutes}"
            " minutes.",
            most=MOST,
            minutes=-(-wait // timedelta(minutes=1)),
        )
