"""The schedule of values: what of each line is done and billed as of a day, and what is payable of it.

The sheet and its summary in the manner of the construction trade: per line what it comes to, what was billed before the
period and in it, materials that are stored, to date, in percent, what is left, what is retained; and what all of it
makes payable. Amounts of a period are never stored here: they are what is true at its end less what was at its
beginning, so periods add up to the whole whatever their length, and one in which nothing happened comes to
exactly zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.core import money

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A line of the plan, net of tax: what it comes to, what of it was billed before the period and by its end;
    ``withheld`` is accepted and can be applied for once its defects are settled, so it is not completed here."""

    position: int
    title: str
    scheduled: Decimal
    before: Decimal
    completed: Decimal
    retained: Decimal
    is_materials: bool = False
    withheld: Decimal = money.ZERO

    @property
    def previous(self) -> Decimal:
        """Work that was billed before the period."""
        return money.ZERO if self.is_materials else self.before

    @property
    def period(self) -> Decimal:
        """Work that is billed in it; negative where more was credited."""
        return money.ZERO if self.is_materials else self.completed - self.before

    @property
    def stored(self) -> Decimal:
        """Materials that are stored and not built in, in all."""
        return self.completed if self.is_materials else money.ZERO

    @property
    def percent(self) -> Decimal:
        """How much of the line is done, in percent, with one decimal."""
        return (self.completed * HUNDRED / self.scheduled).quantize(Decimal("0.1")) if self.scheduled else money.ZERO

    @property
    def balance(self) -> Decimal:
        """What is left to finish."""
        return self.scheduled - self.completed


@dataclass(frozen=True, slots=True)
class Standing:
    """What the books say as of a day, in the contract's currency: ``billed`` is what is done is worth, net of tax less
    what was credited; ``deposits`` were invoiced ahead of it and are not given back yet, net of tax; the ``tax`` on
    both; what is ``retained`` as agreed and what is ``withheld`` for defects, both with their tax."""

    billed: Decimal = money.ZERO
    tax: Decimal = money.ZERO
    retained: Decimal = money.ZERO
    withheld: Decimal = money.ZERO
    deposits: Decimal = money.ZERO

    @property
    def payable(self) -> Decimal:
        """What the buyer was asked for until then, paid or not."""
        return self.billed + self.deposits + self.tax - self.retained - self.withheld


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet of a period with its summary. ``original`` is the price that was signed first, ``price`` the one in
    force, less what both sides took off it for defects (``lowered``); ``before`` and ``now`` are how the books stood at
    the beginning and the end of the period."""

    original: Decimal
    price: Decimal
    lines: tuple[SheetLine, ...]
    before: Standing
    now: Standing
    lowered: Decimal = money.ZERO

    @property
    def changes(self) -> Decimal:
        """The net change by change orders."""
        return self.price + self.lowered - self.original

    @property
    def sums(self) -> SheetLine:
        """The last row of the sheet. Materials are told apart by their own column."""
        return SheetLine(
            position=0,
            title="",
            scheduled=_total(self.lines, "scheduled"),
            before=_total(self.lines, "before"),
            completed=_total(self.lines, "completed"),
            retained=_total(self.lines, "retained"),
            withheld=_total(self.lines, "withheld"),
        )

    @property
    def previous(self) -> Decimal:
        return _total(self.lines, "previous")

    @property
    def period(self) -> Decimal:
        return _total(self.lines, "period")

    @property
    def stored(self) -> Decimal:
        return _total(self.lines, "stored")

    @property
    def earned(self) -> Decimal:
        """Completed and stored, and deposits to be given back, with their tax, less what is kept back: what the buyer
        was asked for by now."""
        return self.now.payable

    @property
    def due(self) -> Decimal:
        """What this period makes payable: earned, less what was payable before."""
        return self.now.payable - self.before.payable

    @property
    def balance(self) -> Decimal:
        """What is left to finish, net of tax, and what is kept back."""
        return self.price - self.now.billed + self.now.retained + self.now.withheld

    @property
    def differences(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """Figures of the sheet that differ from the same figure of the summary; none where both tie out."""
        pairs = (
            (self.sums.scheduled, self.price),
            (self.sums.completed, self.now.billed),
            (self.sums.before, self.before.billed),
            (self.sums.retained, self.now.retained),
            (self.previous + self.period + self.stored, self.now.billed),
        )
        return tuple((sheet, summary) for sheet, summary in pairs if sheet != summary)

    @property
    def ties_out(self) -> bool:
        return not self.differences


def _total(lines: Sequence[SheetLine], name: str) -> Decimal:
    return money.total(getattr(line, name) for line in lines)
