"""Deposits that later invoices give back: in any order of issue, credit and re-issue every total is right."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.contracts.drafts import FIRST, PROPORTION, RATE, Recovery
from apps.contracts.rules import Advance, recovered
from apps.core import money
from apps.core.errors import Refused
from apps.invoicing import rules
from apps.invoicing.rules import Creditable, Share

D = Decimal
ZERO = money.ZERO
QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD"])
RATES = st.sampled_from([D(0), D(7), D(19), D("8.1"), D("5.5")])
PERCENTS = st.decimals(min_value=D("0.01"), max_value=D(100), places=2)
WAYS = st.one_of(
    st.just(Recovery(PROPORTION)),
    st.just(Recovery(FIRST)),
    st.builds(Recovery, st.just(RATE), PERCENTS, st.decimals(min_value=0, max_value=99, places=1)),
)


@dataclass
class Invoice:
    """An invoice as its lines: the work, and what it gives back of each deposit, by number."""

    work: Decimal
    given: dict[int, Decimal] = field(default_factory=dict)
    credited: Decimal = ZERO
    returned: dict[int, Decimal] = field(default_factory=dict)
    net_credited: Decimal = ZERO
    tax_credited: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        return self.work - money.total(self.given.values())


@dataclass
class Books:
    """A contract, its deposits and its invoices, as services keep them."""

    currency: str
    rate: Decimal
    parts: list[Decimal]
    deposits: list[Invoice]
    ways: list[Recovery]
    billed: list[Invoice] = field(default_factory=list)
    lowered: Decimal = ZERO

    @property
    def price(self) -> Decimal:
        return money.total(self.parts) + money.total(one.work for one in self.billed)

    def left(self, number: int) -> Decimal:
        one = self.deposits[number]
        return one.work - one.credited - self.bound(number)

    def bound(self, number: int) -> Decimal:
        return money.total(one.given.get(number, D(0)) - one.returned.get(number, D(0)) for one in self.billed)

    def issue(self) -> None:
        price = self.price
        amount = self.parts.pop(0)
        standing = [number for number in range(len(self.deposits)) if self.left(number)]
        parts = recovered(
            [Advance(self.left(number), self.ways[number]) for number in standing],
            amount=amount,
            rest=money.total(self.parts),
            price=price,
            currency=self.currency,
        )
        assert all(0 <= part <= self.left(number) for number, part in zip(standing, parts, strict=True))
        invoice = Invoice(amount, {number: part for number, part in zip(standing, parts, strict=True) if part})
        assert invoice.net >= 0
        self.billed.append(invoice)

    def credit(self, invoice: Invoice, amount: Decimal, *, is_withdrawn: bool = False) -> None:
        numbers = list(invoice.given)
        kind = ("S" if self.rate else "Z", self.rate)
        lines = [
            Creditable(invoice.work, invoice.credited, *kind),
            *(Creditable(-invoice.given[one], -invoice.returned.get(one, D(0)), *kind) for one in numbers),
        ]
        found = rules.credit(amount, lines=lines, currency=self.currency, is_withdrawn=is_withdrawn)
        back = [-part for part in found.lines[1:]]
        assert found.lines[0] == amount
        assert all(part >= 0 for part in back)
        for number, part in zip(numbers, back, strict=True):
            invoice.returned[number] = invoice.returned.get(number, D(0)) + part
            assert invoice.returned[number] <= invoice.given[number]
        totals = rules.totals(found.breakdown)
        assert totals.net == amount - money.total(back) >= 0
        assert totals.tax >= 0
        invoice.credited += amount
        invoice.net_credited += totals.net
        invoice.tax_credited += totals.tax
        assert invoice.net_credited <= invoice.net
        if is_withdrawn:
            self.parts.append(amount)
        else:
            self.lowered += amount
        self.give_excess_back()

    def give_excess_back(self) -> None:
        excess = money.total(self.left(n) for n in range(len(self.deposits))) - money.total(self.parts)
        for number in reversed(range(len(self.deposits))):
            part = min(self.left(number), max(excess, D(0)))
            if part:
                self.credit_deposit(number, part)
                excess -= part

    def credit_deposit(self, number: int, amount: Decimal) -> None:
        deposit = self.deposits[number]
        line = Creditable(deposit.work, deposit.credited, "S" if self.rate else "Z", self.rate, self.bound(number))
        assert rules.credited_amount(Share(amount=amount), lines=[line], currency=self.currency) == amount
        totals = rules.totals(rules.credit(amount, lines=[line], currency=self.currency).breakdown)
        deposit.credited += amount
        deposit.net_credited += totals.net
        deposit.tax_credited += totals.tax

    def tax(self, invoice: Invoice) -> Decimal:
        return money.half_up(invoice.net * self.rate / 100, self.currency) - invoice.tax_credited

    def owed(self) -> Decimal:
        return money.total(one.net - one.net_credited for one in [*self.deposits, *self.billed])

    def check(self) -> None:
        """What holds at every moment: the deposits can still be given back, and everything adds up to the price."""
        standing = [self.left(number) for number in range(len(self.deposits))]
        assert all(left >= 0 for left in standing)
        assert money.total(standing) <= money.total(self.parts)
        billed = money.total(one.work for one in self.billed)
        withdrawn = money.total(one.credited for one in self.billed)
        assert self.owed() == billed - withdrawn + money.total(standing)


@st.composite
def books(draw: st.DrawFn) -> Books:
    currency = draw(CURRENCIES)
    unit = money.unit(currency)
    parts = [unit * draw(st.integers(1, 500_000)) for _part in range(draw(st.integers(1, 8)))]
    whole = money.total(parts)
    deposits: list[Decimal] = []
    for _deposit in range(draw(st.integers(1, 3))):
        share = money.half_up(whole * draw(st.integers(1, 30)) / 100, currency)
        if share and money.total(deposits) + share <= whole:
            deposits.append(share)
    ways = [draw(WAYS) for _deposit in deposits]
    return Books(currency, draw(RATES), parts, [Invoice(one) for one in deposits], ways)


@QUICK
@given(books())
def test_what_is_invoiced_in_the_end_is_the_price_with_the_tax_of_each_invoice(found: Books) -> None:
    price = found.price
    while found.parts:
        found.issue()
        found.check()
    assert found.owed() == price
    invoices = [*found.deposits, *found.billed]
    whole = money.half_up(price * found.rate / 100, found.currency)
    apart = abs(money.total(found.tax(one) for one in invoices) - whole)
    assert apart <= money.unit(found.currency) * (len(invoices) + 1) / 2, "tax is rounded once on each invoice"


@QUICK
@given(books(), st.data())
def test_issue_credit_and_issue_again_in_any_order(found: Books, data: st.DataObject) -> None:
    price = found.price
    for _step in range(data.draw(st.integers(1, 12))):
        open_ones = [one for one in found.billed if one.credited < one.work]
        deposits = [number for number in range(len(found.deposits)) if found.left(number)]
        steps = ["issue"] * bool(found.parts) + ["correct", "withdraw"] * bool(open_ones) + ["drop"] * bool(deposits)
        match data.draw(st.sampled_from(steps or ["end"])):
            case "issue":
                found.issue()
            case "correct" | "withdraw" as how:
                invoice = data.draw(st.sampled_from(open_ones))
                most = int((invoice.work - invoice.credited) / money.unit(found.currency))
                amount = money.unit(found.currency) * data.draw(st.one_of(st.just(most), st.integers(1, most)))
                found.credit(invoice, amount, is_withdrawn=how == "withdraw")
            case "drop":
                number = data.draw(st.sampled_from(deposits))
                most = int(found.left(number) / money.unit(found.currency))
                found.credit_deposit(number, money.unit(found.currency) * data.draw(st.integers(1, most)))
        found.check()
    while found.parts:
        found.issue()
        found.check()
    assert found.owed() == price - found.lowered
    for invoice in found.billed:
        if invoice.credited < invoice.work:
            found.credit(invoice, invoice.work - invoice.credited)
    assert found.owed() == 0
    assert all(found.tax(one) == 0 for one in [*found.deposits, *found.billed]), "crediting everything leaves nothing"


@pytest.mark.parametrize(
    ("recovery", "expected"),
    [
        (Recovery(PROPORTION), ["60.00", "60.00", "80.00"]),
        (Recovery(FIRST), ["200.00", "0.00", "0.00"]),
        (Recovery(RATE, D(20)), ["60.00", "60.00", "80.00"]),
        (Recovery(RATE, D(25), D(30)), ["0.00", "75.00", "125.00"]),
        (Recovery(RATE, D(50), D(50)), ["0.00", "50.00", "150.00"]),
    ],
)
def test_each_way_of_recovery(recovery: Recovery, expected: list[str]) -> None:
    found = Books("EUR", D(19), [D(300), D(300), D(400)], [Invoice(D(200))], [recovery])
    while found.parts:
        found.issue()
    assert [f"{one.given.get(0, D(0)):.2f}" for one in found.billed] == expected


def test_of_a_deposit_that_was_given_back_nothing_else_is_credited() -> None:
    line = Creditable(D(200), D(0), "S", D(19), bound=D(200))
    with pytest.raises(Refused, match="given this deposit back"):
        rules.credited_amount(Share(), lines=[line], currency="EUR")
    half = Creditable(D(200), D(0), "S", D(19), bound=D(150))
    assert rules.credited_amount(Share(), lines=[half], currency="EUR") == 50
    with pytest.raises(Refused, match="50"):
        rules.credited_amount(Share(amount=D(51)), lines=[half], currency="EUR")
