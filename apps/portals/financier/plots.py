"""The pictures of the dashboard: exposure, ageing, concentration, and the cash that is expected by week."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncWeek
from django.utils.translation import gettext as _

from apps.core import money
from apps.financing.models import Collection, ExposureLimit, Facility, Tranche
from apps.financing.models.exposure import Side
from apps.financing.models.tranche import TrancheState
from apps.parties.actor import Actor
from apps.portals import formats
from apps.portals.charts import Bars, Chart, Lines, Series
from apps.portals.financier import meters
from apps.portals.financier.meters import Meter, Meters

SHOWN = 8
"""Facilities and buyers that a picture names; the others stand together in the last bar."""
WEEKS = 13


def of_book(
    actor: Actor, book: QuerySet[Tranche], facilities: Sequence[Facility], *, today: date, currency: str
) -> dict[str, Chart | None]:
    """The pictures of one currency, by name; those of what is out only where something is out."""
    return {
        "exposure": meters.of_facilities(facilities[:SHOWN], title=_("Exposure against limit")),
        "concentration": concentration(book, currency=currency),
        "cash": expected_cash(book, today=today, currency=currency),
        "collected": collected(actor, today=today, currency=currency),
        "ageing": ageing(book, today=today, currency=currency),
    }


def concentration(book: QuerySet[Tranche], *, currency: str) -> Meters | None:
    """How much of what is out hangs on each buyer, the largest first, beside the limit that was set for it."""
    limits = ExposureLimit.objects.filter(
        financier=OuterRef("financier"), organisation=OuterRef("buyer"), side=Side.BUYER, currency=currency
    )
    found = (
        book.filter(outstanding__gt=0)
        .annotate(limit=Subquery(limits.values("limit")))
        .order_by()
        .values_list("buyer__legal_name", "buyer", "limit")
        .annotate(out=Sum("outstanding"))
    )
    by_buyer = sorted(((name, out, limit) for name, _buyer, limit, out in found), key=lambda one: (-one[1], one[0]))
    total = money.total(out for _name, out, _limit in by_buyer)
    if not by_buyer:
        return None
    rest = money.total(out for _name, out, _limit in by_buyer[SHOWN:])
    shown = [*by_buyer[:SHOWN], *([(_("All others"), rest, None)] if rest else [])]
    first, most, _limit = by_buyer[0]
    return Meters(
        title=_("Concentration by buyer"),
        says=_("%(buyer)s owes you the most: %(share)s of what is out.")
        % {"buyer": first, "share": formats.percent(most / total)},
        names=[_("Out")],
        whole=_("Book"),
        limit=_("Limit") if any(limit is not None for _name, _out, limit in shown) else "",
        rows=[Meter(label=name, parts=[out], whole=total, limit=limit) for name, out, limit in shown],
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
    labels = [_short(monday + timedelta(weeks=at)) for at in range(WEEKS)]
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


def collected(actor: Actor, *, today: date, currency: str) -> Lines | None:
    """What came in against what was expected when it was signed, both added up over the last weeks."""
    monday = today - timedelta(days=today.weekday())
    first = monday - timedelta(weeks=WEEKS - 1)
    due = (
        Tranche.objects.visible_to(actor)
        .filter(
            financier_id=actor.organisation_id,
            currency=currency,
            funded_on__isnull=False,
            # What stands on for the rest of a milestone was signed with the first.
            carried_from=None,
            line__expected_on__range=(first, today),
        )
        .exclude(state__in=[TrancheState.RECOURSE_DUE, TrancheState.REPURCHASED, TrancheState.RETURNED])
        .annotate(week=TruncWeek("line__expected_on"))
    )
    came = (
        Collection.objects.visible_to(actor)
        .filter(
            tranche__financier_id=actor.organisation_id,
            tranche__currency=currency,
            collected_on__range=(first, today),
        )
        .annotate(week=TruncWeek("collected_on"))
    )
    expected = _cumulated(due.order_by().values_list("week").annotate(sum=Sum("face")), first=first)
    paid = _cumulated(came.order_by().values_list("week").annotate(sum=Sum("amount")), first=first)
    if not (expected[-1] or paid[-1]):
        return None
    return Lines(
        title=_("Collected against expected"),
        says=_("%(paid)s came in within %(weeks)s weeks, of %(expected)s that were expected when they were signed.")
        % {
            "paid": formats.money(paid[-1], currency),
            "expected": formats.money(expected[-1], currency),
            "weeks": WEEKS,
        },
        labels=[_short(first + timedelta(weeks=at)) for at in range(WEEKS)],
        series=[Series(name=_("Collected"), values=paid), Series(name=_("Expected"), values=expected)],
        currency=currency,
    )


def _cumulated(rows: QuerySet[Any], *, first: date) -> list[Decimal]:
    """Sums by week, each with all before it."""
    weeks = [money.ZERO] * WEEKS
    for week, amount in rows:
        weeks[(week - first).days // 7] += amount
    return list(accumulate(weeks))


def _short(on: date) -> str:
    """Day and month."""
    return formats.day(on).rsplit(formats.NBSP, 1)[0]
