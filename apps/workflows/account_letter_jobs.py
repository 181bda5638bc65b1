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
def send_account_letter(*, letter_ref: str, organisation_id: int) -> None:
    """Mail a statement to whoever pays for the buyer, and note to whom it went; not if it went already."""
    from apps.invoicing.services import account_letters
    from apps.workflows.mails import account_letters as mails

    with walls.asking_for(organisation_id):
        sent = mails.account_letter(letter_ref=letter_ref)
        if sent is not None:
            with transaction.atomic():
                account_letters.letter_sent(
                    letter_ref=letter_ref, to=sent.to, message_id=sent.message_id, at=clock.now()
                )
