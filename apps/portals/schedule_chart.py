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
    """One milestone: planned from and to, and how it looks: ``done``, ``current``, ``ahead`` or ``late``."""

    label: str
    start: date
    end: date
    look: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Spans on one axis of dates, in the order given."""

    title: str
    says: str
    spans: Sequence[Span]
    today: date
    marks = ""
    series: Sequence[object] = ()

    def _share(self, day: date) -> str:
        first, last = min(span.start for span in self.spans), max(span.end for span in self.spans)
        return f"{100 * (day - first).days / max(1, (last - first).days):.2f}"

    def svg(self) -> SafeString:
        first, last = min(span.start for span in self.spans), max(span.end for span in self.spans)
        now = ""
        if first <= self.today <= last:
            at = self._share(self.today)
            now = format_html('<line class="today" x1="{}%" x2="{}%" y1="0" y2="{}"/>', at, at, ROW)
        rows = format_html_join(
            "",
            '<span>{}</span><svg height="{}"><line class="grid" x1="0" x2="100%" y1="{}" y2="{}"/>'
            '<rect class="span-{}" x="{}%" width="{}%" y="8" height="14" rx="4"><title>{}</title></rect>{}</svg>',
            (
                (
                    span.label,
                    ROW,
                    ROW,
                    ROW,
                    span.look,
                    self._share(span.start),
                    f"{max(1.0, float(self._share(span.end)) - float(self._share(span.start))):.2f}",
                    f"{span.label}: {formats.day(span.start)} – {formats.day(span.end)}, {span.status}",
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

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The heads of the columns and the rows, as text."""
        rows = [[span.label, formats.day(span.start), formats.day(span.end), span.status] for span in self.spans]
        return ["", _("From"), pgettext("end of a range", "To"), _("Status")], rows
