"""The document that stands for an invoice: what corrected it last, or the invoice itself."""

from apps.invoicing import snapshot
from apps.invoicing.models import CorrectedInvoice, Invoice


def standing(invoice: Invoice) -> snapshot.SemanticInvoice:
    """What is said to the buyer of it by now. One query."""
    last = CorrectedInvoice.objects.filter(invoice=invoice).order_by("-place").values_list("snapshot", flat=True)
    return snapshot.read(last.first() or invoice.snapshot)
