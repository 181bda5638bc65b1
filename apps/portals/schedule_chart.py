"""The plan over time: one bar for each milestone between two dates, with today across."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from apps.portals import formats

ROW = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One milestone as a bar from ``start`` to ``end``, and how it looks: ``done``, ``current``, ``ahead`` or ``late``.

    ``planned`` and ``done`` are the days for which it was planned and on which it was, where there are any.
    """

    label: str
    start: date
    end: date
    look: str
    status: str
    planned: date | None = None
    done: date | None = None

    @property
    def words(self) -> str:
        """What the bar says to who points at it."""
        days = [formats.day(self.start), formats.day(self.end)]
        return f"{self.label}: {' – '.join(days)}, {self.status}"


@dataclass(frozen=True, slots=True)
class Key:
    """What a bar or a line means: a look of a :class:`Span`, ``planned`` or ``today``."""

    name: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Spans on one axis of dates, in the order given."""

    title: str
    says: str
    spans: Sequence[Span]
    today: date
    marks = "span"

    @property
    def series(self) -> list[Key]:
        """The legend: what is drawn, and nothing else."""
        drawn = {span.look for span in self.spans}
        keys = [Key(name, look) for look, name in self.looks().items() if look in drawn]
        if any(span.planned for span in self.spans):
            keys.append(Key(_("Planned date"), "planned"))
        return [*keys, Key(_("Today"), "today")] if self._has_today else keys

    def looks(self) -> dict[str, str]:
        """What each look of a bar means."""
        return {
            "done": pgettext("work", "Accepted"),
            "current": _("Waiting for sign-off"),
            "late": _("Late"),
            "ahead": _("Still to come"),
        }

    @property
    def _has_today(self) -> bool:
        first, last = self._ends()
        return first <= self.today <= last

    def _ends(self) -> tuple[date, date]:
        """The first and the last day that is drawn."""
        last = max(max(span.end, span.planned or span.end) for span in self.spans)
        return min(min(span.start, span.planned or span.start) for span in self.spans), last

    def _share(self, day: date) -> str:
        first, last = self._ends()
        return f"{100 * (day - first).days / max(1, (last - first).days):.2f}"

    def svg(self) -> SafeString:
        first, last = self._ends()
        now: SafeString | str = ""
        if self._has_today:
            at = self._share(self.today)
            now = format_html('<line class="today" x1="{}%" x2="{}%" y1="0" y2="{}"/>', at, at, ROW)
        rows = format_html_join(
            "",
            '<span>{}</span><svg height="{}"><line class="grid" x1="0" x2="100%" y1="{}" y2="{}"/>'
            '<rect class="span-{}" x="{}%" width="{}%" y="8" height="14" rx="4"><title>{}</title></rect>{}{}</svg>',
            (
                (
                    span.label,
                    ROW,
                    ROW,
                    ROW,
                    span.look,
                    self._share(span.start),
                    f"{max(1.0, float(self._share(span.end)) - float(self._share(span.start))):.2f}",
                    span.words,
                    self._planned(span),
                    now,
                )
                for span in self.spans
            ),
        )
        ends = format_html(
            '<span></span><svg height="18"><text x="0" y="13">{}</text>'
            '<text x="100%" y="13" text-anchor="end">{}</text></svg>',
            formats.day(first),
            formats.day(last),
        )
        return format_html('<div class="gantt" role="img" aria-label="{}">{}{}</div>', self.title, rows, ends)

    def _planned(self, span: Span) -> SafeString | str:
        """A line across the bar, at the day for which it was planned."""
        if span.planned is None:
            return ""
        at = self._share(span.planned)
        return format_html('<line class="planned" x1="{}%" x2="{}%" y1="4" y2="26"/>', at, at)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The heads of the columns and the rows, as text."""
        rows = [
            [span.label, formats.day(span.start), _or_dash(span.planned), _or_dash(span.done), span.status]
            for span in self.spans
        ]
        return ["", _("From"), _("Planned"), pgettext("work", "Accepted"), _("Status")], rows


def _or_dash(day: date | None) -> str:
    return formats.day(day) if day is not None else "\N{EN DASH}"
