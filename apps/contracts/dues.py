"""When a line of the plan is billed that no sign-off bills: a deposit once, a recurring line period by period."""

from dataclasses import dataclass
from datetime import date
from typing import Final

MILESTONE: Final = "milestone"
DEPOSIT: Final = "deposit"
RECURRING: Final = "recurring"
KINDS: Final = (MILESTONE, DEPOSIT, RECURRING)

SIGNATURE: Final = "signature"
DATE: Final = "date"
ACCEPTANCE: Final = "acceptance"
STARTS: Final = {DEPOSIT: (SIGNATURE, DATE), RECURRING: (SIGNATURE, DATE, ACCEPTANCE)}
"""What can make a line due: the signature that makes the contract active, a day, the acceptance of a milestone."""

MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
"""How many months a period has."""


@dataclass(frozen=True, slots=True)
class Due:
    """From when a line is billed, and how often.

    ``start`` is ``signature``, ``date`` (then ``on`` is the day) or ``acceptance`` (then ``milestone`` is the title of
    the one that is meant). A recurring line is billed on the first day of each ``period`` (``month``, ``quarter``,
    ``year``), ``count`` times. None and empty mean not written yet.
    """

    start: str = SIGNATURE
    on: date | None = None
    milestone: str = ""
    period: str = ""
    count: int | None = None
