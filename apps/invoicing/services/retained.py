"""How a contract's retention stands: what is held, what was released, what of that is due; and part by part, when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from apps.contracts import rules as contracts
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import RetentionRelease as Part
from apps.contracts.retention import RetentionTerms
from apps.core import money
from apps.invoicing import rules
from apps.invoicing.models import Invoice, Retention, RetentionRelease


@dataclass(frozen=True, slots=True)
class PartState:
    """A part of the schedule. ``on`` is when it was released, or will be by itself; None while nobody knows.

    ``amount`` is what was released, or what the part would come to if it were released now.
    """

    position: int
    part: Part
    amount: Decimal
    on: date | None
    invoice: Invoice | None

    @property
    def is_released(self) -> bool:
        return self.invoice is not None


@dataclass(frozen=True, slots=True)
class RetentionState:
    """Sums in the contract's currency: ``withheld`` of all invoices is ``held`` and ``released``; of what was released
    ``due`` is open."""

    terms: RetentionTerms
    currency: str
    withheld: Decimal
    held: Decimal
    released: Decimal
    due: Decimal
    parts: Sequence[PartState]


def retention_state(contract: Contract, *, using: str = "default") -> RetentionState | None:
    """The retention of a contract that the caller may see; None where none was agreed, or nobody has signed yet.

    Two queries. ``using`` is the alias of the database whose eyes are used.
    """
    version = contract.active_version
    terms = contracts.read_retention(version.retention) if version is not None else None
    if terms is None:
        return None
    rows = list(Retention.objects.using(using).filter(contract=contract).values_list("held", "released"))
    made = {
        one.position: one
        for one in RetentionRelease.objects.using(using).filter(contract=contract).select_related("invoice__open_item")
    }
    withheld, released = (money.total(row[place] for row in rows) for place in (0, 1))
    return RetentionState(
        terms=terms,
        currency=contract.currency,
        withheld=withheld,
        held=withheld - released,
        released=released,
        due=money.total(one.invoice.open_item.open for one in made.values()),
        parts=parts_of(contract, terms=terms, made=made, withheld=withheld, released=released),
    )


def has_retention(version: ContractVersion) -> bool:
    """Whether these terms withhold anything, of whichever invoice."""
    terms = contracts.read_retention(version.retention)
    if terms is None:
        return False
    return bool(terms.rate) or terms.payable_most is not None or any(step.rate for step in terms.steps)


def completed_on(ended_at: datetime | None, *, time_zone: str) -> date | None:
    """The day on which the last milestone was accepted, or the contract was terminated, where the seller is.

    What was agreed to be released with completion, or so many days after it, is so with the end: no other will come.
    """
    return ended_at.astimezone(ZoneInfo(time_zone)).date() if ended_at is not None else None


def parts_of(
    contract: Contract,
    *,
    terms: RetentionTerms,
    made: dict[int, RetentionRelease],
    withheld: Decimal,
    released: Decimal,
) -> list[PartState]:
    """What is released as it was; the rest in the order of the schedule, each as if those before it were released."""
    day = completed_on(contract.ended_at, time_zone=contract.seller.time_zone)
    found, gone = [], [terms.releases[position - 1] for position in made]
    for position, part in enumerate(terms.releases, start=1):
        if position in made:
            one = made[position]
            found.append(PartState(position, part, one.amount, one.released_on, one.invoice))
            continue
        amount = rules.released_of(
            withheld=withheld,
            released=released,
            made=gone,
            release=part,
            is_last=len(gone) + 1 == len(terms.releases),
            currency=contract.currency,
        )
        released, gone = released + amount, [*gone, part]
        found.append(PartState(position, part, amount, rules.due_from(part, completed_on=day), None))
    return found
