"""What a milestone waits for as people write it, in a cell or a field: one thing a line, in English and German.

``any of`` on the first line says that one is enough; then ``accepted: Prototype``, ``from: 2027-03-01``,
``event: Building permit granted``. A line without such a word is the name of a milestone.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from apps.contracts.drafts import ALL, ANY, Condition
from apps.contracts.rules.schedule.guard import unguarded
from apps.core.days import known
from apps.core.errors import Refused

MILESTONE: Final = "milestone"
DAY: Final = "day"
EVENT: Final = "event"
NEEDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {ALL: "all of", ANY: "any of"},
    "de": {ALL: "alles von", ANY: "eines von"},
}
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {MILESTONE: "accepted", DAY: "from", EVENT: "event"},
    "de": {MILESTONE: "abgenommen", DAY: "ab", EVENT: "Ereignis"},
}
_NEEDS: Final = {word.casefold(): needs for words in NEEDS.values() for needs, word in words.items()}
_WORDS: Final = {word.casefold(): kind for words in WORDS.values() for kind, word in words.items()}


def read_waiting(text: str) -> Condition | None:
    """What the lines say; None where they say nothing. Refused in words where a day cannot be read or two are given."""
    needs, days = ALL, []
    named: dict[str, list[str]] = {MILESTONE: [], EVENT: []}
    lines = [line for line in (one.strip() for one in unguarded(text.strip()).splitlines()) if line]
    if lines and lines[0].rstrip(":").casefold() in _NEEDS:
        needs = _NEEDS[lines.pop(0).rstrip(":").casefold()]
    for line in lines:
        word, colon, rest = line.partition(":")
        kind = _WORDS.get(word.strip().casefold(), MILESTONE) if colon else MILESTONE
        said = rest.strip() if colon and word.strip().casefold() in _WORDS else line
        if kind == DAY:
            days.append(_day(said))
        else:
            named[kind].append(said)
    if len(days) > 1:
        raise Refused("Give one day only: of several, the last decides where all count, and the first where any does.")
    if not lines:
        return None
    return Condition(needs, tuple(named[MILESTONE]), days[0] if days else None, tuple(named[EVENT]))


def written_waiting(condition: Condition | None, *, language: str) -> str:
    """The lines that say it; empty where there is no condition."""
    if condition is None:
        return ""
    words = WORDS[language if language in WORDS else "en"]
    lines = [
        *(f"{words[MILESTONE]}: {title}" for title in condition.milestones),
        *([f"{words[DAY]}: {condition.on.isoformat()}"] if condition.on is not None else []),
        *(f"{words[EVENT]}: {event}" for event in condition.events),
    ]
    if len(lines) > 1 or condition.needs == ANY:
        lines.insert(0, NEEDS[language if language in NEEDS else "en"][condition.needs])
    return "\n".join(lines)


def _day(said: str) -> date:
    try:
        return known(date.fromisoformat(said))
    except ValueError as error:
        raise Refused("“{text}” is no day. Write it as 2027-03-01.", text=said[:40]) from error
