"""The jobs of contracts that a buyer begins; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows import mails
from apps.workflows.jobs import MAIL_AGAIN


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_seller_asked(*, grant_ref: str, organisation_id: int) -> None:
    """Ask the person whom a buyer named to take the seller's place, and to read what the buyer proposes."""
    with walls.asking_for(organisation_id):
        mails.seller_asked(grant_ref=grant_ref)
