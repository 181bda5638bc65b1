"""What the sides agree of retention: which part of each invoice the buyer keeps back, and when it is paid.

Plain values, like the draft that carries them. What they must say stands in :mod:`apps.contracts.rules.retention`.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

NET: Final = "net"
GROSS: Final = "gross"
COMPLETION: Final = "completion"
DATE: Final = "date"
MILESTONE: Final = "milestone"
BUYER: Final = "buyer"
SELLER: Final = "seller"
EVENTS: Final = (COMPLETION, MILESTONE, DATE, BUYER, SELLER)


@dataclass(frozen=True, slots=True)
class RetentionStep:
    """From ``billed`` percent of the price on, another ``rate`` in percent is withheld."""

    billed: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True)
class RetentionRelease:
    """A part of what was withheld, and by what it becomes due.

    ``share`` is in percent of all that is withheld. ``event`` is ``completion`` (the last milestone is accepted, and
    ``days`` calendar days have passed since), ``milestone`` (the one of that title is accepted, and ``days`` have
    passed), ``date`` (``on`` is reached), ``buyer`` (the buyer says so) or ``seller`` (the seller says so).

    With ``only`` it is a section's: a share of what was withheld of that milestone alone.
    """

    share: Decimal
    event: str = COMPLETION
    days: int = 0
    on: date | None = None
    milestone: str = ""
    only: bool = False


@dataclass(frozen=True, slots=True)
class RetentionTerms:
    """How much is withheld of each invoice: ``rate`` in percent of its ``base``, its amount ``net`` or ``gross`` of
    tax.

    A rate of zero is agreed, unlike no terms at all. ``steps`` change the rate with what is billed of the price; in all
    no more is ever withheld than the caps: ``cap_percent`` of the price, ``cap_amount`` in the contract's currency; and
    ``cap_each`` of one invoice. ``materials_rate`` is that of stored materials; None: as of work. A line may have a
    rate of its own (:class:`apps.contracts.drafts.LineTerms`), to which neither steps nor that one apply.

    Several kinds are withheld beside each other, such as one for performance and one for defects: the ``further`` ones
    have rates, caps and releases of their own, under their ``name``. A line's own rate is in the place of the first's.

    ``payable_most``, in percent of the price, is another kind, and stands alone: what is accepted is billed, and of all
    that is billed no more is payable before the last milestone is accepted; with it the rest becomes payable.
    """

    rate: Decimal
    base: str = NET
    steps: tuple[RetentionStep, ...] = ()
    cap_percent: Decimal | None = None
    cap_amount: Decimal | None = None
    releases: tuple[RetentionRelease, ...] = (RetentionRelease(Decimal(100)),)
    payable_most: Decimal | None = None
    materials_rate: Decimal | None = None
    cap_each: Decimal | None = None
    name: str = ""
    further: tuple["RetentionTerms", ...] = ()

    @property
    def kinds(self) -> tuple["RetentionTerms", ...]:
        """Each kind of retention, in the order in which they are withheld."""
        return (self, *self.further)

    @property
    def schedule(self) -> tuple["ScheduledRelease", ...]:
        """Every part that is released, of one kind after the other, counted from 1 through all of them."""
        found = ((kind, one) for kind, terms in enumerate(self.kinds, start=1) for one in terms.releases)
        return tuple(ScheduledRelease(position, kind, one) for position, (kind, one) in enumerate(found, start=1))


@dataclass(frozen=True, slots=True)
class ScheduledRelease:
    """A part of the whole schedule: its place in it, and of which kind, both counted from 1."""

    position: int
    kind: int
    release: RetentionRelease


def payable_until_final(percent: Decimal) -> RetentionTerms:
    """No more than so much of the price is payable before the last milestone is accepted."""
    return RetentionTerms(Decimal(0), payable_most=percent)
