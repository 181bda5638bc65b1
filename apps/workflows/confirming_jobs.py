"""The jobs of confirmed events; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import MAIL_AGAIN, RENDER_AGAIN
from apps.workflows.mails import events as mails


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_event_news(*, event_ref: str, organisation_id: int) -> None:
    """Tell the seller which event the buyer confirmed."""
    with walls.asking_for(organisation_id):
        mails.event_news(event_ref=event_ref)


@app.task(queue="documents", retry=RENDER_AGAIN)
def make_event_certificate(*, event_ref: str, organisation_id: int) -> None:
    """Make the certificate of a confirmed event and store it with its SHA-256; nothing happens if it is there."""
    from apps.workflows import printing  # only the worker needs it

    with walls.asking_for(organisation_id):
        printing.make_event_certificate(event_ref=event_ref)
