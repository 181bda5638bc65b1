"""Notice of termination: what it must say. No database, no Django.

No period of notice is a term of a contract here yet, so the day on which a notice takes effect is what the side says
that gives it; whether the contract and the law let it do so is for the sides.
"""

from datetime import date, timedelta
from typing import Final

from apps.contracts.rules.words import required, trimmed
from apps.core.errors import Refused

CONVENIENCE: Final = "convenience"
CAUSE: Final = "cause"
LATEST: Final = timedelta(days=3653)
"""Ten years: whoever gives notice for a later day means another one."""


def check_notice(*, ground: str, reason: str, effective_on: date, today: date) -> str:
    """The reason, trimmed, of a notice that can be given today; refused with the field named otherwise.

    ``today`` is the day where the seller is. For cause the reason is the notice; for convenience none is needed.
    """
    if ground not in (CONVENIENCE, CAUSE):
        raise Refused("Say whether the contract ends for convenience or for cause.", field="ground")
    if effective_on < today:
        raise Refused(
            "A notice takes effect today at the earliest. Choose {today}, or a later day.",
            field="effective_on",
            today=today,
        )
    if effective_on > today + LATEST:
        raise Refused("This day is more than ten years away. Check the year.", field="effective_on")
    if ground == CAUSE:
        return required(reason, most=4_000, what="cause", field="reason")
    return trimmed(reason, most=4_000, what="reason", field="reason")
