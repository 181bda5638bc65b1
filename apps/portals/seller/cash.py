"""Thirteen weeks of cash, and the four before: what is paid and financed, and what is invoiced and signed to come."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.db import models
from django.db.models import Case, F, Func, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Least
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from apps.contracts.rules import due_on
from apps.core import money
from apps.financing.models import Adjustment, Tranche
from apps.financing.models.tranche import OUTSTANDING, TrancheState
from apps.invoicing import services as invoicing
from apps.invoicing.models import Instalment, OpenSum, PayeeInstruction, Withholding
from apps.ledger.charts import Seller
from apps.ledger.models import Balance, Book, Line
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.portals import charts, formats
from apps.portals.seller.fundable import Early

BEFORE, WEEKS = 4, 13
"""Weeks that are over, and weeks from today on."""
SOON = timedelta(days=30)
RATE = models.DecimalField(max_digits=6, decimal_places=3)
USUAL_DIGITS = 2
TERMS = "contract__active_version__"
BASIS = f"{TERMS}payment_basis"
FROM_BUYERS: Final = (
    Q(entry__cause__startswith="payment:")
    | Q(entry__cause__startswith="reversal:")
    | Q(entry__cause__startswith="refund")
)
"""Entries of what buyers pay and get back; all others on the bank account are of a financing."""
Expected = tuple[str, int, date | None, Decimal]
"""Currency, number of the series, day if there is one, what comes on it."""
SERIES = PAID, FINANCED, INVOICED, RETENTION, PLANNED, CALENDAR = tuple(range(6))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cash:
    """What came and what is expected, of one seller as of one day, in all its currencies, with tax."""

    came: tuple[Expected, ...]
    expected: tuple[Expected, ...]
    today: date

    def within(self, span: timedelta) -> dict[str, Decimal]:
        """What is expected through a span from today, by currency; what is overdue is in it."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for currency, _series, day, amount in self.expected:
            if day is not None and day <= self.today + span:
                sums[currency] += amount
        return sums

    def charts(self, early: Mapping[str, Iterable[Early]]) -> list[charts.Bars]:
        """One for each currency in which money came or is expected; what is overdue stands in the week of today.

        What has no date yet, milestones and what starts with them, stands in no week; the chart says what it comes to.
        With ``early``, what could be asked for now comes today instead of when its invoice is due.
        """
        weeks: dict[str, _Weeks] = defaultdict(_Weeks)
        for currency, series, day, amount in self.came:
            weeks[currency].add(series, self._week(day), amount)
        for currency, series, day, amount in (*self.expected, *_moved(early, today=self.today)):
            weeks[currency].expect(series, self._week(day), amount)
        for currency, parts in early.items():
            weeks[currency].sooner = money.total(part.advance for part in parts)
        found = ((currency, of) for currency, of in sorted(weeks.items()) if of.undated or any(map(any, of.rows)))
        return [_chart(currency, of, today=self.today) for currency, of in found]

    def _week(self, day: date | None) -> int | None:
        return BEFORE + (day - self.today).days // 7 if day is not None else None


class _Weeks:
    """One chart in the making: amounts by series and week, and what it says beside."""

    def __init__(self) -> None:
        self.rows = [[money.ZERO] * (BEFORE + WEEKS) for _series in SERIES]
        self.came = self.ahead = self.undated = self.sooner = money.ZERO

    def add(self, series: int, week: int | None, amount: Decimal) -> None:
        if week is not None and 0 <= week < BEFORE + WEEKS:
            self.rows[series][week] += amount
            self.came += amount

    def expect(self, series: int, week: int | None, amount: Decimal) -> None:
        if week is None:
            self.undated += amount
        elif week < BEFORE + WEEKS:
            self.rows[series][max(week, BEFORE)] += amount
            self.ahead += amount


def _moved(early: Mapping[str, Iterable[Early]], *, today: date) -> Iterator[Expected]:
    for currency, parts in early.items():
        for part in parts:
            yield currency, FINANCED, today, part.advance
            yield currency, INVOICED, part.due_on, -part.advance


def cash(actor: Actor, *, today: date) -> Cash:
    """Everything that the first page says of a seller's cash."""
    return Cash(
        came=tuple(_came(actor, since=today - timedelta(weeks=BEFORE), until=today)),
        expected=tuple(_expected(actor, today=today, until=today + timedelta(weeks=WEEKS))),
        today=today,
    )


def _came(actor: Actor, *, since: date, until: date) -> Iterator[Expected]:
    """What the seller's bank accounts received less what they paid, as the ledger has it, by day."""
    lines = Line.objects.filter(
        entry__book__organisation_id=actor.organisation_id,
        entry__book__purpose=Book.Purpose.SELLER,
        entry__booked_on__range=(since, until),
        account__code=Seller.BANK,
    )
    kind = Case(When(FROM_BUYERS, then=Value(PAID)), default=Value(FINANCED))
    days = lines.order_by().annotate(kind=kind).values_list("entry__book__currency", "kind", "entry__booked_on")
    yield from days.annotate(sum=Sum("amount"))


def _expected(actor: Actor, *, today: date, until: date) -> Iterator[Expected]:
    sold = PayeeInstruction.objects.visible_to(actor).assigned().values("milestone_id")
    owed = OpenSum.objects.of_seller(actor).filter(due_on__lt=until, is_assigned=False)
    due = owed.order_by().values_list("currency", "due_on").annotate(sum=Sum("amount"))
    for currency, day, amount in due.exclude(sum=0):
        yield currency, INVOICED, day, amount
    # What is owed back to a financier has no later day: it is to be paid back now.
    owed_back = (
        Balance.objects.visible_to(actor)
        .standing()
        .filter(account__book__purpose=Book.Purpose.SELLER, account__code=Seller.OWED_BACK_TO_FINANCIER)
    )
    for currency, credit in owed_back.order_by().values_list("account__book__currency").annotate(sum=Sum("amount")):
        yield currency, FINANCED, today, credit
    promised = Tranche.objects.visible_to(actor).filter(
        seller_id=actor.organisation_id, state=TrancheState.ACCEPTED, offer__funding_on__lt=until
    )
    net = Sum(F("gross") - F("discount") - F("fee"))
    for currency, day, amount in promised.order_by().values_list("currency", "offer__funding_on").annotate(sum=net):
        yield currency, FINANCED, max(day, today), amount
    advances = Tranche.objects.visible_to(actor).filter(seller_id=actor.organisation_id, expected_on__lt=until)
    # Of a buyer in default no reserve is expected.
    moved = Adjustment.objects.visible_to(actor).filter(tranche=OuterRef("pk")).order_by().values("tranche")
    borne = Subquery(moved.annotate(sum=Sum(F("advance") + F("reserve"))).values("sum"))
    kept = (
        advances.filter(state__in=[TrancheState.ACCEPTED, *OUTSTANDING])
        .annotate(borne=Coalesce(borne, Decimal(0)))
        .order_by()
    )
    # What was accepted for another amount than was priced leaves what it came to, less what is out on it; so does what
    # a change order made smaller before.
    total = F("milestone__amount") + _tax("milestone__amount", "milestone__line")
    comes_to = Coalesce("bought_at", Least("face", total))
    reserves = kept.values_list("currency", "expected_on").annotate(sum=Sum(comes_to - F("gross") - F("borne")))
    for currency, day, reserve in reserves:
        yield currency, FINANCED, max(day, today), reserve
    for currency, on, version, amount in invoicing.releases_ahead(seller_id=actor.organisation_id, until=until):
        yield currency, RETENTION, version.due_on(max(on, today)), amount
    withheld = Withholding.objects.visible_to(actor).filter(
        released_at__isnull=True, invoice__seller_id=actor.organisation_id, reservation__due_on__lt=until
    )
    # A defect is mended by its day, as agreed; then the days to pay begin.
    mended = (
        withheld.order_by()
        .annotate(days=_days_to_pay("reservation__milestone__line"))
        .values_list("invoice__currency", "reservation__due_on", "days", BASIS)
    )
    for currency, on, days, basis, amount in mended.annotate(sum=Sum("gross")):
        yield currency, RETENTION, due_on(max(on, today), payment_days=days, payment_basis=basis), amount
    ahead = Milestone.objects.sold_by(actor).filter(Q(planned_on__lt=until) | Q(planned_on=None)).exclude(pk__in=sold)
    # What will be kept back is not due then; at the first rate, because steps and caps depend on what comes before.
    rate = Coalesce(Cast(KeyTextTransform("rate", f"{TERMS}retention"), RATE), Decimal(0))
    planned = (
        ahead.order_by()
        .annotate(rate=rate, review=Coalesce("line__review_days", f"{TERMS}review_days"), days=_days_to_pay("line"))
        .values_list("currency", "planned_on", "review", "days", BASIS, "rate")
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
    billed = to_come.order_by().annotate(days=_days_to_pay("line")).values_list("currency", "bills_on", "days", BASIS)
    for currency, bills_on, days, basis, gross in billed.annotate(sum=Sum(F("amount") + _tax())):
        paid_on = due_on(max(bills_on, today), payment_days=days, payment_basis=basis) if bills_on else None
        yield currency, CALENDAR, paid_on, gross


def _days_to_pay(line: str) -> Coalesce:
    """Those of a line of the plan: its own, or the contract's."""
    return Coalesce(f"{line}__payment_days", f"{TERMS}payment_days")


def _tax(amount: str = "amount", line: str = "line") -> Func:
    """At the rate of its line, or the contract's; rounded for each milestone and period, as its invoice will round it:
    Postgres rounds half away from zero too."""
    return Func(
        F(amount) * Coalesce(f"{line}__tax_rate", f"{TERMS}tax_rate") / 100,
        _digits(),
        function="round",
        output_field=models.DecimalField(),
    )


def _digits() -> Case:
    """How many decimals the currency of a row has."""
    known: dict[int, list[str]] = defaultdict(list)
    for currency in sorted(money.currencies()):
        known[money.digits(currency)].append(currency)
    cases = [When(currency__in=codes, then=Value(digits)) for digits, codes in known.items() if digits != USUAL_DIGITS]
    return Case(*cases, default=Value(USUAL_DIGITS))


def _chart(currency: str, weeks: _Weeks, *, today: date) -> charts.Bars:
    names = [
        pgettext("money that arrived", "Paid"),
        _("Financed"),
        _("Invoiced"),
        _("Invoiced, kept back until it is released"),
        _("Signed, still to be accepted"),
        _("Signed, billed by the calendar"),
    ]
    parts = [_("%(total)s is expected by %(day)s, with tax, if everything goes as agreed.")]
    if weeks.came:
        parts.append(_("%(came)s came since %(since)s."))
    if weeks.undated:
        parts.append(_("What has no date yet, %(undated)s, is not in it."))
    if weeks.sooner:
        parts.append(_("Paid early, %(sooner)s of it comes at once, before discount and fee."))
    amounts = {"total": weeks.ahead, "came": weeks.came, "undated": weeks.undated, "sooner": weeks.sooner}
    said = {name: formats.money(amount, currency) for name, amount in amounts.items()}
    said |= {"day": formats.day(today + timedelta(weeks=WEEKS)), "since": formats.day(today - timedelta(weeks=BEFORE))}
    return charts.Bars(
        title=_("Cash over 13 weeks"),
        says=" ".join(parts) % said,
        labels=[formats.short_day(today + timedelta(weeks=week)) for week in range(-BEFORE, WEEKS)],
        series=[
            charts.Series(name=name, values=values, mark=mark)
            for mark, (name, values) in enumerate(zip(names, weeks.rows, strict=True), start=1)
            if any(values)
        ],
        currency=currency,
    )
