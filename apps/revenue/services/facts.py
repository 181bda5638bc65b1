"""What happened to a contract, told upstream, as revenue needs it: in the order in which it was written down."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F, Max, Q, Sum
from django.db.models.functions import Coalesce

from apps.contracts.drafts import DEPOSIT
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.core import money
from apps.invoicing.models import BESIDE_PLAN, CreditNote, CreditNoteLine, Instalment, Invoice, InvoiceKind
from apps.invoicing.models.credit_note import CHARGES
from apps.milestones.models import Milestone, Nullification
from apps.milestones.models.nullification import NullificationState
from apps.revenue.models import Judgement, Why
from apps.revenue.rules import Span

ORDER = {
    why: number
    for number, why in enumerate(
        (Why.NULLIFICATION, Why.CHANGE, Why.ACCEPTANCE, Why.CREDIT, Why.TERMINATION, Why.JUDGEMENT)
    )
}
"""Of what was written down in the same instant: a change order that takes back what was accepted does so first."""

POSITION = Coalesce("invoice__milestone__position", "invoice__instalment__position")
"""At which line of the plan a credit note of an invoice lowers the price, where the invoice bills one line."""
CREDITED = F("net") + F("given_back")
"""What a credit note takes off the price: what it asks back, and what returned to deposits instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something by which revenue may move. ``amount`` is what was accepted, withdrawn or credited at ``position``;
    ``version`` is the one that a change order put in force; a credit of a deposit has no position of a promise."""

    why: Why
    cause: str
    on: date
    at: datetime
    position: int | None = None
    amount: Decimal = money.ZERO
    version: ContractVersion | None = None
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The periods of a recurring line, by number, and what was credited of each."""

    spans: Mapping[int, Span]
    credits: Mapping[int, Decimal]


def versions_in_force(contract: Contract) -> list[ContractVersion]:
    """Every version that was in force, the first one first; the last one is."""
    found = {
        version.pk: version
        for version in ContractVersion.plans.filter(contract=contract, proposed_at__isnull=False)
        .annotate(signed_at=Coalesce(Max("signatures__signed_at"), Max("option_of__signatures__signed_at")))
        .order_by("pk")
    }
    chain: list[ContractVersion] = []
    at = contract.active_version_id
    while at is not None:
        chain.append(found[at])
        at = found[at].changes_id
    return chain[::-1]


def lines_of(version: ContractVersion) -> list[PlanLine]:
    """The plan of a version."""
    return list(PlanLine.objects.filter(version=version).order_by("position"))


def events_of(contract: Contract, *, versions: list[ContractVersion]) -> list[Event]:
    """All that happened so far, less the days that passed."""
    zone = ZoneInfo(contract.seller.time_zone)
    events = [
        *_changes(versions, zone=zone),
        *_acceptances(contract, zone=zone),
        *_nullifications(contract, zone=zone),
        *_credits(contract),
        *_terminations(contract, zone=zone),
        *_judgements(contract),
    ]
    return sorted(events, key=_order)


def _order(event: Event) -> tuple[datetime, int, int, str]:
    """As it was written down; of judgements in the same instant the one that was kept later holds."""
    return event.at, ORDER[event.why], event.judgement.pk if event.judgement is not None else 0, event.cause


def _changes(versions: list[ContractVersion], *, zone: ZoneInfo) -> list[Event]:
    return [
        Event(
            why=Why.CHANGE,
            cause=f"change:{version.ref}",
            on=vars(version)["signed_at"].astimezone(zone).date(),
            at=vars(version)["signed_at"],
            version=version,
        )
        for version in versions[1:]
    ]


def _acceptances(contract: Contract, *, zone: ZoneInfo) -> list[Event]:
    accepted = Milestone.objects.filter(contract=contract, accepted_submission__isnull=False)
    rows = accepted.values_list(
        "accepted_submission__ref",
        "accepted_submission__decision__decided_at",
        "accepted_submission__decision__recorded_at",
        "position",
        "amount",
    )
    return [
        Event(
            why=Why.ACCEPTANCE,
            cause=f"acceptance:{ref}",
            on=decided_at.astimezone(zone).date(),
            at=recorded_at or decided_at,
            position=position,
            amount=amount,
        )
        for ref, decided_at, recorded_at, position, amount in rows
    ]


def _nullifications(contract: Contract, *, zone: ZoneInfo) -> list[Event]:
    granted = Nullification.objects.filter(contract=contract, state=NullificationState.GRANTED)
    return [
        Event(
            why=Why.NULLIFICATION,
            cause=f"nullification:{one.ref}",
            on=one.answered_at.astimezone(zone).date(),
            at=one.answered_at,
            position=one.milestone.position,
            amount=one.amount,
        )
        for one in granted.select_related("milestone")
        if one.answered_at is not None
    ]


def _credits(contract: Contract) -> list[Event]:
    """Corrections of a price, and what was charged against it and withdrawn again.

    What is credited because an acceptance is withdrawn is billed again with the next one.
    """
    corrections = CreditNote.objects.of_supplies().filter(
        contract=contract, purpose__in=[CreditNote.Purpose.CORRECTION, *CHARGES]
    )
    # A deposit that later invoices give back is no part of the price: what is credited of it changes no revenue.
    rows = (
        corrections.exclude(invoice__kind__in=[InvoiceKind.ADVANCE, InvoiceKind.BONUS, InvoiceKind.APPLICATION])
        .annotate(worth=CREDITED, position=POSITION)
        .values_list("ref", "issued_on", "issued_at", "worth", "position")
    )
    return [
        Event(
            why=Why.CREDIT,
            cause=f"credit:{ref}",
            on=issued_on,
            at=issued_at,
            position=position,
            amount=worth,
        )
        for ref, issued_on, issued_at, worth, position in rows
    ] + _credits_by_line(contract)


def _credits_by_line(contract: Contract) -> list[Event]:
    """The same of applications for payment, whose invoices bill several milestones: each line lowers its own price."""
    lines = CreditNoteLine.objects.filter(
        credit_note__contract=contract,
        credit_note__purpose=CreditNote.Purpose.CORRECTION,
        invoice_line__milestone__isnull=False,
    )
    of_note = ("credit_note__ref", "credit_note__issued_on", "credit_note__issued_at")
    rows = lines.order_by().values_list(*of_note, "invoice_line__milestone__position").annotate(Sum("net"))
    return [
        Event(
            why=Why.CREDIT,
            cause=f"credit:{ref}:{position}",
            on=issued_on,
            at=issued_at,
            position=position,
            amount=net,
        )
        for ref, issued_on, issued_at, position, net in rows
    ]


def _terminations(contract: Contract, *, zone: ZoneInfo) -> list[Event]:
    """The end of a contract before everything was done; ``amount`` is what was billed of it and stays so.

    What was credited because acceptances were withdrawn counts as never billed, and so does what was credited of a
    deposit by then. Corrections of a milestone's price are kept beside its obligation.
    """
    if contract.terminated_at is None:
        return []
    billed = Invoice.objects.filter(contract=contract).exclude(kind__in=[*BESIDE_PLAN, InvoiceKind.ADVANCE])
    notes = CreditNote.objects.filter(contract=contract, issued_at__lte=contract.terminated_at)
    notes = notes.exclude(invoice__kind=InvoiceKind.ADVANCE).exclude(purpose__in=CHARGES)
    gone = notes.filter(Q(purpose=CreditNote.Purpose.NULLIFICATION) | Q(invoice__instalment__line__kind=DEPOSIT))
    sums = [
        found.aggregate(sum=Sum(worth))["sum"] or money.ZERO
        for found, worth in ((billed, F("net") + F("recovered")), (gone, CREDITED))
    ]
    return [
        Event(
            why=Why.TERMINATION,
            cause=f"termination:{contract.ref}",
            on=contract.terminated_at.astimezone(zone).date(),
            at=contract.terminated_at,
            amount=sums[0] - sums[1],
        )
    ]


def _judgements(contract: Contract) -> list[Event]:
    return [
        Event(
            why=Why.JUDGEMENT,
            cause=f"judgement:{one.ref}",
            on=one.effective_on,
            at=one.judged_at,
            judgement=one,
        )
        for one in Judgement.objects.filter(contract=contract).select_related("obligation")
    ]


def calendars_of(contract: Contract) -> dict[int, Calendar]:
    """The periods of the recurring lines that have begun or have their days, by position."""
    spans: dict[int, dict[int, Span]] = defaultdict(dict)
    instalments = Instalment.objects.filter(
        contract=contract, bills_on__isnull=False, ends_on__isnull=False, cancelled_at__isnull=True
    )
    for one in instalments:
        if one.bills_on is not None and one.ends_on is not None:
            spans[one.position][one.number] = Span(first=one.bills_on, last=one.ends_on, weight=one.amount)
    credited: dict[int, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    notes = CreditNote.objects.filter(contract=contract, invoice__instalment__ends_on__isnull=False)
    for position, number, net in notes.annotate(worth=CREDITED).values_list(
        "invoice__instalment__position", "invoice__instalment__number", "worth"
    ):
        credited[position][number] += net
    return {position: Calendar(spans=found, credits=credited[position]) for position, found in spans.items()}
