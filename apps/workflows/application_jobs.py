"""The jobs of applications for payment; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import MAIL_AGAIN
from apps.workflows.mails import applications as mails


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_application_news(*, application_ref: str, what: str, organisation_id: int) -> None:
    """Tell one side what the other one did with an application: submitted, withdrawn, returned or certified."""
    with walls.asking_for(organisation_id):
        mails.application_news(application_ref=application_ref, what=what, organisation_id=organisation_id)
