"""What is billed and paid of contracts, on the scale of their price net of tax, less what credit notes take from it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce, NullIf

from apps.core import money
from apps.invoicing.models import BESIDE_PLAN, CreditNote, OpenItem, RetentionShare
from apps.invoicing.models.invoice import InvoiceKind

BILLS: Final = ~Q(invoice__kind__in=BESIDE_PLAN)
"""A statement of released retention bills nothing anew, nor does a claim for late payment; a bonus is no plan."""
PAYS: Final = BILLS | Q(invoice__kind=InvoiceKind.RETENTION_RELEASE)
"""What is paid of the plan: its invoices, and by a statement of its own what was retained of them."""
RATIO: Final = DecimalField(max_digits=40, decimal_places=20)


def _net_share(of: str) -> Any:
    """How much of one unit that is paid of an invoice is net of its own tax."""
    return F(f"{of}net") / NullIf(F(f"{of}gross"), money.ZERO)


_RELEASED: Final = (
    RetentionShare.objects.filter(release__invoice=OuterRef("invoice"))
    .order_by()
    .values("release")
    .annotate(net=Sum(F("amount") * _net_share("retention__invoice__"), output_field=RATIO) / Sum("amount"))
    .values("net")
)
"""The same of a release statement, which bears no tax: of the invoices of which it was retained."""


def rows_of(contract_ids: Iterable[int]) -> "QuerySet[Any, Any]":
    """What open items come to by contract: billed ``net`` and ``gross_sum``, ``credited_sum`` and ``paid_sum`` of it,
    ``open_sum`` of everything, and ``paid_share``: each payment less the tax of the invoice that it settled."""
    share = Case(
        When(invoice__kind=InvoiceKind.RETENTION_RELEASE, then=Subquery(_RELEASED, output_field=RATIO)),
        default=_net_share("invoice__"),
        output_field=RATIO,
    )
    return (
        OpenItem.objects.filter(contract_id__in=contract_ids)
        .order_by()
        .values("contract_id")
        .annotate(
            net=Sum("invoice__net", filter=BILLS, default=money.ZERO),
            gross_sum=Sum("gross", filter=BILLS, default=money.ZERO),
            credited_sum=Sum("credited", filter=BILLS, default=money.ZERO),
            paid_sum=Sum("paid", filter=PAYS, default=money.ZERO),
            paid_share=Coalesce(
                Sum(F("paid") * share, filter=PAYS, output_field=RATIO), money.ZERO, output_field=RATIO
            ),
            open_sum=Sum("open"),
        )
    )


def less_credits(owed: Mapping[int, Any]) -> Mapping[int, Any]:
    """The sums of open items by contract (``net``, ``gross_sum``, ``credited_sum``), less what is credited of them.

    Contracts on which nothing was ever credited ask nothing.
    """
    touched = [contract for contract, row in owed.items() if row["credited_sum"]]
    if not touched:
        return owed
    notes = CreditNote.objects.of_lines().filter(contract_id__in=touched).order_by().values_list("contract_id")
    nets: dict[int, Decimal] = dict(notes.annotate(sum=Sum("net")))
    return {
        contract: {
            **row,
            "net": row["net"] - nets.get(contract, money.ZERO),
            "gross_sum": row["gross_sum"] - row["credited_sum"],
        }
        for contract, row in owed.items()
    }


def paid_net(owed: Mapping[str, Any], *, currency: str) -> Decimal:
    """What is paid of what is owed, on the scale of the price; once everything is paid, exactly what is billed.

    A payment includes the tax of the invoice that it settles, and no other: what is billed or credited beside it at
    another rate changes nothing of what was paid.
    """
    if not owed or not owed["paid_sum"]:
        return money.ZERO
    billed: Decimal = owed["net"]
    if owed["paid_sum"] == owed["gross_sum"]:
        return billed
    return min(billed, money.half_up(owed["paid_share"], currency))
