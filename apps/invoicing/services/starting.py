"""When lines that bill themselves begin: with the signature, on their day, or with the acceptance of a milestone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet

from apps.contracts import drafts
from apps.contracts import rules as contracts
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.invoicing.models import Instalment
from apps.milestones.models import ConfirmedEvent, Milestone


def plan_instalments(*, contract: Contract, version: ContractVersion, at: datetime) -> list[Instalment]:
    """Make the instalments of a contract that has just become active: of deposits one, of a recurring line each period.

    ``at`` is the instant of the signature; its day, where the seller is, is that of what the signature makes due.
    """
    lines = list(version.lines.all())
    milestones = {line.title: line for line in lines if line.kind == drafts.MILESTONE}
    signed_on = at.astimezone(ZoneInfo(contract.seller.time_zone)).date()
    return Instalment.objects.bulk_create(
        instalment
        for line in lines
        if line.kind != drafts.MILESTONE
        for instalment in instalments_of(line, contract=contract, signed_on=signed_on, milestones=milestones)
    )


def start_lines(milestone: Milestone, *, contract: Contract, on: date) -> None:
    """The lines that start with an accepted milestone begin on this day. Accepted in parts, it counts with the last."""
    others = Milestone.objects.unfinished().filter(contract=contract, position=milestone.position)
    waiting = _waiting(contract).filter(starts_with__position=milestone.position)
    start(_with_lines(waiting.exclude(Exists(others.exclude(pk=milestone.pk)))), on=on)


def start_lines_of_event(event: ConfirmedEvent, *, contract: Contract) -> list[Instalment]:
    """What is due with an event that the buyer has confirmed is due from that day on; payable, and nothing accepted."""
    waiting = _waiting(contract).filter(event=event.event)
    start(_with_lines(waiting), on=event.confirmed_at.astimezone(ZoneInfo(contract.seller.time_zone)).date())
    return list(Instalment.objects.filter(contract=contract, event=event.event).unbilled().order_by("position"))


def start_lines_of_change(*, contract: Contract, at: datetime) -> None:
    """A change order that takes out what was left of a milestone accepted in part ends it: its lines begin that day.

    ``at`` is the instant at which the change was signed; nothing happens while something of the milestone is open.
    """
    still = Milestone.objects.unfinished().filter(contract=contract, position=OuterRef("starts_with__position"))
    ended = _waiting(contract).filter(event="").alias(is_open=Exists(still)).filter(is_open=False)
    start(_with_lines(ended), on=at.astimezone(ZoneInfo(contract.seller.time_zone)).date())


def _waiting(contract: Contract) -> "QuerySet[Instalment]":
    """What has no day yet, because its milestone is not accepted."""
    return Instalment.objects.filter(contract=contract, bills_on__isnull=True).unbilled()


def _with_lines(waiting: "QuerySet[Instalment]") -> list[Instalment]:
    return list(waiting.select_related("line"))


def start(started: Sequence[Instalment], *, on: date) -> None:
    """Instalments that have no day yet, read with their lines, begin on this day."""
    spans: dict[int, list[contracts.Period]] = {}
    for instalment in started:
        line = instalment.line
        if line.pk not in spans:
            # A deposit that is due with an acceptance is billed once, on that day.
            once = [contracts.Period(on, on)]
            spans[line.pk] = contracts.periods(on, period=line.period, count=instalment.count) if line.period else once
        span = spans[line.pk][instalment.number - 1]
        instalment.bills_on, instalment.ends_on = span.first, span.last if line.period else None
    Instalment.objects.bulk_update(started, ["bills_on", "ends_on"])


def instalments_of(
    line: PlanLine,
    *,
    contract: Contract,
    signed_on: date,
    milestones: Mapping[str, PlanLine],
    started_on: date | None = None,
) -> Iterator[Instalment]:
    """The instalments of a line that both sides have signed, not saved.

    ``signed_on`` is the day of that where the seller is; ``started_on`` is the day on which the line has begun, where
    it has.
    """
    if line.amount is None:
        raise ValueError(f"line {line.ref} was signed without an amount")
    count = line.period_count or 1
    amounts = contracts.period_amounts(line.amount, count=count, currency=contract.currency)
    first = started_on or {drafts.SIGNATURE: signed_on, drafts.DATE: line.starts_on}.get(line.start)
    spans = contracts.periods(first, period=line.period, count=count) if first and line.period else []
    for number, amount in enumerate(amounts, start=1):
        yield Instalment(
            contract=contract,
            line=line,
            starts_with=milestones[line.starts_with] if line.start == drafts.ACCEPTANCE else None,
            event=line.starts_with if line.start == drafts.EVENT else "",
            position=line.position,
            number=number,
            count=count,
            title=line.title,
            amount=amount,
            currency=contract.currency,
            bills_on=spans[number - 1].first if spans else first,
            ends_on=spans[number - 1].last if spans else None,
        )
