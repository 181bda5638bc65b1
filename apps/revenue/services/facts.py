"""What happened to contracts, told upstream, as revenue needs it: in the order in which it was written down.

All questions are asked of many contracts of one seller at once: a month is closed over whole books.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import F, Max, Q, Sum
from django.db.models.functions import Coalesce

from apps.contracts.drafts import DEPOSIT
from apps.contracts.models import ContractVersion, PlanLine
from apps.core import money
from apps.invoicing.models import NO_SUPPLY, CreditNote, Invoice, InvoiceKind
from apps.invoicing.models.credit_note import CHARGES
from apps.milestones.models import Milestone, Nullification, Reservation
from apps.milestones.models.nullification import NullificationState
from apps.revenue.models import Judgement, Why
from apps.revenue.services.events import Contracts, Event, Found
from apps.revenue.services.price_facts import CREDITED, bonuses, corrections, credits_by_line, lower_prices

ORDER = {
    why: number
    for number, why in enumerate(
        (Why.NULLIFICATION, Why.CHANGE, Why.ACCEPTANCE, Why.BONUS, Why.CREDIT, Why.TERMINATION, Why.JUDGEMENT)
    )
}
"""Of what was written down in the same instant: a change order that takes back what was accepted does so first."""

OF_VERSION: Final = ("ref", "contract", "changes", "price", "partial_acceptance")
"""What revenue asks of a version: its text is long, and stays where it is."""


def versions_in_force(contracts: Contracts) -> dict[int, list[ContractVersion]]:
    """By contract every version that was in force, the first one first; the last one is. With ``signed_at`` where a
    version changed the one before it."""
    proposed = ContractVersion.plans.filter(contract_id__in=contracts, proposed_at__isnull=False).only(*OF_VERSION)
    found = {version.pk: version for version in proposed}
    chains: dict[int, list[ContractVersion]] = {}
    for contract in contracts.values():
        newest_first: list[ContractVersion] = []
        at = contract.active_version_id
        while at is not None:
            newest_first.append(found[at])
            at = found[at].changes_id
        chains[contract.pk] = newest_first[::-1]
    changing = {version.pk: version for chain_of in chains.values() for version in chain_of[1:]}
    if changing:
        signed = ContractVersion.plans.filter(pk__in=changing).annotate(
            at=Coalesce(Max("signatures__signed_at"), Max("option_of__signatures__signed_at"))
        )
        for pk, at in signed.values_list("pk", "at"):
            vars(changing[pk])["signed_at"] = at
    return chains


def lines_of(version: ContractVersion) -> list[PlanLine]:
    """The plan of a version."""
    return list(PlanLine.objects.filter(version=version).order_by("position"))


def first_lines_of(versions: Iterable[ContractVersion]) -> dict[int, list[PlanLine]]:
    """The plans of versions, by version."""
    found: dict[int, list[PlanLine]] = defaultdict(list)
    wanted = [version.pk for version in versions]
    for line in PlanLine.objects.filter(version_id__in=wanted).order_by("position") if wanted else ():
        found[line.version_id].append(line)
    return found


def events_of(contracts: Contracts, *, versions: Mapping[int, list[ContractVersion]]) -> dict[int, list[Event]]:
    """All that happened so far, less the days that passed, by contract."""
    zone = ZoneInfo(next(iter(contracts.values())).seller.time_zone)
    happened: dict[int, list[Event]] = {pk: [] for pk in contracts}
    for pk, event in chain(
        _changes(versions, zone=zone),
        _acceptances(contracts, zone=zone),
        _nullifications(contracts, zone=zone),
        bonuses(contracts),
        corrections(contracts),
        credits_by_line(contracts),
        lower_prices(contracts, zone=zone),
        _terminations(contracts, zone=zone),
        _judgements(contracts),
    ):
        happened[pk].append(event)
    for events in happened.values():
        events.sort(key=_order)
    return happened


def _order(event: Event) -> tuple[datetime, int, int, str]:
    """As it was written down; of judgements in the same instant the one that was kept later holds."""
    return event.at, ORDER[event.why], event.judgement.pk if event.judgement is not None else 0, event.cause


def _changes(versions: Mapping[int, list[ContractVersion]], *, zone: ZoneInfo) -> Found:
    for pk, chain_of in versions.items():
        for version in chain_of[1:]:
            at = vars(version)["signed_at"]
            cause = f"change:{version.ref}"
            yield pk, Event(why=Why.CHANGE, cause=cause, on=at.astimezone(zone).date(), at=at, version=version)


def _acceptances(contracts: Contracts, *, zone: ZoneInfo) -> Found:
    accepted = Milestone.objects.filter(contract_id__in=contracts, accepted_submission__isnull=False)
    rows = accepted.values_list(
        "contract_id",
        "accepted_submission__ref",
        "accepted_submission__decision__decided_at",
        "accepted_submission__decision__recorded_at",
        "position",
        "amount",
    )
    for pk, ref, decided_at, recorded_at, position, amount in rows:
        yield (
            pk,
            Event(
                why=Why.ACCEPTANCE,
                cause=f"acceptance:{ref}",
                on=decided_at.astimezone(zone).date(),
                at=recorded_at or decided_at,
                position=position,
                amount=amount,
            ),
        )


def _nullifications(contracts: Contracts, *, zone: ZoneInfo) -> Found:
    granted = Nullification.objects.filter(contract_id__in=contracts, state=NullificationState.GRANTED)
    rows = granted.values_list("contract_id", "ref", "answered_at", "milestone__position", "amount")
    for pk, ref, at, position, amount in rows:
        if at is None:
            continue
        yield (
            pk,
            Event(
                why=Why.NULLIFICATION,
                cause=f"nullification:{ref}",
                on=at.astimezone(zone).date(),
                at=at,
                position=position,
                amount=amount,
            ),
        )


def _terminations(contracts: Contracts, *, zone: ZoneInfo) -> Found:
    """The end of a contract before everything was done; ``amount`` is what was billed of it and stays so.

    What was credited because acceptances were withdrawn counts as never billed, and so does what was credited of a
    deposit by then. Corrections of a milestone's price are kept beside its obligation: so what both sides took off a
    price that no invoice billed counts as billed here, or it would lower the price twice.
    """
    ended = {pk: contract for pk, contract in contracts.items() if contract.terminated_at is not None}
    if not ended:
        return
    billed = Invoice.objects.filter(contract_id__in=ended).exclude(kind__in=[*NO_SUPPLY, InvoiceKind.ADVANCE])
    billed = billed.exclude(kind=InvoiceKind.BONUS, issued_at__gt=F("contract__terminated_at"))
    notes = CreditNote.objects.filter(contract_id__in=ended, issued_at__lte=F("contract__terminated_at"))
    notes = notes.exclude(invoice__kind=InvoiceKind.ADVANCE).exclude(purpose__in=CHARGES)
    gone = notes.filter(
        Q(purpose__in=[CreditNote.Purpose.NULLIFICATION, CreditNote.Purpose.REPLACEMENT])
        | Q(invoice__instalment__line__kind=DEPOSIT)
        | Q(invoice__kind=InvoiceKind.BONUS)
    )
    lowered = (
        Reservation.objects.lower_prices()
        .never_billed()
        .filter(contract_id__in=ended, settled_at__lte=F("contract__terminated_at"))
    )
    off: dict[int, Decimal] = dict(lowered.order_by().values_list("contract_id").annotate(sum=Sum("reduced_by")))
    stays, back = (
        dict(found.order_by().values_list("contract_id").annotate(sum=Sum(worth)))
        for found, worth in ((billed, F("net") + F("recovered")), (gone, CREDITED))
    )
    for pk, contract in ended.items():
        at = contract.terminated_at
        if at is not None:
            yield (
                pk,
                Event(
                    why=Why.TERMINATION,
                    cause=f"termination:{contract.ref}",
                    on=at.astimezone(zone).date(),
                    at=at,
                    amount=stays.get(pk, money.ZERO) - back.get(pk, money.ZERO) + off.get(pk, money.ZERO),
                ),
            )


def _judgements(contracts: Contracts) -> Found:
    for one in Judgement.objects.filter(contract_id__in=contracts).select_related("obligation"):
        cause = f"judgement:{one.ref}"
        yield (
            one.contract_id,
            Event(why=Why.JUDGEMENT, cause=cause, on=one.effective_on, at=one.judged_at, judgement=one),
        )
