"""A plan over time before anybody signs it: when each line is done or billed, as far as the draft says."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.contracts import rules
from apps.contracts.drafts import ACCEPTANCE, ANY, DATE, EVENT, MILESTONE, RECURRING
from apps.contracts.models.plan_line import PlanLine
from apps.portals import formats
from apps.portals.schedule_chart import Schedule, Span
from apps.portals.templatetags.dues import due_in_words

MOST_SPANS: Final = 40
"""Lines that are drawn, the first of the plan; the plan beside the picture lists all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline(Schedule):
    """The same bars; nothing of them has come yet, so the table tells what each waits for."""

    def table(self) -> tuple[list[str], list[list[str]]]:
        rows = [[span.label, formats.day(span.start), formats.day(span.end), span.status] for span in self.spans]
        return ["", _("From"), _("Until"), _("Follows from")], rows

    def looks(self) -> dict[str, str]:
        return {
            "ahead": _("Milestone"),
            "late": _("Planned before what it waits for"),
            "current": _("Deposit or period"),
        }


def timeline_of(lines: Sequence[PlanLine], *, currency: str, today: date) -> Timeline | None:
    """Of the lines of a draft in their order; None where no line has a day. Asks the database nothing.

    A milestone ends on its planned date. It begins when the milestones above it (of a cumulative one) or those that it
    waits for are planned, or on the day that it waits for; any other begins on the planned date before its own. What
    the signature makes due is drawn on ``today``. Deposits and periods stand on the days on which they are billed,
    those after an acceptance counted from its planned date. A milestone that is planned before what it waits for is
    marked.
    """
    planned = {line.title: line.planned_on for line in lines if line.kind == MILESTONE}
    days = sorted({day for day in planned.values() if day is not None})
    spans: list[Span] = []
    above: date | None = None
    for line in lines:
        if line.kind == MILESTONE:
            found = _milestone(line, planned=planned, days=days, above=above, today=today)
            if line.planned_on is not None:
                above = max(above, line.planned_on) if above is not None else line.planned_on
        else:
            found = _by_calendar(line, planned=planned, currency=currency, today=today)
        if found is not None:
            spans.append(found)
    if not spans:
        return None
    return Timeline(
        title=_("The plan over time"), says=_said(spans, of=len(lines)), spans=spans[:MOST_SPANS], today=today
    )


def _milestone(
    line: PlanLine, *, planned: dict[str, date | None], days: Sequence[date], above: date | None, today: date
) -> Span | None:
    end = line.planned_on
    if end is None:
        return None
    own = line.own
    waits = own.condition
    named = waits.milestones if waits is not None else ()
    known = [day for title in named if (day := planned.get(title)) is not None]
    if waits is not None and waits.on is not None:
        known.append(waits.on)
    begins = []
    if known and waits is not None:
        begins.append(min(known) if waits.needs == ANY else max(known))
    if own.is_cumulative and above is not None:
        begins.append(above)
    at = bisect_left(days, end)
    before = days[at - 1] if at else today
    start = max(begins) if begins else max(before, today)
    return Span(
        label=line.title,
        start=min(start, end),
        end=end,
        look="late" if start > end and begins else "ahead",
        status=_follows(line, named, is_early=bool(begins) and start > end),
        planned=end,
    )


def _follows(line: PlanLine, named: Sequence[str], *, is_early: bool) -> str:
    """What a milestone waits for, in words; a dash where it waits for nothing."""
    own, waits = line.own, line.own.condition
    said = []
    if own.is_cumulative:
        said.append(_("all milestones above it"))
    if waits is not None:
        things = [*named, *([formats.day(waits.on)] if waits.on is not None else []), *waits.events]
        words = ", ".join(things)
        said.append(_("one of: %(things)s") % {"things": words} if waits.needs == ANY and things[1:] else words)
    words = "; ".join(said) or "\N{EN DASH}"
    return _("%(words)s (planned later than this)") % {"words": words} if is_early else words


def _by_calendar(line: PlanLine, *, planned: dict[str, date | None], currency: str, today: date) -> Span | None:
    due = line.due
    if due is None or due.start == EVENT:
        return None
    start = due.on if due.start == DATE else planned.get(due.milestone) if due.start == ACCEPTANCE else today
    if start is None:
        return None
    end = start = start if line.kind == RECURRING else max(start, today)
    if line.kind == RECURRING:
        if not due.period or not due.count:
            return None
        end = rules.periods(start, period=due.period, count=due.count)[-1].last
    return Span(label=line.title, start=start, end=end, look="current", status=due_in_words(line, currency))


def _said(spans: Sequence[Span], *, of: int) -> str:
    said = [
        _(
            "Each bar ends on the planned date of its milestone, and begins when what it follows is planned. Deposits"
            " and periods stand on the days on which they are billed, as if the contract were signed today."
        )
    ]
    if early := sum(span.look == "late" for span in spans):
        said.append(
            ngettext(
                "%(count)s milestone is planned before what it waits for.",
                "%(count)s milestones are planned before what they wait for.",
                early,
            )
            % {"count": early}
        )
    if left := of - len(spans):
        said.append(
            ngettext(
                "%(count)s line has no date yet and is not drawn.",
                "%(count)s lines have no date yet and are not drawn.",
                left,
            )
            % {"count": left}
        )
    if len(spans) > MOST_SPANS:
        said.append(_("Only the first %(count)s are drawn.") % {"count": MOST_SPANS})
    return " ".join(said)
