"""The jobs of statements of account; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from django.db import transaction
from procrastinate.contrib.django import app

from apps.core import clock
from apps.core.database import walls
from apps.invoicing.models import AccountLetter
from apps.workflows.jobs import MAIL_AGAIN, RENDER_AGAIN


@app.task(queue="documents", retry=RENDER_AGAIN)
def make_account_letter(*, letter_ref: str, organisation_id: int) -> None:
    """Make the PDF of a statement and put it on its way to the buyer; nothing happens if it is there."""
    from apps.invoicing.services import account_letters  # the renderer is heavy, and only the worker needs it

    with walls.asking_for(organisation_id):
        account_letters.render_letter(letter_ref=letter_ref, when_ready=_send)


def _send(letter: AccountLetter) -> None:
    send_account_letter.defer(letter_ref=letter.ref, organisation_id=letter.buyer_id)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_account_letter(*, letter_ref: str, organisation_id: int, time: int = 0) -> None:
    """Mail a statement to whoever pays for the buyer, and note to whom it went; not if it went already. ``time`` counts
    how often somebody asked for it again."""
    from apps.invoicing.services import letter_sending
    from apps.workflows.mails import account_letters as mails

    with walls.asking_for(organisation_id):
        sent = mails.account_letter(letter_ref=letter_ref, time=time)
        if sent is None:
            return
        to, message_id, at = sent.to, sent.message_id, clock.now()
        with transaction.atomic():
            # One that was asked for again before the first went is the first, too.
            letter_sending.letter_sent(letter_ref=letter_ref, to=to, message_id=message_id, at=at)
            if time:
                letter_sending.letter_sent_again(letter_ref=letter_ref, time=time, to=to, message_id=message_id, at=at)
