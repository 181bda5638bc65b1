"""What is printed upstream and has to name what stands downstream: read here, and handed in as a plain value."""

from apps.invoicing.models import Invoice
from apps.milestones import certificates
from apps.milestones.certificates import BilledBy


def make_certificate(*, submission_ref: str) -> None:
    """The certificate of an acceptance, with the invoice that it issued."""
    invoice = Invoice.objects.get(milestone__accepted_submission__ref=submission_ref)
    billed = BilledBy(
        number=invoice.number,
        ref=invoice.ref,
        net=invoice.net,
        tax=invoice.tax,
        gross=invoice.gross,
        sha256=invoice.snapshot_sha256,
    )
    certificates.make(submission_ref=submission_ref, invoice=billed)
