"""When money is expected: thirteen weeks of what is invoiced, in reserve, retained, planned or billed by calendar."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.db import models
from django.db.models import Case, F, Func, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _

from apps.contracts.rules import due_on
from apps.core import money
from apps.financing.models import Adjustment, Tranche
from apps.financing.models.tranche import OUTSTANDING
from apps.invoicing import services as invoicing
from apps.invoicing.models import Instalment, OpenSum, PayeeInstruction, Withholding
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.portals import charts, formats

WEEKS = 13
RATE = models.DecimalField(max_digits=6, decimal_places=3)
USUAL_DIGITS = 2
TERMS = "contract__active_version__"
PAYMENT = (f"{TERMS}payment_days", f"{TERMS}payment_basis")
Expected = tuple[str, int, date | None, Decimal]
"""Currency, number of the series, day if there is one, what comes on it."""
INVOICED, RESERVE, RETENTION, PLANNED, CALENDAR = range(5)


def forecast(actor: Actor, *, today: date) -> list[charts.Bars]:
    """One chart for each currency in which money is expected; what is overdue stands in the first week.

    What has no date yet, milestones and what starts with them, stands in no week; the chart says what it comes to.
    """
    sums: dict[str, list[list[Decimal]]] = {}
    undated: dict[str, Decimal] = defaultdict(Decimal)
    for currency, series, day, amount in _expected(actor, today=today, until=today + timedelta(weeks=WEEKS)):
        rows = sums.setdefault(currency, [[money.ZERO] * WEEKS for _series in range(5)])
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
    owed = OpenSum.objects.of_seller(actor).filter(due_on__lt=until, is_assigned=False)
    due = owed.order_by().values_list("currency", "due_on").annotate(sum=Sum("amount"))
    for currency, day, amount in due.exclude(sum=0):
        yield currency, INVOICED, day, amount
    advances = Tranche.objects.visible_to(actor).filter(seller_id=actor.organisation_id, expected_on__lt=until)
    # Of a buyer in default no reserve is expected.
    moved = Adjustment.objects.visible_to(actor).filter(tranche=OuterRef("pk")).order_by().values("tranche")
    borne = Subquery(moved.annotate(sum=Sum(F("advance") + F("reserve"))).values("sum"))
    kept = advances.filter(state__in=OUTSTANDING).annotate(borne=Coalesce(borne, Decimal(0))).order_by()
    reserves = kept.values_list("currency", "expected_on").annotate(sum=Sum(F("face") - F("gross") - F("borne")))
    for currency, day, reserve in reserves:
        yield currency, RESERVE, day, reserve
    for currency, on, version, amount in invoicing.releases_ahead(seller_id=actor.organisation_id, until=until):
        yield currency, RETENTION, version.due_on(max(on, today)), amount
    withheld = Withholding.objects.visible_to(actor).filter(
        released_at__isnull=True, invoice__seller_id=actor.organisation_id, reservation__due_on__lt=until
    )
    # A defect is mended by its day, as agreed; then the days to pay begin.
    mended = withheld.order_by().values_list("invoice__currency", "reservation__due_on", *PAYMENT)
    for currency, on, days, basis, amount in mended.annotate(sum=Sum("gross")):
        yield currency, RETENTION, due_on(max(on, today), payment_days=days, payment_basis=basis), amount
    ahead = Milestone.objects.sold_by(actor).filter(Q(planned_on__lt=until) | Q(planned_on=None)).exclude(pk__in=sold)
    # What will be kept back is not due then; at the first rate, because steps and caps depend on what comes before.
    rate = Coalesce(Cast(KeyTextTransform("rate", f"{TERMS}retention"), RATE), Decimal(0))
    planned = (
        ahead.order_by()
        .annotate(rate=rate, review=Coalesce("line__review_days", f"{TERMS}review_days"))
        .values_list("currency", "planned_on", "review", *PAYMENT, "rate")
    )
    sums = planned.annotate(net=Sum("amount"), sum=Sum(F("amount") + _tax()))
    for currency, planned_on, review_days, days, basis, kept, net, gross in sums:
        accepted_on = max(planned_on, today) + timedelta(days=review_days) if planned_on else None
        paid_on = due_on(accepted_on, payment_days=days, payment_basis=basis) if accepted_on else None
        yield currency, PLANNED, paid_on, gross - money.half_up(net * kept / 100, currency)
    to_come = (
        Instalment.objects.visible_to(actor)
        .billable()
        .filter(Q(bills_on__lt=until) | Q(bills_on=None))
        .filter(contract__seller_id=actor.organisation_id, contract__state="active")
    )
    billed = to_come.order_by().values_list("currency", "bills_on", *PAYMENT)
    for currency, bills_on, days, basis, gross in billed.annotate(sum=Sum(F("amount") + _tax())):
        paid_on = due_on(max(bills_on, today), payment_days=days, payment_basis=basis) if bills_on else None
        yield currency, CALENDAR, paid_on, gross


def _tax() -> Func:
    """Rounded for each milestone and period, as its invoice will round it: Postgres rounds half away from zero too."""
    return Func(
        F("amount") * F(f"{TERMS}tax_rate") / 100, _digits(), function="round", output_field=models.DecimalField()
    )


def _digits() -> Case:
    """How many decimals the currency of a row has."""
    known: dict[int, list[str]] = defaultdict(list)
    for currency in sorted(money.currencies()):
        known[money.digits(currency)].append(currency)
    cases = [When(currency__in=codes, then=Value(digits)) for digits, codes in known.items() if digits != USUAL_DIGITS]
    return Case(*cases, default=Value(USUAL_DIGITS))


def _chart(currency: str, rows: list[list[Decimal]], *, undated: Decimal, today: date) -> charts.Bars:
    names = [
        _("Invoiced"),
        _("Reserve of sold invoices"),
        _("Retention and withheld amounts to be released"),
        _("Signed, still to be accepted"),
        _("Deposits and periods to come"),
    ]
    last = today + timedelta(weeks=WEEKS)
    total = money.total(amount for series in rows for amount in series)
    says = _("%(total)s is expected by %(day)s, with tax, if everything goes as agreed.") % {
        "total": formats.money(total, currency),
        "day": formats.day(last),
    }
    if undated:
        words = _("What has no date yet, %(amount)s, is not in it.")
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
