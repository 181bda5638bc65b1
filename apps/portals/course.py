"""The course of a contract, planned against what came: milestones over time, and the price as it is earned and paid."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from apps.contracts.models import Contract
from apps.core import money
from apps.invoicing.models import Allocation, InvoiceKind
from apps.milestones.models import Milestone, Reservation
from apps.milestones.models.milestone import ENDED
from apps.portals import charts, formats, vocabulary
from apps.portals.instalments import Calendar
from apps.portals.schedule_chart import Schedule, Span
from apps.portals.shown import milestone_states

MOST_SPANS: Final = 40
"""Milestones that are drawn: those around the first that is open. The plan above lists all."""
WEEK: Final = timedelta(days=7)
FEW_WEEKS: Final = 26
"""What lasts no longer than so many weeks is shown week by week, all else month by month."""
Dated = tuple[date, Decimal]


@dataclass(frozen=True, slots=True)
class Course:
    """Both pictures of one contract; None where there is nothing to draw."""

    schedule: Schedule | None
    curve: charts.Lines | None


def course_of(
    contract: Contract, *, milestones: Sequence[Milestone], calendars: Iterable[Calendar], paid: Decimal, today: date
) -> Course:
    """Of a contract that was read for the actor, in two queries; ``paid`` is what is paid of it, net of tax."""
    if contract.activated_at is None:
        return Course(None, None)
    zone = ZoneInfo(contract.seller.time_zone)
    signed_on = contract.activated_at.astimezone(zone).date()
    live = [one for one in milestones if one.state != "cancelled"]
    off = Reservation.objects.lower_prices().filter(milestone=OuterRef("pk")).order_by().values("milestone")
    decided = Milestone.objects.filter(contract=contract, accepted_submission__isnull=False).annotate(
        lowered=Coalesce(Subquery(off.annotate(sum=Sum("reduced_by")).values("sum")), money.ZERO)
    )
    accepted: dict[int, date] = {}
    stands = {one.pk: one.amount - one.nullified for one in live}
    for pk, at, lowered in decided.values_list("pk", "accepted_submission__decision__decided_at", "lowered"):
        accepted[pk] = at.astimezone(zone).date()
        stands[pk] = stands.get(pk, money.ZERO) - lowered
    return Course(
        _schedule(live, accepted, signed_on=signed_on, today=today),
        _curve(contract, live, accepted, stands, calendars, paid=paid, signed_on=signed_on, today=today, zone=zone),
    )


def _schedule(
    milestones: Sequence[Milestone], accepted: Mapping[int, date], *, signed_on: date, today: date
) -> Schedule | None:
    dated = [
        one for one in milestones if one.state != "nullified" and (one.planned_on is not None or one.pk in accepted)
    ]
    if not dated:
        return None
    states = milestone_states(milestones)
    first = next((at for at, one in enumerate(dated) if one.state not in ENDED), len(dated))
    begin = max(0, min(first - 3, len(dated) - MOST_SPANS))
    planned = sorted({one.planned_on for one in milestones if one.planned_on is not None})
    late = sum(_look(one, accepted, today=today) == "late" for one in dated)
    says = _(
        "Each bar ends when the milestone was accepted or is planned. The mark on it is the planned date, the line"
        " through all of them today."
    )
    if late:
        says += " " + ngettext("%(count)s of them is late.", "%(count)s of them are late.", late) % {"count": late}
    return Schedule(
        title=_("Planned against accepted"),
        says=says,
        spans=[
            _span(one, accepted, state=states[one.pk], planned=planned, signed_on=signed_on, today=today)
            for one in dated[begin : begin + MOST_SPANS]
        ],
        today=today,
    )


def _span(
    milestone: Milestone,
    accepted: Mapping[int, date],
    *,
    state: str,
    planned: Sequence[date],
    signed_on: date,
    today: date,
) -> Span:
    """From the planned date before its own, or the signature; one that is late ends today."""
    due, done = milestone.planned_on, accepted.get(milestone.pk)
    at = bisect_right(planned, due - timedelta(days=1)) if due is not None else 0
    start = max(planned[at - 1], signed_on) if at else signed_on
    look = _look(milestone, accepted, today=today)
    end = done or (max(due, today) if look == "late" and due is not None else due) or today
    return Span(
        label=milestone.title,
        start=min(start, end),
        end=end,
        look=look,
        status=str(vocabulary.word("milestone", state).text),
        planned=due,
        done=done,
    )


def _look(milestone: Milestone, accepted: Mapping[int, date], *, today: date) -> str:
    if milestone.pk in accepted:
        return "done"
    if milestone.state in ENDED:
        return "ahead"
    if milestone.planned_on is not None and milestone.planned_on < today:
        return "late"
    return "current" if milestone.state == "submitted" else "ahead"


def _curve(
    contract: Contract,
    milestones: Sequence[Milestone],
    accepted: Mapping[int, date],
    stands: Mapping[int, Decimal],
    calendars: Iterable[Calendar],
    *,
    paid: Decimal,
    signed_on: date,
    today: date,
    zone: ZoneInfo,
) -> charts.Lines | None:
    planned: list[Dated] = []
    earned: list[Dated] = []
    undated = money.ZERO
    for one in milestones:
        amount = stands[one.pk]
        if one.pk in accepted:
            earned.append((accepted[one.pk], amount))
        if (due := one.planned_on or accepted.get(one.pk)) is not None:
            planned.append((due, amount))
        else:
            undated += amount
    for part in (part for calendar in calendars if not calendar.line.recovery for part in calendar.parts):
        instalment = part.instalment
        billed_on = instalment.billed_at.astimezone(zone).date() if instalment.billed_at is not None else None
        if billed_on is not None:
            earned.append((billed_on, instalment.amount))
        if instalment.cancelled_at is not None:
            continue
        if (due := instalment.bills_on or billed_on) is not None:
            planned.append((due, instalment.amount))
        else:
            undated += instalment.amount
    if not planned:
        return None
    came = _paid(contract, paid)
    days = [signed_on, today, *(day for day, _amount in (*planned, *earned, *came))]
    ends = _ends(min(days), max(days))
    until = next(at for at, end in enumerate(ends) if end >= today) + 1
    names = (_("Planned"), _("Earned"), pgettext("money that arrived", "Paid"))
    rows = (_sums(planned, ends), _sums(earned, ends)[:until], _sums(came, ends)[:until])
    is_weekly = len(ends) < 2 or ends[1] - ends[0] == WEEK
    words = _("By today %(planned)s was planned, %(earned)s is earned and %(paid)s paid, net of tax.")
    so_far = [_sums(one, [today])[0] for one in (planned, earned, came)]
    amounts = [formats.money(amount, contract.currency) for amount in so_far]
    says = words % dict(zip(("planned", "earned", "paid"), amounts, strict=True))
    if undated:
        left_out = _("What has no date yet, %(amount)s, is not in it.")
        says = f"{says} {left_out % {'amount': formats.money(undated, contract.currency)}}"
    return charts.Lines(
        title=_("Planned, earned and paid"),
        says=says,
        labels=[formats.short_day(end) if is_weekly else formats.month(end) for end in ends],
        series=[charts.Series(name=name, values=row) for name, row in zip(names, rows, strict=True)],
        currency=contract.currency,
    )


def _paid(contract: Contract, paid: Decimal) -> list[Dated]:
    """What arrived, by day, as parts of what is paid net of tax; the whole is exact, the way to it by proportion."""
    of_price = Allocation.objects.filter(invoice__contract=contract).exclude(
        invoice__kind__in=[InvoiceKind.LATE_CHARGE, InvoiceKind.BONUS]
    )
    days = of_price.order_by("payment__received_on").values_list("payment__received_on").annotate(sum=Sum("amount"))
    came = [(day, amount) for day, amount in days if amount > 0]
    if not came:
        return []
    shares = money.split(paid, [amount for _day, amount in came], contract.currency)
    return [(day, share) for (day, _amount), share in zip(came, shares, strict=True)]


def _ends(first: date, last: date) -> list[date]:
    """The last days of the weeks or months from one day through another."""
    if (last - first) / WEEK <= FEW_WEEKS:
        weeks = (last - first).days // 7 + 1
        return [first + WEEK * number - timedelta(days=1) for number in range(1, weeks + 1)]
    ends = []
    month = first.replace(day=1)
    while month <= last:
        following = (month + timedelta(days=31)).replace(day=1)
        ends.append(following - timedelta(days=1))
        month = following
    return ends


def _sums(dated: Iterable[Dated], ends: Sequence[date]) -> list[Decimal]:
    """Cumulative, at the end of each day."""
    known = list(dated)
    return [money.total(amount for day, amount in known if day <= end) for end in ends]
