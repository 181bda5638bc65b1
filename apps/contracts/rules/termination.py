"""Notice of termination: what it must say, and how long before the end. No database, no Django.

A contract may agree a period of notice. It is kept by who terminates for convenience; for cause nobody has to wait
(German Civil Code, section 314(1): for a compelling reason without a period of notice). Whether there is a cause, and
what the law asks for beside the contract, is for the sides.
"""

from datetime import date, timedelta
from typing import Final

from apps.contracts.rules.words import required, trimmed
from apps.core.errors import Refused

CONVENIENCE: Final = "convenience"
CAUSE: Final = "cause"
LONGEST_PERIOD_OF_NOTICE: Final = 730
"""Days of notice: two years. Whoever agrees to more means a term without any."""
LATEST: Final = timedelta(days=3653)
"""Ten years: whoever gives notice for a later day means another one."""


def check_notice_days(days: int) -> None:
    """Refuse a period of notice that nobody means."""
    if not 0 <= days <= LONGEST_PERIOD_OF_NOTICE:
        raise Refused(
            "The period of notice is between 0 and {most} days.", field="notice_days", most=LONGEST_PERIOD_OF_NOTICE
        )


def earliest_end(*, ground: str, notice_days: int, today: date) -> date:
    """The first day on which a notice that is given today may take effect: for cause today, else after the period."""
    return today if ground == CAUSE else today + timedelta(days=notice_days)


def check_notice(*, ground: str, reason: str, effective_on: date, today: date, notice_days: int = 0) -> str:
    """The reason, trimmed, of a notice that can be given today; refused with the field named otherwise.

    ``today`` is the day where the seller is, ``notice_days`` the period that was agreed. For cause the reason is the
    notice; for convenience none is needed.
    """
    if ground not in (CONVENIENCE, CAUSE):
        raise Refused("Say whether the contract ends for convenience or for cause.", field="ground")
    if effective_on < today:
        raise Refused(
            "A notice takes effect today at the earliest. Choose {today}, or a later day.",
            field="effective_on",
            today=today,
        )
    earliest = earliest_end(ground=ground, notice_days=notice_days, today=today)
    if effective_on < earliest:
        raise Refused(
            "{days} days of notice were agreed. Choose {earliest}, or a later day; or terminate for cause, if there is"
            " one.",
            field="effective_on",
            days=notice_days,
            earliest=earliest,
        )
    if effective_on > today + LATEST:
        raise Refused("This day is more than ten years away. Check the year.", field="effective_on")
    if ground == CAUSE:
        return required(reason, most=4_000, what="cause", field="reason")
    return trimmed(reason, most=4_000, what="reason", field="reason")
