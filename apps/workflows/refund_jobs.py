"""The jobs of refunds; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import MAIL_AGAIN
from apps.workflows.mails import refunds as mails


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_refund(*, refund_ref: str, organisation_id: int) -> None:
    """Tell the payer that its money is on the way back."""
    with walls.asking_for(organisation_id):
        mails.refund(refund_ref=refund_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_refund_returned(*, refund_ref: str, organisation_id: int) -> None:
    """Tell the payer that a refund did not reach it."""
    with walls.asking_for(organisation_id):
        mails.refund_returned(refund_ref=refund_ref)
