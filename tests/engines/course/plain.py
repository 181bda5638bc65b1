"""What a clerk would write down of a contract: its parts, its bills, its payments. Nothing here knows the product.

Amounts are euros, net of tax where a bill's tax is not named. A rule of the product that is repeated here is repeated
in other words on purpose: two people who copy from each other find nothing.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any, Final

from tests.engines.course.ahead import Ahead, Limit
from tests.engines.course.late import IN_A_MONTH, NotOwed, Paid, ToPay, interest
from tests.engines.course.review import USUAL, Agreed, Review

ZERO: Final = Decimal(0)
CENT: Final = Decimal("0.01")
OPEN: Final = ("planned", "changes_requested")
UNFINISHED: Final = ("planned", "changes_requested", "submitted")
BILLED: Final = ("accepted", "nullified")
EARNED: Final = ("milestone", "advance", "application")
"""Kinds of bills of which something may be kept back, or which were paid ahead of these."""


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
    since: date | None = None


@dataclass(eq=False)
class Defect:
    """A reservation that is not settled: what is withheld for it, and what was offered last (side, how much off)."""

    ref: str
    net: Decimal
    gross: Decimal
    is_mended: bool = False
    offered_by: str = ""
    off: Decimal = ZERO
    looked_at_until: date | None = None
    """Once it is mended: the last day on which the buyer can answer before the seller may dispute it."""
    argument: Argument | None = None
    shown: set[tuple[str, str]] = field(default_factory=set)
    """Files by side and name."""


@dataclass(eq=False)
class ChargedBack:
    """What the buyer charges, back or for delay: claimed, objected, standing, waived or withdrawn; at which rate of
    tax, and what it took with that."""

    ref: str
    asked: Decimal
    rate: Decimal = ZERO
    state: str = "claimed"
    gross: Decimal = ZERO
    is_for_delay: bool = False

    def withdraw(self) -> None:
        self.state, self.gross = "withdrawn", ZERO


def shared(amount: Decimal, left: list[Decimal]) -> list[Decimal]:
    """In proportion to what is left of each; the cents go where most of one was cut off, the first one first."""
    exact = [amount * one / sum(left) for one in left]
    found = [one.quantize(CENT, ROUND_DOWN) for one in exact]
    most = sorted(range(len(left)), key=lambda place: (found[place] - exact[place], place))
    for place in most[: int((amount - sum(found)) / CENT)]:
        found[place] += CENT
    return found


@dataclass(eq=False)
class Line:
    """One of several that a bill has: what of which part, what is kept back of it, and what was credited of it."""

    part: "Part"
    net: Decimal
    kept: Decimal = ZERO
    credited: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        return self.net - self.credited


@dataclass(eq=False)
class Application:
    """What the seller asks for at once: so much of which part; it waits for the buyer."""

    ref: str
    rows: "dict[Part, Decimal]"


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
    lines: list[Line] = field(default_factory=list)
    """Where it has several."""
    argument: Argument | None = None
    street: str = ""
    """Where the buyer is by its last correction."""
    charges: list[ChargedBack] = field(default_factory=list)
    terms: ToPay = IN_A_MONTH
    due_on: date = date.max
    first_due: date = date.max
    """As it was issued; settled defects may have given what was left new days."""
    counts_from: date | None = None
    """From when it bears interest, where that is earlier than when it is due."""
    not_owed: list[NotOwed] = field(default_factory=list)
    """What of it was kept back, disputed or charged for a while that is over."""
    recovered: Decimal = ZERO
    """What of a deposit it gives back, net of tax, ..."""
    returned: Decimal = ZERO
    """... and what of that returned to it by credit notes."""
    given_back: Decimal = ZERO
    """Of a deposit's own bill: what later ones give back."""
    was_credited: bool = False
    """Something was credited of it, or taken, also where that is owed again."""
    released_on: date | None = None
    """The last day on which something that was withheld for a defect became due."""
    claimed_until: date | None = None
    has_fee: bool = False

    def issued(self, terms: ToPay, *, on: date) -> "Bill":
        """On a day, to be paid as was agreed."""
        self.terms, self.due_on = terms, on + timedelta(days=terms.days)
        self.first_due = self.due_on
        return self

    def let_go(self, defect: Defect, *, on: date, credited: Decimal = ZERO) -> None:
        """What was withheld for a defect is due: with the rest, or where nothing else is open, after new days to pay.
        Of what is credited of it at once nothing ever was owed."""
        if not self.open:
            self.due_on = max(self.due_on, on + timedelta(days=self.terms.days))
        self.defects.remove(defect)
        since = max(on, self.due_on) if self.due_on > self.first_due else on
        self.not_owed.append(NotOwed(defect.gross - credited, until=since, released=on))
        self.released_on = on

    def as_issued(self) -> None:
        """It is due again since the day that was agreed, and so is what was withheld, from its release on."""
        self.due_on = self.first_due
        self.not_owed = [replace(one, until=one.released) if one.released else one for one in self.not_owed]

    def late(self, payments: "list[Money]", *, today: date) -> tuple[Decimal, Decimal]:
        """Interest and fee that nobody claimed."""
        begins = self.counts_from or self.first_due
        after = max(begins, self.claimed_until or begins)
        not_owed = [*self.not_owed, NotOwed(self.withheld)]
        if self.argument is not None:
            not_owed.append(NotOwed(self.argument.gross, since=self.argument.since))
        paid = [Paid(amount, on) for one in payments for bill, amount, on in one.settles if bill is self]
        found, was_overdue = interest(
            self.terms,
            owed=self.gross - self.retained - self.credited,
            not_owed=not_owed,
            paid=paid,
            after=after,
            today=today,
            due_on=self.first_due,
        )
        return found, self.terms.fee if was_overdue and not self.has_fee else ZERO

    def tax(self, net: Decimal) -> Decimal:
        return cents(net * self.rate / 100)

    @property
    def asked(self) -> Decimal:
        """What it asks for before tax: what it bills, less what it gives back of a deposit."""
        return self.net - self.recovered

    @property
    def stands(self) -> Decimal:
        """The same less what was credited of it."""
        return self.asked - self.lowered

    @property
    def lowered(self) -> Decimal:
        return self.credited_net - self.returned

    @property
    def gross(self) -> Decimal:
        return self.asked + self.tax(self.asked)

    @property
    def withheld(self) -> Decimal:
        return sum((one.gross for one in self.defects), ZERO)

    @property
    def defects_withhold(self) -> bool:
        return self.withheld > 0

    @property
    def credited(self) -> Decimal:
        return self.lowered + self.tax(self.lowered) + self.charged

    @property
    def charged(self) -> Decimal:
        """What was charged back of it, which lowers what is owed and not what was supplied."""
        return sum((one.gross for one in self.charges), ZERO)

    @property
    def open(self) -> Decimal:
        return self.gross - self.retained - self.withheld - self.credited - self.paid

    @property
    def left(self) -> Decimal:
        """What of the work it bills can be credited still; of a deposit what no later bill gives back."""
        return self.net - self.credited_net - self.given_back

    def returns(self, net: Decimal, *, is_withdrawn: bool = False) -> Decimal:
        """What returns to the deposit when so much more is credited: the share of work that counts as not accepted, and
        of a lower price only what is more than it asks for."""
        back = self.recovered - self.returned
        if not back:
            return ZERO
        return cents(back * net / self.left) if is_withdrawn else max(net - (self.left - back), ZERO)

    def gross_of_credit(self, net: Decimal, *, is_withdrawn: bool = False) -> Decimal:
        """What crediting so much more comes to with its tax: all that is credited then, less all that was."""
        more = net - self.returns(net, is_withdrawn=is_withdrawn)
        return more + self.tax(self.lowered + more) - self.tax(self.lowered)


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
    sent_back_on: date | None = None
    """When the buyer, or silence, did so last."""
    planned_on: date | None = None
    whole: Decimal = ZERO
    """What all of its line comes to by what it was accepted under."""
    terms: ToPay = IN_A_MONTH
    """How its bill is to be paid: as was agreed when it was submitted, ..."""
    price: Decimal = ZERO
    """... and what all of the contract came to then."""
    was_stopped: bool = False
    """It was valued at the end, and not done early."""
    bonus: Bill | None = None

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
    settles: list[tuple[Bill, Decimal, date]] = field(default_factory=list)
    is_reversed: bool = False
    is_collected: bool = False
    """A financier received it, for a bill that it bought."""
    refunds: list[GoneBack] = field(default_factory=list)

    def of(self, bill: Bill) -> Decimal:
        return sum((amount for one, amount, _on in self.settles if one is bill), ZERO)

    def since(self, bill: Bill) -> date:
        """When it settled so much of it."""
        return next(on for one, amount, on in self.settles if one is bill and amount > 0)

    @property
    def unapplied(self) -> Decimal:
        gone = sum((one.amount for one in self.refunds if one.is_held), ZERO)
        return self.amount - sum((amount for _bill, amount, _on in self.settles), ZERO) - gone


@dataclass(frozen=True)
class Delay:
    """What each week that has begun costs after days of grace, in percent of the milestone, at most so much of it;
    whether the seller may object; with which rate of tax, where not the milestone's."""

    percent: Decimal
    cap: Decimal
    grace: int = 0
    may_object: bool = True
    is_taxed: bool = False


@dataclass(eq=False)
class Instalment:
    """What the calendar bills, on its day."""

    amount: Decimal
    on: date
    line: int
    state: str = "waits"
    """waits, billed, cancelled."""
    is_ahead: bool = False
    """A deposit that later bills give back, and no part of the price."""


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
    charges_back: str | None = None
    """Whether what the buyer charges back is a part of the "price" or "outside" of tax, where that is agreed."""
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
    """What the proposed change says of sign-off, ..."""
    terms_by_change: ToPay | None = None
    """... and of paying."""
    day_by_change: dict[int, date] = field(default_factory=dict)
    """... and of planned days, by position."""
    terms: ToPay = IN_A_MONTH
    ahead: Ahead | None = None
    deposit: Bill | None = None
    """What is paid ahead, and its bill."""
    collecting: dict[Part, Decimal] = field(default_factory=dict)
    """Where applications for payment are billed: what was accepted and is not asked for yet, ..."""
    waiting: Application | None = None
    """... and what was asked for and is not decided."""
    limit: Limit | None = None
    planned: dict[int, date] = field(default_factory=dict)
    """The days of the plan in force, by position."""
    own_tax: dict[int, Decimal] = field(default_factory=dict)
    """Rates of lines that are taxed otherwise than the contract, by position."""
    delay: "Delay | None" = None
    """What is agreed of delay."""
    early: Decimal = ZERO
    """What each week before the planned day earns, of all of a milestone."""

    def taxed(self, position: int) -> Decimal:
        return self.own_tax.get(position, self.rate)

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
        if self.state == "active" and not self.still_to_bill:
            self.drop_deposit()
        if (
            self.state == "active"
            and not self.unfinished
            and not self.standing
            and all(one.state != "waits" for one in self.calendar)
        ):
            self.state, self.ended_on = "completed", on

    def reopen(self) -> None:
        """An acceptance is withdrawn after the end: it goes on, and a notice that it outlived is over."""
        if self.state == "completed":
            self.state, self.ended_on, self.notice, self.settlement = "active", None, None, None

    @property
    def price(self) -> Decimal:
        return sum(self.plan.values(), ZERO) + sum((one.amount for one in self.calendar if not one.is_ahead), ZERO)

    @property
    def still_to_bill(self) -> Decimal:
        """What of the price is not billed yet."""
        waits = [one.amount for one in self.calendar if one.state == "waits" and not one.is_ahead]
        return sum((one.amount for one in self.unfinished), ZERO) + sum(waits, ZERO) + self.standing

    @property
    def standing(self) -> Decimal:
        """What is accepted and not billed."""
        asked = sum(self.waiting.rows.values(), ZERO) if self.waiting is not None else ZERO
        return sum(self.collecting.values(), ZERO) + asked

    def gives_back(self, amount: Decimal, *, rest: Decimal) -> Decimal:
        """What a bill of so much gives back of the deposit, when so much is still to be billed after it."""
        if self.ahead is None or self.deposit is None or not self.deposit.left:
            return ZERO
        return self.ahead.given_back(left=self.deposit.left, amount=amount, rest=rest, price=self.price)

    def bill(self, bill: Bill, *, rest: Decimal) -> Bill:
        """A new one, with what it gives back; where nothing is to come after it, no deposit comes either."""
        bill.recovered = self.gives_back(bill.net, rest=rest)
        if self.deposit is not None:
            self.deposit.given_back += bill.recovered
        if not rest:
            self.drop_deposit()
        self.bills.append(bill)
        return bill

    def drop_deposit(self) -> None:
        for one in self.calendar:
            if one.is_ahead and one.state == "waits":
                one.state = "cancelled"

    def return_excess(self) -> None:
        """What of the deposit nothing that is to come can give back is credited at once."""
        excess = self.deposit.left - self.still_to_bill if self.deposit is not None else ZERO
        if self.deposit is not None and excess > 0:
            self.credit(self.deposit, min(excess, self.deposit.left))

    @property
    def releases(self) -> tuple[Decimal, ...]:
        """Shares of what was kept back, in percent, as they are given back."""
        return (Decimal(100),) if self.limit is not None else (Decimal(50), Decimal(50)) if self.retention else ()

    def keeps_back(self, bill: Bill, part: Part) -> Decimal:
        """What the buyer keeps back of a new bill, so that all bills telescope; at least a cent is always due."""
        if not self.releases or len(self.released) == len(self.releases):
            return ZERO
        before = sum((one.stands for one in self.bills if one.kind in EARNED and one is not bill), ZERO)
        most = bill.gross - CENT
        if self.limit is not None:
            is_last = not any(one for one in self.unfinished if one is not part)
            above = before - self.kept + bill.asked - self.limit.payable(part.price or self.price)
            return ZERO if is_last else max(min(above, bill.asked, most), ZERO)
        rate = self.retention / 100
        return max(min(cents((before + bill.asked) * rate) - cents(before * rate), most), ZERO)

    def room(self, bill: Bill) -> Decimal:
        """How much of a bill can be credited, tax included: while a defect is not settled, only what is open."""
        return bill.open if bill.defects_withhold else bill.open + bill.retained - bill.asked_for + bill.paid

    def credit(
        self,
        bill: Bill,
        net: Decimal,
        *,
        is_withdrawn: bool = False,
        own: Decimal = ZERO,
        of_lines: list[Decimal] | None = None,
    ) -> None:
        """A credit note: what is open falls, then what is kept back; only then is money free that was paid, the newest
        first. What was kept back of the very work, ``own``, falls before all. Of several lines each bears its share."""
        back = bill.returns(net, is_withdrawn=is_withdrawn)
        self.take(bill, bill.gross_of_credit(net, is_withdrawn=is_withdrawn), own=own)
        for line, part in zip(bill.lines, of_lines or shared(net, [one.left for one in bill.lines]), strict=True):
            line.credited += part
        bill.credited_net += net
        bill.returned += back
        if back and self.deposit is not None:
            self.deposit.given_back -= back

    def take(self, bill: Bill, gross: Decimal, *, own: Decimal = ZERO) -> None:
        """So much less is owed of a bill; the caller says for what."""
        bill.was_credited = True
        first = min(own, bill.retained - bill.asked_for, gross)
        too_much = gross - first - bill.open
        kept_no_more = max(min(too_much, bill.retained - bill.asked_for - first), ZERO)
        bill.retained -= kept_no_more + first
        self.kept -= first
        self.kept -= kept_no_more
        too_much -= kept_no_more
        for payment in reversed(self.payments):
            if too_much <= 0:
                break
            part = min(payment.of(bill), too_much)
            if part > 0:
                payment.settles.append((bill, -part, payment.since(bill)))
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
        rest.planned_on = self.planned.get(part.position)
        self.parts.append(rest)
        self.credit(bill, amount, is_withdrawn=True)
        return rest

    def issue_anew(self, part: Part, *, ref: str, on: date) -> None:
        """All of its bill is credited, and the same work billed again, on the terms that are in force by now; what of
        each payment had settled the old one settles the new one, the oldest first."""
        old = part.bill
        assert old is not None
        before = [(payment, payment.of(old)) for payment in self.payments]
        self.credit(old, old.left, is_withdrawn=True)
        part.terms, part.price = self.terms, self.price
        new = part.bill = replace(
            Bill(ref, old.net, self.taxed(part.position)).issued(part.terms, on=on),
            recovered=old.recovered,
            charges=old.charges,
            has_fee=old.has_fee,
        )
        if self.deposit is not None:
            self.deposit.given_back += new.recovered
        self.bills.append(new)
        new.retained = self.keeps_back(new, part)
        self.kept += new.retained
        old.charges = []
        for payment, was in before:
            part_of = min(was - payment.of(old), new.open)
            if part_of > 0:
                payment.settles.append((new, part_of, on))
                new.paid += part_of
