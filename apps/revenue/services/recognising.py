"""Revenue follows what happened: each acceptance, withdrawal, credit, change and the days that passed, each once."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from django.db.models import Max

from apps.contracts import drafts
from apps.contracts.models import Contract, ContractVersion
from apps.core import money
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.ledger.models import Entry
from apps.revenue import rules
from apps.revenue.models import AccountingPeriod, Measure, Modification, Obligation, PeriodState, Recognition, Why
from apps.revenue.services.facts import Calendar, Event, calendars_of, events_of, lines_of, versions_in_force
from apps.revenue.services.opening import measure_of, obligation_of, open_obligations, standalone_of

MOVES: Final = (
    *("version", "title", "measure", "planned_on", "standalone", "agreed", "done"),
    *("allocated", "carried", "done_before", "credited", "recognised", "through"),
)
"""What of an obligation changes."""


@dataclass(slots=True)
class _Books:
    """The obligations of one contract while its revenue is brought up to date, by position."""

    contract: Contract
    obligations: dict[int, Obligation]
    calendars: dict[int, Calendar]
    closed_through: date | None
    at: datetime
    changes: list[Modification] = field(default_factory=list)
    written: list[Recognition] = field(default_factory=list)

    def keep(self) -> None:
        """Write down together what was found: the obligations first, since the rest refers to them."""
        known = [one for one in self.obligations.values() if one.pk is not None]
        Obligation.objects.bulk_create(one for one in self.obligations.values() if one.pk is None)
        Obligation.objects.bulk_update(known, MOVES)
        Modification.objects.bulk_create(self.changes)
        Recognition.objects.bulk_create(self.written)


def recognise(*, contract: Contract, at: datetime, through: date | None = None) -> list[Recognition]:
    """Recognise whatever happened to a locked contract and is not recognised yet; nothing happens a second time.

    With ``through``, the days up to that one are counted too, for what is satisfied over time. Each cause makes one
    balanced entry: contract balance against revenue. What lies in a closed period is booked on the first open day.
    """
    if contract.active_version_id is None:
        return []
    versions = versions_in_force(contract)
    obligations = list(Obligation.objects.filter(contract=contract).order_by("position"))
    if not obligations:
        obligations = open_obligations(contract, version=versions[0], lines=lines_of(versions[0]))
    books = _Books(
        contract,
        {one.position: one for one in obligations},
        calendars_of(contract) if any(one.measure == Measure.OVER_TIME for one in obligations) else {},
        closed_through(organisation_id=contract.seller_id),
        at,
    )
    known = set(Recognition.objects.filter(contract=contract).values_list("cause", flat=True))
    treated = set(Modification.objects.filter(contract=contract).values_list("version_id", flat=True))
    for event in events_of(contract, versions=versions):
        if event.cause not in known and not (event.version is not None and event.version.pk in treated):
            _apply(books, event)
    if through is not None:
        _let_days_pass(books, through)
    if books.written or books.changes:
        books.keep()
    return books.written


def closed_through(*, organisation_id: int) -> date | None:
    """The last day of the last period of a seller that is closed."""
    closed = AccountingPeriod.objects.filter(organisation_id=organisation_id, state=PeriodState.CLOSED)
    return closed.aggregate(last=Max("through"))["last"]  # type: ignore[no-any-return]


def _apply(books: _Books, event: Event) -> None:
    if event.version is not None:
        _change(books, event, version=event.version)
        return
    if event.why == Why.TERMINATION:
        _end(books, event)
        return
    obligation = books.obligations.get(event.position) if event.position is not None else None
    touched = [obligation] if obligation is not None else list(books.obligations.values())
    if event.why == Why.CREDIT and obligation is None:
        _lower_price(books, by=event.amount)
    elif obligation is not None:
        obligation.take(_moved(obligation.duty, event))
    _write(books, event, touched=touched)


def _moved(duty: rules.Duty, event: Event) -> rules.Duty:
    if event.why == Why.CREDIT:
        return replace(duty, credited=duty.credited + event.amount)
    sign = 1 if event.why == Why.ACCEPTANCE else -1
    return replace(duty, done=duty.done + sign * event.amount)


def _lower_price(books: _Books, *, by: Decimal) -> None:
    """A credited deposit lowers what all obligations bear, on the same basis as when the contract began."""
    duties = [one.duty for one in books.obligations.values()]
    if not duties:
        return
    price = money.total(duty.allocated for duty in duties) - by
    currency = books.contract.currency
    shares = rules.allocated(price, standalone=[duty.allocated for duty in duties], currency=currency)
    for duty, share in zip(duties, shares, strict=True):
        books.obligations[duty.position].take(rules.repriced(duty, share, currency))


def _change(books: _Books, event: Event, *, version: ContractVersion) -> None:
    """What both sides changed of the milestones; what the calendar bills stays as it is in every change order."""
    contract, lines = books.contract, [line for line in lines_of(version) if line.kind == drafts.MILESTONE]
    now = {line.position: rules.Agreed(standalone=standalone_of(line), agreed=standalone_of(line)) for line in lines}
    price_before = ContractVersion.plans.values_list("price", flat=True).get(changed_by=version)
    duties = [one.duty for one in books.obligations.values() if one.measure != Measure.OVER_TIME]
    pool = money.total(duty.allocated for duty in duties) + version.price - price_before
    made = rules.modified(duties, now, price=pool, currency=contract.currency)
    by_position = {line.position: line for line in lines}
    for duty in made.duties:
        line, obligation = by_position.get(duty.position), books.obligations.get(duty.position)
        if obligation is None and line is not None:
            obligation = obligation_of(line, contract=contract, version=version, allocated=duty.allocated)
            books.obligations[duty.position] = obligation
        if obligation is None:
            continue
        obligation.take(duty)
        obligation.version = version
        if line is not None:
            obligation.title, obligation.planned_on = line.title, line.planned_on
            obligation.measure = measure_of(line, version=version)
    books.changes.append(
        Modification(
            organisation_id=contract.seller_id,
            contract=contract,
            version=version,
            treatment=made.treatment.value,
            reason=made.reason.value,
            currency=contract.currency,
            price_before=price_before,
            price_after=version.price,
            signed_on=event.on,
            treated_at=books.at,
        )
    )
    _write(books, event, touched=[], also=books.obligations.values())


def _end(books: _Books, event: Event) -> None:
    """The contract ended: what was billed and stays so is all that is earned of it, borne by what was done.

    Where nothing was done a deposit that is kept is borne as the price was. Periods that were billed run on by their
    days; a recurring line of which none was billed has no days any more.
    """
    obligations = list(books.obligations.values())
    billed = {
        position: money.total(span.weight for span in calendar.spans.values())
        for position, calendar in books.calendars.items()
    }
    done = [billed.get(one.position, one.done) for one in obligations]
    weights = done if any(done) else [one.standalone for one in obligations]
    if not any(weights):
        return
    shares = rules.allocated(event.amount, standalone=weights, currency=books.contract.currency)
    for obligation, share in zip(obligations, shares, strict=True):
        if obligation.position in billed:
            obligation.standalone = obligation.agreed = billed[obligation.position]
            obligation.allocated = share
            continue
        obligation.take(rules.settled(obligation.duty, share))
        if obligation.measure == Measure.OVER_TIME:
            obligation.measure, obligation.through = Measure.POINT_IN_TIME, None
    _write(books, event, touched=obligations)


def _let_days_pass(books: _Books, through: date) -> None:
    """Count the days up to one, for what is satisfied by them."""
    touched = []
    for obligation in books.obligations.values():
        calendar = books.calendars.get(obligation.position)
        if obligation.measure != Measure.OVER_TIME or calendar is None:
            continue
        first = min(span.first for span in calendar.spans.values())
        last = max(span.last for span in calendar.spans.values())
        counted = obligation.through or date.min
        if through < first or counted >= min(through, last):
            continue
        obligation.through = through
        touched.append(obligation)
    event = Event(why=Why.PERIOD, cause=f"period:{through.isoformat()}", on=through, at=books.at)
    _write(books, event, touched=touched)


def _write(books: _Books, event: Event, *, touched: Iterable[Obligation], also: Iterable[Obligation] = ()) -> None:
    """Write down what each obligation moved by, and one entry for all; of ``also`` only what did move."""
    contract, currency = books.contract, books.contract.currency
    rows = []
    for obligation, is_touched in [*((one, True) for one in touched), *((one, False) for one in also)]:
        cumulative = _cumulative(obligation, books.calendars.get(obligation.position), currency)
        amount = cumulative - obligation.recognised
        obligation.recognised = cumulative
        if amount or is_touched:
            rows.append(
                Recognition(
                    organisation_id=contract.seller_id,
                    contract=contract,
                    obligation=obligation,
                    why=event.why,
                    cause=event.cause,
                    occurred_on=event.on,
                    booked_on=rules.booked_on(event.on, closed_through=books.closed_through),
                    currency=currency,
                    cumulative=cumulative,
                    amount=amount,
                    recognised_at=books.at,
                )
            )
    if not rows:
        return
    total = money.total(row.amount for row in rows)
    if total:
        entry = _post(contract, event, amount=total, booked_on=rows[0].booked_on, at=books.at)
        for row in rows:
            row.entry = entry
    books.written += rows


def _cumulative(obligation: Obligation, calendar: Calendar | None, currency: str) -> Decimal:
    if obligation.measure != Measure.OVER_TIME:
        return rules.cumulative(obligation.duty, currency)
    through = obligation.through
    if calendar is None or through is None:
        return money.ZERO
    progress = rules.over_time(list(calendar.spans.values()), through=through, agreed=obligation.agreed)
    credited = sum(
        (calendar.spans[number].elapsed(through) * Fraction(amount) for number, amount in calendar.credits.items()),
        Fraction(0),
    )
    return rules.over_time_revenue(obligation.allocated, progress=progress, credited=credited, currency=currency)


def _post(contract: Contract, event: Event, *, amount: Decimal, booked_on: date, at: datetime) -> Entry:
    """Revenue and what is billed meet on the contract balance; what is taken back goes the other way."""
    key = f"contract:{contract.ref}"
    cause = event.cause if event.why != Why.PERIOD else f"{event.cause}:{contract.ref}"
    earned, taken_back = max(amount, money.ZERO), max(-amount, money.ZERO)
    return ledger.post(
        organisation_id=contract.seller_id,
        currency=contract.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"revenue:{cause}",
        description=f"Revenue of {contract.number}",
        booked_on=booked_on,
        legs=[
            ledger.debit(Seller.CONTRACT_BALANCE, amount=earned, key=key),
            ledger.credit(Seller.REVENUE, amount=earned, key=key),
            ledger.debit(Seller.REVENUE, amount=taken_back, key=key),
            ledger.credit(Seller.CONTRACT_BALANCE, amount=taken_back, key=key),
        ],
        at=at,
    )
