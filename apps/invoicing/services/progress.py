"""The schedule of values of a contract: from its plan, and from what was billed, credited, retained and released."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F, Sum, Value
from django.db.models.functions import Coalesce

from apps.contracts.models import Contract, ContractVersion
from apps.core import money
from apps.core.errors import Refused
from apps.invoicing import rules
from apps.invoicing.models import (
    BESIDE_PLAN,
    CreditNote,
    CreditNoteLine,
    Instalment,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    Withholding,
)
from apps.invoicing.models.credit_note import CHARGES
from apps.invoicing.services.held_by_line import OF_INVOICE, PLACES, Dated, Fallen, held_by_line
from apps.milestones.models import Milestone, Reservation


def progress(contract: Contract, *, since: date, until: date, using: str = "default") -> rules.Sheet:
    """The sheet of a period, both days included where the seller is, of a contract that the caller may see.

    Lines and price are those in force today. What was billed is what was accepted, or fell due by the calendar, at what
    it is worth: what its invoice gave back of deposits is no less done, and deposits are beside the plan. Nine
    queries, however long the plan is. Refused before the contract is active, and once it was terminated: what was left
    of its plan then is in the settlement. ``using`` is the alias of the database whose eyes are used.
    """
    version = contract.active_version
    if version is None or contract.terminated_at is not None:
        raise Refused("Only a contract that is in force, or completed, has a schedule of values.")
    day_before = since - timedelta(days=1) if since > date.min else since
    books, off = _books(contract, using), _taken_off(contract, using)
    before, now = (_by_line(books.worth, until=day) for day in (day_before, until))
    kept = _by_line(books.held, until=until)
    return rules.Sheet(
        original=_original(contract, version, using),
        price=version.price - money.total(off.values()),
        lowered=money.total(off.values()),
        lines=tuple(
            rules.SheetLine(
                position=position,
                title=title,
                scheduled=amount,
                before=before[position],
                completed=now[position],
                retained=kept[position],
                is_materials=is_materials,
            )
            for position, (title, amount, is_materials) in sorted(_scheduled(contract, off, using).items())
        ),
        before=_standing(books, until=day_before),
        now=_standing(books, until=until),
    )


def standing_sheet(
    contract: Contract,
    *,
    worth: Mapping[int, Decimal],
    held: Mapping[int, Decimal],
    tax: Decimal,
    recovered: Decimal,
    retained: Decimal,
    withheld: Mapping[int, Decimal],
) -> rules.Sheet:
    """The sheet of an application for payment: all that the books say, and on top of it what the application bills.

    ``worth`` is that by the position of its line, net of tax, ``held`` what is kept back of it, ``withheld`` what is
    accepted and stands in none before its defects are settled; ``tax``, ``recovered`` and ``retained`` are those of its
    invoice. Ten queries.
    """
    version = contract.active_version
    if version is None:
        raise Refused("Only a contract that is in force, or completed, has a schedule of values.")
    books, off = _books(contract, "default"), _taken_off(contract, "default")
    before, kept = _by_line(books.worth, until=date.max), _by_line(books.held, until=date.max)
    was = _standing(books, until=date.max)
    return rules.Sheet(
        original=_original(contract, version, "default"),
        price=version.price - money.total(off.values()),
        lowered=money.total(off.values()),
        lines=tuple(
            rules.SheetLine(
                position=position,
                title=title,
                scheduled=amount,
                before=before[position],
                completed=before[position] + worth.get(position, money.ZERO),
                retained=kept[position] + held.get(position, money.ZERO),
                is_materials=is_materials,
                withheld=withheld.get(position, money.ZERO),
            )
            for position, (title, amount, is_materials) in sorted(_scheduled(contract, off, "default").items())
        ),
        before=was,
        now=rules.Standing(
            billed=was.billed + money.total(worth.values()),
            deposits=was.deposits - recovered,
            tax=was.tax + tax,
            retained=was.retained + retained,
            withheld=was.withheld,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Books:
    """What happened, by day: ``worth`` of what the plan billed, net of tax; ``deposits`` that were invoiced, less what
    was given back of them, net too; ``tax`` on both; what was ``held`` as agreed, and ``withheld`` for defects."""

    worth: Dated = field(default_factory=list)
    deposits: Dated = field(default_factory=list)
    tax: Dated = field(default_factory=list)
    held: Dated = field(default_factory=list)
    withheld: Dated = field(default_factory=list)


def _standing(books: _Books, *, until: date) -> rules.Standing:
    return rules.Standing(
        billed=_sum(books.worth, until=until),
        deposits=_sum(books.deposits, until=until),
        tax=_sum(books.tax, until=until),
        retained=_sum(books.held, until=until),
        withheld=_sum(books.withheld, until=until),
    )


def _sum(rows: Dated, *, until: date) -> Decimal:
    return money.total(amount for day, _position, amount in rows if day <= until)


def _by_line(rows: Dated, *, until: date) -> Mapping[int, Decimal]:
    """The same by the position of the line."""
    sums: defaultdict[int, Decimal] = defaultdict(lambda: money.ZERO)
    for day, position, amount in rows:
        if day <= until:
            sums[position] += amount
    return sums


def _original(contract: Contract, version: ContractVersion, using: str) -> Decimal:
    """The price of the version that both sides signed first: that which no change order made."""
    if version.change_order_id is None:
        return version.price
    chain = ContractVersion.plans.using(using).filter(
        contract=contract, changed_by__isnull=False, change_order__isnull=True
    )
    return chain.values_list("price", flat=True).order_by("pk")[0]


def _taken_off(contract: Contract, using: str) -> Mapping[int, Decimal]:
    """What both sides took off the price of each line for defects, by its position."""
    found = Reservation.objects.using(using).lower_prices().filter(contract=contract).order_by()
    return dict(found.values_list("milestone__position").annotate(sum=Sum("reduced_by")))


def _scheduled(contract: Contract, off: Mapping[int, Decimal], using: str) -> dict[int, tuple[str, Decimal, bool]]:
    """What each line comes to, and whether it is materials: its parts that were not cancelled, less what was withdrawn
    and goes on as another, and what was taken ``off`` for defects. Deposits that later invoices give back are beside
    the plan."""
    found: dict[int, tuple[str, Decimal, bool]] = {}
    parts = (
        Milestone.objects.using(using).live().filter(contract=contract).annotate(counts=F("amount") - F("nullified"))
    )
    periods = Instalment.objects.using(using).filter(contract=contract, cancelled_at__isnull=True, line__recovery="")
    rows = [
        *parts.order_by("position", "part").values_list("position", "title", "counts", "line__is_materials"),
        *periods.order_by("position", "number").values_list("position", "title", "amount", "line__is_materials"),
    ]
    for position, title, amount, is_materials in rows:
        sum_ = amount + (found[position][1] if position in found else money.ZERO)
        found[position] = (title, sum_, is_materials)
    return {
        position: (title, amount - off.get(position, money.ZERO), is_materials)
        for position, (title, amount, is_materials) in found.items()
    }


def _books(contract: Contract, using: str) -> _Books:
    books = _Books(withheld=_withheld(contract, using))
    _invoiced(books, contract, using)
    credited = _credited(books, contract, using)
    books.held.extend(held_by_line(contract, credited=credited, using=using))
    return books


def _invoiced(books: _Books, contract: Contract, using: str) -> None:
    """Every invoice that bills a supply, on its day."""
    place = Coalesce(*PLACES, Value(0))
    invoices = Invoice.objects.using(using).filter(contract=contract).exclude(kind__in=BESIDE_PLAN)
    for kind, day, position, net, tax, recovered in invoices.order_by().values_list(
        "kind", "issued_on", place, "net", "tax", "recovered"
    ):
        books.tax.append((day, position, tax))
        if kind == InvoiceKind.ADVANCE:
            books.deposits.append((day, position, net))
            continue
        books.deposits.append((day, position, -recovered))
        if kind != InvoiceKind.APPLICATION:
            books.worth.append((day, position, net + recovered))
    lines = InvoiceLine.objects.using(using).filter(invoice__contract=contract, milestone__isnull=False).order_by()
    books.worth.extend(lines.values_list("invoice__issued_on", "milestone__position", "net"))


def _credited(books: _Books, contract: Contract, using: str) -> list[Fallen]:
    """Every credit note, on its day; the answer is what it took of what was retained."""
    fallen: list[Fallen] = []
    place = Coalesce(*OF_INVOICE, Value(0))
    notes = CreditNote.objects.using(using).filter(contract=contract).exclude(invoice__kind__in=BESIDE_PLAN).order_by()
    for kind, purpose, invoice, at, day, position, net, tax, given_back, retained, own in notes.values_list(
        *("invoice__kind", "purpose", "invoice", "issued_at", "issued_on"),
        *(place, "net", "tax", "given_back", "retained", "nullification__milestone__position"),
    ):
        fallen.append(Fallen(at, day, invoice, retained, own))
        if purpose in CHARGES:
            # What is charged lowers what is owed, and bills nothing less.
            continue
        books.tax.append((day, position, -tax))
        if kind == InvoiceKind.ADVANCE:
            books.deposits.append((day, position, -net))
            continue
        books.deposits.append((day, position, given_back))
        if kind != InvoiceKind.APPLICATION:
            books.worth.append((day, position, -net - given_back))
    lines = CreditNoteLine.objects.using(using).filter(credit_note__contract=contract).order_by()
    of_parts = lines.filter(invoice_line__milestone__isnull=False)
    for day, position, net in of_parts.values_list(
        "credit_note__issued_on", "invoice_line__milestone__position", "net"
    ):
        books.worth.append((day, position, -net))
    return fallen


def _withheld(contract: Contract, using: str) -> Dated:
    """What is withheld for defects of every invoice on its day, less what was released since, which is a moment."""
    zone = ZoneInfo(contract.seller.time_zone)
    found = Withholding.objects.using(using).filter(contract=contract).order_by()
    rows: Dated = []
    for day, position, gross, released_at in found.values_list(
        "invoice__issued_on", Coalesce(*OF_INVOICE), "gross", "released_at"
    ):
        rows.append((day, position, gross))
        if released_at is not None:
            rows.append((released_at.astimezone(zone).date(), position, -gross))
    return rows
