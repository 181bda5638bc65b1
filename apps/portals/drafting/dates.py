"""Planned dates that are probably not meant."""

from collections.abc import Iterable
from datetime import date

from django.utils.translation import ngettext

PAST_NAMED = 5
"""How many milestones a warning names."""


def past_dates(planned: Iterable[tuple[str, date | None]], *, today: date) -> str:
    """A warning that milestones, by name and date, are planned before today, or nothing when none is.

    It may be meant, when work began before the contract; more often it is a wrong year.
    """
    past = [title for title, planned_on in planned if planned_on is not None and planned_on < today]
    if not past:
        return ""
    names = ", ".join(f"“{title}”" for title in past[:PAST_NAMED]) + (" …" if len(past) > PAST_NAMED else "")
    return ngettext(
        "The planned date of %(names)s is in the past. Check the year, or leave it if that is meant.",
        "%(count)d planned dates are in the past: those of %(names)s. Check the year, or leave them if that is meant.",
        len(past),
    ) % {"names": names, "count": len(past)}
