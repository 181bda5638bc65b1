"""How a contract's retention stands: what is held, what was released, what of that is due; and part by part, when."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import Max, Q, QuerySet, Sum

from apps.contracts import rules as contracts
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import MILESTONE, RetentionTerms, ScheduledRelease
from apps.contracts.retention import RetentionRelease as Part
from apps.core import money
from apps.invoicing import rules
from apps.invoicing.models import Invoice, Retention, RetentionRelease, RetentionReturn
from apps.invoicing.services.returning import Returned, part_of, returned_parts
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import ENDED


@dataclass(frozen=True, slots=True)
class PartState:
    """A part of the schedule. ``on`` is when it was released, or will be by itself; None while nobody knows.

    ``kind`` counts the kinds of retention from 1. ``amount`` is what was released, or what the part would come to if it
    were released now.
    """

    position: int
    kind: int
    part: Part
    amount: Decimal
    on: date | None
    invoice: Invoice | None

    @property
    def is_released(self) -> bool:
        return self.invoice is not None

    @property
    def due(self) -> Decimal:
        """What of it was released and is still to be paid."""
        return self.invoice.open_item.open if self.invoice is not None else money.ZERO


@dataclass(frozen=True, slots=True)
class KindState:
    """One kind of retention, in the contract's currency; ``name`` is empty where there is only one."""

    name: str
    withheld: Decimal
    released: Decimal
    due: Decimal

    @property
    def held(self) -> Decimal:
        return self.withheld - self.released


@dataclass(frozen=True, slots=True)
class RetentionState:
    """Sums in the contract's currency: ``withheld`` of all invoices is ``held`` and ``released``; of what was released
    ``due`` is open. ``kinds`` are the same apart."""

    terms: RetentionTerms
    currency: str
    withheld: Decimal
    held: Decimal
    released: Decimal
    due: Decimal
    parts: Sequence[PartState]
    kinds: Sequence[KindState] = ()


def retention_state(contract: Contract, *, using: str = "default") -> RetentionState | None:
    """The retention of a contract that the caller may see; None where none was agreed, or nobody has signed yet.

    Two queries, and one more where something is released with a milestone, two where something came back. ``using`` is
    the alias of the database whose eyes are used.
    """
    version = contract.active_version
    terms = contracts.read_retention(version.retention) if version is not None else None
    if terms is None:
        return None
    rows = rows_of(summed(Retention.objects.using(using).filter(contract=contract)))[contract.pk]
    made = {
        one.position: one
        for one in RetentionRelease.objects.using(using).filter(contract=contract).select_related("invoice__open_item")
    }
    withheld, released = money.total(row.held for row in rows), money.total(row.released for row in rows)
    parts = parts_of(
        contract, terms=terms, made=made, rows=rows, accepted=accepted_on(contract, terms=terms, using=using)
    )
    if money.total(one.amount for one in made.values()) != released:
        parts = _with_returns(contract, parts, made=made, using=using)
    return RetentionState(
        terms=terms,
        currency=contract.currency,
        withheld=withheld,
        held=withheld - released,
        released=released,
        due=money.total(one.due for one in parts),
        parts=parts,
        kinds=[
            KindState(
                name=kind.name,
                withheld=money.total(row.held for row in rows if row.kind == number),
                released=money.total(row.released for row in rows if row.kind == number),
                due=money.total(one.due for one in parts if one.kind == number),
            )
            for number, kind in enumerate(terms.kinds, start=1)
        ],
    )


def _with_returns(
    contract: Contract, parts: Sequence[PartState], *, made: Mapping[int, RetentionRelease], using: str
) -> list[PartState]:
    """The parts that were agreed, each less what of it was released in error; then what came back, as parts of its own:
    released again, or still retained."""
    backs = list(RetentionReturn.objects.using(using).filter(contract=contract))
    gone: defaultdict[int, Decimal] = defaultdict(Decimal)
    for back in backs:
        gone[back.release_id] += back.amount
    waiting = {one.part.position: again(one) for one in returned_parts([contract.pk], using=using).get(contract.pk, ())}
    found = [*parts]
    for back in backs:
        if (one := made.get(back.position)) is not None:
            part = part_of(back).release
            found.append(PartState(back.position, back.kind, part, one.amount, one.released_on, one.invoice))
        elif waiting[back.position].amount:
            found.append(waiting[back.position])
    of_release = {position: gone[one.pk] for position, one in made.items()}
    return [replace(one, amount=one.amount - of_release.get(one.position, money.ZERO)) for one in found]


def again(one: Returned) -> PartState:
    """A part that came back, as the parts of the schedule are told."""
    return PartState(one.part.position, one.part.kind, one.part.release, one.amount, one.part.release.on, None)


def section_of(kept: Retention) -> str:
    """Of which milestone something is retained; of none alone where an application for payment bills several."""
    milestone = kept.invoice.milestone
    return milestone.line.title if milestone is not None else ""


def summed(found: "QuerySet[Retention, Retention]") -> "QuerySet[Any, tuple[Any, ...]]":
    """The query that :func:`rows_of` is given: what is withheld, by contract, kind and line of the plan."""
    by = found.order_by().values_list("contract_id", "kind", "invoice__milestone__line__title")
    return by.annotate(Sum("held"), Sum("released"), Sum("returned"))


def rows_of(found: "QuerySet[Any, tuple[Any, ...]]") -> Mapping[int, Sequence[rules.RetentionRow]]:
    """What is withheld of contracts, by their primary key: one row for each kind and line of the plan."""
    rows: defaultdict[int, list[rules.RetentionRow]] = defaultdict(list)
    for contract_id, kind, title, *sums in found:
        rows[contract_id].append(rules.RetentionRow(kind, title or "", *sums))
    return rows


def has_retention(version: ContractVersion) -> bool:
    """Whether these terms withhold anything, of whichever invoice. One query where only lines of their own could."""
    if version.retention is None:
        return False
    return contracts.withholds(version.retention, own_rate=None) or version.lines.filter(retention_rate__gt=0).exists()


def is_retained(milestone: Milestone) -> bool:
    """Whether something may be withheld of the invoice of this milestone."""
    return contracts.withholds(milestone.line.version.retention, own_rate=milestone.line.retention_rate)


def releases_with(milestone: Milestone) -> bool:
    """Whether a part of the retention is released with this milestone, once all of it is accepted."""
    terms = contracts.read_retention(milestone.line.version.retention)
    return terms is not None and milestone.line.title in _titles(terms)


def releases_by(milestone: Milestone, *, others: int) -> bool:
    """Whether something of the retention may be released once this milestone is billed: with the contract's last one,
    or with this one. Asks nothing; where terms withhold of some lines alone it may have come to nothing."""
    terms = contracts.read_retention(milestone.line.version.retention)
    return terms is not None and (not others or milestone.line.title in _titles(terms))


def accepted_on(contract: Contract, *, terms: RetentionTerms, using: str = "default") -> Mapping[str, date]:
    """On which day, where the seller is, each milestone was accepted whole with which something is released."""
    titles = _titles(terms)
    if not titles:
        return {}
    found = Milestone.objects.using(using).filter(contract=contract, line__title__in=titles)
    return accepted_days(ended(found), time_zones={contract.pk: contract.seller.time_zone})[contract.pk]


def ended(found: "QuerySet[Milestone, Milestone]") -> "QuerySet[Any, tuple[Any, ...]]":
    """The query that :func:`accepted_days` is given: by contract and line, whether any is open, and when the last was
    accepted."""
    by = found.order_by().values_list("contract_id", "line__title")
    return by.annotate(open=BoolOr(~Q(state__in=ENDED)), last=Max("accepted_at"))


def accepted_days(
    found: "QuerySet[Any, tuple[Any, ...]]", *, time_zones: Mapping[int, str]
) -> Mapping[int, Mapping[str, date]]:
    """The same of the milestones of several contracts, by their primary key. A milestone that is accepted in parts is
    so with the last of them."""
    days: defaultdict[int, dict[str, date]] = defaultdict(dict)
    for contract_id, title, is_open, last in found:
        if not is_open and last is not None:
            days[contract_id][title] = last.astimezone(ZoneInfo(time_zones[contract_id])).date()
    return days


def _titles(terms: RetentionTerms) -> set[str]:
    return {one.release.milestone for one in terms.schedule if one.release.event == MILESTONE}


def completed_on(ended_at: datetime | None, *, time_zone: str) -> date | None:
    """The day on which the last milestone was accepted, or the contract was terminated, where the seller is.

    What was agreed to be released with completion, or so many days after it, is so with the end: no other will come.
    """
    return ended_at.astimezone(ZoneInfo(time_zone)).date() if ended_at is not None else None


def parts_of(
    contract: Contract,
    *,
    terms: RetentionTerms,
    made: Mapping[int, RetentionRelease],
    rows: Sequence[rules.RetentionRow],
    accepted: Mapping[str, date],
) -> list[PartState]:
    """What is released as it was; the rest in the order of the schedule, each as if those before it were released."""
    day = completed_on(contract.ended_at, time_zone=contract.seller.time_zone)
    found, gone = [], {position: one.amount for position, one in made.items()}
    left = list(rows)
    for part in terms.schedule:
        if part.position in made:
            one = made[part.position]
            found.append(PartState(part.position, part.kind, part.release, one.amount, one.released_on, one.invoice))
            continue
        amount = rules.released_of(part, rows=left, made=gone, terms=terms, currency=contract.currency)
        on = rules.due_from(part.release, completed_on=day, accepted_on=accepted)
        found.append(PartState(part.position, part.kind, part.release, amount, on, None))
        gone[part.position] = amount
        left = _as_if_released(amount, part, rows=left, currency=contract.currency)
    return found


def _as_if_released(
    amount: Decimal, part: ScheduledRelease, *, rows: Sequence[rules.RetentionRow], currency: str
) -> list[rules.RetentionRow]:
    """The rows with a part released of them, in proportion to what is left on each."""
    of_kind = [row for row in rows if row.kind == part.kind]
    is_all = amount == money.total(row.left for row in of_kind)
    concerned = of_kind if is_all else [row for row in rows if rules.concerned(part, row)]
    shares = (
        dict(
            zip(
                map(id, concerned),
                rules.shares_of(amount, left=[row.left for row in concerned], currency=currency),
                strict=True,
            )
        )
        if amount
        else {}
    )
    return [replace(row, released=row.released + shares.get(id(row), money.ZERO)) for row in rows]
