"""What of the cash that a plan is expected to bring is kept back as retention, and when that is paid."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from apps.contracts.billing import BY_APPLICATION
from apps.contracts.drafts import MILESTONE
from apps.contracts.retention import GROSS, NET, RetentionTerms
from apps.contracts.rules import CashTerms, Expected, in_invoices
from apps.contracts.rules.payment import due_on
from apps.core import money
from apps.invoicing.rules.retention import (
    Billed,
    Kept,
    Past,
    Row,
    Scale,
    concerned,
    due_from,
    payable_before_final,
    released_of,
    shares_of,
    withheld_of,
)

HUNDRED: Final = Decimal(100)
RELEASE: Final = "release"
"""The kind of what is expected that pays what was kept back."""


def less_retention(
    cash: Sequence[Expected],
    *,
    retention: RetentionTerms | None,
    terms: CashTerms,
    price: Decimal,
    tax_rate: Decimal,
    title: str,
    currency: str,
) -> list[Expected]:
    """The same, each invoice for milestones less what is kept back of it, and after it every release of that.

    The invoices are issued and the parts released in the order of their days, by the rules that issue and release them;
    what nobody can say the day of comes last. So what is expected in all stays what it was, to the cent. All is net of
    tax: of a retention on gross amounts the part that is no tax. ``title`` is that of a release, ``tax_rate`` the
    contract's.
    """
    if retention is None:
        return list(cash)
    has_materials = retention.materials_rate is not None
    apart = money.total(
        one.worth for one in cash if one.own.retention_rate is not None or (has_materials and one.own.is_materials)
    )
    course = _Course(
        cash=list(cash),
        retention=_net_of_tax(retention, tax_rate, currency=currency),
        terms=terms,
        scale=Scale(price, price - apart),
        tax_rate=tax_rate,
        title=title,
        currency=currency,
    )
    invoices = in_invoices(cash, is_collected=terms.bills_by == BY_APPLICATION)
    last = next((places for places in reversed(invoices) if cash[places[0]].kind == MILESTONE), None)
    for places in invoices:
        one = cash[places[0]]
        course.release(before=one.billed_on)
        if one.kind == MILESTONE:
            course.withhold(places, is_last=places is last)
        elif one.is_advance:
            course.add(Billed(work=one.amount))
    course.release()
    course.release_the_rest()
    return [*course.cash, *course.released]


def _net_of_tax(retention: RetentionTerms, tax_rate: Decimal, *, currency: str) -> RetentionTerms:
    """The same of amounts without tax: rates are as they are, and of limits only what is no tax."""

    def of_net(limit: Decimal | None) -> Decimal | None:
        return money.floor(limit / (1 + tax_rate / HUNDRED), currency) if limit is not None else None

    def net(kind: RetentionTerms) -> RetentionTerms:
        if kind.base != GROSS:
            return kind
        return replace(kind, base=NET, cap_amount=of_net(kind.cap_amount), cap_each=of_net(kind.cap_each))

    return replace(net(retention), further=tuple(net(kind) for kind in retention.further))


@dataclass(kw_only=True)
class _Course:
    """What is billed, kept back and released so far, in the order of days."""

    cash: list[Expected]
    retention: RetentionTerms
    terms: CashTerms
    scale: Scale
    tax_rate: Decimal
    title: str
    currency: str
    released: list[Expected] = field(default_factory=list)
    billed: dict[Decimal | None, Billed] = field(default_factory=dict)
    past: list[Past] = field(init=False)
    rows: list[Row] = field(default_factory=list)
    made: dict[int, Decimal] = field(default_factory=dict)
    asked: dict[int, int] = field(default_factory=dict)
    """How many rows there were when a part came to nothing: it is asked again when there are more."""
    due: dict[int, date] = field(init=False)
    """From which day each part is released by itself, by its position; without what has no day."""
    today: date | None = date.min
    """That of the last invoice: None from the first on that has no day."""

    def __post_init__(self) -> None:
        self.past = [Past() for _kind in self.retention.kinds]
        of_work = [one for one in self.cash if one.kind == MILESTONE]
        days = [one.billed_on for one in of_work if one.billed_on is not None]
        completed = max(days) if days and len(days) == len(of_work) else None
        accepted = {one.title: one.done_on for one in of_work if one.done_on is not None}
        due = {
            one.position: due_from(one.release, completed_on=completed, accepted_on=accepted)
            for one in self.retention.schedule
        }
        self.due = {position: day for position, day in due.items() if day is not None}

    def add(self, billed: Billed, *, own: Decimal | None = None) -> None:
        """What is billed at one rate, beside what was before."""
        was = self.billed.get(own, Billed(own=own))
        self.billed[own] = Billed(was.work + billed.work, was.materials + billed.materials, own)

    def withhold(self, places: Sequence[int], *, is_last: bool) -> None:
        """Keep back of one invoice for milestones what the terms come to, and share it out over them."""
        before = list(self.billed.values())
        self.today = self.cash[places[0]].billed_on
        for place in places:
            net, own = self.cash[place].amount, self.cash[place].own
            self.add(Billed(materials=net) if own.is_materials else Billed(work=net), own=own.retention_rate)
        net = money.total(self.cash[place].amount for place in places)
        for kind, kept in enumerate(self._kept(before, net=net, is_last=is_last), start=1):
            was = self.past[kind - 1]
            self.past[kind - 1] = replace(was, held=was.held + kept.held, carried=was.carried + kept.carried)
            if kept.held:
                self._keep(places, kind=kind, held=kept.held)

    def _kept(self, before: Sequence[Billed], *, net: Decimal, is_last: bool) -> list[Kept]:
        if self.retention.payable_most is None:
            return withheld_of(
                gross=net,
                before=before,
                after=list(self.billed.values()),
                past=self.past,
                terms=self.retention,
                scale=self.scale,
                currency=self.currency,
            )
        above = payable_before_final(
            net=net,
            gross=money.half_up(net * (1 + self.tax_rate / HUNDRED), self.currency),
            billed=money.total(one.work + one.materials for one in before),
            held=self.past[0].held,
            terms=self.retention,
            scale=self.scale,
            currency=self.currency,
        )
        return [Kept(money.ZERO if is_last or self.past[0].is_over else above)]

    def _keep(self, places: Sequence[int], *, kind: int, held: Decimal) -> None:
        """In proportion to the amount of each milestone and its rate."""
        nets = [self.cash[place].amount for place in places]
        rates = [self._rate(self.cash[place], kind=kind) for place in places]
        weights = [net * rate for net, rate in zip(nets, rates, strict=True)]
        shares = money.split(held, weights if any(weights) else nets, self.currency)
        for place, share in zip(places, shares, strict=True):
            one = self.cash[place]
            self.cash[place] = replace(one, amount=one.amount - share)
            self.rows.append(Row(kind, one.title, share, money.ZERO))

    def _rate(self, one: Expected, *, kind: int) -> Decimal:
        terms = self.retention.kinds[kind - 1]
        if kind == 1 and one.own.retention_rate is not None:
            return one.own.retention_rate
        if one.own.is_materials and terms.materials_rate is not None:
            return terms.materials_rate
        return max((terms.rate, *(step.rate for step in terms.steps))) or Decimal(1)

    def release(self, *, before: date | None = None) -> None:
        """Every part that is due before a day, or at all, and comes to something."""
        for day, position in sorted((day, position) for position, day in self.due.items()):
            if position in self.made or self.asked.get(position) == len(self.rows):
                continue
            if before is None or day < before:
                self._release(position, on=max(day, self.today) if self.today is not None else None)

    def release_the_rest(self) -> None:
        """What waits for somebody's word, or has no day; in the end nothing is kept back."""
        for part in self.retention.schedule:
            if part.position not in self.made:
                self._release(part.position, on=None)
        for kind in range(1, len(self.retention.kinds) + 1):
            left = money.total(row.left for row in self.rows if row.kind == kind)
            if left:
                self._expect(left, kind=kind, on=None)

    def _release(self, position: int, *, on: date | None) -> None:
        part = self.retention.schedule[position - 1]
        amount = released_of(part, rows=self.rows, made=self.made, terms=self.retention, currency=self.currency)
        self.asked[position] = len(self.rows)
        if not amount:
            return
        self.made[position] = amount
        of_kind = [place for place, row in enumerate(self.rows) if row.kind == part.kind]
        places = [place for place in of_kind if concerned(part, self.rows[place])]
        if amount == money.total(self.rows[place].left for place in of_kind):
            places = of_kind
        lefts = [self.rows[place].left for place in places]
        for place, share in zip(places, shares_of(amount, left=lefts, currency=self.currency), strict=True):
            row = self.rows[place]
            self.rows[place] = replace(row, released=row.released + share)
        kind = part.kind
        of_it = {one.position for one in self.retention.schedule if one.kind == kind}
        self.past[kind - 1] = replace(self.past[kind - 1], is_over=of_it <= self.made.keys())
        self._expect(amount, kind=kind, on=on)

    def _expect(self, amount: Decimal, *, kind: int, on: date | None) -> None:
        """A release is stated on its day, and paid like an invoice."""
        name = self.retention.kinds[kind - 1].name
        days, basis = self.terms.payment_days, self.terms.payment_basis
        paid = due_on(on, payment_days=days, payment_basis=basis) if on is not None else None
        title = f"{self.title}: {name}" if name else self.title
        self.released.append(Expected(paid, amount, title, billed_on=on, kind=RELEASE))
