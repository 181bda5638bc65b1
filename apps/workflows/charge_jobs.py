"""The job of :mod:`apps.workflows.charging`; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import MAIL_AGAIN
from apps.workflows.mails import charges as mails


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_charge_news(*, charge_ref: str, state: str, organisation_id: int) -> None:
    """Tell one side what the other claimed, answered, waived or withdrew; not what is over by now."""
    with walls.asking_for(organisation_id):
        mails.charge_news(charge_ref=charge_ref, state=state, organisation_id=organisation_id)
