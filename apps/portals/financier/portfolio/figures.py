"""The figures of a book, each read in as many statements whatever its size: the database adds up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import (
    Avg,
    Count,
    DateField,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Model,
    Q,
    QuerySet,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from apps.core import money
from apps.financing.models import (
    Adjustment,
    BankMovement,
    Collection,
    Disbursement,
    Repayment,
    ReservePayout,
    Tranche,
)
from apps.financing.models.adjustment import Kind
from apps.financing.models.movement import Movement
from apps.financing.models.tranche import TrancheQuerySet, TrancheState
from apps.financing.rules.provision import AGES, Exposed, Rolled
from apps.financing.rules.xirr import xirr
from apps.ledger.charts import Financier
from apps.ledger.models import Balance
from apps.parties.actor import Actor
from apps.portals.financier import ages

YEAR: Final = timedelta(days=365)
OWN_POSITIONS: Final = (
    Financier.PURCHASED_RECEIVABLES,
    Financier.MILESTONE_ADVANCES,
    Financier.DUE_FROM_SELLER_RECOURSE,
    Financier.DUE_FROM_SELLER_MISDIRECTED,
    Financier.ALLOWANCE,
    Financier.RESERVE_DUE_TO_SELLER,
    Financier.PAYABLE_TO_SELLER,
    Financier.DUE_TO_BUYER,
    Financier.UNEARNED_DISCOUNT,
    Financier.UNEARNED_FEE,
)
"""What the book still has in its advances, less what of it belongs to others or is not earned."""


@dataclass(frozen=True, slots=True)
class Aged:
    """What is out on one clock in one age."""

    clock: str
    exposed: Exposed
    count: int


@dataclass(frozen=True, slots=True)
class Diluted:
    """What buyers owe less, by credit notes, of what was bought in a year."""

    bought: Decimal
    lost: Decimal

    @property
    def share(self) -> Decimal | None:
        return self.lost / self.bought if self.bought else None


def everything(actor: Actor, *, currency: str) -> TrancheQuerySet:
    """All advances of the actor's book in a currency."""
    own = TrancheQuerySet(Tranche).visible_to(actor)
    return own.filter(financier_id=actor.organisation_id, currency=currency)


def aged(book: QuerySet[Tranche], *, today: date) -> list[Aged]:
    """What is out by clock and age, with the days until its payments are expected; what is expected by now has none."""
    rows = (
        ages.with_clock(book.filter(outstanding__gt=0))
        .annotate(
            age=ages.by_age(today),
            ahead=Func(
                F("expected_on"),
                Value(today, DateField()),
                template="greatest((%(expressions)s), 0)",
                arg_joiner=" - ",
                output_field=IntegerField(),
            ),
        )
        .order_by()
        .values("clock", "age", "state")
        .annotate(out=Sum("outstanding"), days=Sum(F("outstanding") * F("ahead")), count=Count("pk"))
    )
    return [
        Aged(
            row["clock"],
            Exposed(row["age"], row["out"], row["days"], is_defaulted=row["state"] == TrancheState.DEFAULTED),
            row["count"],
        )
        for row in rows
    ]


def weighted_life(book: Sequence[Aged]) -> Decimal | None:
    """The mean days until what is out is expected back, weighted by it; None where nothing is out."""
    out = money.total(one.exposed.amount for one in book)
    return money.total(one.exposed.amount_days for one in book) / out if out else None


def booked(actor: Actor, *, currency: str) -> dict[str, Decimal]:
    """The accounts of the book, positive in debit."""
    found = Balance.objects.visible_to(actor).filter(
        account__book__purpose="financier", account__book__currency=currency
    )
    return dict(found.order_by().values_list("account__code").annotate(sum=Sum("amount")))


def returned(actor: Actor, *, currency: str, accounts: dict[str, Decimal], today: date) -> Decimal | None:
    """XIRR in per cent of all that was paid out and came in, and of what stands in the book today; None without one."""
    flows: dict[date, Decimal] = {}
    moved = BankMovement.objects.visible_to(actor)
    sources: tuple[tuple[QuerySet[Any], str, int], ...] = (
        (Disbursement.objects.visible_to(actor), "value_on", -1),
        # What the buyer paid to the seller by mistake comes in when the seller passes it on.
        (Collection.objects.visible_to(actor).filter(is_misdirected=False), "collected_on", 1),
        (ReservePayout.objects.visible_to(actor), "value_on", -1),
        (Repayment.objects.visible_to(actor), "received_on", 1),
        (moved.filter(kind__in=[Movement.RETURNED, Movement.PASSED_ON]), "value_on", 1),
        (moved.filter(kind=Movement.SURPLUS), "value_on", -1),
    )
    for rows, day, sign in sources:
        own = rows.filter(tranche__financier_id=actor.organisation_id, tranche__currency=currency)
        for on, amount in own.order_by().values_list(day).annotate(sum=Sum("amount")):
            flows[on] = flows.get(on, money.ZERO) + sign * amount
    flows[today] = flows.get(today, money.ZERO) + money.total(accounts.get(one, money.ZERO) for one in OWN_POSITIONS)
    return xirr(sorted(flows.items()))


def diluted(actor: Actor, *, currency: str, today: date) -> Diluted:
    """Over the last year."""
    since = today - YEAR
    bought = (
        everything(actor, currency=currency)
        .filter(funded_on__isnull=False, milestone__invoice__issued_on__gt=since)
        .exclude(state=TrancheState.RETURNED)
    )
    lost = Adjustment.objects.visible_to(actor).filter(
        tranche__financier_id=actor.organisation_id,
        tranche__currency=currency,
        kind=Kind.DILUTION,
        booked_on__gt=since,
    )
    return Diluted(
        bought.aggregate(sum=Sum(Coalesce("bought_at", "face")))["sum"] or money.ZERO,
        -(lost.aggregate(sum=Sum("receivable"))["sum"] or money.ZERO),
    )


def months(today: date) -> tuple[date, date]:
    """The ends of the last two months that are over."""
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1) - timedelta(days=1), last


def rolled(actor: Actor, *, currency: str, today: date) -> dict[str, Rolled]:
    """By age at the end of the month before last: what was out of bought invoices, and what was still a month later.

    What was out then is what is out now, with what was repaid, charged back or written off since.
    """
    before, after = months(today)
    then = everything(actor, currency=currency).filter(funded_on__lte=before, milestone__invoice__issued_on__lte=before)
    route = "milestone__invoice__open_item__due_on"
    out = dict.fromkeys((age.name for age in AGES), money.ZERO)
    later = dict(out)
    now = then.filter(outstanding__gt=0).annotate(age=ages.by_age(before, day=route)).order_by()
    for age, amount in now.values_list("age").annotate(sum=Sum("outstanding")):
        out[age] += amount
        later[age] += amount
    changes: tuple[tuple[type[Model], str, Any], ...] = (
        (Collection, "collected_on", F("to_advance")),
        (Adjustment, "booked_on", F("charged_back") + F("written_off")),
    )
    for model, day, amount_of in changes:
        rows: QuerySet[Any] = model._default_manager.filter(tranche__in=then, **{f"{day}__gt": before})
        summed = (
            rows.annotate(age=ages.by_age(before, day=f"tranche__{route}"))
            .order_by()
            .values_list("age")
            .annotate(all=Sum(amount_of), late=Sum(amount_of, filter=Q(**{f"{day}__gt": after})))
        )
        for age, all_of_it, late in summed:
            out[age] += all_of_it
            later[age] += late or money.ZERO
    return {age.name: Rolled(out[age.name], later[age.name]) for age in AGES}


def lateness(actor: Actor, *, currency: str) -> tuple[int, int]:
    """How many payments came in on this book, and how many days after the signed date on average, never below none."""
    late = ExpressionWrapper(F("collected_on") - F("tranche__line__expected_on"), output_field=DurationField())
    found = (
        Collection.objects.visible_to(actor)
        .filter(
            tranche__financier_id=actor.organisation_id,
            tranche__currency=currency,
            reverses__isnull=True,
            reversed_by__isnull=True,
        )
        .aggregate(count=Count("pk"), mean=Avg(late))
    )
    return found["count"], max(0, round(found["mean"].total_seconds() / 86400)) if found["mean"] else 0


def slips(actor: Actor, *, currency: str) -> tuple[int, int]:
    """How many planned milestones of the book were accepted, and how many days after their plan on average."""
    late = ExpressionWrapper(
        F("milestone__accepted_at__date") - F("milestone__planned_on"), output_field=DurationField()
    )
    found = (
        everything(actor, currency=currency)
        .filter(milestone__accepted_at__isnull=False, milestone__planned_on__isnull=False)
        .aggregate(count=Count("pk"), mean=Avg(late))
    )
    return found["count"], max(0, round(found["mean"].total_seconds() / 86400)) if found["mean"] else 0
