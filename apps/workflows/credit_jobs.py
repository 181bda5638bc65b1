"""The jobs of corrections: documents of credit notes, and the mails that go with them. As in :mod:`jobs`, they may run
twice, and carry references only."""

from django.db import transaction
from procrastinate.contrib.django import app

from apps.core import clock
from apps.core.database import walls
from apps.invoicing.models import CreditNote, CreditNoteDocument
from apps.invoicing.services import correction_deliveries
from apps.workflows import mails
from apps.workflows.jobs import MAIL_AGAIN, RENDER_AGAIN


@app.task(queue="documents", retry=RENDER_AGAIN)
def render_credit_note(*, credit_note_ref: str, organisation_id: int) -> None:
    """Make the PDF of an issued credit note as an invoice's is made; ready, it is put on its way to the buyer."""
    from apps.invoicing import credit_documents  # only the worker needs it

    with walls.asking_for(organisation_id):
        credit_documents.render(credit_note_ref=credit_note_ref, when_ready=_send_credit_note)


def _send_credit_note(document: CreditNoteDocument) -> None:
    delivery = correction_deliveries.deliver_correction(document.credit_note, at=clock.now())
    send_credit_note.defer(delivery_ref=delivery.ref, organisation_id=delivery.buyer_id)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_credit_note(*, organisation_id: int, delivery_ref: str = "", credit_note_ref: str = "") -> None:
    """Mail a credit note with its document to the buyer, and note to whom it went; not if it went already.

    Jobs that were queued before each letter was a row name the credit note instead.
    """
    with walls.asking_for(organisation_id):
        if not delivery_ref:
            note = CreditNote.objects.get(ref=credit_note_ref)
            delivery_ref = correction_deliveries.first_delivery(note, at=clock.now()).ref
        sent = mails.credit_note(delivery_ref=delivery_ref)
        if sent is not None:
            with transaction.atomic():
                correction_deliveries.correction_delivered(
                    delivery_ref=delivery_ref, to=sent.to, message_id=sent.message_id, at=clock.now()
                )


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_nullification_news(*, nullification_ref: str, organisation_id: int) -> None:
    """Tell one side that the other asks to withdraw an acceptance, or what it answered."""
    with walls.asking_for(organisation_id):
        mails.nullification_news(nullification_ref=nullification_ref, organisation_id=organisation_id)
