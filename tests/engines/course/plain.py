"""What a clerk would write down of a contract: its parts, its bills, its payments. Nothing here knows the product.

Amounts are euros, net of tax where a bill's tax is not named. A rule of the product that is repeated here is repeated
in other words on purpose: two people who copy from each other find nothing.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from tests.engines.course.review import USUAL, Agreed, Review

ZERO: Final = Decimal(0)
CENT: Final = Decimal("0.01")
OPEN: Final = ("planned", "changes_requested")
UNFINISHED: Final = ("planned", "changes_requested", "submitted")
BILLED: Final = ("accepted", "nullified")


def cents(exact: Decimal) -> Decimal:
    return exact.quantize(CENT, ROUND_HALF_UP)


@dataclass(eq=False)
class Argument:
    """A dispute that is not over: who raised it, about how much, and what was proposed last (side, how much falls)."""

    ref: str
    by: str
    amount: Decimal
    gross: Decimal = ZERO
    proposed_by: str = ""
    outcome: str = ""
    upheld: Decimal = ZERO


@dataclass(eq=False)
class Defect:
    """A reservation that is not settled: what is withheld for it, and what was offered last (side, how much off)."""

    ref: str
    net: Decimal
    gross: Decimal
    is_mended: bool = False
    offered_by: str = ""
    off: Decimal = ZERO


@dataclass(eq=False)
class ChargedBack:
    """What the buyer charges back: claimed, objected, standing or withdrawn, and what it took with its tax."""

    ref: str
    asked: Decimal
    state: str = "claimed"
    gross: Decimal = ZERO

    def withdraw(self) -> None:
        self.state, self.gross = "withdrawn", ZERO


@dataclass(eq=False)
class Bill:
    """An invoice: what it came to, what is kept back of it, and what became of it."""

    ref: str
    net: Decimal
    rate: Decimal
    kind: str = "milestone"
    retained: Decimal = ZERO
    asked_for: Decimal = ZERO
    """What of it was released since, by a bill of its own."""
    defects: list[Defect] = field(default_factory=list)
    credited_net: Decimal = ZERO
    paid: Decimal = ZERO
    argument: Argument | None = None
    street: str = ""
    """Where the buyer is by its last correction."""
    charges: list[ChargedBack] = field(default_factory=list)

    def tax(self, net: Decimal) -> Decimal:
        return cents(net * self.rate / 100)

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax(self.net)

    @property
    def withheld(self) -> Decimal:
        return sum((one.gross for one in self.defects), ZERO)

    @property
    def defects_withhold(self) -> bool:
        return self.withheld > 0

    @property
    def credited(self) -> Decimal:
        return self.credited_net + self.tax(self.credited_net) + self.charged

    @property
    def charged(self) -> Decimal:
        """What was charged back of it, which lowers what is owed and not what was supplied."""
        return sum((one.gross for one in self.charges), ZERO)

    @property
    def open(self) -> Decimal:
        return self.gross - self.retained - self.withheld - self.credited - self.paid

    @property
    def left(self) -> Decimal:
        """What of it can be credited still."""
        return self.net - self.credited_net

    def gross_of_credit(self, net: Decimal) -> Decimal:
        """What crediting so much more comes to with its tax: all that is credited then, less all that was."""
        return net + self.tax(self.credited_net + net) - self.tax(self.credited_net)


@dataclass(eq=False)
class Part:
    """A line of the plan, or what is left of one: how much, where it stands, and the bill of what was accepted."""

    position: int
    number: int
    amount: Decimal
    state: str = "planned"
    quantity: Decimal | None = None
    withdrawn: Decimal = ZERO
    """What of its acceptance both sides withdrew; it goes on as another part."""
    bill: Bill | None = None
    argument: Argument | None = None
    """About what was submitted last; ..."""
    older: list[Argument] = field(default_factory=list)
    """... about what was submitted before, which stops nobody but who settles the end."""
    request: tuple[str, str, Decimal] | None = None
    """Asked to be withdrawn: reference, by which side, how much."""
    before: str = "planned"
    """What it was when it was submitted, and is again once that is taken back."""
    review: Review | None = None
    """Of what was submitted last."""
    accepted_on: date | None = None

    @property
    def arguments(self) -> list[Argument]:
        return [*self.older, *([self.argument] if self.argument is not None else [])]

    def submit(self, review: Review) -> None:
        self.before, self.state = self.state, "submitted"
        self.older, self.argument, self.review = self.arguments, None, review

    @property
    def counts(self) -> Decimal:
        return ZERO if self.state == "cancelled" else self.amount - self.withdrawn


@dataclass(eq=False)
class GoneBack:
    """Money that goes back to its payer: asked, paid, or over."""

    ref: str
    amount: Decimal
    state: str = "asked"

    @property
    def is_held(self) -> bool:
        return self.state != "over"


@dataclass(eq=False)
class Money:
    """A payment, and what of it settles which bill."""

    ref: str
    amount: Decimal
    settles: list[tuple[Bill, Decimal]] = field(default_factory=list)
    is_reversed: bool = False
    refunds: list[GoneBack] = field(default_factory=list)

    def of(self, bill: Bill) -> Decimal:
        return sum((amount for one, amount in self.settles if one is bill), ZERO)

    @property
    def unapplied(self) -> Decimal:
        gone = sum((one.amount for one in self.refunds if one.is_held), ZERO)
        return self.amount - sum((amount for _bill, amount in self.settles), ZERO) - gone


@dataclass(eq=False)
class Instalment:
    """What the calendar bills, on its day."""

    amount: Decimal
    on: date
    line: int
    state: str = "waits"
    """waits, billed, cancelled."""


@dataclass(eq=False)
class Paper:
    """All of it."""

    rate: Decimal
    retention: Decimal = ZERO
    """Percent of each milestone's bill that is kept back."""
    state: str = "active"
    agreed: Agreed = USUAL
    own: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What a line has in the place of what was agreed for all, by position."""
    builds_on: set[int] = field(default_factory=set)
    """Positions that are accepted only after everything above."""
    waits_for: dict[int, str] = field(default_factory=dict)
    """Events that come before anything of a position is submitted, ..."""
    happened: set[str] = field(default_factory=set)
    """... and which the buyer has confirmed."""
    parts: list[Part] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    payments: list[Money] = field(default_factory=list)
    calendar: list[Instalment] = field(default_factory=list)
    charges_tax: Decimal | None = None
    """With which rate of tax the buyer charges back, where that is agreed."""
    kept: Decimal = ZERO
    """All that was ever kept back, ..."""
    given_back: Decimal = ZERO
    """... and what of it was asked for since."""
    released: set[int] = field(default_factory=set)
    ended_on: date | None = None
    notice: tuple[str, str, date] | None = None
    """Of termination: reference, by which side, for which day."""
    settlement: tuple[str, str, Any] | None = None
    """Proposed: reference, by which side, and what it was proposed about."""
    change: tuple[dict[str, str], str, dict[int, Decimal | None]] | None = None
    """Proposed: the answer, by which side, and the new amount by position; None takes out, position 0 is new."""
    plan: dict[int, Decimal] = field(default_factory=dict)
    """The milestones of the plan in force: what each position comes to."""
    positions: int = 3
    """How many were given; none is given twice."""
    changes: int = 0
    agreed_by_change: Agreed | None = None
    """What the proposed change says of sign-off."""

    def agreed_for(self, position: int) -> Agreed:
        return replace(self.agreed, **self.own.get(position, {}))

    def above(self, part: Part) -> list[Part]:
        """What has to be accepted before it."""
        return [one for one in self.parts if part.position in self.builds_on and one.position < part.position]

    def of(self, position: int) -> list[Part]:
        """The parts of a position that count."""
        return [one for one in self.parts if one.position == position and one.counts]

    def next_number(self, position: int) -> int:
        return 1 + max(one.number for one in self.parts if one.position == position)

    @property
    def unfinished(self) -> list[Part]:
        return [one for one in self.parts if one.state in UNFINISHED]

    def is_over_for(self, day: date) -> bool:
        """Whether a notice took effect."""
        return self.notice is not None and self.notice[2] <= day

    def complete(self, *, on: date) -> None:
        """The last thing that was to be billed is billed, or not to be billed any more."""
        if self.state == "active" and not self.unfinished and all(one.state != "waits" for one in self.calendar):
            self.state, self.ended_on = "completed", on

    def reopen(self) -> None:
        """An acceptance is withdrawn after the end: it goes on, and a notice that it outlived is over."""
        if self.state == "completed":
            self.state, self.ended_on, self.notice, self.settlement = "active", None, None, None

    def keeps_back(self, bill: Bill) -> Decimal:
        """What the buyer keeps back of a new bill, so that all bills telescope; at least a cent is always due."""
        if not self.retention or len(self.released) == 2:
            return ZERO
        before = sum((one.left for one in self.bills if one.kind == "milestone"), ZERO)
        rate = self.retention / 100
        return min(cents((before + bill.net) * rate) - cents(before * rate), bill.gross - CENT)

    def room(self, bill: Bill) -> Decimal:
        """How much of a bill can be credited, tax included: while a defect is not settled, only what is open."""
        return bill.open if bill.defects_withhold else bill.open + bill.retained - bill.asked_for + bill.paid

    def credit(self, bill: Bill, net: Decimal) -> None:
        """A credit note: what is open falls, then what is kept back; only then is money free that was paid, the newest
        first."""
        self.take(bill, bill.gross_of_credit(net))
        bill.credited_net += net

    def take(self, bill: Bill, gross: Decimal) -> None:
        """So much less is owed of a bill; the caller says for what."""
        too_much = gross - bill.open
        kept_no_more = max(min(too_much, bill.retained - bill.asked_for), ZERO)
        bill.retained -= kept_no_more
        self.kept -= kept_no_more
        too_much -= kept_no_more
        for payment in reversed(self.payments):
            if too_much <= 0:
                break
            part = min(payment.of(bill), too_much)
            if part > 0:
                payment.settles.append((bill, -part))
                bill.paid -= part
                too_much -= part

    def withdraw(self, part: Part, amount: Decimal) -> Part:
        """So much of an acceptance is withdrawn: credited, and going on as another part."""
        bill = part.bill
        assert bill is not None
        if amount == bill.left:
            part.state = "nullified"
        part.withdrawn += amount
        is_whole = amount == part.amount
        rest = Part(part.position, self.next_number(part.position), amount, "changes_requested")
        rest.quantity = part.quantity if is_whole else None
        self.parts.append(rest)
        self.credit(bill, amount)
        return rest
