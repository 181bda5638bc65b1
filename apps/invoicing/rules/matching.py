"""Which invoices a payment on the bank account may be meant for: what is certain, and what a person should look at.

Certain is one case only: exactly one invoice is named, all of what is open on it arrived, or all of that which is not
in dispute, in its currency, on the account that it names, and the seller is its payee. Everything else is a proposal
with a score from 0 to 100 and its reasons; the score only puts proposals in an order, and decides nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import combinations
from typing import Final

from apps.core import money
from apps.invoicing.rules.accounts import squeezed
from apps.invoicing.rules.names import are_alike
from apps.invoicing.rules.references import numbers_in

MOST_PROPOSALS: Final = 4
MOST_OF_ONE_BUYER: Final = 14
"""Invoices of a buyer, those due first, of which sums are tried."""
MOST_TOGETHER: Final = 4
"""Invoices that are tried as one sum: 1,456 sums of fourteen."""
SMALL: Final = Decimal("0.03")
"""A difference up to this part of what is open is a fee, a discount or a slip more likely than another invoice."""


class Why(StrEnum):
    """Why an invoice is proposed, or is not. Pages have a sentence for each."""

    NAMED = "named"
    EQUAL = "equal"
    SHORT = "short"
    OVER = "over"
    ADDS_UP = "adds_up"
    ALIKE = "alike"
    ONLY_ONE = "only_one"
    ONE_OF_SEVERAL = "one_of_several"
    OLDEST = "oldest"
    OTHER_ACCOUNT = "other_account"
    BEFORE_ISSUE = "before_issue"
    RETURNED = "returned"
    PART_PAID = "part_paid"
    PAID = "paid"
    ASSIGNED = "assigned"
    OTHER_CURRENCY = "other_currency"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason with what its sentence needs: numbers of invoices, a name, an amount in the payment's currency."""

    why: Why
    numbers: tuple[str, ...] = ()
    amount: Decimal | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """An issued invoice as matching sees it. ``open`` is zero once it is paid, ``paid`` what was paid on it;
    ``account`` is where it asks to be paid; ``payee`` is who is paid if that is not the seller; ``buyer``
    tells buyers apart; ``disputed`` is what of ``open`` is in dispute and not asked for."""

    ref: str
    number: str
    currency: str
    open: Decimal
    buyer: int
    buyer_name: str
    issued_on: date
    due_on: date
    account: str = ""
    payee: str = ""
    paid: Decimal = money.ZERO
    disputed: Decimal = money.ZERO

    @property
    def payable(self) -> Decimal:
        """What is open and not in dispute."""
        return self.open - self.disputed

    def is_settled_by(self, amount: Decimal) -> bool:
        """Whether it is exactly what is open, or exactly what is asked for while the rest is in dispute."""
        return amount == self.open or (amount == self.payable and amount > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyIn:
    """What arrived and is not applied yet, and what the bank says of it. ``account`` is the own account; ``is_return``
    says that the bank brought back what the seller itself had paid."""

    amount: Decimal
    currency: str
    received_on: date
    account: str
    texts: tuple[str, ...]
    payer: str = ""
    is_return: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """So much of a payment for one invoice; more than is open on it stays unallocated there."""

    invoice_ref: str
    number: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Proposal:
    """One way to apply a payment, with its score and its reasons, the most telling first."""

    score: int
    parts: tuple[Part, ...]
    reasons: tuple[Reason, ...]


@dataclass(slots=True)
class Bills:
    """Invoices, found by number, by amount and by buyer. What is applied meanwhile is taken out by :meth:`paid`."""

    by_number: dict[str, Bill] = field(default_factory=dict)

    @classmethod
    def of(cls, bills: Iterable[Bill]) -> "Bills":
        return cls({squeezed(bill.number): bill for bill in bills})

    def joined(self, others: "Bills") -> "Bills":
        """These and the others."""
        return Bills({**others.by_number, **self.by_number})

    def paid(self, bill: Bill) -> None:
        """From now on this invoice is not open any more."""
        self.by_number.pop(squeezed(bill.number), None)

    def named(self, arrived: MoneyIn) -> list[Bill]:
        """The invoices that the payer names, each once, in the order in which they are named."""
        found = (number for text in arrived.texts for number in numbers_in(text, known=self.by_number))
        return [self.by_number[number] for number in dict.fromkeys(found)]

    def payable(self, arrived: MoneyIn) -> list[Bill]:
        """What is open in this currency and paid to the seller, due first first."""
        found = [bill for bill in self.by_number.values() if _is_payable(bill, arrived)]
        return sorted(found, key=lambda bill: (bill.due_on, bill.number))


def exact_bill(arrived: MoneyIn, bills: Bills) -> Bill | None:
    """The invoice that this payment settles beyond doubt, or None."""
    named = bills.named(arrived)
    if len(named) != 1:
        return None
    (bill,) = named
    if not _is_payable(bill, arrived) or not bill.is_settled_by(arrived.amount) or any(_doubts(bill, arrived)):
        return None
    return bill


def proposals(arrived: MoneyIn, bills: Bills) -> tuple[list[Proposal], list[Reason]]:
    """What a person might want to do, best first, and what should be known besides (paid, assigned, …)."""
    named = bills.named(arrived)
    notes = [note for bill in named for note in _notes(bill, arrived)]
    payable = [bill for bill in named if _is_payable(bill, arrived)]
    found = list(_by_number(payable, arrived)) if payable else list(_by_likeness(bills, arrived))
    best: dict[tuple[Part, ...], Proposal] = {}
    for proposal in sorted(found, key=lambda one: -one.score):
        best.setdefault(proposal.parts, proposal)
    return list(best.values())[:MOST_PROPOSALS], notes


def _is_payable(bill: Bill, arrived: MoneyIn) -> bool:
    return bill.open > 0 and bill.currency == arrived.currency and not bill.payee


def _notes(bill: Bill, arrived: MoneyIn) -> Iterator[Reason]:
    """Why a named invoice cannot take the money."""
    if bill.open <= 0:
        yield Reason(Why.PAID, (bill.number,))
    elif bill.payee:
        yield Reason(Why.ASSIGNED, (bill.number,), name=bill.payee)
    elif bill.currency != arrived.currency:
        yield Reason(Why.OTHER_CURRENCY, (bill.number,), name=bill.currency)


def _doubts(bill: Bill, arrived: MoneyIn) -> Iterator[Reason]:
    """Why it is not certain although number and amount agree."""
    if arrived.is_return:
        yield Reason(Why.RETURNED)
    if not bill.account or squeezed(bill.account) != squeezed(arrived.account):
        yield Reason(Why.OTHER_ACCOUNT, (bill.number,))
    if arrived.received_on < bill.issued_on:
        yield Reason(Why.BEFORE_ISSUE, (bill.number,))
    if bill.paid:
        # What is left may equal what was paid, and then the same money in another file looks like the rest.
        yield Reason(Why.PART_PAID, (bill.number,))


def _by_number(named: Sequence[Bill], arrived: MoneyIn) -> Iterator[Proposal]:
    numbers = tuple(bill.number for bill in named)
    asked = money.total(bill.payable for bill in named)
    whole = asked if arrived.amount == asked > 0 else money.total(bill.open for bill in named)
    difference = arrived.amount - whole
    is_near = abs(difference) <= SMALL * whole
    is_alike = are_alike(arrived.payer, named[0].buyer_name)
    score = 95 if difference == 0 else (70 if difference > 0 else 75) + 8 * is_near + 4 * is_alike
    if len(named) > 1 and difference:
        score -= 12
    doubts = tuple(doubt for bill in named for doubt in _doubts(bill, arrived))
    reasons = (Reason(Why.NAMED, numbers), _measured(difference, numbers), *_alike(is_alike, named[0]), *doubts)
    yield Proposal(max(score - 15 * bool(doubts), 1), _filled(named, arrived.amount), reasons)


def _by_likeness(bills: Bills, arrived: MoneyIn) -> Iterator[Proposal]:
    """No invoice that could take the money is named: what the amount and the payer's name say."""
    payable = bills.payable(arrived)
    of_payer: dict[int, list[Bill]] = {}
    names = {bill.buyer: bill.buyer_name for bill in payable}
    alike = {buyer for buyer, name in names.items() if are_alike(arrived.payer, name)}
    for bill in payable:
        if bill.buyer in alike:
            of_payer.setdefault(bill.buyer, []).append(bill)
    equal = [bill for bill in payable if bill.is_settled_by(arrived.amount)]
    penalty = 15 * arrived.is_return
    for bill in equal:
        is_alike = bill.buyer in alike
        among = sum((other.buyer in alike) == is_alike for other in equal)
        score = (78 if is_alike else 45) - 10 * (among > 1) - penalty
        rank = Reason(Why.ONLY_ONE if len(equal) == 1 else Why.ONE_OF_SEVERAL, (bill.number,))
        doubts = tuple(_doubts(bill, arrived))
        reasons = (Reason(Why.EQUAL, (bill.number,)), *_alike(is_alike, bill), rank, *doubts)
        yield Proposal(max(score, 1), _filled([bill], arrived.amount), reasons)
    for owed in of_payer.values():
        yield from _sums(owed, arrived)
        if arrived.amount < owed[0].open or len(owed) == 1:
            yield _oldest(owed[0], arrived)


def _sums(owed: Sequence[Bill], arrived: MoneyIn) -> Iterator[Proposal]:
    """Several invoices of the payer that add up to what arrived."""
    few = owed[:MOST_OF_ONE_BUYER]
    for count in range(2, min(MOST_TOGETHER, len(few)) + 1):
        for chosen in combinations(few, count):
            if money.total(bill.open for bill in chosen) == arrived.amount:
                numbers = tuple(bill.number for bill in chosen)
                reasons = (Reason(Why.ADDS_UP, numbers), *_alike(True, chosen[0]))
                yield Proposal(72 - 5 * count, _filled(chosen, arrived.amount), reasons)
    everything = money.total(bill.open for bill in owed)
    if len(owed) > MOST_TOGETHER and everything == arrived.amount:
        reasons = (Reason(Why.ADDS_UP, tuple(bill.number for bill in owed)), *_alike(True, owed[0]))
        yield Proposal(65, _filled(owed, arrived.amount), reasons)


def _oldest(bill: Bill, arrived: MoneyIn) -> Proposal:
    difference = arrived.amount - bill.open
    reasons = (
        *_alike(True, bill),
        Reason(Why.OLDEST, (bill.number,)),
        _measured(difference, (bill.number,)),
    )
    return Proposal(30 + 10 * (abs(difference) <= SMALL * bill.open), _filled([bill], arrived.amount), reasons)


def _alike(is_alike: bool, bill: Bill) -> tuple[Reason, ...]:
    return (Reason(Why.ALIKE, name=bill.buyer_name),) if is_alike else ()


def _measured(difference: Decimal, numbers: tuple[str, ...]) -> Reason:
    if difference == 0:
        return Reason(Why.ADDS_UP if len(numbers) > 1 else Why.EQUAL, numbers)
    return Reason(Why.OVER if difference > 0 else Why.SHORT, numbers, amount=abs(difference))


def _filled(bills: Sequence[Bill], amount: Decimal) -> tuple[Part, ...]:
    """The amount over the invoices in their order, each up to what is open; what is left over stays on the last."""
    parts, left = [], amount
    for place, bill in enumerate(bills, start=1):
        share = left if place == len(bills) else min(bill.open, left)
        if share > 0:
            parts.append(Part(bill.ref, bill.number, share))
        left -= share
    return tuple(parts)
