"""Which parts of a retention become due by themselves, and when."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from apps.contracts import rules as contracts
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import DATE, MILESTONE, RetentionTerms
from apps.core import money
from apps.core.database import at_once
from apps.invoicing import rules
from apps.invoicing.models import Retention, RetentionRelease
from apps.invoicing.services.retained import (
    PartState,
    accepted_days,
    again,
    completed_on,
    ended,
    parts_of,
    rows_of,
    summed,
)
from apps.invoicing.services.returning import Returned, returned_parts
from apps.milestones.models import Milestone

JUST_AFTER_MIDNIGHT = time(0, 0, 1)


@dataclass(frozen=True, slots=True)
class DueRelease:
    """A part of a contract's retention that is to be released by itself, from ``on`` where the seller is."""

    contract_ref: str
    seller_id: int
    position: int
    on: date
    time_zone: str


def releases_due(*, at: datetime, contract_refs: Sequence[str] | None = None) -> list[DueRelease]:
    """Every part that should have been released by now, was not and comes to something, read with the owner's eyes;
    however long ago, so that an outage delays a release and loses none."""
    return [found for found in _timed(contract_refs) if found.on <= at.astimezone(ZoneInfo(found.time_zone)).date()]


def next_release(*, after: datetime, until: datetime, contract_refs: Sequence[str]) -> datetime | None:
    """The first moment between two at which a part of the retention of these contracts becomes due by itself."""
    moments = (
        datetime.combine(found.on, JUST_AFTER_MIDNIGHT, ZoneInfo(found.time_zone)) for found in _timed(contract_refs)
    )
    return min((moment for moment in moments if after < moment < until), default=None)


def releases_ahead(*, seller_id: int, until: date) -> Iterator[tuple[str, date, ContractVersion, Decimal]]:
    """Currency, day, version with its days to pay, and amount: of each part that is released by itself before a day.

    For a seller who asks. What has no day yet, or waits for somebody's word, is in none.
    """
    for contract, version, _terms, one in _parts_kept(seller_id):
        if one.on is not None and one.on < until:
            yield contract.currency, one.on, version, one.amount


@dataclass(frozen=True, slots=True)
class KeptByBand:
    """What is retained of a contract for one kind, by how long it is until it is released, in its currency."""

    contract: Contract
    kind: str
    bands: Mapping[rules.ReleaseBand, Decimal]

    @property
    def held(self) -> Decimal:
        return money.total(self.bands.values())


def retention_by_age(*, seller_id: int, today: date) -> list[KeptByBand]:
    """What is retained of a seller who asks, by contract, kind and the time until its release: nothing of it is due.

    What is released is a receivable like others from then on, and ages with these.
    """
    found: dict[tuple[int, int], tuple[Contract, str, dict[rules.ReleaseBand, Decimal]]] = {}
    for contract, _version, terms, one in _parts_kept(seller_id):
        row = found.setdefault((contract.pk, one.kind), (contract, terms.kinds[one.kind - 1].name, {}))
        band = rules.release_band_of(one.on, today=today)
        row[2][band] = row[2].get(band, money.ZERO) + one.amount
    return [KeptByBand(*row) for row in found.values()]


def _parts_kept(seller_id: int) -> Iterator[tuple[Contract, ContractVersion, RetentionTerms, PartState]]:
    """Every part of a seller's retention that is not released and comes to something, contract by contract: one
    statement, and one more where something came back."""
    kept = Retention.objects.kept().filter(seller_id=seller_id).values("contract_id")
    found = Contract.objects.filter(seller_id=seller_id, pk__in=kept).select_related(
        "active_version", "seller", "buyer"
    )
    concerned = found.order_by("pk")
    withheld = summed(Retention.objects.filter(seller_id=seller_id, contract__in=kept))
    with_it = Milestone.objects.filter(contract__in=found.filter(_released_by(MILESTONE)).order_by().values("pk"))
    last = ended(with_it)
    releases = RetentionRelease.objects.filter(contract__in=found.order_by().values("pk"))
    releases = releases.select_related("invoice__open_item")
    at_once.read(concerned, withheld, last, releases)
    rows, made_of = rows_of(withheld), defaultdict[int, dict[int, RetentionRelease]](dict)
    for release in releases:
        made_of[release.contract_id][release.position] = release
    accepted = accepted_days(last, time_zones={one.pk: one.seller.time_zone for one in concerned})
    returned = _returned(rows)
    for contract in concerned:
        version = contract.active_version
        terms = contracts.read_retention(version.retention) if version is not None else None
        if version is None or terms is None:
            continue
        made = made_of[contract.pk]
        days = accepted.get(contract.pk, {})
        parts = parts_of(contract, terms=terms, made=made, rows=rows[contract.pk], accepted=days)
        for one in [*parts, *map(again, returned.get(contract.pk, ()))]:
            if one.invoice is None and one.amount:
                yield contract, version, terms, one


def _timed(contract_refs: Sequence[str] | None) -> Iterator[DueRelease]:
    """Every part that is not released, has a day and comes to something, of contracts of which something is withheld.

    One that comes to nothing, as what was withheld was credited, is looked at again each time: more may be withheld.
    """
    kept = Retention.objects.using("owner").kept().values("contract_id")
    found = Contract.objects.using("owner").filter(
        Q(completed_at__isnull=False)
        | Q(terminated_at__isnull=False)
        | _released_by(DATE)
        | _released_by(MILESTONE)
        | Q(pk__in=kept.filter(returned__gt=0)),
        pk__in=kept,
    )
    if contract_refs is not None:
        found = found.filter(ref__in=contract_refs)
    rows = found.select_related("active_version", "seller").prefetch_related("retention_releases").order_by("pk")
    accepted = _accepted(found)
    withheld = rows_of(summed(Retention.objects.using("owner").filter(contract__in=found.values("pk"))))
    returned = _returned(withheld, using="owner")
    for contract in rows.iterator(chunk_size=500):
        version = contract.active_version
        terms = contracts.read_retention(version.retention) if version is not None else None
        if terms is None:
            continue
        made = {one.position: one.amount for one in contract.retention_releases.all()}
        day = completed_on(contract.ended_at, time_zone=contract.seller.time_zone)
        for part in terms.schedule:
            on = rules.due_from(part.release, completed_on=day, accepted_on=accepted.get(contract.pk))
            if part.position in made or on is None:
                continue
            if rules.released_of(part, rows=withheld[contract.pk], made=made, terms=terms, currency=contract.currency):
                yield DueRelease(contract.ref, contract.seller_id, part.position, on, contract.seller.time_zone)
        for one in returned.get(contract.pk, ()):
            if one.amount and (kept_until := one.part.release.on) is not None:
                position, zone = one.part.position, contract.seller.time_zone
                yield DueRelease(contract.ref, contract.seller_id, position, kept_until, zone)


def _returned(
    rows: Mapping[int, Sequence[rules.RetentionRow]], *, using: str = "default"
) -> Mapping[int, Sequence[Returned]]:
    """What came back in these contracts and is not released again; no query where nothing did."""
    concerned = [pk for pk, of_contract in rows.items() if any(row.returned for row in of_contract)]
    return returned_parts(concerned, using=using) if concerned else {}


def _released_by(event: str) -> Q:
    """Contracts of which a part of some kind of the retention is released by this."""
    part = {"releases": [{"event": event}]}
    terms = "active_version__retention__contains"
    return Q(**{terms: part}) | Q(**{terms: {"further": [part]}})


def _accepted(found: "QuerySet[Contract, Contract]") -> Mapping[int, Mapping[str, date]]:
    """On which days milestones of these contracts were accepted, of those with which something is released."""
    zones = dict(found.filter(_released_by(MILESTONE)).order_by().values_list("pk", "seller__time_zone"))
    if not zones:
        return {}
    found_of = Milestone.objects.using(found.db).filter(contract__in=list(zones))
    return accepted_days(ended(found_of), time_zones=zones)
