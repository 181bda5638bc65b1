"""The document that stands for an invoice: what corrected it last, or the invoice itself; and who is paid instead."""

from datetime import date
from typing import Any

from django.db.models import QuerySet

from apps.invoicing import snapshot
from apps.invoicing.models import CorrectedInvoice, Invoice, OpenItem, PayeeInstruction


def standing(invoice: Invoice) -> snapshot.SemanticInvoice:
    """What is said to the buyer of it by now. One query."""
    last = CorrectedInvoice.objects.filter(invoice=invoice).order_by("-place").values_list("snapshot", flat=True)
    return snapshot.read(last.first() or invoice.snapshot)


def corrections(invoices: "QuerySet[Any, Any]") -> "QuerySet[Any, tuple[int, str, date]]":
    """Of each that was corrected, the number and the date of what corrected it, the last one last. A query."""
    rows = CorrectedInvoice.objects.filter(invoice__in=invoices).order_by("place")
    found: QuerySet[Any, tuple[int, str, date]] = rows.values_list("invoice_id", "number", "issued_on")
    return found


def paid_instead(invoice: Invoice, *, printed: snapshot.CreditTransfer | None) -> PayeeInstruction | None:
    """Whom the buyer pays by now, where that is into another account than the ``printed`` one. One query."""
    now = PayeeInstruction.objects.live().of_invoice(invoice).first()
    return None if now is None or _numbers(now) == _numbers(printed) else now


def corrects(
    item: OpenItem, *, before: snapshot.SemanticInvoice, changes: tuple[tuple[str, str], ...], reason: str
) -> snapshot.Corrects:
    """What a corrected invoice stands in place of, and what of that is not paid any more as both say it."""
    instead = paid_instead(item.invoice, printed=before.credit_transfer)
    return snapshot.Corrects(
        number=before.number,
        issue_date=before.issue_date,
        reason=reason,
        changes=changes,
        open=item.open if item.open != before.due_now else None,
        payee=instead.payee_name if instead is not None else "",
    )


def _numbers(account: PayeeInstruction | snapshot.CreditTransfer | None) -> tuple[str, str, str] | None:
    """By which one account is told from another, wherever the bank is."""
    return (account.iban, account.account_number, account.routing_number) if account is not None else None
