"""The interest of significant financing components: it follows the days, apart from revenue."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from decimal import Decimal

from apps.core import money
from apps.ledger.charts import Seller
from apps.revenue import rules
from apps.revenue.models import Interest, Judgement, JudgementKind, Why
from apps.revenue.services.books import Books
from apps.revenue.services.events import Event


def component_of(judgement: Judgement) -> rules.Component | None:
    """The financing component that a judgement states; None where it says that there is none any more."""
    said = judgement.said
    if not Decimal(said["amount"]):
        return None
    return rules.Component(
        amount=Decimal(said["amount"]),
        rate=Decimal(said["rate"]),
        compounding=rules.Compounding(said["compounding"]),
        starts_on=date.fromisoformat(said["starts_on"]),
        ends_on=date.fromisoformat(said["ends_on"]),
        is_deferred=said["is_deferred"],
    )


def said_of(component: rules.Component) -> dict[str, object]:
    """The same as a judgement keeps it."""
    plain = {name: value if isinstance(value, bool) else str(value) for name, value in asdict(component).items()}
    return {**plain, "compounding": component.compounding.value}


def cumulative_interest(judgements: Iterable[Judgement], *, through: date, currency: str) -> dict[bool, Decimal]:
    """What all components came to with the end of a day: income, and expense."""
    found = {True: money.ZERO, False: money.ZERO}
    for one in judgements:
        component = component_of(one) if one.kind == JudgementKind.FINANCING else None
        if component is not None:
            found[component.is_deferred] += component.interest(through, currency)
    return found


def written_so_far(books: Books) -> Decimal:
    """Interest that was written down of a contract: income less expense."""
    return money.total(row.amount if row.is_income else -row.amount for row in books.accrued)


def accrue(books: Books, *, through: date) -> None:
    """Write down what the days up to one added, income and expense each once; nothing after a contract ended."""
    contract = books.contract
    if contract.terminated_at is not None or not any(kind == "financing" for kind, _of, _as in books.judgements):
        return
    event = Event(why=Why.PERIOD, cause=f"period:{through.isoformat()}", on=through, at=books.at)
    before = {row.is_income: row for row in books.accrued}
    if any(row.occurred_on > through for row in before.values()):
        return
    for is_income, cumulative in cumulative_interest(
        books.judgements.values(), through=through, currency=contract.currency
    ).items():
        stands = before[is_income].cumulative if is_income in before else money.ZERO
        if cumulative == stands or (is_income in before and before[is_income].cause == event.cause):
            continue
        account = Seller.CONTRACT_INTEREST_INCOME if is_income else Seller.CONTRACT_INTEREST_EXPENSE
        _write(books, event, account=account, cumulative=cumulative, amount=cumulative - stands)


def take_back_income(books: Books, *, event: Event) -> Decimal:
    """Of a contract that ended with less billed than was accrued: nothing was lent. What was taken back of income."""
    last = next((row for row in reversed(books.accrued) if row.is_income), None)
    if last is None or not last.cumulative:
        return money.ZERO
    _write(books, event, account=Seller.CONTRACT_INTEREST_INCOME, cumulative=money.ZERO, amount=-last.cumulative)
    return last.cumulative


def _write(books: Books, event: Event, *, account: Seller, cumulative: Decimal, amount: Decimal) -> None:
    """One row, and its entry against the contract balance."""
    is_income = account == Seller.CONTRACT_INTEREST_INCOME
    what = "interest-income" if is_income else "interest-expense"
    books.interest.append(
        Interest(
            organisation_id=books.contract.seller_id,
            contract=books.contract,
            is_income=is_income,
            cause=event.cause,
            occurred_on=event.on,
            booked_on=rules.booked_on(event.on, closed_through=books.closed_through),
            currency=books.contract.currency,
            cumulative=cumulative,
            amount=amount,
            entry=books.post(
                event, what=what, account=account, earned=amount if is_income else -amount, words="Interest"
            ),
            accrued_at=books.at,
        )
    )
