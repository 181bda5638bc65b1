"""What of an invoice is kept back, as its snapshot says it: as agreed, or for defects."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.contracts.retention import RetentionRelease


@dataclass(frozen=True, slots=True)
class RetainedKind:
    """Of several kinds of retention one: what it is called, what is kept back for it, and by what that becomes due."""

    name: str
    withheld: Decimal
    releases: tuple[RetentionRelease, ...]


@dataclass(frozen=True, slots=True)
class Retained:
    """What the buyer keeps back of the total as agreed, what is due now, and by what the rest becomes due; where there
    are several ``kinds`` of retention, of each.

    EN 16931 has no field for it: the supply and its tax are invoiced whole, so the amount due (BT-115) stays the total,
    and the terms of payment (BT-20) and a note (BT-22) say which part of it is payable later.
    """

    withheld: Decimal
    due: Decimal
    releases: tuple[RetentionRelease, ...]
    kinds: tuple[RetainedKind, ...] = ()


@dataclass(frozen=True, slots=True)
class ReservedItem:
    """A defect that the buyer named when it accepted, until when it is to be mended, and what is withheld for it, tax
    included."""

    title: str
    due_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Reserved:
    """What the buyer withholds of the total until defects are mended, item by item.

    As with what is retained, the supply and its tax are invoiced whole; terms (BT-20) and a note (BT-22) tell.
    """

    withheld: Decimal
    items: tuple[ReservedItem, ...]
