"""Whatever happens to a contract, in whatever order: asset and liability are never both there, and what is undone
leaves zero, in the obligations, in the contract balance, and on every account."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.contracts.models import Contract
from apps.core import money
from apps.core.errors import Refused
from apps.ledger.charts import Seller
from apps.revenue import rules
from apps.revenue.models import Judgement, JudgementKind, Measure, Obligation, Why
from apps.revenue.services.applying import apply
from apps.revenue.services.books import Books, key_of
from apps.revenue.services.events import Event
from apps.revenue.services.interest import accrue, said_of

D = Decimal
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
MEASURES = (Measure.POINT_IN_TIME, Measure.OUTPUT, Measure.COMPLETION, Measure.COST_TO_COST)
CENTS = st.integers(100, 10_000_000).map(lambda cents: D(cents) / 100)
Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["accept", "credit", "costs", "bonus", "damages", "finance", "month"]),
        st.integers(0, 3),
        st.integers(1, 100),
    ),
    max_size=12,
)
COMPONENT = rules.Component(
    amount=D(1000), rate=D(7), compounding=rules.Compounding.MONTHLY, starts_on=AT.date(),
    ends_on=AT.date() + timedelta(days=800), is_deferred=False,
)  # fmt: skip


class Life:
    """A contract that nobody saves: what is recognised of it and billed, and what every step came to."""

    def __init__(self, amounts: Sequence[D], *, deposit: D) -> None:
        self.contract = Contract(pk=1, ref="c", number="C-1", currency="EUR", seller_id=1)
        shares = rules.allocated(sum(amounts, deposit), standalone=amounts, currency="EUR")
        obligations = {
            place: Obligation(
                pk=place, contract=self.contract, position=place, measure=MEASURES[place % 4], currency="EUR",
                standalone=amount, agreed=amount, allocated=share,
            )
            for place, (amount, share) in enumerate(zip(amounts, shares, strict=True))
        }  # fmt: skip
        self.books = Books(self.contract, obligations, {}, None, AT)
        self.deposit, self.billed, self.steps, self.day = deposit, deposit, 0, AT.date()
        self.has_credits = False

    def step(self, what: str, place: int, percent: int) -> None:
        obligation = self.books.obligations[place % len(self.books.obligations)]
        free = obligation.agreed - obligation.accepted
        if what == "accept" and obligation.measure != Measure.COST_TO_COST:
            self.accept(obligation, free if obligation.measure == Measure.POINT_IN_TIME else part(free, percent))
        elif what == "credit" and not self.deposit and obligation.measure == Measure.OUTPUT:
            self.credit(obligation, part(obligation.accepted - obligation.credited, percent))
        elif what == "costs" and obligation.measure == Measure.COST_TO_COST:
            self.estimate(obligation, obligation.standalone * percent / 100)
        elif what in ("bonus", "damages"):
            self.judge(JudgementKind.VARIABLE, what, counts=D(percent if what == "bonus" else -percent))
        elif what == "finance":
            self.judge(JudgementKind.FINANCING, what, said=said_of(COMPONENT), counts=COMPONENT.adjusts("EUR"))
        elif what == "month":
            self.let_a_month_pass()
        self.check()

    def undo(self) -> None:
        """The price goes back to what was signed, everything accepted is withdrawn, the deposit is credited."""
        # What lowered the price goes first: while it stands, what raised it may be needed to bear it.
        for one in sorted(self.books.judgements.values(), key=lambda judgement: judgement.counts):
            if one.kind == JudgementKind.COSTS:
                self.estimate(self.books.obligations[one.obligation_id or 0], D(0))
            else:
                self.judge(JudgementKind(one.kind), one.about, said={"amount": "0"}, counts=D(0))
            self.check()
        for obligation in self.books.obligations.values():
            self.withdraw(obligation, obligation.accepted - obligation.credited)
            self.check()
        if self.deposit:
            self.follow(Why.CREDIT, amount=self.deposit)
            self.billed -= self.deposit
        self.let_a_month_pass()
        self.check()

    def accept(self, obligation: Obligation, amount: D) -> None:
        self.follow(Why.ACCEPTANCE, position=obligation.position, amount=amount)
        self.billed += amount

    def withdraw(self, obligation: Obligation, amount: D) -> None:
        self.follow(Why.NULLIFICATION, position=obligation.position, amount=amount)
        self.billed -= amount

    def credit(self, obligation: Obligation, amount: D) -> None:
        self.follow(Why.CREDIT, position=obligation.position, amount=amount)
        self.billed -= amount

    def estimate(self, obligation: Obligation, incurred: D) -> None:
        said = {"incurred": str(incurred), "expected": str(obligation.standalone)}
        said |= {"uninstalled": "0", "uninstalled_expected": "0"}
        self.judge(JudgementKind.COSTS, "", said=said, obligation=obligation)

    def judge(
        self,
        kind: JudgementKind,
        about: str,
        *,
        said: Mapping[str, object] | None = None,
        counts: D = money.ZERO,
        obligation: Obligation | None = None,
    ) -> None:
        judgement = Judgement(
            contract=self.contract, kind=kind, about=about, said=dict(said or {}), counts=counts, obligation=obligation,
            effective_on=self.day, judged_at=AT,
        )  # fmt: skip
        before = dict(self.books.judgements)
        stood = {one.position: dict(vars(one)) for one in self.books.obligations.values()}
        try:
            self.follow(Why.JUDGEMENT, judgement=judgement)
        except Refused:
            # Nothing is kept of what is refused: its transaction is rolled back.
            self.books.judgements = before
            for position, was in stood.items():
                vars(self.books.obligations[position]).update(was)
            was_counted = before[key_of(judgement)].counts if key_of(judgement) in before else 0
            assert counts < was_counted, "only what takes more off the price than there is"

    def let_a_month_pass(self) -> None:
        self.day += timedelta(days=31)
        accrue(self.books, through=self.day)
        self.books.accrued += self.books.interest
        self.books.interest = []

    def follow(self, why: Why, *, position: int | None = None, amount: D = money.ZERO, judgement: Judgement | None = None) -> None:  # fmt: skip  # noqa: E501
        self.steps += 1
        event = Event(
            why=why, cause=f"{why}:{self.steps}", on=self.day, at=AT, position=position, amount=amount,
            judgement=judgement,
        )  # fmt: skip
        apply(self.books, event=event)

    def accounts(self) -> dict[str, D]:
        sums: dict[str, D] = defaultdict(Decimal)
        for posting in self.books.postings:
            assert not money.total(leg.amount for leg in posting.legs), "every entry balances"
            for leg in posting.legs:
                sums[leg.account] += leg.amount
        return sums

    def check(self) -> None:
        """What is recognised is what is written and what is posted; net it is an asset or a liability."""
        recognised = money.total(one.recognised for one in self.books.obligations.values())
        interest = money.total(one.amount if one.is_income else -one.amount for one in self.books.accrued)
        position = rules.net_position(recognised=recognised + interest, billed=self.billed, retained=money.ZERO)
        assert not (position.asset and position.liability)
        assert recognised == money.total(row.amount for row in self.books.written)
        accounts = self.accounts()
        assert (-accounts[Seller.REVENUE], accounts[Seller.CONTRACT_BALANCE]) == (recognised, recognised + interest)
        assert accounts[Seller.CONTRACT_BALANCE] - self.billed == position.asset - position.liability


def part(amount: D, percent: int) -> D:
    return money.floor(D(amount) * percent / 100, "EUR")


BONUS_AGAIN: list[Step] = [("bonus", 0, 1), ("damages", 0, 2), ("bonus", 0, 1)]
"""What is judged the same once more is never refused, also where damages leave nothing beside it."""


@settings(max_examples=40, deadline=None)
@given(st.lists(CENTS, min_size=1, max_size=4), st.sampled_from([D(0), D("999.99")]), STEPS)
@example([D(1)], D(0), BONUS_AGAIN)
def test_what_is_undone_leaves_zero_and_asset_and_liability_are_never_both_there(
    amounts: list[D], deposit: D, steps: list[Step]
) -> None:
    life = Life(amounts, deposit=deposit)
    life.check()
    for step in steps:
        life.step(*step)
    life.undo()
    assert not any(one.recognised for one in life.books.obligations.values())
    assert not life.billed
    assert not any(life.accounts().values())
