"""Read YAML so that every mistake can be named by line, key and reason.

A :class:`Place` is a value together with where it stands in the file. Readers take from it what they need and call
:meth:`Place.done` at the end, so that a misspelt key is refused instead of ignored.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import NoReturn, TypeVar, cast
from zoneinfo import ZoneInfo, available_timezones

import yaml

from apps.core import days, money
from apps.core.errors import Refused
from apps.workflows.deal_file.faults import ROOT, DealFileRefused, Faults, going_on

T = TypeVar("T")
PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
RELATIVE_DAY = re.compile(r"today([+-][0-9]{1,4})?", re.ASCII)
DEEPEST = 20


@dataclass
class Place:
    """A node of the file and the path of keys that leads to it.

    ``is_within``: a reader of it is at work, and tells by itself what is wrong; ``is_missing``: it stands in for what
    the file lacks.
    """

    node: yaml.Node
    path: tuple[str, ...]
    today: date
    taken: set[str] = field(default_factory=set)
    faults: Faults | None = None
    is_within: bool = False
    is_missing: bool = False

    @property
    def is_wrong(self) -> bool:
        """Whether a fault of it, or of what it holds, is noted."""
        return self.faults is not None and self.faults.within(self.key)

    @property
    def key(self) -> str:
        return ".".join(self.path) or ROOT

    @property
    def line(self) -> int:
        return self.node.start_mark.line + 1

    def refuse(self, reason: str) -> NoReturn:
        """Refuse this place, with line and key."""
        raise DealFileRefused("line {line}: {key}: {reason}", line=self.line, key=self.key, reason=reason)

    def by(self, rule: Callable[[], T], *, instead: T | None = None) -> T:
        """What a rule of the product makes of this value; its refusal is told with line and key.

        ``instead`` stands in for it where faults are noted. A rule over much is told only where nothing of that is
        wrong already.
        """
        try:
            return rule()
        except DealFileRefused:
            raise
        except Refused as refused:
            try:
                self.refuse(str(refused))
            except DealFileRefused as told:
                if self.faults is None:
                    raise
                if self.is_text or not self.faults.keys:
                    self.faults.note(told)
        return cast("T", instead)

    def attempt(self, read: Callable[["Place"], T]) -> T | None:
        """What is read of this place; where faults are noted, None of what cannot be read at all."""
        try:
            return read(self)
        except DealFileRefused as refused:
            if self.faults is None:
                raise
            self.faults.note(refused)
            return None

    def all(self, read: Callable[["Place"], T]) -> tuple[T, ...]:
        """What is read of each item of a list, without those that cannot be read at all."""
        return tuple(found for found in (item.attempt(read) for item in self.each()) if found is not None)

    # --- mappings ------------------------------------------------------------------------------------------------

    def _entries(self) -> dict[str, "Place"]:
        if self.is_missing:
            return {}
        if len(self.path) > DEEPEST:
            self.refuse("nested too deeply")
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse("expected keys with values, such as `name: …`")
        entries: dict[str, Place] = {}
        for key, value in self.node.value:
            name = str(key.value)
            if name in entries:
                Place(key, (*self.path, name), self.today).refuse("this key stands twice")
            entries[name] = Place(value, (*self.path, name), self.today, faults=self.faults)
        return entries

    def need(self, key: str) -> "Place":
        """The value of a key that must be there."""
        found = self.maybe(key)
        if found is not None:
            return found
        try:
            self.refuse(f"`{key}` is missing")
        except DealFileRefused as refused:
            if self.faults is None:
                raise
            path = (*self.path, key)
            if not self.is_missing:
                self.faults.note(refused, about=".".join(path))
            return Place(self.node, path, self.today, faults=self.faults, is_missing=True)

    def maybe(self, key: str) -> "Place | None":
        """The value of a key, or None when it is absent or empty."""
        self.taken.add(key)
        found = self._entries().get(key)
        return None if found is None or _is_empty(found.node) else found

    def done(self) -> None:
        """Refuse keys that nobody read."""
        for name, place in self._entries().items():
            if name not in self.taken:
                known = ", ".join(sorted(self.taken))
                place.attempt(partial(Place.refuse, reason=f"unknown key; known here: {known}"))

    def items(self) -> Iterator[tuple[str, "Place"]]:
        """All keys with their values, for mappings whose keys are names."""
        yield from self._entries().items()

    def each(self) -> Iterator["Place"]:
        """The items of a list."""
        if self.is_missing:
            return
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse("expected a list, each item beginning with `- `")
        for number, item in enumerate(self.node.value, start=1):
            yield Place(item, (*self.path, str(number)), self.today, faults=self.faults)

    @property
    def is_text(self) -> bool:
        """Whether a word stands here, and no keys and no list."""
        return isinstance(self.node, yaml.ScalarNode)

    # --- scalars -------------------------------------------------------------------------------------------------

    @going_on(lambda *_a, **_k: "–")
    def text(self, *, most: int = 4000) -> str:
        """A text, stripped, not empty, of at most ``most`` signs."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.refuse("expected a text")
        value = str(self.node.value).strip()
        if not value:
            self.refuse("is empty")
        if len(value) > most:
            self.refuse(f"is longer than {most} signs")
        if "\x00" in value:
            self.refuse("contains a null sign")
        return value

    @going_on(lambda _place, *allowed: allowed[0] if allowed else "")
    def one_of(self, *allowed: str) -> str:
        """One of the given words."""
        value = self.text()
        if value not in allowed:
            self.refuse(f"`{value}` is not one of {', '.join(allowed)}")
        return value

    @going_on(lambda *_a, least=None, **_k: least or Decimal(1))
    def number(self, *, least: Decimal | None = None, most: Decimal | None = None) -> Decimal:
        """A plain decimal such as ``120000`` or ``0.5``: no exponent, no separators, no NaN."""
        written = self.text(most=40)
        if not PLAIN_NUMBER.fullmatch(written):
            self.refuse(f"`{written}` is not a plain number such as 120000 or 0.5")
        value = Decimal(written)
        if least is not None and value < least:
            self.refuse(f"must be at least {least}")
        if most is not None and value > most:
            self.refuse(f"must be at most {most}")
        return value

    @going_on(lambda *_a, least=0, **_k: least)
    def whole(self, *, least: int = 0, most: int = 3650) -> int:
        """A whole number."""
        value = self.number(least=Decimal(least), most=Decimal(most))
        if value != value.to_integral_value():
            self.refuse("must be a whole number")
        return int(value)

    @going_on(lambda *_a: Decimal(0))
    def percentage(self) -> Decimal:
        """A number from 0 to 100."""
        return self.number(least=Decimal(0), most=Decimal(100))

    @going_on(lambda *_a: "DE")
    def country(self) -> str:
        """A country by its code."""
        code = self.text()
        if len(code) != 2 or not code.isalpha() or code != code.upper():
            self.refuse("expected a country code of two capital letters, such as DE")
        return code

    @going_on(lambda *_a: "Europe/Berlin")
    def time_zone(self) -> str:
        """A time zone by its place."""
        name = self.text()
        if name not in available_timezones():
            self.refuse(f"`{name}` is not a time zone such as Europe/Berlin")
        return name

    @going_on(lambda *_a: "EUR")
    def currency(self) -> str:
        """A currency by its code."""
        code = self.text()
        if code not in money.currencies():
            self.refuse(f"`{code}` is not a currency code such as EUR")
        return code

    @going_on(lambda *_a: "–")
    def email(self) -> str:
        """A mailbox, in lower case."""
        written = self.text(most=254).lower()
        name, _at, domain = written.partition("@")
        if not name or "." not in domain or " " in written:
            self.refuse(f"`{written}` is not an e-mail address")
        return written

    @going_on(lambda *_a: False)
    def yes_or_no(self) -> bool:
        """``yes`` or ``no``, ``true`` or ``false``."""
        return self.one_of("yes", "no", "true", "false") in ("yes", "true")

    @going_on(lambda place: place.today)
    def day(self) -> date:
        """A date such as ``2026-03-02``, or ``today``, ``today-12``, ``today+30``."""
        return self._parsed(self._date, "a date such as 2026-03-02 or today-12")

    @going_on(lambda place, _zone: datetime.combine(place.today, time(9), UTC))
    def instant(self, zone: str) -> datetime:
        """A date with or without a time (``today-3 08:15``) in the named zone; 09:00 by default."""

        def parse(written: str) -> datetime:
            day, _space, clock_time = written.partition(" ")
            at = time.fromisoformat(clock_time) if clock_time else time(9)
            return datetime.combine(self._date(day), at, ZoneInfo(zone)).astimezone(UTC)

        return self._parsed(parse, "a date or a date with a time, such as 2026-03-02 14:30")

    def _date(self, written: str) -> date:
        relative = RELATIVE_DAY.fullmatch(written)
        try:
            if relative is None:
                return days.known(date.fromisoformat(written))
            return days.known(self.today + timedelta(days=int(relative[1] or 0)))
        except OverflowError:
            self.refuse(f"`{written}` is no day of the calendar")
        except Refused as refused:
            self.refuse(str(refused))

    def _parsed(self, parse: Callable[[str], T], example: str) -> T:
        written = self.text(most=40)
        try:
            return parse(written)
        except ValueError:
            self.refuse(f"`{written}` is not {example}")


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value in ("", "~", "null") and node.style is None
