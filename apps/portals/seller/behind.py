"""The rows behind the figures of revenue: recognitions, what is still to be earned, and entries of the ledger.

A figure of a report leads here with an address that says which rows it counts; what stands below them is the figure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import OuterRef, Q, Subquery, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts.models import Contract
from apps.core import money
from apps.ledger.charts import Seller
from apps.ledger.models import Book, Entry, Line
from apps.portals.seller.report_parts import Asked, Cells, Listed, Row, later
from apps.revenue import services as revenue
from apps.revenue.models import Recognition

BALANCE, REVENUE, RETENTION, POSITION = "balance", "revenue", "retention", "position"
ACCOUNTS: Final[Mapping[str, tuple[Any, Sequence[str]]]] = {
    BALANCE: (gettext_lazy("Contract balances"), revenue.NET_OF_CONTRACT),
    REVENUE: (gettext_lazy("Revenue account"), (Seller.REVENUE,)),
    RETENTION: (gettext_lazy("Retention held"), (Seller.RETENTION_HELD,)),
    POSITION: (
        gettext_lazy("Contract balances with what is retained"),
        (*revenue.NET_OF_CONTRACT, Seller.RETENTION_HELD),
    ),
}
EARNED, INTEREST, BILLED = "recognised", "interest", "billed"
KINDS: Final[Mapping[str, tuple[Any, Q]]] = {
    EARNED: (gettext_lazy("Recognised"), Q(cause__startswith="revenue:")),
    INTEREST: (gettext_lazy("Interest"), Q(cause__startswith="interest-")),
    BILLED: (
        gettext_lazy("Billed, less credits"),
        ~Q(cause__startswith="revenue:") & ~Q(cause__startswith="interest-"),
    ),
}
WITHHELD, RELEASED, HELD = "withheld", "released", "held"
RETAINED_PARTS: Final[Mapping[str, Any]] = {
    WITHHELD: gettext_lazy("Withheld"),
    RELEASED: gettext_lazy("Released"),
    HELD: gettext_lazy("Still held"),
}
"""What of the retention of an invoice is added up."""
RECOGNITIONS, EXPECTED, ENTRIES, INVOICES, RETAINED = "recognitions", "expected", "entries", "invoices", "retained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which rows: booked or expected from a day through another, of one contract by its reference or number, of those
    signed in the month of a day; ``is_late`` is of what is expected, ``account`` is of entries, ``kind`` of entries, or
    of what is retained."""

    of: str
    since: date | None = None
    until: date | None = None
    contract: str = ""
    signed: date | None = None
    is_late: bool = False
    account: str = BALANCE
    kind: str = ""

    def url(self, currency: str) -> str:
        return f"{reverse('seller:revenue_rows')}?{self.query(currency)}"

    def query(self, currency: str) -> str:
        said = {
            "of": self.of,
            "currency": currency,
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
            "contract": self.contract,
            "signed": self.signed.isoformat() if self.signed else "",
            "late": "1" if self.is_late else "",
            "account": self.account if self.of == ENTRIES and self.account != BALANCE else "",
            "kind": self.kind,
        }
        return urlencode({name: value for name, value in said.items() if value})

    def within(self, zone: Any) -> tuple[datetime, datetime] | None:
        """From when until before when the contracts were signed, where that is asked."""
        if self.signed is None:
            return None
        first = self.signed.replace(day=1)
        return tuple(datetime.combine(day, time(), zone) for day in (first, later(first, 1)))  # type: ignore[return-value]


def recognitions(asked: Asked, **which: Any) -> str:
    """The address of recognitions."""
    return Which(of=RECOGNITIONS, **which).url(asked.currency)


def still_expected(asked: Asked, **which: Any) -> str:
    """The address of what is still to be earned."""
    return Which(of=EXPECTED, **which).url(asked.currency)


def entries(asked: Asked, **which: Any) -> str:
    """The address of entries on contract balances, or on the account that is said."""
    return Which(of=ENTRIES, **which).url(asked.currency)


def invoices(asked: Asked, **which: Any) -> str:
    """The address of invoices, with what is credited of each."""
    return Which(of=INVOICES, **which).url(asked.currency)


def retained(asked: Asked, **which: Any) -> str:
    """The address of what is retained, invoice by invoice."""
    return Which(of=RETAINED, **which).url(asked.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What is asked for: the rows, and what they add up to."""

    heads: Sequence[str]
    lines: Listed
    total: Callable[[], Decimal]
    note: str = ""


def of_contract(which: Which) -> Q:
    return Q(contract__ref=which.contract) | Q(contract__number=which.contract) if which.contract else Q()


def of_signed(asked: Asked, which: Which) -> Q:
    within = which.within(asked.zone)
    return Q(contract__activated_at__gte=within[0], contract__activated_at__lt=within[1]) if within else Q()


def within_days(which: Which, field: str) -> Q:
    found = Q()
    if which.since is not None:
        found &= Q(**{f"{field}__gte": which.since})
    if which.until is not None:
        found &= Q(**{f"{field}__lte": which.until})
    return found


def recognitions_of(asked: Asked, which: Which) -> Rows:
    found = Recognition.objects.visible_to(asked.actor).filter(
        of_contract(which), of_signed(asked, which), within_days(which, "booked_on"), currency=asked.currency
    )

    def shown(rows: Sequence[Recognition]) -> list[Row]:
        return [
            Row(
                cells=[
                    row.contract.number,
                    row.obligation.title,
                    row.booked_on,
                    row.occurred_on,
                    row.get_why_display(),
                    row.amount,
                    row.cumulative,
                ],
                url=reverse("seller:contract_revenue", args=[row.contract.ref]),
            )
            for row in rows
        ]

    heads = [_("Contract"), _("Obligation"), _("Booked on"), _("Happened on"), _("Why"), _("Amount"), _("Cumulative")]
    return Rows(
        heads=heads,
        lines=Listed(found=found.select_related("contract", "obligation"), shown=shown),
        total=lambda: money.total([found.aggregate(sum=Sum("amount", default=money.ZERO))["sum"]]),
    )


def expected_of(asked: Asked, which: Which) -> Rows:
    expected = revenue.Expected(
        **asked.whose,
        today=asked.today,
        contract=which.contract,
        signed=which.within(asked.zone),
        since=which.since,
        until=which.until,
        is_late=which.is_late,
    )
    found, among = (
        rows.visible_to(asked.actor).select_related("contract")
        for rows in (expected.obligations(), expected.unearned())
    )

    def shown(rows: Sequence[Any]) -> list[Row]:
        parts = expected.of([row.pk for row in rows])
        return [
            Row(
                cells=[
                    row.contract.number,
                    row.title,
                    row.get_measure_display(),
                    row.ends_on or row.planned_on,
                    row.allocated - row.credited,
                    row.recognised,
                    row.remaining,
                    parts[row.pk],
                ],
                url=reverse("seller:contract_revenue", args=[row.contract.ref]),
            )
            for row in rows
            if parts.get(row.pk)
        ]

    heads = [_("Contract"), _("Obligation"), _("Measured"), _("Planned"), _("Allocated"), _("Recognised")]
    heads += [_("Remaining"), _("Expected here")]
    return Rows(heads=heads, lines=Listed(found=found, shown=shown, among=among), total=expected.total)


def entries_of(asked: Asked, which: Which) -> Rows:
    """On the side on which they are read: what is billed and what is earned is positive, though it is credit."""
    book = Q(book__purpose=Book.Purpose.SELLER, book__currency=asked.currency)
    lines = Line.objects.filter(account__code__in=ACCOUNTS[which.account][1])
    contracts = Contract.objects.of_seller(asked.actor)
    if which.contract:
        # Either side numbers what it begins, so two contracts may have one number.
        refs = contracts.filter(Q(ref=which.contract) | Q(number=which.contract)).values_list("ref", flat=True)
        lines = lines.filter(key__in=[f"contract:{ref}" for ref in refs])
    kind = KINDS[which.kind][1] if which.kind else Q()
    is_credit = which.kind == BILLED or which.account == REVENUE
    sign = -1 if is_credit else 1
    mine = Entry.objects.visible_to(asked.actor).filter(book, within_days(which, "booked_on"), kind)
    own = lines.filter(entry=OuterRef("pk")).order_by()
    found = mine.annotate(
        moved=Subquery(own.values("entry").annotate(sum=Sum("amount")).values("sum")),
        about=Subquery(own.order_by("pk").values("key")[:1]),
    ).filter(moved__isnull=False)

    def shown(rows: Sequence[Any]) -> list[Row]:
        refs = {vars(row)["about"].removeprefix("contract:") for row in rows}
        numbers = dict(contracts.filter(ref__in=refs).values_list("ref", "number"))
        made = []
        for row in rows:
            ref = vars(row)["about"].removeprefix("contract:")
            url = reverse("seller:contract_revenue", args=[ref]) if ref in numbers else ""
            cells: Cells = [numbers.get(ref, ""), row.booked_on, row.description, row.cause, sign * vars(row)["moved"]]
            made.append(Row(cells=cells, url=url))
        return made

    def total() -> Decimal:
        sums = lines.filter(entry__in=mine).aggregate(sum=Sum("amount", default=money.ZERO))
        return sign * money.total([sums["sum"]])

    return Rows(
        heads=[_("Contract"), _("Booked on"), _("What"), _("Cause"), _("Amount")],
        lines=Listed(found=found, shown=shown, key="cause"),
        total=total,
        note=_("Positive is credit, negative debit: what is billed or earned is positive here.")
        if is_credit
        else _("Positive is debit, negative credit: on contract balances what is billed is negative."),
    )
