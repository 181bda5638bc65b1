"""What a termination leaves unbilled: deposits and periods from the day on which the notice takes effect."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import F, Q, Sum

from apps.contracts.models import Contract, Termination
from apps.core import money
from apps.core.errors import Refused
from apps.invoicing.models import BESIDE_PLAN, CreditNote, Instalment, Invoice, InvoiceKind
from apps.invoicing.models.instalment import InstalmentQuerySet
from apps.milestones.services import NotBilled

NO_PART_OF_THE_PRICE: Final = (*BESIDE_PLAN, InvoiceKind.ADVANCE)
"""Kinds of invoices that bill nothing of it."""


def billed_no_more(contract: Contract, *, notice: Termination) -> list[NotBilled]:
    """The deposits and recurring lines of which something is billed no more: of each how much, in the plan's order.

    That is whatever falls due on the day on which the notice takes effect or later, or has no day yet.
    """
    sums: dict[tuple[int, str], list[Decimal]] = defaultdict(list)
    for one in _after(contract, notice=notice).of_the_price().order_by("position", "number"):
        sums[one.position, one.title].append(one.amount)
    return [NotBilled(title, len(found), money.total(found)) for (_position, title), found in sums.items()]


def billed_of(contract: Contract) -> Decimal:
    """What was billed of the price of a contract and not credited, net of tax: statements of retention ask for nothing
    new, and deposits that later invoices give back are no part of the price."""
    invoices = Invoice.objects.filter(contract=contract).exclude(kind__in=NO_PART_OF_THE_PRICE)
    notes = CreditNote.objects.of_lines().filter(contract=contract).exclude(invoice__kind__in=NO_PART_OF_THE_PRICE)
    billed = invoices.aggregate(sum=Sum(F("net") + F("recovered")))["sum"] or money.ZERO
    credited = notes.aggregate(sum=Sum(F("net") + F("given_back")))["sum"] or money.ZERO
    return billed - credited


def cancel_instalments(*, contract: Contract, notice: Termination, at: datetime) -> None:
    """Cancel what is billed no more, before anything else is invoiced that lines could start with.

    Refused while something that fell due before is still to be billed: a job does that within minutes.
    """
    before = Instalment.objects.filter(contract=contract).unbilled().filter(bills_on__lt=notice.effective_on).first()
    if before is not None:
        raise Refused(
            "“{title}” fell due before the end and is about to be billed. Try again in some minutes.",
            title=str(before),
        )
    _after(contract, notice=notice).update(cancelled_at=at)


def _after(contract: Contract, *, notice: Termination) -> InstalmentQuerySet:
    unbilled = Instalment.objects.filter(contract=contract).unbilled()
    return unbilled.filter(Q(bills_on__isnull=True) | Q(bills_on__gte=notice.effective_on))
