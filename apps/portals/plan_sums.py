"""What the milestones of contracts, and what the calendar bills of them, come to together."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db.models import Count, DateField, DecimalField, F, Min, Q, QuerySet, Sum, Value

from apps.core import money
from apps.invoicing.models import Instalment
from apps.milestones.models import Milestone, Reservation
from apps.milestones.models.milestone import ENDED

COLUMNS: Final = ("contract_id", "price", "earned", "next_on", "accepted", "in_part", "milestones", "lowered")
_STANDS = F("amount") - F("nullified")
AMOUNT: Final = DecimalField(max_digits=18, decimal_places=3)
PRICED: Final = Q(line__recovery="")
"""A deposit that later invoices give back is an advance on the price, and no part of it."""


def of_contracts(contract_ids: Iterable[int]) -> Mapping[int, Mapping[str, Any]]:
    """By contract: what the plan comes to (``price``), what of it is ``earned``, what comes ``next_on``,
    how many ``milestones`` there are, and how many are ``accepted``, or are so ``in_part``: the parts of one are one.
    One query.

    What is billed by the calendar is earned when it is billed: nobody signs it off. ``lowered``, below zero, is what
    both sides took off the price for defects: it is counted in price and earned, as in what is billed.
    """
    return of_rows(rows_of(contract_ids))


def rows_of(contract_ids: Iterable[int]) -> "QuerySet[Any, tuple[Any, ...]]":
    """The query of :func:`of_contracts`, for whoever asks more at once and gives it to :func:`of_rows`."""
    listed = list(contract_ids)
    milestones = (
        Milestone.objects.live()
        .filter(contract_id__in=listed)
        .order_by()
        .values("contract_id")
        .annotate(
            price=Sum(_STANDS),
            earned=Sum(_STANDS, filter=Q(state="accepted"), default=money.ZERO),
            next_on=Min("planned_on", filter=~Q(state__in=ENDED)),
            milestones=Count("position", distinct=True, filter=~Q(state="nullified")),
            begun=Count("position", distinct=True, filter=Q(state="accepted")),
            left=Count("position", distinct=True, filter=~Q(state__in=ENDED)),
            lowered=Value(money.ZERO, AMOUNT),
        )
        # Of each position something is accepted, or left, or both: then it is accepted in part.
        .annotate(accepted=F("milestones") - F("left"), in_part=F("begun") + F("left") - F("milestones"))
    )
    instalments = (
        Instalment.objects.standing()
        .filter(contract_id__in=listed)
        .order_by()
        .values("contract_id")
        .annotate(
            price=Sum("amount", filter=PRICED, default=money.ZERO),
            earned=Sum("amount", filter=PRICED & Q(billed_at__isnull=False), default=money.ZERO),
            next_on=Min("bills_on", filter=Q(billed_at__isnull=True, cancelled_at__isnull=True)),
            accepted=Value(0),
            in_part=Value(0),
            milestones=Value(0),
            lowered=Value(money.ZERO, AMOUNT),
        )
    )
    lowered = (
        Reservation.objects.lower_prices()
        .filter(contract_id__in=listed)
        .order_by()
        .values("contract_id")
        .annotate(
            price=-Sum("reduced_by"),
            earned=-Sum("reduced_by", filter=Q(milestone__state="accepted"), default=money.ZERO),
            next_on=Value(None, DateField()),
            accepted=Value(0),
            in_part=Value(0),
            milestones=Value(0),
            lowered=-Sum("reduced_by"),
        )
    )
    parts = (one.values_list(*COLUMNS) for one in (instalments, lowered))
    rows: QuerySet[Any, tuple[Any, ...]] = milestones.values_list(*COLUMNS).union(*parts, all=True)
    return rows


def of_rows(rows: Iterable[tuple[Any, ...]]) -> Mapping[int, Mapping[str, Any]]:
    """The same of rows that were read."""
    found: dict[int, dict[str, Any]] = {}
    for contract_id, *row in rows:
        sums = dict(zip(COLUMNS[1:], row, strict=True))
        before = found.setdefault(contract_id, sums)
        if before is not sums:
            days = [day for day in (before["next_on"], sums["next_on"]) if day is not None]
            found[contract_id] = {name: before[name] + sums[name] for name in COLUMNS[1:] if name != "next_on"}
            found[contract_id]["next_on"] = min(days, default=None)
    return found
