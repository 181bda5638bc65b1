"""Bars that lie on their side, one for each name, each against its own whole: a limit, or the book.

In the shape of the other charts: words keep their size on a phone, and the same numbers stand in a table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.core.money import total
from apps.financing.models import Facility
from apps.portals import formats
from apps.portals.charts import Series
from apps.portals.financier.exposure import exposure_of

ROW = 46
"""Pixels of one bar with its words above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """One bar: ``parts`` follow each other from the left, in the order of the chart's ``names``."""

    label: str
    parts: Sequence[Decimal]
    whole: Decimal
    limit: Decimal | None = None
    """The most that it may come to, drawn as a line; None where there is none."""

    @property
    def share(self) -> Decimal:
        return total(self.parts) / self.whole if self.whole else Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    """Meters under each other. ``whole`` says what a full bar is."""

    title: str
    says: str
    names: Sequence[str]
    whole: str
    limit: str = ""
    """What the lines are called; empty where there are none."""
    rows: Sequence[Meter]
    currency: str
    marks = "fill"

    @property
    def series(self) -> list[Series]:
        """The names of the parts, for the legend."""
        return [Series(name=name, values=()) for name in self.names]

    def svg(self) -> SafeString:
        drawn = format_html_join("", "{}", ((shape,) for shape in self._shapes()))
        return format_html(
            '<svg class="meters" role="img" aria-label="{}" width="100%" height="{}">{}</svg>',
            self.title,
            ROW * len(self.rows),
            drawn,
        )

    def _shapes(self) -> Iterator[SafeString]:
        for at, row in enumerate(self.rows):
            y = ROW * at
            yield format_html('<text x="0" y="{}">{}</text>', y + 14, row.label)
            yield format_html(
                '<text class="value" x="100%" y="{}" text-anchor="end"><tspan class="minor">{} · </tspan>{}</text>',
                y + 14,
                formats.money(total(row.parts), self.currency),
                formats.percent(row.share),
            )
            yield format_html('<rect class="track" x="0" width="100%" y="{}" height="10" rx="3"/>', y + 24)
            reached = Decimal(0)
            for number, part in enumerate(row.parts, start=1):
                width = min(part / row.whole, 1 - reached) * 100 if row.whole else Decimal(0)
                if width > 0:
                    yield format_html(
                        '<rect class="fill-{}" x="{}%" width="{}%" y="{}" height="10" rx="{}"><title>{}</title></rect>',
                        number,
                        f"{reached * 100:.2f}",
                        f"{width:.2f}",
                        y + 24,
                        3,
                        f"{row.label}, {self.names[number - 1]}: {formats.money(part, self.currency)}",
                    )
                    reached += width / 100
            if row.limit is not None and row.whole and row.limit <= row.whole:
                yield format_html(
                    '<line class="limit" x1="{}%" x2="{}%" y1="{}" y2="{}"><title>{}</title></line>',
                    *(f"{row.limit / row.whole * 100:.2f}",) * 2,
                    y + 19,
                    y + 39,
                    f"{row.label}, {self.limit}: {formats.money(row.limit, self.currency)}",
                )

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The heads of the columns and the rows, as text."""
        rows = [
            [
                row.label,
                *(formats.money(part, self.currency) for part in row.parts),
                formats.money(row.whole, self.currency),
                formats.percent(row.share),
                *([self._limit_of(row)] if self.limit else []),
            ]
            for row in self.rows
        ]
        return ["", *self.names, self.whole, _("Share"), *([self.limit] if self.limit else [])], rows

    def _limit_of(self, row: Meter) -> str:
        return "\N{EN DASH}" if row.limit is None else formats.money(row.limit, self.currency)


def of_facilities(facilities: Sequence[Facility], *, title: str) -> Meters:
    """What is out and promised of each facility's limit; all in one currency, and at least one."""
    uses = [(facility, exposure_of(facility)) for facility in facilities]
    currency = facilities[0].currency
    used, limit = total(use.before for _row, use in uses), total(use.limit for _row, use in uses)
    return Meters(
        title=title,
        says=_("%(used)s of %(limit)s is out or promised, %(share)s of what you are ready to advance.")
        % {
            "used": formats.money(used, currency),
            "limit": formats.money(limit, currency),
            "share": formats.percent(used / limit),
        },
        names=[_("Out"), _("Promised")],
        whole=_("Limit"),
        rows=[
            Meter(
                label=facility.seller.legal_name,
                parts=[use.advanced, use.promised],
                whole=use.limit,
            )
            for facility, use in uses
        ],
        currency=currency,
    )
