"""What the components of ``templates/components`` are filled with: plain frozen values that a view builds."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from apps.portals.paging import shown_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that waits for the reader: what, from whom, how much, until when, and the one button."""

    what: str
    url: str
    button: str
    who: str = ""
    amount: Decimal | None = None
    currency: str = ""
    due: date | None = None
    note: str = ""
    icon: str = "inbox"
    tone: str = "accent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a timeline."""

    what: str
    at: datetime
    who: str = ""
    note: str = ""
    icon: str = "dot"
    tone: str = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a stepper; ``state`` is ``done``, ``current``, ``ahead`` or ``stopped``."""

    name: str
    state: str
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A term and one of: an amount, a date, a value (with a link when ``url`` is given)."""

    term: str
    value: str = ""
    amount: Decimal | None = None
    currency: str = ""
    on: date | None = None
    url: str = ""
    is_total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure of a row of figures: an amount, or any value as text."""

    label: str
    amount: Decimal | None = None
    currency: str = ""
    value: str = ""
    note: str = ""
    icon: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that can be downloaded, with what identifies its content."""

    name: str
    url: str
    size: int | None = None
    sha256: str = ""
    note: str = ""
    icon: str = "file-earmark-text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One of several lists on the same page."""

    label: str
    url: str
    is_current: bool = False
    count: int = 0

    @property
    def shown_count(self) -> str:
        return shown_size(self.count)
