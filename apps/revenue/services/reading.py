"""What came of revenue, for reports: by month, by contract, and beside it what the ledger says."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import TruncMonth

from apps.contracts.models import Contract
from apps.core import money
from apps.core.database import at_once
from apps.invoicing.models import NO_SUPPLY, CreditNote, Invoice
from apps.ledger.charts import Seller
from apps.ledger.models import Balance, Book, Line
from apps.revenue import rules
from apps.revenue.models import Interest, Obligation, Recognition

ZERO: Final = money.ZERO
NET_OF_CONTRACT: Final = (Seller.CONTRACT_BALANCE, Seller.DEPOSITS_RECEIVED)
"""Accounts that are shown as one figure for each contract, an asset or a liability: what was invoiced ahead of the
price is a liability to the customer like whatever else is billed before it is earned (IFRS 15.105, 15.106)."""
SIGNED: Final = Case(When(is_income=True, then=F("amount")), default=-F("amount"))
"""Interest as it moves the contract balance."""


def recognised_by_month(*, organisation_id: int, currency: str, since: date) -> dict[date, Decimal]:
    """Revenue by the month in which it was booked, from one on."""
    return dict(_by_month(organisation_id, currency, since=since))


def _by_month(organisation_id: int, currency: str, *, since: date) -> "QuerySet[Any, tuple[date, Decimal]]":
    found = Recognition.objects.filter(organisation_id=organisation_id, currency=currency, booked_on__gte=since)
    months = found.order_by().annotate(month=TruncMonth("booked_on")).values_list("month")
    rows: QuerySet[Any, tuple[date, Decimal]] = months.annotate(moved=Sum("amount"))
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRevenue:
    """One contract: what it bears, what is recognised, billed and retained of it; all net of tax."""

    price: Decimal
    recognised: Decimal
    billed: Decimal
    retained: Decimal
    interest: Decimal = ZERO
    """Of financing components, income less expense: in the contract balance, and no revenue."""

    @property
    def position(self) -> rules.Position:
        """Net: a contract asset or a contract liability; retention that depends on more than time is in it."""
        return rules.net_position(
            recognised=self.recognised + self.interest, billed=self.billed, retained=self.retained
        )

    @property
    def remaining(self) -> Decimal:
        return self.price - self.recognised

    @property
    def over_billed(self) -> Decimal:
        """How much more is billed than recognised; negative where less is."""
        return self.billed - self.recognised

    @property
    def under_billed(self) -> Decimal:
        return -self.over_billed


def of_contracts(contracts: Iterable[Contract]) -> dict[int, ContractRevenue]:
    """The figures of the listed contracts of one seller, in one statement for all of them."""
    refs = {contract.pk: contract.ref for contract in contracts}
    keys = Q(key__in=[f"contract:{ref}" for ref in refs.values()])
    return _figures(refs, Q(contract_id__in=refs), keys)


def of_every_contract(*, organisation_id: int, currency: str) -> dict[int, ContractRevenue]:
    """The same of all contracts of a seller that were signed, in two statements however many there are."""
    signed = Contract.objects.filter(seller_id=organisation_id, currency=currency, active_version__isnull=False)
    mine = Q(contract__seller_id=organisation_id, contract__currency=currency)
    keys = Q(account__book__organisation_id=organisation_id, account__book__currency=currency)
    return _figures(dict(signed.values_list("pk", "ref")), mine, keys)


def _figures(refs: Mapping[int, str], mine: Q, keys: Q) -> dict[int, ContractRevenue]:
    """By primary key; ``mine`` and ``keys`` say of which contracts rows and balances are."""
    obligations = Obligation.objects.filter(mine).order_by().values_list("contract_id")
    borne = obligations.annotate(price=Sum("allocated") - Sum("credited"), earned=Sum("recognised"))
    nothing = (ZERO, ZERO)
    supplied = _sums(Invoice.objects.filter(mine).exclude(kind__in=NO_SUPPLY))
    noted = _sums(CreditNote.objects.of_supplies().filter(mine))
    held = Balance.objects.filter(
        keys, account__book__purpose=Book.Purpose.SELLER, account__code=Seller.RETENTION_HELD
    ).order_by()
    kept = held.values_list("key").annotate(sum=Sum("amount"))
    accrued = Interest.objects.filter(mine).order_by().values_list("contract_id").annotate(sum=Sum(SIGNED))
    at_once.read(borne, supplied, noted, kept, accrued)
    bears = {pk: (price, earned) for pk, price, earned in borne}
    billed, credited, interest = dict(supplied), dict(noted), dict(accrued)
    retained: dict[str, Decimal] = dict(kept)
    return {
        pk: ContractRevenue(
            price=bears.get(pk, nothing)[0],
            recognised=bears.get(pk, nothing)[1],
            billed=billed.get(pk, ZERO) - credited.get(pk, ZERO),
            retained=retained.get(f"contract:{ref}", ZERO),
            interest=interest.get(pk, ZERO),
        )
        for pk, ref in refs.items()
    }


def _sums(rows: "QuerySet[Any, Any]") -> "QuerySet[Any, tuple[int, Decimal]]":
    found: QuerySet[Any, tuple[int, Decimal]] = rows.order_by().values_list("contract_id").annotate(Sum("net"))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RollForward:
    """How the contract balances moved in a month, as the ledger has them: positive is an asset."""

    opening: Decimal
    recognised: Decimal
    billed: Decimal
    interest: Decimal

    @property
    def closing(self) -> Decimal:
        return self.opening + self.recognised + self.interest - self.billed


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What all obligations of a seller in one currency bear (``price``), what is ``recognised`` of them and by which
    month, and how the contract balances moved in a month."""

    price: Decimal
    recognised: Decimal
    by_month: dict[date, Decimal]
    roll: RollForward


def overview(*, organisation_id: int, currency: str, since: date, month: date) -> Overview:
    """In one statement; months from ``since`` on."""
    obligations = Obligation.objects.filter(organisation_id=organisation_id, currency=currency).order_by()
    borne = obligations.values_list("currency").annotate(
        price=Sum("allocated") - Sum("credited"), earned=Sum("recognised")
    )
    months = _by_month(organisation_id, currency, since=since)
    first, last = month.replace(day=1), rules.month_end(month)
    lines = Line.objects.filter(
        entry__book__organisation_id=organisation_id,
        entry__book__currency=currency,
        entry__book__purpose=Book.Purpose.SELLER,
        account__code__in=NET_OF_CONTRACT,
    )
    earned, lent = Q(entry__cause__startswith="revenue:"), Q(entry__cause__startswith="interest-")
    within = Q(entry__booked_on__range=(first, last))
    moved = (
        lines.order_by()
        .values("entry__book__currency")
        .annotate(
            opening=Sum("amount", filter=Q(entry__booked_on__lt=first), default=ZERO),
            recognised=Sum("amount", filter=within & earned, default=ZERO),
            interest=Sum("amount", filter=within & lent, default=ZERO),
            billed=-Sum("amount", filter=within & ~earned & ~lent, default=ZERO),
        )
        .values("opening", "recognised", "interest", "billed")
    )
    at_once.read(borne, months, moved)
    _currency, price, recognised = next(iter(borne), (currency, ZERO, ZERO))
    nothing = dict.fromkeys(("opening", "recognised", "interest", "billed"), ZERO)
    return Overview(
        price=price,
        recognised=recognised,
        by_month=dict(months),
        roll=RollForward(**next(iter(moved), nothing)),
    )


def roll_forward_by_month(*, organisation_id: int, currency: str, months: Sequence[date]) -> dict[date, RollForward]:
    """The same for months that follow each other, in one query."""
    lines = Line.objects.filter(
        entry__book__organisation_id=organisation_id,
        entry__book__currency=currency,
        entry__book__purpose=Book.Purpose.SELLER,
        account__code__in=NET_OF_CONTRACT,
        entry__booked_on__lte=rules.month_end(months[-1]),
    )
    kind = Case(
        When(entry__cause__startswith="revenue:", then=Value("recognised")),
        When(entry__cause__startswith="interest-", then=Value("interest")),
        default=Value("billed"),
    )
    sums: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    opening = ZERO
    found = lines.annotate(month=TruncMonth("entry__booked_on"), kind=kind).order_by().values_list("month", "kind")
    for month, what, amount in found.annotate(sum=Sum("amount")):
        if month < months[0]:
            opening += amount
        else:
            sums[month, what] += amount
    rolled = {}
    for month in months:
        rolled[month] = RollForward(
            opening=opening,
            recognised=sums[month, "recognised"],
            interest=sums[month, "interest"],
            billed=-sums[month, "billed"],
        )
        opening = rolled[month].closing
    return rolled
