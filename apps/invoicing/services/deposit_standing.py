"""How a contract stands with its deposits: what was invoiced, credited and given back of each, and what is still to be
billed that can give them back."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from apps.contracts import rules as contracts
from apps.contracts.models import Contract
from apps.core import money
from apps.invoicing.models import (
    ApplicationLine,
    CreditNote,
    CreditNoteLine,
    Instalment,
    Invoice,
    InvoiceKind,
    InvoiceLine,
)
from apps.milestones.models import Milestone, Reservation

MONEY: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=18, decimal_places=3)


@dataclass(frozen=True, slots=True)
class Deposit:
    """A deposit as it stands, net of tax: ``invoiced``, ``credited``, ``given_back`` by later invoices less what their
    credit notes returned to it, and how it is given back."""

    invoice: Invoice
    invoiced: Decimal
    credited: Decimal
    given_back: Decimal
    recovery: contracts.Recovery

    @property
    def left(self) -> Decimal:
        """What of it no invoice has given back."""
        return self.invoiced - self.credited - self.given_back


@dataclass(frozen=True, slots=True)
class Standing:
    """How a contract stands with its deposits, as queries: those that were invoiced, and what is still to be billed."""

    invoiced: "QuerySet[Invoice, Invoice]"
    to_bill: "QuerySet[Contract, Contract]"

    @property
    def asked(self) -> "Sequence[QuerySet[Any, Any]]":
        """All of it, for whoever asks more at once."""
        return self.invoiced, self.to_bill

    @property
    def deposits(self) -> list[Deposit]:
        """The deposits, the oldest first."""
        return [
            Deposit(
                invoice=one,
                invoiced=one.net,
                credited=vars(one)["credited_net"],
                given_back=vars(one)["returned"] - vars(one)["given"],
                recovery=recovery,
            )
            for one in self.invoiced
            if one.instalment is not None and (recovery := one.instalment.line.given_back) is not None
        ]

    @property
    def still_to_bill(self) -> Decimal:
        """What of the price is not billed yet."""
        (found,) = self.to_bill
        names = ("open_milestones", "open_instalments", "standing", "withheld")
        return money.total(vars(found)[name] for name in names)


def standing_of(contract: Contract, *, without: Instalment | None = None) -> Standing:
    """How a contract stands; ``without`` is an instalment that is being billed."""
    return Standing(_invoiced(contract), _to_bill(contract, without=without))


def deposits(contract: Contract) -> list[Deposit]:
    """The deposits of a contract that were invoiced as an advance, the oldest first. One query."""
    return standing_of(contract).deposits


def _invoiced(contract: Contract) -> "QuerySet[Invoice, Invoice]":
    notes = CreditNote.objects.filter(invoice=OuterRef("pk")).order_by().values("invoice")
    lines = InvoiceLine.objects.filter(advance=OuterRef("pk")).order_by().values("advance")
    returned = CreditNoteLine.objects.filter(invoice_line__advance=OuterRef("pk")).order_by()
    return (
        Invoice.objects.filter(contract=contract, kind=InvoiceKind.ADVANCE)
        .select_related("instalment__line")
        .annotate(
            credited_net=_sum(notes),
            given=_sum(lines),
            returned=_sum(returned.values("invoice_line__advance")),
        )
        .order_by("pk")
    )


def has_advances(contract: Contract) -> bool:
    """Whether invoices of a contract give back a deposit, or will once that is invoiced."""
    return Instalment.objects.filter(contract=contract, cancelled_at__isnull=True).exclude(line__recovery="").exists()


def still_to_bill(contract: Contract, *, without: Instalment | None = None) -> Decimal:
    """What of the price is not billed yet, net of tax: open milestones, what stands in applications for payment or is
    withheld there for defects, and instalments that are a part of the price.

    ``without`` is one that is being billed. One query.
    """
    return standing_of(contract, without=without).still_to_bill


def _to_bill(contract: Contract, *, without: Instalment | None) -> "QuerySet[Contract, Contract]":
    milestones = Milestone.objects.unfinished().filter(contract=OuterRef("pk")).order_by().values("contract")
    instalments = Instalment.objects.filter(contract=OuterRef("pk")).unbilled().of_the_price().order_by()
    if without is not None:
        instalments = instalments.exclude(pk=without.pk)
    standing = ApplicationLine.objects.standing().filter(application__contract=OuterRef("pk")).order_by()
    withheld = Reservation.objects.held_back().filter(contract=OuterRef("pk")).order_by()
    return Contract.objects.filter(pk=contract.pk).annotate(
        open_milestones=_sum(milestones, "amount"),
        open_instalments=_sum(instalments.values("contract"), "amount"),
        standing=_sum(standing.values("application__contract"), "claimed"),
        withheld=_sum(withheld.values("contract"), "amount"),
    )


def _sum(rows: "QuerySet[Any, Any]", column: str = "net") -> Coalesce:
    summed = rows.annotate(sum=Sum(column)).values("sum")
    return Coalesce(Subquery(summed, output_field=MONEY), Value(money.ZERO), output_field=MONEY)
