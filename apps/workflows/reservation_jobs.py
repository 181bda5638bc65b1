"""The jobs of reservations; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import MAIL_AGAIN
from apps.workflows.mails import reservations as mails


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_reservation_news(*, word_ref: str, organisation_id: int) -> None:
    """Tell one side what the other one said of a defect: mended, not yet, released, or at a lower price."""
    with walls.asking_for(organisation_id):
        mails.reservation_news(word_ref=word_ref, organisation_id=organisation_id)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_defect_reminder(*, reservation_ref: str, what: str, organisation_id: int) -> None:
    """Tell the seller that the day of a defect is near, or has passed."""
    with walls.asking_for(organisation_id):
        mails.defect_reminder(reservation_ref=reservation_ref, what=what)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_answer_reminder(*, reservation_ref: str, due: str, organisation_id: int) -> None:
    """Remind the buyer to look at what was mended, or tell the seller that nobody did in time."""
    with walls.asking_for(organisation_id):
        mails.answer_reminder(reservation_ref=reservation_ref, due=due, organisation_id=organisation_id)
