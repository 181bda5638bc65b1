"""Deposits and periods of contracts as pages show them: line by line with their dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from apps.contracts.models import Contract, PlanLine
from apps.invoicing.models import Instalment, Invoice
from apps.parties.actor import Actor
from apps.portals.shown import invoice_state

SHOWN, BEFORE = 24, 6
"""Of each line so many instalments are shown, and so many of them before the next one; the others are counted."""


@dataclass(frozen=True, slots=True)
class Part:
    """One instalment, and its invoice with its state once it is billed."""

    instalment: Instalment
    invoice: Invoice | None
    state: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """One line of the plan that is billed by the calendar, with its instalments in order."""

    line: PlanLine
    parts: Sequence[Part]

    @property
    def next(self) -> Instalment | None:
        """The first that is still to be billed."""
        return next(
            (part.instalment for part in self.parts if part.invoice is None and part.instalment.cancelled_at is None),
            None,
        )

    @property
    def shown(self) -> Sequence[Part]:
        """Those around the next one: a line may have hundreds."""
        first = max(0, min(self.billed - BEFORE, len(self.parts) - SHOWN))
        return self.parts[first : first + SHOWN]

    @property
    def unshown(self) -> int:
        return len(self.parts) - len(self.shown)

    @property
    def billed(self) -> int:
        return sum(part.invoice is not None for part in self.parts)


def calendars(actor: Actor, contract: Contract, *, today: date) -> list[Calendar]:
    """What of a contract is billed by the calendar, line by line; empty before it is signed. One query."""
    rows = (
        Instalment.objects.visible_to(actor)
        .standing()
        .filter(contract=contract)
        .select_related("line", "invoice__open_item")
        .order_by("position", "number")
    )
    lines: dict[int, tuple[PlanLine, list[Part]]] = {}
    for row in rows:
        invoice: Invoice | None = getattr(row, "invoice", None)
        state = invoice_state(invoice.open_item, today=today) if invoice is not None else ""
        # What was billed before a change order has the line of its day; the page says the line as it stands.
        parts = lines.setdefault(row.position, (row.line, []))[1]
        parts.append(Part(row, invoice, state))
        lines[row.position] = row.line, parts
    return [Calendar(line, parts) for line, parts in lines.values()]


def next_of(found: Sequence[Calendar]) -> Instalment | None:
    """What is billed next by the calendar, of those whose day is known."""
    known = [one.next for one in found if one.next is not None and one.next.bills_on is not None]
    return min(known, key=lambda instalment: (instalment.bills_on or date.max, instalment.position), default=None)
