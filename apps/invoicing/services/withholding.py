"""What is withheld of an invoice when it is issued, by the terms of its contract."""

from typing import Any, Final

from django.db.models import Count, DecimalField, Exists, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from apps.contracts import rules as contracts
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import GROSS
from apps.core import money
from apps.core.database.kept import Argument, Read
from apps.invoicing import rules, snapshot
from apps.invoicing.models import CreditNote, Invoice, InvoiceKind, Retention, RetentionRelease
from apps.milestones.models import Milestone

MONEY: "DecimalField[Any, Any]" = DecimalField(max_digits=18, decimal_places=3)

COUNTED: Final = (InvoiceKind.MILESTONE, InvoiceKind.ADVANCE)
"""Kinds of invoices of which retention counts what is billed: milestones, each less what it gives back of deposits, and
those deposits, which the buyer pays ahead of them."""


@Read
def _before() -> "QuerySet[Contract, Contract]":
    """A contract with what its invoices add up to, less what was credited of them: that may be billed once more.

    It is held by the caller, so nothing is added meanwhile.
    """
    billed = Invoice.objects.filter(contract=OuterRef("pk"), kind__in=COUNTED).order_by()
    credited = CreditNote.objects.filter(contract=OuterRef("pk"), invoice__kind__in=COUNTED).order_by()
    return Contract.objects.filter(pk=Argument("contract_id")).annotate(
        billed_net=_sum(billed, "net") - _sum(credited, "net"),
        billed_gross=_sum(billed, "gross") - _sum(credited, "gross"),
        is_last=~Exists(
            Milestone.objects.unfinished()
            .filter(contract=OuterRef("pk"))
            .exclude(pk=Argument("milestone_id"))
            .order_by()
        ),
        held=_sum(Retention.objects.filter(contract=OuterRef("pk")).order_by(), "held"),
        released=Coalesce(
            Subquery(
                RetentionRelease.objects.filter(contract=OuterRef("pk"))
                .order_by()
                .values("contract")
                .annotate(count=Count("pk"))
                .values("count")
            ),
            Value(0),
        ),
    )


def withheld(
    *, contract: Contract, version: ContractVersion, totals: rules.Totals, milestone: Milestone
) -> snapshot.Retained | None:
    """What is kept back of an invoice with these totals; None where no retention was agreed or nothing is kept back.

    ``milestone`` is what it bills, accepted already or about to be.

    One query, and none where nothing was agreed.
    """
    terms = contracts.read_retention(version.retention)
    if terms is None:
        return None
    asked = _before.first(contract_id=contract.pk, milestone_id=milestone.pk)
    if asked is None:
        raise LookupError(f"contract {contract.pk} cannot be seen: nobody asks for it")
    before, currency = vars(asked), contract.currency
    held = rules.withheld_of(
        net=totals.net,
        gross=totals.gross,
        price=version.price,
        whole=version.price + money.half_up(version.price * version.tax_rate / 100, currency),
        before=rules.Withheld(
            billed=before["billed_gross"] if terms.base == GROSS else before["billed_net"],
            held=before["held"],
            is_over=before["released"] >= len(terms.releases),
            is_last=before["is_last"],
        ),
        terms=terms,
        currency=currency,
    )
    return snapshot.Retained(held, totals.gross - held, terms.releases) if held else None


def _sum(rows: "QuerySet[Any, Any]", column: str) -> Coalesce:
    summed = rows.values("contract").annotate(sum=Sum(column)).values("sum")
    return Coalesce(Subquery(summed, output_field=MONEY), Value(money.ZERO), output_field=MONEY)
