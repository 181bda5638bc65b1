"""The jobs of disputes; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from typing import Final

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import MAIL_AGAIN
from apps.workflows.mails import disputes as mails

RAISED: Final = "raised"
ENDED: Final = "ended"


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_dispute_news(*, dispute_ref: str, what: str, organisation_id: int) -> None:
    """Tell one side what the other one said or did; ``what`` is raised, ended, or the number of what was written."""
    with walls.asking_for(organisation_id):
        mails.dispute_news(dispute_ref=dispute_ref, what=what, organisation_id=organisation_id)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_dispute_reminder(*, dispute_ref: str, organisation_id: int) -> None:
    """Remind the side whose position is awaited that its deadline passed."""
    with walls.asking_for(organisation_id):
        mails.dispute_reminder(dispute_ref=dispute_ref, organisation_id=organisation_id)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_dispute_to_financier(*, dispute_ref: str, tranche_ref: str, organisation_id: int) -> None:
    """Tell a financier that what it advances on is in dispute, or not any more."""
    with walls.asking_for(organisation_id):
        mails.dispute_to_financier(dispute_ref=dispute_ref, tranche_ref=tranche_ref)
