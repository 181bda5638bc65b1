"""Revenue follows what happened: each acceptance, withdrawal, credit, change and the days that passed, each once."""

from datetime import date, datetime

from django.db.models import Max

from apps.contracts.models import Contract
from apps.revenue.models import AccountingPeriod, Measure, Modification, Obligation, PeriodState, Recognition
from apps.revenue.services.applying import apply, let_days_pass
from apps.revenue.services.books import Books
from apps.revenue.services.facts import Event, calendars_of, events_of, lines_of, versions_in_force
from apps.revenue.services.interest import accrue
from apps.revenue.services.opening import open_obligations


def recognise(*, contract: Contract, at: datetime, through: date | None = None) -> list[Recognition]:
    """Recognise whatever happened to a locked contract and is not recognised yet; nothing happens a second time.

    With ``through``, the days up to that one are counted too, for what is satisfied over time, and the interest of its
    financing components. Each cause makes one balanced entry: contract balance against revenue. What lies in a closed
    period is booked on the first open day.
    """
    if contract.active_version_id is None:
        return []
    versions = versions_in_force(contract)
    obligations = list(Obligation.objects.filter(contract=contract).order_by("position"))
    if not obligations:
        obligations = open_obligations(contract, version=versions[0], lines=lines_of(versions[0]))
    books = Books(
        contract,
        {one.position: one for one in obligations},
        calendars_of(contract) if any(one.measure == Measure.OVER_TIME for one in obligations) else {},
        closed_through(organisation_id=contract.seller_id),
        at,
    )
    known = set(Recognition.objects.filter(contract=contract).values_list("cause", flat=True))
    treated = set(Modification.objects.filter(contract=contract).values_list("version_id", flat=True))
    events = events_of(contract, versions=versions)
    told = {event.cause for event in events if _is_told(event, known=known, treated=treated)}
    for event in events:
        if event.cause in told and event.judgement is not None:
            books.holds(event.judgement)
    for event in events:
        if event.cause not in told:
            apply(books, event=event)
    if through is not None:
        let_days_pass(books, through=through)
        accrue(books, through=through)
    if books.written or books.changes or books.interest:
        books.keep()
    return books.written


def _is_told(event: Event, *, known: set[str], treated: set[int]) -> bool:
    return event.cause in known or (event.version is not None and event.version.pk in treated)


def closed_through(*, organisation_id: int) -> date | None:
    """The last day of the last period of a seller that is closed."""
    closed = AccountingPeriod.objects.filter(organisation_id=organisation_id, state=PeriodState.CLOSED)
    return closed.aggregate(last=Max("through"))["last"]  # type: ignore[no-any-return]
