"""What every format is written from."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from apps.core.money import ZERO
from apps.ledger.rules import Details


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line: our account, and an amount that is positive for debit and negative for credit."""

    account: str
    name: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One entry with its number in the book; ``document`` and ``contract`` are numbers that people know, or empty."""

    number: int
    booked_on: date
    cause: str
    text: str
    document: str
    contract: str
    lines: tuple[JournalLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands above a journal. ``last_posted_at`` is when the newest of its entries was posted."""

    organisation: str
    currency: str
    starts_on: date
    ends_on: date
    numbers: str
    lines: int
    last_posted_at: datetime
    accounts: Mapping[str, str]
    details: Details


@dataclass(slots=True)
class Tally:
    """What really went into a file, counted as it went."""

    entries: int = 0
    lines: int = 0
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    replaced: int = 0
    by_account: dict[tuple[str, str], list[Decimal]] = field(default_factory=dict)

    def counting(self, entries: Iterable[JournalEntry]) -> Iterator[JournalEntry]:
        """The entries as they come, each counted."""
        for entry in entries:
            self.entries += 1
            for line in entry.lines:
                self._count(line)
            yield entry

    def _count(self, line: JournalLine) -> None:
        self.lines += 1
        sums = self.by_account.setdefault((line.account, line.name), [ZERO, ZERO])
        if line.amount > 0:
            self.debit += line.amount
            sums[0] += line.amount
        else:
            self.credit -= line.amount
            sums[1] -= line.amount
