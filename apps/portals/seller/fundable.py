"""On which of the seller's milestones a financier could pay now. The services check again, under their locks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from apps.contracts.models import Contract, Criterion, PlanLine
from apps.contracts.models.version import BillsBy
from apps.core import money
from apps.core.database import at_once
from apps.core.days import NOT_YET
from apps.financing.models import Facility, RequestItem
from apps.invoicing.models import Instalment, Invoice, InvoiceKind
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import ENDED
from apps.parties.actor import Actor

WITHOUT_RETENTION = Q(contract__active_version__retention__isnull=True) | Q(
    ~Q(contract__active_version__retention__has_any_keys=["payable_most", "materials_rate", "further"]),
    ~Exists(PlanLine.objects.filter(version=OuterRef("contract__active_version"), retention_rate__gt=0)),
    contract__active_version__retention__rate="0",
    contract__active_version__retention__steps=[],
)
"""Contracts of which no invoice is kept back in part: what a milestone will come to is then known, unless a deposit is
to be given back."""


def facilities(actor: Actor) -> QuerySet[Facility]:
    """The open lines of this seller."""
    return (
        Facility.objects.visible_to(actor)
        .live()
        .filter(seller_id=actor.organisation_id)
        .select_related("financier")
        .order_by("pk")
    )


def fundable(actor: Actor, *, today: date) -> QuerySet[Invoice]:
    """Invoices that are wholly open and payable, not past due, of contracts whose receivables may be assigned, asked of
    nobody."""
    asked = RequestItem.objects.visible_to(actor).held().filter(milestone=OuterRef("milestone_id"))
    return Invoice.objects.of_seller(actor).filter(
        ~Exists(asked),
        kind=InvoiceKind.MILESTONE,
        open_item__paid=0,
        open_item__credited=0,
        open_item__retained=0,
        open_item__reserved=0,
        open_item__open__gt=0,
        open_item__due_on__gte=today,
        open_item__due_on__lt=NOT_YET,
        contract__active_version__is_assignable=True,
    )


def milestones_to_fund(actor: Actor, *, today: date) -> QuerySet[Milestone]:
    """Those with such an invoice, and those that are not accepted yet but can be measured, in the order of the plan."""
    asked = RequestItem.objects.visible_to(actor).held().filter(milestone=OuterRef("pk"))
    measured = Criterion.objects.filter(line=OuterRef("line_id"))
    gives_back = Instalment.objects.filter(contract=OuterRef("contract"), cancelled_at__isnull=True)
    is_known = WITHOUT_RETENTION & ~Exists(gives_back.exclude(line__recovery=""))
    before = Q(~Q(state__in=ENDED), Exists(measured), is_known, contract__state="active")
    before &= ~Q(contract__active_version__bills_by=BillsBy.APPLICATION)
    return (
        Milestone.objects.visible_to(actor)
        .filter(contract__seller_id=actor.organisation_id, contract__active_version__is_assignable=True)
        .filter(~Exists(asked))
        .filter(before | Q(invoice__in=fundable(actor, today=today)))
        .select_related("invoice__open_item", "line__version")
        .order_by("contract_id", "position", "part")
    )


def contracts_to_fund(actor: Actor, *, today: date) -> QuerySet[Contract]:
    """The contracts that have such milestones."""
    found = milestones_to_fund(actor, today=today).order_by().values("contract")
    return Contract.objects.of_seller(actor).filter(pk__in=found).select_related("buyer").order_by("-pk")


@dataclass(frozen=True, slots=True)
class Early:
    """What could be had today of the invoices that are due on one day, before discount and fee."""

    due_on: date
    advance: Decimal


def early_payments(actor: Actor, *, today: date) -> dict[str, list[Early]]:
    """For each currency the advances on invoices that could be asked for now, within what the lines leave: of those due
    first, first. Two statements, one where there is no line."""
    lines, left = facilities(actor), headrooms(actor)
    at_once.read(lines, left)
    by_day = faces_by_day(actor, today=today, currencies={line.currency for line in lines})
    return early_of(lines, left=left_of(left), by_day=by_day)


def faces_by_day(
    actor: Actor, *, today: date, currencies: Iterable[str]
) -> "QuerySet[Invoice, tuple[str, date, Decimal]]":
    """What the invoices that could be asked for come to, by currency and the day on which they are due."""
    rows = fundable(actor, today=today).filter(currency__in=list(currencies))
    by_day = rows.order_by("open_item__due_on").values_list("currency", "open_item__due_on")
    return by_day.annotate(face=Sum("gross"))


def early_of(
    of_seller: Iterable[Facility], *, left: Mapping[int, Decimal], by_day: Iterable[tuple[str, date, Decimal]]
) -> dict[str, list[Early]]:
    """The same of what was read already."""
    lines: defaultdict[str, list[Facility]] = defaultdict(list)
    for facility in of_seller:
        lines[facility.currency].append(facility)
    most = {
        currency: money.total(left.get(line.pk, money.ZERO) for line in of_currency)
        for currency, of_currency in lines.items()
    }
    faces: dict[str, Decimal] = defaultdict(Decimal)
    found: dict[str, list[Early]] = defaultdict(list)
    for currency, due_on, face in by_day:
        faces[currency] += face
        rate = max(line.advance_rate for line in lines[currency])
        # Rounded once, for all of them together.
        reached = min(money.floor(faces[currency] * rate / 100, currency), most[currency])
        found[currency].append(Early(due_on, reached - money.total(part.advance for part in found[currency])))
    return found


def available(early: Mapping[str, Iterable[Early]]) -> dict[str, Decimal]:
    """The same, by currency in all."""
    return {currency: money.total(part.advance for part in parts) for currency, parts in early.items()}


def headrooms(actor: Actor) -> "QuerySet[Facility, tuple[int, Decimal]]":
    """What each line of the seller leaves, by its primary key: the limit less what is out or soon will be."""
    waiting = Coalesce(Sum("tranches__gross", filter=Q(tranches__state="accepted")), Decimal(0))
    rows = facilities(actor).order_by().annotate(left=F("limit") - F("advanced") - waiting)
    found: QuerySet[Facility, tuple[int, Decimal]] = rows.values_list("pk", "left")
    return found


def left_of(headrooms: Iterable[tuple[int, Decimal]]) -> dict[int, Decimal]:
    """The same as amounts that can still be had: never less than nothing."""
    return {pk: max(left, money.ZERO) for pk, left in headrooms}
