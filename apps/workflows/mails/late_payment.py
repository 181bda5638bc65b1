"""What a reminder says of interest and fee for being late."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.invoicing.models import Invoice, OpenItem
from apps.invoicing.services.late_interest import late_charges
from apps.workflows.mails.letter import money


def late_lines(billed: Invoice) -> list[dict[str, Any]]:
    """Interest and fee that the contract agrees on, as they have run until today; what is asked for is without them."""
    items = OpenItem.objects.filter(invoice=billed)
    late = late_charges(items, today=clock.today(billed.seller.time_zone)).get(billed.pk)
    if late is None:
        return []
    said = (
        (_("Interest as agreed, until today; not in the amount above"), late.charge.interest),
        (_("Fee for late payment as agreed; not in the amount above"), late.charge.fee),
    )
    return [money(term, amount, billed.currency) for term, amount in said if amount]
