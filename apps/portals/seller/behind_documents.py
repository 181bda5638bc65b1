"""The rows behind figures of what is billed and retained, and all tables of rows by name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import money
from apps.invoicing.models import CreditNote, Invoice, Retention
from apps.invoicing.models.invoice import NO_SUPPLY, InvoiceQuerySet
from apps.portals.seller.behind import (
    ENTRIES,
    EXPECTED,
    HELD,
    INVOICES,
    RECOGNITIONS,
    RELEASED,
    RETAINED,
    WITHHELD,
    Rows,
    Which,
    entries_of,
    expected_of,
    of_contract,
    of_signed,
    recognitions_of,
    within_days,
)
from apps.portals.seller.report_parts import Asked, Listed, Row

AMOUNTS: Final[Mapping[str, Any]] = {
    WITHHELD: F("withheld"),
    RELEASED: F("freed"),
    HELD: F("withheld") - F("freed"),
}


def _mine(asked: Asked, which: Which) -> InvoiceQuerySet:
    found = Invoice.objects.of_seller(asked.actor).filter(currency=asked.currency)
    return found.filter(of_contract(which), of_signed(asked, which), within_days(which, "issued_on"))


def _invoices(asked: Asked, which: Which) -> Rows:
    """What each invoice of a supply bills and what is credited of it, whenever that was."""
    notes = CreditNote.objects.filter(invoice=OuterRef("pk")).order_by().values("invoice")
    credited = Coalesce(Subquery(notes.annotate(sum=Sum("net")).values("sum")), money.ZERO)
    found = _mine(asked, which).exclude(kind__in=NO_SUPPLY).annotate(credited=credited)

    def shown(rows: Sequence[Any]) -> list[Row]:
        return [
            Row(
                cells=[
                    row.contract.number,
                    row.number,
                    row.issued_on,
                    row.about,
                    row.net,
                    -row.credited,
                    row.net - row.credited,
                ],
                url=reverse("seller:invoice", args=[row.ref]),
            )
            for row in rows
        ]

    heads = [_("Contract"), _("Invoice"), _("Issued on"), _("What"), _("Billed"), _("Credited")]
    heads.append(_("Billed, less credits"))
    return Rows(
        heads=heads,
        lines=Listed(found=found.with_what_is_billed().select_related("contract", "instalment__line"), shown=shown),
        total=lambda: money.total([found.aggregate(sum=Sum(F("net") - F("credited"), default=money.ZERO))["sum"]]),
        note=_("Net of tax. Added up is what is billed, less what is credited."),
    )


def _retained(asked: Asked, which: Which) -> Rows:
    """What was withheld of each invoice, what of that was released, and what is still held, with its tax where that was
    agreed; ``kind`` says which of them is added up."""
    part = which.kind or HELD
    kept = Retention.objects.filter(invoice=OuterRef("pk")).order_by().values("invoice")
    found = (
        _mine(asked, which)
        .annotate(
            withheld=Coalesce(Subquery(kept.annotate(sum=Sum("held")).values("sum")), money.ZERO),
            freed=Coalesce(Subquery(kept.annotate(sum=Sum("released")).values("sum")), money.ZERO),
            part=AMOUNTS[part],
        )
        .exclude(part=0)
    )

    def shown(rows: Sequence[Any]) -> list[Row]:
        return [
            Row(
                cells=[
                    row.contract.number,
                    row.number,
                    row.issued_on,
                    row.withheld,
                    row.freed,
                    row.withheld - row.freed,
                ],
                url=reverse("seller:invoice", args=[row.ref]),
            )
            for row in rows
        ]

    heads = [_("Contract"), _("Invoice"), _("Issued on"), _("Withheld"), _("Released"), _("Still held")]
    notes = {
        WITHHELD: _("Added up is what was withheld, less what of it was credited since."),
        RELEASED: _("Added up is what was released."),
        HELD: _("Added up is what is still held."),
    }
    return Rows(
        heads=heads,
        lines=Listed(found=found.select_related("contract"), shown=shown),
        total=lambda: money.total([found.aggregate(sum=Sum("part", default=money.ZERO))["sum"]]),
        note=notes[part],
    )


TABLES: Final[Mapping[str, tuple[Promise, Callable[[Asked, Which], Rows]]]] = {
    RECOGNITIONS: (gettext_lazy("Recognitions"), recognitions_of),
    EXPECTED: (gettext_lazy("Still to be earned"), expected_of),
    INVOICES: (gettext_lazy("Invoices and credits"), _invoices),
    RETAINED: (gettext_lazy("Retained"), _retained),
    ENTRIES: (gettext_lazy("Entries of the ledger"), entries_of),
}
"""By name in the address."""


def rows_of(asked: Asked, which: Which) -> Rows:
    return TABLES[which.of][1](asked, which)
