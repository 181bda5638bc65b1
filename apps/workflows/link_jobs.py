"""The job of links to what goes on; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import MAIL_AGAIN
from apps.workflows.mails import going_on as mails


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_link(*, grant_ref: str, organisation_id: int) -> None:
    """Send the buyer's signatory the link to defects, a dispute, a termination or events; nothing once it is dead."""
    with walls.asking_for(organisation_id):
        mails.link_to_what_goes_on(grant_ref=grant_ref)
