"""The entries of an export as they are written: in the order of their numbers, in one query however many there are.

The ledger knows keys; what invoices and contracts are called is told by the apps downstream that made them.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from django.db.models import Case, CharField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Substr

from apps.contracts.models import Contract
from apps.financing.models import Tranche
from apps.invoicing.models import Allocation, Invoice
from apps.ledger.exports.parts import JournalEntry, JournalLine
from apps.ledger.models import JournalExport, Line
from apps.milestones.models import Milestone

AT_ONCE: Final = 2_000
"""Lines that are held at a time."""
INVOICE, CONTRACT, MILESTONE, PAYMENT, TRANCHE = "invoice:", "contract:", "milestone:", "payment:", "tranche:"


def entries_of(export: JournalExport) -> Iterator[JournalEntry]:
    """What the export holds: entries of its period that had a number when it was asked for."""
    rows = _lines(export).order_by("entry__numbered__number", "pk").iterator(chunk_size=AT_ONCE)
    for number, lines in groupby(rows, key=lambda line: line["entry__numbered__number"]):
        yield _entry(number, list(lines))


def _lines(export: JournalExport) -> "QuerySet[Line, Any]":
    invoice = Invoice.objects.filter(ref=_ref(INVOICE), seller_id=export.organisation_id)
    paid = Allocation.objects.filter(payment__ref=_ref(PAYMENT)).order_by("pk")
    contract = Contract.objects.filter(ref=_ref(CONTRACT))
    milestone = Milestone.objects.filter(ref=_ref(MILESTONE))
    tranche = Tranche.objects.filter(ref=_ref(TRANCHE))
    found = Line.objects.filter(
        organisation_id=export.organisation_id,
        entry__book_id=export.book_id,
        entry__booked_on__range=(export.starts_on, export.ends_on),
        entry__numbered__number__lte=export.numbered_through,
    )
    return found.values(
        "entry__numbered__number",
        "entry__booked_on",
        "entry__cause",
        "entry__description",
        "account__code",
        "account__name",
        "amount",
        document=_told({INVOICE: invoice.values("number"), PAYMENT: paid.values("invoice__number")}),
        contract=_told(
            {
                INVOICE: invoice.values("contract__number"),
                CONTRACT: contract.values("number"),
                MILESTONE: milestone.values("contract__number"),
                PAYMENT: paid.values("invoice__contract__number"),
                TRANCHE: tranche.values("contract__number"),
            }
        ),
    )


def _ref(kind: str) -> Substr:
    """The reference in a line's key."""
    return Substr(OuterRef("key"), len(kind) + 1)


def _told(by_kind: Mapping[str, "QuerySet[Any, Any]"]) -> Case:
    """What is asked for by the kind of a line's key; nothing for any other kind."""
    cases = [When(key__startswith=kind, then=Subquery(rows[:1])) for kind, rows in by_kind.items()]
    return Case(*cases, default=Value(""), output_field=CharField())


def _entry(number: int, lines: list[dict[str, Any]]) -> JournalEntry:
    first = lines[0]
    return JournalEntry(
        number=number,
        booked_on=first["entry__booked_on"],
        cause=first["entry__cause"],
        text=first["entry__description"],
        document=_named(line["document"] for line in lines),
        contract=_named(line["contract"] for line in lines),
        lines=tuple(JournalLine(line["account__code"], line["account__name"], line["amount"]) for line in lines),
    )


def _named(names: Iterable[str]) -> str:
    """Each name once, in the order of the lines."""
    return ", ".join(dict.fromkeys(name for name in names if name))
