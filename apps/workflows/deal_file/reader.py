"""Read YAML so that every mistake can be named by line, key and reason.

A :class:`Place` is a value together with where it stands in the file. Readers take from it what they need and call
:meth:`Place.done` at the end, so that a misspelt key is refused instead of ignored.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NoReturn, TypeVar
from zoneinfo import ZoneInfo

import yaml

from apps.core import days
from apps.core.errors import Refused

T = TypeVar("T")
PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
RELATIVE_DAY = re.compile(r"today([+-][0-9]{1,4})?", re.ASCII)
LARGEST_FILE = 1024 * 1024
DEEPEST = 20
MOST_OPEN = 4 * DEEPEST
"""Lists and keys within each other that are read at all; those deeper than ``DEEPEST`` are told by their line."""
HALF_A_SIGN = re.compile("[\ud800-\udfff]")
"""Halves of signs that an escape such as ``\\ud800`` can write, and that no text can hold by themselves."""
OPENS = (
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
)
CLOSES = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)


class DealFileRefused(Refused):
    """The file is wrong: line, key and reason are in the message, and nothing was played."""


def load(text: str, *, today: date) -> "Place":
    """The root of a deal file; ``today`` is the day that ``today-12`` counts from.

    Aliases, tags and duplicate keys are refused; scalars stay text until they are read.
    """
    if len(text.encode()) > LARGEST_FILE:
        raise DealFileRefused("The file is larger than 1 MiB.")
    try:
        _look_through(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise DealFileRefused(
            "line {line}: this is not YAML: {reason}.",
            line=mark.line + 1 if mark else 1,
            reason=str(getattr(error, "problem", None) or error).rstrip("."),
        ) from None
    if node is None:
        raise DealFileRefused("The file is empty.")
    return Place(node, (), today)


def _look_through(text: str) -> None:
    """Refuse what no deal file has while it is read sign by sign, before anything is made of it.

    Brackets within brackets stop at the first that is too deep: the more of them are open, the longer each takes.
    """
    depth = 0
    for token in yaml.scan(text):
        if isinstance(token, yaml.AliasToken | yaml.AnchorToken | yaml.TagToken):
            raise DealFileRefused(
                "line {line}: aliases, anchors and tags are not read; write the value out.",
                line=token.start_mark.line + 1,
            )
        if isinstance(token, yaml.ScalarToken) and HALF_A_SIGN.search(token.value):
            raise DealFileRefused("line {line}: this is no text in UTF-8.", line=token.start_mark.line + 1)
        depth += isinstance(token, OPENS) - isinstance(token, CLOSES)
        if depth > MOST_OPEN:
            raise DealFileRefused("The file is nested too deeply.")


@dataclass
class Place:
    """A node of the file and the path of keys that leads to it."""

    node: yaml.Node
    path: tuple[str, ...]
    today: date
    taken: set[str] = field(default_factory=set)

    @property
    def line(self) -> int:
        return self.node.start_mark.line + 1

    def refuse(self, reason: str) -> NoReturn:
        """Refuse this place, with line and key."""
        raise DealFileRefused(
            "line {line}: {key}: {reason}", line=self.line, key=".".join(self.path) or "the file", reason=reason
        )

    def by(self, rule: Callable[[], T]) -> T:
        """What a rule of the product makes of this value; its refusal is told with line and key."""
        try:
            return rule()
        except DealFileRefused:
            raise
        except Refused as refused:
            self.refuse(str(refused))

    # --- mappings ------------------------------------------------------------------------------------------------

    def _entries(self) -> dict[str, "Place"]:
        if len(self.path) > DEEPEST:
            self.refuse("nested too deeply")
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse("expected keys with values, such as `name: …`")
        entries: dict[str, Place] = {}
        for key, value in self.node.value:
            name = str(key.value)
            if name in entries:
                Place(key, (*self.path, name), self.today).refuse("this key stands twice")
            entries[name] = Place(value, (*self.path, name), self.today)
        return entries

    def need(self, key: str) -> "Place":
        """The value of a key that must be there."""
        found = self.maybe(key)
        if found is None:
            self.refuse(f"`{key}` is missing")
        return found

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
                place.refuse(f"unknown key; known here: {known}")

    def items(self) -> Iterator[tuple[str, "Place"]]:
        """All keys with their values, for mappings whose keys are names."""
        yield from self._entries().items()

    def each(self) -> Iterator["Place"]:
        """The items of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse("expected a list, each item beginning with `- `")
        for number, item in enumerate(self.node.value, start=1):
            yield Place(item, (*self.path, str(number)), self.today)

    @property
    def is_text(self) -> bool:
        """Whether a word stands here, and no keys and no list."""
        return isinstance(self.node, yaml.ScalarNode)

    # --- scalars -------------------------------------------------------------------------------------------------

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

    def one_of(self, *allowed: str) -> str:
        """One of the given words."""
        value = self.text()
        if value not in allowed:
            self.refuse(f"`{value}` is not one of {', '.join(allowed)}")
        return value

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

    def whole(self, *, least: int = 0, most: int = 3650) -> int:
        """A whole number."""
        value = self.number(least=Decimal(least), most=Decimal(most))
        if value != value.to_integral_value():
            self.refuse("must be a whole number")
        return int(value)

    def percentage(self) -> Decimal:
        """A number from 0 to 100."""
        return self.number(least=Decimal(0), most=Decimal(100))

    def email(self) -> str:
        """A mailbox, in lower case."""
        written = self.text(most=254).lower()
        name, _at, domain = written.partition("@")
        if not name or "." not in domain or " " in written:
            self.refuse(f"`{written}` is not an e-mail address")
        return written

    def yes_or_no(self) -> bool:
        """``yes`` or ``no``, ``true`` or ``false``."""
        return self.one_of("yes", "no", "true", "false") in ("yes", "true")

    def day(self) -> date:
        """A date such as ``2026-03-02``, or ``today``, ``today-12``, ``today+30``."""
        return self._parsed(self._date, "a date such as 2026-03-02 or today-12")

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
