"""What is open on all pages of a list of invoices together, by currency."""

from datetime import date
from decimal import Decimal

from django.db.models import QuerySet, Sum

from apps.invoicing.models import Invoice
from apps.invoicing.models.open_sum import OpenSumQuerySet


def of_all(sums: OpenSumQuerySet, *, state: str, today: date) -> dict[str, Decimal]:
    """Of all invoices of a side, or those that are ``overdue``, in one query of the sums that are kept."""
    if state == "paid":
        return {}
    found = sums.by_currency(overdue_on=today)
    amounts = {currency: overdue if state == "overdue" else opened for currency, (opened, overdue) in found.items()}
    return {currency: amount for currency, amount in sorted(amounts.items()) if amount}


def of_found(open_ones: QuerySet[Invoice, Invoice]) -> dict[str, Decimal]:
    """Of the open invoices that a search found: which these are is kept nowhere."""
    return dict(open_ones.order_by("currency").values_list("currency").annotate(sum=Sum("open_item__open")))
