"""The jobs of :mod:`apps.workflows.hosting`; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import MAIL_AGAIN
from apps.workflows.mails import invoice_questions as mails


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_invoice_question(*, question_ref: str, organisation_id: int) -> None:
    """Pass on to the seller's people what the buyer asks about an invoice."""
    with walls.asking_for(organisation_id):
        mails.invoice_question(question_ref=question_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_invoice_answer(*, question_ref: str, organisation_id: int) -> None:
    """Pass on to the buyer's people what the seller answers."""
    with walls.asking_for(organisation_id):
        mails.invoice_answer(question_ref=question_ref)
