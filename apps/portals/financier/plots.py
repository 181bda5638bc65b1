"""The pictures of the dashboard: exposure, ageing, concentration, and the cash that is expected by week."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncWeek
from django.utils.translation import gettext as _

from apps.core import money
from apps.financing.models import Facility, Tranche
from apps.portals import formats
from apps.portals.charts import Bars, Chart, Series
from apps.portals.financier import meters
from apps.portals.financier.meters import Meter, Meters

SHOWN = 8
"""Facilities and buyers that a picture names; the others stand together in the last bar."""
WEEKS = 13


def of_book(
    book: QuerySet[Tranche], facilities: Sequence[Facility], *, today: date, currency: str
) -> dict[str, Chart | None]:
    """The pictures of one currency, by name; those of what is out only where something is out."""
    return {
        "exposure": meters.of_facilities(facilities[:SHOWN], title=_("Exposure against limit")),
        "concentration": concentration(book, currency=currency),
        "cash": expected_cash(book, today=today, currency=currency),
        "ageing": ageing(book, today=today, currency=currency),
    }


def concentration(book: QuerySet[Tranche], *, currency: str) -> Meters | None:
    """How much of what is out hangs on each buyer, the largest first."""
    found = book.filter(outstanding__gt=0).order_by().values_list("buyer__legal_name", "buyer")
    by_buyer = sorted(
        ((name, out) for name, _buyer, out in found.annotate(out=Sum("outstanding"))), key=lambda one: (-one[1], one[0])
    )
    total = money.total(out for _name, out in by_buyer)
    if not by_buyer:
        return None
    rest = money.total(out for _name, out in by_buyer[SHOWN:])
    shown = [*by_buyer[:SHOWN], *([(_("All others"), rest)] if rest else [])]
    first, most = by_buyer[0]
    return Meters(
        title=_("Concentration by buyer"),
        says=_("%(buyer)s owes you the most: %(share)s of what is out.")
        % {"buyer": first, "share": formats.percent(most / total)},
        names=[_("Out")],
        whole=_("Book"),
        rows=[Meter(label=name, parts=[out], whole=total) for name, out in shown],
        currency=currency,
    )


def ageing(book: QuerySet[Tranche], *, today: date, currency: str) -> Bars | None:
    """What is out by the day on which its payment is expected."""
    edges = [
        (_("31+ late"), Q(expected_on__lt=today - timedelta(days=30))),
        (_("1–30 late"), Q(expected_on__range=(today - timedelta(days=30), today - timedelta(days=1)))),
        (_("in 0–7"), Q(expected_on__range=(today, today + timedelta(days=7)))),
        (_("8–30"), Q(expected_on__range=(today + timedelta(days=8), today + timedelta(days=30)))),
        (_("31–60"), Q(expected_on__range=(today + timedelta(days=31), today + timedelta(days=60)))),
        (_("61+"), Q(expected_on__gt=today + timedelta(days=60))),
    ]
    sums = book.aggregate(**{f"b{at}": Sum("outstanding", filter=rule) for at, (_name, rule) in enumerate(edges)})
    values = [sums[f"b{at}"] or money.ZERO for at in range(len(edges))]
    total, late = money.total(values), values[0] + values[1]
    if not total:
        return None
    return Bars(
        title=_("Ageing of what is out"),
        says=_("%(late)s is late, %(share)s of what is out. By days to the expected payment.")
        % {"late": formats.money(late, currency), "share": formats.percent(late / total)},
        labels=[name for name, _rule in edges],
        series=[Series(name=_("Out"), values=values)],
        currency=currency,
    )


def expected_cash(book: QuerySet[Tranche], *, today: date, currency: str) -> Bars | None:
    """What buyers are expected to pay in each week: what repays advances, and what is the sellers' reserve."""
    monday = today - timedelta(days=today.weekday())
    rows = (
        book.order_by()
        .annotate(week=TruncWeek("expected_on"))
        .values_list("week")
        .annotate(open=Sum(Coalesce("milestone__invoice__open_item__open", "face")), out=Sum("outstanding"))
    )
    late = [Decimal(0), Decimal(0)]
    weeks = [[Decimal(0), Decimal(0)] for _week in range(WEEKS)]
    for week, open_, out in rows:
        at = (week - monday).days // 7
        bar = late if at < 0 else weeks[at] if at < WEEKS else None
        if bar is not None:
            bar[0] += out
            bar[1] += open_ - out
    bars = [late, *weeks] if any(late) else weeks
    total = money.total(money.total(bar) for bar in bars)
    if not total:
        return None
    labels = [formats.day(monday + timedelta(weeks=at)).rsplit(formats.NBSP, 1)[0] for at in range(WEEKS)]
    return Bars(
        title=_("Expected cash by week"),
        says=_("%(total)s is expected from buyers in the next %(weeks)s weeks, late payments included.")
        % {"total": formats.money(total, currency), "weeks": WEEKS},
        labels=[_("late"), *labels] if any(late) else labels,
        series=[
            Series(name=_("Repays advances"), values=[bar[0] for bar in bars]),
            Series(name=_("Reserve of sellers"), values=[bar[1] for bar in bars]),
        ],
        currency=currency,
    )
