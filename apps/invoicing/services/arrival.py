"""Whether an invoice is known to have reached its buyer, where a mail with it came back."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.contracts.models import MailFailure
from apps.contracts.rules.returned_mail import GIVEN_UP_WITHIN
from apps.invoicing.models import Allocation, Delivery, InvoiceLink, OpenItem


def never_arrived(invoice: str) -> Q:
    """Of rows with an ``invoice``: every mail with it came back from everywhere, and nothing else shows that the buyer
    has it: nobody opened its page, nothing was paid on it.

    Where no mail was sent at all, somebody handed it over: of that nothing is known.
    """
    sent = _sent().filter(invoice=OuterRef(invoice))
    seen = InvoiceLink.objects.filter(invoice=OuterRef(invoice), first_viewed_at__isnull=False)
    paid = Allocation.objects.filter(invoice=OuterRef(invoice))
    reached = _reached(sent, failures=MailFailure.objects.all())
    return Q(Exists(sent)) & ~Q(Exists(reached)) & ~Q(Exists(seen)) & ~Q(Exists(paid))


def is_known_to_have_arrived(invoice_ref: str) -> bool:
    """Whether the buyer is known to have an invoice, or nothing is known against it."""
    return OpenItem.objects.exclude(never_arrived("invoice")).filter(invoice__ref=invoice_ref).exists()


def arrivals(invoices: Collection[int]) -> Mapping[int, datetime | None]:
    """Of those of which a mail came back, since when the buyer is known to have the invoice; None for not at all.

    What comes back only after days is not counted: interest that ran meanwhile is not taken back.
    """
    early = MailFailure.objects.filter(received_at__lte=F("mail__sent_at") + GIVEN_UP_WITHIN)
    failed = early.filter(mail__message_id=OuterRef("message_id"))
    doubtful = set(_sent().filter(Exists(failed), invoice__in=invoices).values_list("invoice_id", flat=True))
    if not doubtful:
        return {}
    proofs: dict[int, list[datetime]] = defaultdict(list)
    for rows in (
        _reached(_sent(), failures=early).filter(invoice__in=doubtful).values_list("invoice_id", "sent_at"),
        InvoiceLink.objects.filter(invoice__in=doubtful).values_list("invoice_id", "first_viewed_at"),
        Allocation.objects.filter(invoice__in=doubtful).values_list("invoice_id", "allocated_at"),
    ):
        for pk, at in rows:
            if at is not None:
                proofs[pk].append(at)
    return {pk: min(proofs[pk], default=None) for pk in doubtful}


def _sent() -> "QuerySet[Delivery, Delivery]":
    return Delivery.objects.filter(sent_at__isnull=False).order_by()


def _reached(
    sent: "QuerySet[Delivery, Delivery]", *, failures: "QuerySet[MailFailure, MailFailure]"
) -> "QuerySet[Delivery, Any]":
    """Those that did not come back from every mailbox."""
    of_this = failures.filter(mail__message_id=OuterRef("message_id")).order_by()
    counted = of_this.values("mail").annotate(number=Count("pk")).values("number")
    failed = Coalesce(Subquery(counted), 0, output_field=IntegerField())
    return sent.annotate(failed=failed).filter(failed__lt=F("recipients__len"))
