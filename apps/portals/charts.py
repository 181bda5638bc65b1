"""Charts as SVG made on the server: no script, the same on a page, in print and in a PDF.

Widths are per cent of the plot and heights are pixels, so that words keep their size on a phone. A chart is a title,
a sentence that says what it shows, the picture, and the same numbers as a table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Protocol

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.core.money import total
from apps.portals import formats

HEIGHT = 190
TOP = 14
PLOT = 150
"""Pixels: the whole picture, the space above the highest line, the part in which values are drawn."""

GIVES_WAY = (("minor", 5), ("some", 8), ("dense", 17))
"""On a phone, in a column and on the width of a page, how many words fit under a plot; the others have this class."""


class Chart(Protocol):
    """What ``{% chart %}`` shows."""

    def svg(self) -> SafeString: ...

    def table(self) -> tuple[list[str], list[list[str]]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A named row of amounts, one for each label of its chart.

    ``mark`` is the number of its colour where others may be missing beside it; 0 counts them as they stand.
    """

    name: str
    values: Sequence[Decimal]
    mark: int = 0


@dataclass(frozen=True, slots=True)
class Scale:
    """Round values between which everything lies, zero always among them."""

    lowest: Decimal
    step: Decimal
    steps: int

    def y(self, value: Decimal) -> Decimal:
        """Pixels from the top at which a value stands."""
        share = (value - self.lowest) / (self.step * self.steps)
        return (TOP + PLOT * (1 - share)).quantize(Decimal("0.1"))

    def lines(self) -> Iterator[Decimal]:
        return (self.lowest + self.step * index for index in range(self.steps + 1))


def scale(values: Sequence[Decimal]) -> Scale:
    """Four or so steps of 1, 2, 2.5 or 5 times a power of ten."""
    low, high = min([*values, Decimal(0)]), max([*values, Decimal(0)])
    if low == high:
        high = Decimal(1)
    raw = (high - low) / 4
    power = Decimal(10) ** raw.adjusted()
    step = next(power * factor for factor in map(Decimal, ("1", "2", "2.5", "5", "10")) if power * factor >= raw)
    bottom = (low / step).to_integral_value(ROUND_FLOOR)
    top = (high / step).to_integral_value(ROUND_CEILING)
    return Scale(bottom * step, step, int(top - bottom))


def _axis(measure: Scale) -> SafeString:
    words = format_html_join(
        "",
        '<text x="100%" y="{}" dy="0.32em" text-anchor="end">{}</text>',
        ((measure.y(value), formats.compact(value)) for value in measure.lines()),
    )
    return format_html('<svg class="chart-axis" height="{}" aria-hidden="true">{}</svg>', HEIGHT, words)


def _grid(measure: Scale) -> SafeString:
    return format_html_join(
        "",
        '<line class="{}" x1="0" x2="100%" y1="{}" y2="{}"/>',
        (("zero" if value == 0 else "grid", measure.y(value), measure.y(value)) for value in measure.lines()),
    )


def _labels(labels: Sequence[str]) -> SafeString:
    """The words under the plot; only as many as fit, the first among them: each says where it has to give way."""
    steps = [(name, -(-len(labels) // most)) for name, most in GIVES_WAY]
    return format_html_join(
        "",
        '<text class="{}" x="{}%" y="{}" text-anchor="middle">{}</text>',
        (
            (" ".join(name for name, step in steps if index % step), _middle(index, len(labels)), HEIGHT - 6, label)
            for index, label in enumerate(labels)
        ),
    )


def _middle(index: int, count: int) -> str:
    return f"{100 * (index + 0.5) / count:.2f}"


def _plot(name: str, measure: Scale, labels: Sequence[str], drawing: SafeString) -> SafeString:
    return format_html(
        '<div class="chart" role="img" aria-label="{}">{}'
        '<svg class="chart-plot" width="100%" height="{}">{}{}{}</svg></div>',
        name,
        _axis(measure),
        HEIGHT,
        _grid(measure),
        drawing,
        _labels(labels),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Stacked bars over labels, for instance cash by week; what is negative hangs below zero."""

    title: str
    says: str
    labels: Sequence[str]
    series: Sequence[Series]
    currency: str
    marks = "fill"

    def svg(self) -> SafeString:
        ups = [total(max(part, Decimal(0)) for part in column) for column in self._columns()]
        downs = [total(min(part, Decimal(0)) for part in column) for column in self._columns()]
        measure = scale([*ups, *downs])
        return _plot(self.title, measure, self.labels, format_html_join("", "{}", self._rectangles(measure)))

    def _columns(self) -> list[tuple[Decimal, ...]]:
        return list(zip(*(series.values for series in self.series), strict=True))

    def _rectangles(self, measure: Scale) -> Iterator[tuple[SafeString]]:
        slot = 100 / len(self.labels)
        for at, column in enumerate(self._columns()):
            reached = {True: Decimal(0), False: Decimal(0)}
            for number, part in enumerate(column, start=1):
                if not part:
                    continue
                before = reached[part > 0]
                reached[part > 0] = after = before + part
                above, below = sorted((measure.y(before), measure.y(after)))
                yield (
                    format_html(
                        '<rect class="fill-{}" x="{}%" width="{}%" y="{}" height="{}"><title>{}</title></rect>',
                        self.series[number - 1].mark or number,
                        f"{slot * (at + 0.2):.2f}",
                        f"{slot * 0.6:.2f}",
                        above,
                        below - above,
                        f"{self.labels[at]}, {self.series[number - 1].name}: {formats.money(part, self.currency)}",
                    ),
                )

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The heads of the columns and the rows, as text."""
        return _table(self.labels, self.series, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines over labels, for instance planned, earned and paid by month; a series may end before the last label."""

    title: str
    says: str
    labels: Sequence[str]
    series: Sequence[Series]
    currency: str
    marks = "stroke"

    def svg(self) -> SafeString:
        measure = scale([value for series in self.series for value in series.values])
        drawn = format_html_join(
            "",
            '<polyline class="line stroke-{}" points="{}"/>',
            ((one.mark or number, self._points(one, measure)) for number, one in enumerate(self.series, start=1)),
        )
        # The drawing is stretched to the plot; non-scaling strokes keep the width of the lines.
        stretched = format_html(
            '<svg width="100%" height="{}" viewBox="0 0 100 {}" preserveAspectRatio="none">{}</svg>',
            HEIGHT,
            HEIGHT,
            drawn,
        )
        return _plot(self.title, measure, self.labels, stretched)

    def _points(self, series: Series, measure: Scale) -> str:
        count = len(self.labels)
        return " ".join(f"{_middle(at, count)},{measure.y(value)}" for at, value in enumerate(series.values))

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The heads of the columns and the rows, as text."""
        return _table(self.labels, self.series, self.currency)


def _table(labels: Sequence[str], series: Sequence[Series], currency: str) -> tuple[list[str], list[list[str]]]:
    def figure(one: Series, at: int) -> str:
        return formats.money(one.values[at], currency) if at < len(one.values) else "\N{EN DASH}"

    rows = [[label, *(figure(one, at) for one in series)] for at, label in enumerate(labels)]
    return ["", *(one.name for one in series)], rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """From the first amount through what is taken or added, (label, amount) each, to what is left."""

    title: str
    says: str
    steps: Sequence[tuple[str, Decimal]]
    left: str
    currency: str
    series: Sequence[Series] = ()
    marks = "fill"

    def _bars(self) -> list[tuple[str, Decimal, Decimal, Decimal, int]]:
        """(label, amount, from, to, colour) of each bar; the first and the last stand on zero."""
        bars, reached = [], Decimal(0)
        for at, (label, amount) in enumerate(self.steps):
            colour = 1 if at == 0 else 3 if amount > 0 else 2
            bars.append((label, amount, reached, reached + amount, colour))
            reached += amount
        return [*bars, (self.left, reached, Decimal(0), reached, 1)]

    def svg(self) -> SafeString:
        bars = self._bars()
        measure = scale([edge for bar in bars for edge in bar[2:4]])
        slot = 100 / len(bars)

        def drawn() -> Iterator[tuple[int, str, str, Decimal, Decimal, str, str, Decimal, str]]:
            for at, (label, amount, start, end, colour) in enumerate(bars):
                above, below = sorted((measure.y(start), measure.y(end)))
                words = f"{label}: {formats.money(amount, self.currency)}"
                yield (
                    colour,
                    f"{slot * (at + 0.15):.2f}",
                    f"{slot * 0.7:.2f}",
                    above,
                    max(below - above, Decimal(1)),
                    words,
                    _middle(at, len(bars)),
                    above - 4,
                    formats.compact(amount),
                )

        shapes = format_html_join(
            "",
            '<rect class="fill-{}" x="{}%" width="{}%" y="{}" height="{}"><title>{}</title></rect>'
            '<text class="value" x="{}%" y="{}" text-anchor="middle">{}</text>',
            drawn(),
        )
        return _plot(self.title, measure, [bar[0] for bar in bars], shapes)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The heads of the columns and the rows, as text."""
        rows = [[label, formats.money(amount, self.currency)] for label, amount, *_rest in self._bars()]
        return ["", _("Amount")], rows
