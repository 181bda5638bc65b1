"""The jobs of :mod:`apps.workflows.payment_documents`; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import MAIL_AGAIN
from apps.workflows.mails import payment_documents as mails


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_document_handed_in(*, document_ref: str, organisation_id: int) -> None:
    """Tell the buyer's payables that a document waits to be checked."""
    with walls.asking_for(organisation_id):
        mails.document_handed_in(document_ref=document_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_document_decided(*, document_ref: str, organisation_id: int) -> None:
    """Tell the seller's billing that a document was confirmed or returned."""
    with walls.asking_for(organisation_id):
        mails.document_decided(document_ref=document_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_document_ending(*, document_ref: str, organisation_id: int) -> None:
    """Tell the seller's billing that a document ends soon."""
    with walls.asking_for(organisation_id):
        mails.document_ending(document_ref=document_ref)
