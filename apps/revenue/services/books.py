"""The revenue of one contract while it is brought up to date: its obligations, and what is written and posted."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter
from typing import Final

from apps.contracts.models import Contract
from apps.core import money
from apps.core.database import together
from apps.ledger import batches
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.ledger.models import Entry
from apps.revenue import rules
from apps.revenue.models import Interest, Judgement, Measure, Modification, Obligation, Recognition, Why
from apps.revenue.services.calendars import Calendar
from apps.revenue.services.events import Event

MOVES: Final = (
    *("version", "title", "measure", "planned_on", "standalone", "agreed", "done", "accepted"),
    *("allocated", "carried", "done_before", "credited", "recognised", "through"),
    *("at_cost", "at_cost_expected", "at_cost_before", "is_judged", "starts_on", "ends_on"),
)
"""What of an obligation changes."""


@dataclass(slots=True)
class Books:
    """The obligations of one contract, by position, and the judgements that hold so far."""

    contract: Contract
    obligations: dict[int, Obligation]
    calendars: dict[int, Calendar]
    closed_through: date | None
    at: datetime
    accrued: list[Interest] = field(default_factory=list)
    """Interest that was written down before, in its order."""
    judgements: dict[tuple[str, int | None, str], Judgement] = field(default_factory=dict)
    bonuses: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """What was billed as a bonus and not credited again, by the position of the obligation that bears it alone."""
    changes: list[Modification] = field(default_factory=list)
    written: list[Recognition] = field(default_factory=list)
    interest: list[Interest] = field(default_factory=list)
    postings: list[batches.Posting] = field(default_factory=list)
    before: dict[int, object] = field(init=False)
    """The obligations that are kept already, as they were, by their key."""

    def __post_init__(self) -> None:
        self.before = {one.pk: _figures(one) for one in self.obligations.values() if one.pk is not None}

    def new(self) -> Iterator[Obligation]:
        return (one for one in self.obligations.values() if one.pk is None)

    def moved(self) -> Iterator[Obligation]:
        return (
            one for one in self.obligations.values() if one.pk in self.before and _figures(one) != self.before[one.pk]
        )

    def holds(self, judgement: Judgement) -> Judgement | None:
        """Let a judgement hold from now on, in place of the one that is answered."""
        key = key_of(judgement)
        before = self.judgements.get(key)
        self.judgements[key] = judgement
        return before

    def cumulative(self, obligation: Obligation) -> Decimal:
        """What an obligation has earned until now, rounded."""
        if obligation.measure != Measure.OVER_TIME:
            return rules.cumulative(obligation.duty, self.contract.currency)
        calendar, through = self.calendars.get(obligation.position), obligation.through
        if calendar is None or through is None:
            return money.ZERO
        progress = rules.over_time(list(calendar.spans.values()), through=through, agreed=obligation.agreed)
        credited = sum(
            (calendar.spans[number].elapsed(through) * Fraction(amount) for number, amount in calendar.credits.items()),
            Fraction(0),
        )
        return rules.over_time_revenue(
            obligation.duty, progress=progress, credited=credited, currency=self.contract.currency
        )

    def write(self, event: Event, *, touched: Iterable[Obligation], also: Iterable[Obligation] = ()) -> None:
        """Write down what each obligation moved by, and one entry for all; of ``also`` only what did move."""
        rows = []
        for obligation, is_touched in [*((one, True) for one in touched), *((one, False) for one in also)]:
            cumulative = self.cumulative(obligation)
            amount = cumulative - obligation.recognised
            obligation.recognised = cumulative
            if amount or is_touched:
                rows.append(
                    Recognition(
                        organisation_id=self.contract.seller_id,
                        contract=self.contract,
                        obligation=obligation,
                        why=event.why,
                        cause=event.cause,
                        occurred_on=event.on,
                        booked_on=rules.booked_on(event.on, closed_through=self.closed_through),
                        currency=self.contract.currency,
                        cumulative=cumulative,
                        amount=amount,
                        recognised_at=self.at,
                    )
                )
        if not rows:
            return
        total = money.total(row.amount for row in rows)
        if total:
            entry = self.post(event, what="revenue", account=Seller.REVENUE, earned=total, words="Revenue")
            for row in rows:
                row.entry = entry
        self.written += rows

    def post(self, event: Event, *, what: str, account: Seller, earned: Decimal, words: str) -> Entry:
        """What is earned and what is billed meet on the contract balance; what is taken back goes the other way.

        The entry is written with all others, by :func:`keep`.
        """
        contract, key = self.contract, f"contract:{self.contract.ref}"
        cause = event.cause if event.why != Why.PERIOD else f"{event.cause}:{contract.ref}"
        more, less = max(earned, money.ZERO), max(-earned, money.ZERO)
        posting = batches.Posting(
            cause=f"{what}:{cause}",
            description=f"{words} of {contract.number}",
            booked_on=rules.booked_on(event.on, closed_through=self.closed_through),
            legs=[
                ledger.debit(Seller.CONTRACT_BALANCE, amount=more, key=key),
                ledger.credit(account, amount=more, key=key),
                ledger.debit(account, amount=less, key=key),
                ledger.credit(Seller.CONTRACT_BALANCE, amount=less, key=key),
            ],
        )
        self.postings.append(posting)
        return posting.entry


_figures: Final = attrgetter(*("version_id" if name == "version" else name for name in MOVES))


def keep(books: Sequence[Books]) -> None:
    """Write down together what was found of contracts of one seller: the obligations and the entries first, since the
    rest refers to them."""
    Obligation.objects.bulk_create(one for book in books for one in book.new())
    together.update([one for book in books for one in book.moved()], names=MOVES)
    Modification.objects.bulk_create(one for book in books for one in book.changes)
    by_currency: dict[str, list[batches.Posting]] = defaultdict(list)
    for book in books:
        by_currency[book.contract.currency] += book.postings
    for currency, postings in sorted(by_currency.items()):
        batches.post_all(
            organisation_id=books[0].contract.seller_id,
            currency=currency,
            purpose=ledger.Purpose.SELLER,
            postings=postings,
            at=books[0].at,
        )
    Recognition.objects.bulk_create(one for book in books for one in book.written)
    Interest.objects.bulk_create(one for book in books for one in book.interest)


def key_of(judgement: Judgement) -> tuple[str, int | None, str]:
    """What a judgement is about: the newest about the same holds."""
    named = judgement.about or (judgement.version_id if judgement.version_id is not None else "")
    subject = None if judgement.about else judgement.obligation_id
    return judgement.kind, subject, str(named)
