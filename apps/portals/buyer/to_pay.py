"""What the buyer pays next, with the account of each and the code that a banking app reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.db.models import F

from apps.core import days
from apps.invoicing.models import Invoice, OpenItem
from apps.invoicing.paying import PayCode
from apps.parties.actor import Actor
from apps.portals.buyer import payees
from apps.portals.buyer.payees import PayTo
from apps.portals.paging import shown_size, sizes

SHOWN: Final = 5
"""Bills with their accounts; the list of invoices holds the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """An invoice with what is payable of it now, and whom to pay; ``pay_to`` is None where no document names an
    account, ``pay_code`` where no standard has a code for it."""

    invoice: Invoice
    amount: Decimal
    due_on: date
    is_late: bool
    pay_to: PayTo | None
    pay_code: PayCode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bills:
    """The first that are to be paid; ``total`` says how many there are where not all are shown."""

    rows: Sequence[Bill]
    total: str = ""


def first_bills(actor: Actor, *, today: date) -> Bills:
    """Those that fall due first, in two queries, and one more where there may be others. What waits for documents or is
    wholly in dispute is not paid now."""
    owed = OpenItem.objects.of_buyer(actor).open().filter(open__gt=F("disputed"), due_on__lt=days.NOT_YET)
    # Found by their keys alone, in the order of their index: what is shown beside is joined to these and no others.
    first = owed.order_by("due_on", "pk").values("pk")[:SHOWN]
    rows = OpenItem.objects.filter(pk__in=first).select_related("invoice__seller").order_by("due_on", "pk")
    items = list(rows)
    found = payees.of_invoices(actor, [item.invoice for item in items])
    bills = [
        Bill(
            invoice=item.invoice,
            amount=item.payable,
            due_on=item.due_on,
            is_late=item.due_on < today,
            pay_to=(pay_to := found[item.invoice.pk]),
            pay_code=payees.pay_code(pay_to, item.invoice),
        )
        for item in items
    ]
    if len(bills) < SHOWN:
        return Bills(rows=bills)
    total = sizes(actor, {"owed": owed})["owed"]
    return Bills(rows=bills, total=shown_size(total) if total > SHOWN else "")
