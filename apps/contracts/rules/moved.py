"""Lines of a plan before and after a change order, and what of each differs. No database, no Django."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.contracts.drafts import MILESTONE, DraftLine, Due
from apps.core import money


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line of a plan at its position, and what it comes to."""

    position: int
    line: DraftLine
    amount: Decimal

    @property
    def due(self) -> Due | None:
        """When it is billed, of a deposit or a recurring line."""
        return self.line.due


@dataclass(frozen=True, slots=True)
class Moved:
    """One line before and after: added (no ``before``), removed (no ``after``), or said differently."""

    position: int
    before: PlacedLine | None
    after: PlacedLine | None

    @property
    def kind(self) -> str:
        """``added``, ``removed``, ``repriced`` (whatever else differs too) or ``changed``."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "repriced" if self.before.amount != self.after.amount else "changed"

    @property
    def title(self) -> str:
        """The name of the line as it is to be, or as it was."""
        return (self.after or self.before or _NONE).line.title

    @property
    def net(self) -> Decimal:
        """By how much it changes the price."""
        before = self.before.amount if self.before is not None else money.ZERO
        return (self.after.amount if self.after is not None else money.ZERO) - before

    @property
    def says_another_thing(self) -> bool:
        """Whether name, scope or criteria differ: what is judged at sign-off."""
        return self.before is None or self.after is None or _words(self.before) != _words(self.after)

    @property
    def has_other_terms(self) -> bool:
        """Whether a line that stays has other terms of its own: review, silence, whether it waits for others."""
        return self.before is not None and self.after is not None and self.before.line.own != self.after.line.own

    @property
    def is_remeasured(self) -> bool:
        """Whether quantity, unit or price of one of a line that stays are others, or it is a lump sum now."""
        return (
            self.before is not None and self.after is not None and self.before.line.measure != self.after.line.measure
        )

    @property
    def is_by_calendar(self) -> bool:
        """Whether the line is a deposit or recurring: no milestone, and billed without a sign-off."""
        return (self.after or self.before or _NONE).line.kind != MILESTONE

    @property
    def is_rescheduled(self) -> bool:
        """Whether a deposit or recurring line that stays is billed on other days, or another number of times."""
        return self.before is not None and self.after is not None and self.before.line.due != self.after.line.due

    @property
    def is_redated(self) -> bool:
        """Whether the planned date of a line that stays is another one."""
        return (
            self.before is not None
            and self.after is not None
            and self.before.line.planned_on != self.after.line.planned_on
        )

    @property
    def differs(self) -> bool:
        """Whether anything of it is another; how a portion was agreed is no difference."""
        return (
            bool(self.net)
            or self.says_another_thing
            or self.is_redated
            or self.has_other_terms
            or self.is_remeasured
            or self.is_rescheduled
        )


_NONE = PlacedLine(0, DraftLine(""), money.ZERO)


def moved(before: Sequence[PlacedLine], after: Sequence[PlacedLine]) -> list[Moved]:
    """What differs between two plans of one contract, by position. How a portion was agreed is no difference."""
    old, new = ({one.position: one for one in plan} for plan in (before, after))
    pairs = [Moved(position, old.get(position), new.get(position)) for position in sorted({*old, *new})]
    return [one for one in pairs if one.differs]


def _words(placed: PlacedLine) -> tuple[Any, ...]:
    return placed.line.title, placed.line.scope, placed.line.criteria
