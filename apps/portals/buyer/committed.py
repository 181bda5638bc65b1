"""What a buyer has committed to, month by month: agreed and still to be signed off, or billed by the calendar, or
accepted and not billed yet, where applications for payment bill it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Case, Sum, Value, When
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _

from apps.core import money
from apps.invoicing.models import ApplicationLine, Instalment
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.portals import charts, formats

MONTHS = 12
"""Months that are drawn, this one first; what comes after them stands in one more."""
SERIES = WAITING, SIGNED, CALENDAR, ACCEPTED = tuple(range(4))
Part = tuple[str, int, date | None, Decimal]
"""Currency, number of the series, first day of the month if there is one, amount net of tax."""


def by_month(actor: Actor, *, today: date) -> list[charts.Bars]:
    """One chart for each currency in which something is committed; what should be done already is of this month."""
    months = _months(today)
    rows: dict[str, list[list[Decimal]]] = defaultdict(lambda: [[money.ZERO] * (MONTHS + 1) for _series in SERIES])
    undated: dict[str, Decimal] = defaultdict(Decimal)
    for currency, series, month, amount in _parts(actor, this_month=months[0]):
        if month is None:
            undated[currency] += amount
        else:
            at = sum(month > known for known in months)
            rows[currency][series][min(at, MONTHS)] += amount
    currencies = sorted({*rows, *undated})
    return [_chart(currency, rows[currency], months, undated=undated[currency]) for currency in currencies]


def _months(today: date) -> list[date]:
    """The first days of this month and of those that follow."""
    months = [today.replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] + timedelta(days=31)).replace(day=1))
    return months


def _parts(actor: Actor, *, this_month: date) -> Iterator[Part]:
    """In three queries, whatever there is. What is accepted can be billed on any day from now on."""
    series = Case(When(state="submitted", then=Value(WAITING)), default=Value(SIGNED))
    planned = Milestone.objects.bought_by(actor).order_by().annotate(series=series, month=TruncMonth("planned_on"))
    yield from planned.values_list("currency", "series", "month").annotate(sum=Sum("amount"))
    billed = (
        Instalment.objects.visible_to(actor)
        .billable()
        .of_the_price()
        .filter(contract__buyer_id=actor.organisation_id, contract__state="active")
        .order_by()
        .annotate(series=Value(CALENDAR), month=TruncMonth("bills_on"))
    )
    yield from billed.values_list("currency", "series", "month").annotate(sum=Sum("amount"))
    standing = ApplicationLine.objects.standing().filter(application__buyer_id=actor.organisation_id).order_by()
    for currency, amount in standing.values_list("application__currency").annotate(sum=Sum("claimed")):
        yield currency, ACCEPTED, this_month, amount


def _chart(currency: str, rows: list[list[Decimal]], months: list[date], *, undated: Decimal) -> charts.Bars:
    total = money.total(amount for row in rows for amount in row)
    says = _("%(total)s is agreed and not billed yet, net of tax, by the month for which it is planned.")
    says %= {"total": formats.money(total, currency)}
    if undated:
        words = _("What has no date yet, %(amount)s, is not in it.")
        says = f"{says} {words % {'amount': formats.money(undated, currency)}}"
    names = [
        _("Waiting for your sign-off"),
        _("Signed, still to be delivered"),
        _("Signed, billed by the calendar"),
        _("Accepted, not billed yet"),
    ]
    columns = MONTHS + 1 if any(row[MONTHS] for row in rows) else MONTHS
    return charts.Bars(
        title=_("Committed spend by month"),
        says=says,
        labels=[*(formats.month(first) for first in months), _("later")][:columns],
        series=[
            charts.Series(name=name, values=row[:columns], mark=mark)
            for mark, (name, row) in enumerate(zip(names, rows, strict=True), start=1)
            if any(row)
        ],
        currency=currency,
    )
