"""Revenue follows what happened: each acceptance, withdrawal, credit, change and the days that passed, each once."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from datetime import date, datetime

from django.db.models import Max

from apps.contracts.models import Contract, ContractVersion
from apps.revenue.models import (
    AccountingPeriod,
    Interest,
    Measure,
    Modification,
    Obligation,
    PeriodState,
    Recognition,
    Why,
)
from apps.revenue.services.applying import apply, let_days_pass
from apps.revenue.services.books import Books, keep
from apps.revenue.services.calendars import calendars_of
from apps.revenue.services.events import Contracts, Event
from apps.revenue.services.facts import events_of, first_lines_of, versions_in_force
from apps.revenue.services.interest import accrue
from apps.revenue.services.opening import open_obligations
from apps.revenue.services.settling import settle_estimates


def recognise(*, contract: Contract, at: datetime, through: date | None = None) -> list[Recognition]:
    """Recognise whatever happened to a locked contract and is not recognised yet; nothing happens a second time.

    With ``through``, the days up to that one are counted too, for what is satisfied over time, and the interest of its
    financing components. Each cause makes one balanced entry: contract balance against revenue. What lies in a closed
    period is booked on the first open day.
    """
    return recognise_all(contracts=[contract], at=at, through=through)


def recognise_all(*, contracts: Iterable[Contract], at: datetime, through: date | None = None) -> list[Recognition]:
    """The same for locked contracts of one seller, with as many statements as for one."""
    running = {one.pk: one for one in contracts if one.active_version_id is not None}
    if not running:
        return []
    versions = versions_in_force(running)
    treated = _treated(running)
    books = _opened(running, versions=versions, treated=treated, at=at)
    known, events = _known(running), events_of(running, versions=versions)
    settle_estimates(running, events=events, at=at)
    for one in books:
        pk = one.contract.pk
        _follow(one, events[pk], known=known[pk], treated=treated)
        if through is not None:
            let_days_pass(one, through=through)
            accrue(one, through=through)
    keep(books)
    return [row for one in books for row in one.written]


def _opened(
    contracts: Contracts, *, versions: Mapping[int, list[ContractVersion]], treated: Container[int], at: datetime
) -> list[Books]:
    """The books of contracts as they stand; of those that have none yet, as they begin.

    Plans of deposits alone once had none, and their change orders were treated all the same: such a one begins with
    the newest of these.
    """
    obligations: dict[int, list[Obligation]] = {pk: [] for pk in contracts}
    for row in Obligation.objects.filter(contract_id__in=contracts).order_by("contract_id", "position"):
        obligations[row.contract_id].append(row)
    first = {
        pk: next((one for one in reversed(versions[pk]) if one.pk in treated), versions[pk][0])
        for pk, rows in obligations.items()
        if not rows
    }
    lines = first_lines_of(first.values())
    for pk, version in first.items():
        obligations[pk] = open_obligations(contracts[pk], version=version, lines=lines.get(version.pk, []))
    by_days = [
        pk
        for pk, rows in obligations.items()
        if len(versions[pk]) > 1 or any(row.measure == Measure.OVER_TIME for row in rows)
    ]
    calendars, accrued = calendars_of(by_days), _accrued(contracts)
    closed = closed_through(organisation_id=next(iter(contracts.values())).seller_id)
    return [
        Books(
            contract=contract,
            obligations={row.position: row for row in obligations[pk]},
            calendars=calendars.get(pk, {}),
            accrued=accrued[pk],
            closed_through=closed,
            at=at,
        )
        for pk, contract in contracts.items()
    ]


def _follow(books: Books, events: list[Event], *, known: set[str], treated: set[int]) -> None:
    told = {event.cause for event in events if _is_told(event, known=known, treated=treated)}
    for event in events:
        if event.cause in told and event.judgement is not None:
            books.holds(event.judgement)
        elif event.cause in told and event.why == Why.BONUS and event.position is not None:
            books.bonuses[event.position] += event.amount
    for event in events:
        if event.cause not in told:
            apply(books, event=event)


def _known(contracts: Contracts) -> Mapping[int, set[str]]:
    """What is recognised already, by contract."""
    known: dict[int, set[str]] = defaultdict(set)
    for pk, cause in (
        Recognition.objects.filter(contract_id__in=contracts).order_by().values_list("contract_id", "cause")
    ):
        known[pk].add(cause)
    return known


def _treated(contracts: Contracts) -> set[int]:
    return set(Modification.objects.filter(contract_id__in=contracts).values_list("version_id", flat=True))


def _accrued(contracts: Contracts) -> Mapping[int, list[Interest]]:
    """The interest that is written down already, by contract."""
    accrued: dict[int, list[Interest]] = defaultdict(list)
    for row in Interest.objects.filter(contract_id__in=contracts).order_by("pk"):
        accrued[row.contract_id].append(row)
    return accrued


def _is_told(event: Event, *, known: set[str], treated: set[int]) -> bool:
    return event.cause in known or (event.version is not None and event.version.pk in treated)


def closed_through(*, organisation_id: int) -> date | None:
    """The last day of the last period of a seller that is closed."""
    closed = AccountingPeriod.objects.filter(organisation_id=organisation_id, state=PeriodState.CLOSED)
    return closed.aggregate(last=Max("through"))["last"]  # type: ignore[no-any-return]
