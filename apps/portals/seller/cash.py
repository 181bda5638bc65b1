"""When money is expected: thirteen weeks of what is invoiced, kept in reserve, or signed and planned."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.core import money
from apps.financing.models import Tranche
from apps.invoicing.models import OpenItem, PayeeInstruction
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.portals import charts, formats

WEEKS = 13
Expected = tuple[str, int, date | None, Decimal]
"""Currency, number of the series, day if there is one, amount."""
INVOICED, RESERVE, PLANNED = range(3)


def forecast(actor: Actor, *, today: date) -> list[charts.Bars]:
    """One chart for each currency in which money is expected; what is overdue stands in the first week.

    Milestones without a planned date stand in no week; the chart says what they come to.
    """
    sums: dict[str, list[list[Decimal]]] = {}
    undated: dict[str, Decimal] = defaultdict(Decimal)
    for currency, series, day, amount in _expected(actor, today=today, until=today + timedelta(weeks=WEEKS)):
        rows = sums.setdefault(currency, [[money.ZERO] * WEEKS for _series in range(3)])
        week = max(0, (day - today).days // 7) if day else None
        if week is None:
            undated[currency] += amount
        elif week < WEEKS:
            rows[series][week] += amount
    return [
        _chart(currency, rows, undated=undated[currency], today=today)
        for currency, rows in sorted(sums.items())
        if undated[currency] or any(map(any, rows))
    ]


def _expected(actor: Actor, *, today: date, until: date) -> Iterator[Expected]:
    sold = PayeeInstruction.objects.visible_to(actor).assigned().values("milestone_id")
    owed = OpenItem.objects.visible_to(actor).filter(seller_id=actor.organisation_id, due_on__lt=until).open()
    for currency, day, amount in owed.exclude(invoice__milestone__in=sold).values_list("currency", "due_on", "open"):
        yield currency, INVOICED, day, amount
    advances = Tranche.objects.visible_to(actor).filter(seller_id=actor.organisation_id, expected_on__lt=until)
    for currency, day, face, gross in advances.outstanding().values_list("currency", "expected_on", "face", "gross"):
        yield currency, RESERVE, day, face - gross
    ahead = (
        Milestone.objects.visible_to(actor)
        .filter(Q(planned_on__lt=until) | Q(planned_on=None))
        .filter(contract__seller_id=actor.organisation_id, contract__state="active")
        .exclude(state="accepted")
        .exclude(pk__in=sold)
    )
    terms = "contract__active_version__"
    rows = ahead.values_list(
        "currency", "planned_on", "amount", f"{terms}tax_rate", f"{terms}review_days", f"{terms}payment_days"
    )
    for currency, planned_on, net, tax_rate, review_days, payment_days in rows:
        paid_on = max(planned_on, today) + timedelta(days=review_days + payment_days) if planned_on else None
        yield currency, PLANNED, paid_on, net + money.half_up(net * tax_rate / 100, currency)


def _chart(currency: str, rows: list[list[Decimal]], *, undated: Decimal, today: date) -> charts.Bars:
    names = [_("Invoiced"), _("Reserve of sold invoices"), _("Signed, still to be accepted")]
    last = today + timedelta(weeks=WEEKS)
    total = money.total(amount for series in rows for amount in series)
    says = _("%(total)s is expected by %(day)s, with tax, if everything goes as agreed.") % {
        "total": formats.money(total, currency),
        "day": formats.day(last),
    }
    if undated:
        words = _("Milestones without a planned date, %(amount)s, are not in it.")
        says = f"{says} {words % {'amount': formats.money(undated, currency)}}"
    return charts.Bars(
        title=_("Cash over 13 weeks"),
        says=says,
        labels=[formats.day(today + timedelta(weeks=week))[:-5] for week in range(WEEKS)],
        series=[
            charts.Series(name=name, values=values) for name, values in zip(names, rows, strict=True) if any(values)
        ],
        currency=currency,
    )
