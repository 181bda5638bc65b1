"""Milestones that wait for something: which conditions a plan may state, and whether one is met. No database.

A condition holds back the submission, and so everything that follows from it; it never forces an order on the other
milestones. Whether a plan can be carried out at all is asked of the whole plan: two milestones that wait for each other
would wait for ever, while two of which either has another way do not.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from apps.contracts.drafts import ALL, ANY, MILESTONE, Condition, DraftLine, LineTerms
from apps.contracts.rules.words import required
from apps.core.errors import Refused

NEEDS: Final = (ALL, ANY)
MOST_NAMED: Final = 20
"""Milestones, and events, that one condition names: what people can still oversee."""
LONGEST_EVENT: Final = 160


@dataclass(frozen=True, slots=True)
class Happened:
    """What of a contract has happened by a day: titles of milestones that are accepted whole, events as confirmed."""

    milestones: Collection[str]
    events: Collection[str]
    today: date


def is_met(condition: Condition, happened: Happened) -> bool:
    """Whether a milestone of this condition may be submitted."""
    found = [
        *(title in happened.milestones for title in condition.milestones),
        *((condition.on <= happened.today,) if condition.on is not None else ()),
        *(event in happened.events for event in condition.events),
    ]
    return any(found) if condition.needs == ANY else all(found)


def still_waits_for(condition: Condition, happened: Happened) -> Condition | None:
    """What of it has not happened yet, as a condition of its own; None where it is met."""
    if is_met(condition, happened):
        return None
    return replace(
        condition,
        milestones=tuple(title for title in condition.milestones if title not in happened.milestones),
        on=condition.on if condition.on is not None and condition.on > happened.today else None,
        events=tuple(event for event in condition.events if event not in happened.events),
    )


def named_in(condition: Condition) -> str:
    """What a condition names, in one line."""
    day = [condition.on.isoformat()] if condition.on is not None else []
    return ", ".join([*(f"“{one}”" for one in condition.milestones), *day, *(f"“{one}”" for one in condition.events)])


def check_own_condition(own: LineTerms, *, position: int) -> LineTerms:
    """The terms of a line with what its condition names trimmed and each once, if it can be kept."""
    condition = own.condition
    if condition is None:
        return own
    if condition.needs not in NEEDS:
        raise Refused("Say whether line {line} waits for all or for any of it.", field="lines", line=position)
    milestones, events = (
        tuple(dict.fromkeys(required(one, most=LONGEST_EVENT, what=what, field="lines") for one in named))
        for named, what in ((condition.milestones, "name of a milestone"), (condition.events, "event"))
    )
    if max(len(milestones), len(events)) > MOST_NAMED:
        raise Refused(
            "Line {line} waits for more than {most} milestones or events.",
            field="lines",
            line=position,
            most=MOST_NAMED,
        )
    if not milestones and not events and condition.on is None:
        return replace(own, condition=None)
    return replace(own, condition=Condition(condition.needs, milestones, condition.on, events))


def check_conditions(lines: Sequence[DraftLine]) -> None:
    """Refuse a plan in which a milestone waits for what is not in it, or for what can never happen before it."""
    conditions = {
        place: line.own.condition
        for place, line in enumerate(lines)
        if line.kind == MILESTONE and line.own.condition is not None
    }
    if not conditions:
        return
    titles = Counter(line.title for line in lines if line.kind == MILESTONE)
    for place, condition in conditions.items():
        for title in condition.milestones:
            if titles[title] != 1:
                raise Refused(
                    "“{milestone}” waits for “{title}”, and the plan has {count} of that name. Name one that is there"
                    " once.",
                    field="lines",
                    milestone=lines[place].title,
                    title=title,
                    count=titles[title],
                )
    stuck = _stuck(lines)
    if stuck:
        raise Refused(
            "“{milestone}” can never be accepted: it waits for milestones that wait for it. Take a condition out, or"
            " let any one of several be enough.",
            field="lines",
            milestone=stuck[0],
        )


def _stuck(lines: Sequence[DraftLine]) -> list[str]:
    """The milestones that no order of acceptance reaches, if every day comes and every event happens."""
    waiting = {place: line for place, line in enumerate(lines) if line.kind == MILESTONE}
    accepted: set[str] = set()
    events = {event for line in waiting.values() if line.own.condition for event in line.own.condition.events}
    while waiting:
        happened = Happened(accepted, events, date.max)
        first = min(waiting)
        reached = [
            place
            for place, line in waiting.items()
            if (line.own.condition is None or is_met(line.own.condition, happened))
            and (place == first or not line.own.is_cumulative)
        ]
        if not reached:
            return [line.title for line in waiting.values()]
        accepted |= {waiting.pop(place).title for place in reached}
    return []


def plain_condition(condition: Condition | None) -> dict[str, Any] | None:
    """The same for a canonical text and for a column."""
    if condition is None:
        return None
    return {
        "needs": condition.needs,
        "milestones": list(condition.milestones),
        "on": condition.on.isoformat() if condition.on is not None else None,
        "events": list(condition.events),
    }


def read_condition(said: Mapping[str, Any] | None) -> Condition | None:
    """What :func:`plain_condition` wrote."""
    if not said:
        return None
    return Condition(
        said["needs"],
        tuple(said["milestones"]),
        date.fromisoformat(said["on"]) if said["on"] else None,
        tuple(said["events"]),
    )


def undated_own(own: LineTerms) -> LineTerms:
    """The terms of a line as another contract can start from them: without the day that was this one's."""
    if own.condition is None or own.condition.on is None:
        return own
    condition = replace(own.condition, on=None)
    return replace(own, condition=condition if condition.milestones or condition.events else None)
