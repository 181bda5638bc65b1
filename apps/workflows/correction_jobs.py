"""The jobs of corrected invoices: their documents, and the mails that go with them. As in :mod:`jobs`, they may run
twice, and carry references only."""

from django.db import transaction
from procrastinate.contrib.django import app

from apps.core import clock
from apps.core.database import walls
from apps.invoicing.models import CorrectedInvoice
from apps.invoicing.services import correction_deliveries
from apps.workflows.jobs import MAIL_AGAIN, RENDER_AGAIN


@app.task(queue="documents", retry=RENDER_AGAIN)
def render_corrected_invoice(*, corrected_ref: str, organisation_id: int) -> None:
    """Make the PDF of a corrected invoice as an invoice's is made; ready, it is put on its way to the buyer."""
    from apps.invoicing import corrected_documents  # only the worker needs it

    with walls.asking_for(organisation_id):
        corrected_documents.render(corrected_ref=corrected_ref, when_ready=_send)


def _send(corrected: CorrectedInvoice) -> None:
    delivery = correction_deliveries.deliver_correction(corrected, at=clock.now())
    send_corrected_invoice.defer(delivery_ref=delivery.ref, organisation_id=delivery.buyer_id)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_corrected_invoice(*, organisation_id: int, delivery_ref: str = "", corrected_ref: str = "") -> None:
    """Mail a corrected invoice with its document to the buyer, and note to whom it went; not if it went already.

    Jobs that were queued before each letter was a row name the corrected invoice instead.
    """
    from apps.workflows.mails import corrections as mails

    with walls.asking_for(organisation_id):
        if not delivery_ref:
            corrected = CorrectedInvoice.objects.get(ref=corrected_ref)
            delivery_ref = correction_deliveries.first_delivery(corrected, at=clock.now()).ref
        sent = mails.corrected_invoice(delivery_ref=delivery_ref)
        if sent is not None:
            with transaction.atomic():
                correction_deliveries.correction_delivered(
                    delivery_ref=delivery_ref, to=sent.to, message_id=sent.message_id, at=clock.now()
                )
