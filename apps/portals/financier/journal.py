"""Entries of the financier's book as tables: every leg of every entry, with totals that show that they balance."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Prefetch, QuerySet

from apps.core import money
from apps.financing.models import Tranche
from apps.ledger.models import Entry, Line
from apps.parties.actor import Actor
from apps.portals.financier.pages import address

PURPOSE = "financier"


@dataclass(frozen=True, slots=True)
class Leg:
    """One line of an entry, on the side where it stands."""

    code: str
    name: str
    key: str
    debit: Decimal | None
    credit: Decimal | None


@dataclass(frozen=True, slots=True)
class Posting:
    """An entry with its legs, and what it moves."""

    entry: Entry
    legs: list[Leg]

    @property
    def url(self) -> str:
        return address(Entry, entry_key(self.entry, self.entry.book.currency))

    @property
    def total(self) -> Decimal:
        return money.total(leg.debit for leg in self.legs if leg.debit is not None)


def entry_key(entry: Entry, currency: str) -> str:
    """What stands for an entry in an address: its cause, which is unique in the book of a currency."""
    return f"{currency}-{entry.cause}"


def tranche_url(key: str) -> str:
    """Where the advance of a sub-ledger key is shown; empty for the key of something else."""
    kind, _colon, ref = key.partition(":")
    return address(Tranche, ref) if kind == "tranche" and ref else ""


@dataclass(frozen=True, slots=True)
class Side:
    """An amount on the side of an account where it stands, and what it belongs to."""

    label: str
    url: str
    debit: Decimal | None
    credit: Decimal | None
    on: date | None = None


def side(amount: Decimal, *, label: str, url: str, on: date | None = None) -> Side:
    """A signed amount, positive in debit, as the side of an account."""
    return Side(label, url, amount if amount > 0 else None, None if amount > 0 else -amount, on)


def entries(actor: Actor) -> QuerySet[Entry]:
    """The entries of the actor's books as a financier."""
    rows: QuerySet[Entry] = Entry.objects.visible_to(actor).filter(book__purpose=PURPOSE).select_related("book")
    return rows


def with_lines(rows: QuerySet[Entry]) -> QuerySet[Entry]:
    """The same with their lines and accounts, in one more query."""
    return rows.prefetch_related(Prefetch("lines", Line.objects.select_related("account").order_by("pk")))


def of_tranche(actor: Actor, tranche: Tranche) -> list[Posting]:
    """Everything posted for an advance, oldest first."""
    touched = Line.objects.visible_to(actor).filter(key=tranche.key).values("entry")
    return postings(with_lines(entries(actor).filter(pk__in=touched)).order_by("booked_on", "pk"))


def postings(rows: Iterable[Entry]) -> list[Posting]:
    """Entries that were read with their lines."""
    return [Posting(entry, [_leg(line) for line in entry.lines.all()]) for entry in rows]


def _leg(line: Line) -> Leg:
    is_debit = line.amount > 0
    return Leg(
        code=line.account.code,
        name=line.account.label,
        key=line.key,
        debit=line.amount if is_debit else None,
        credit=None if is_debit else -line.amount,
    )
