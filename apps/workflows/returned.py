"""Mails that came back: each notification is read, found among what was sent, and noted once."""

from dataclasses import dataclass
from datetime import datetime

from apps.contracts.models import SentMail
from apps.contracts.rules.returned_mail import read_returned, returned_of
from apps.core import clock
from apps.core.database import walls
from apps.parties.actor import Actor
from apps.workflows import notices


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one message: ``is_notice``, it says that a mail failed; ``is_ours``, one that we sent to that
    mailbox; ``noted``, from how many mailboxes that was news."""

    is_notice: bool = False
    is_ours: bool = False
    noted: int = 0


def take_returned(content: bytes, *, received_at: datetime | None = None) -> Taken:
    """Note of one message that our own mailbox took at ``received_at`` (now) what it says of a mail that we sent.

    Anybody may write to that mailbox. So a notification counts only of a Message-ID that was sent to the mailbox which
    it says failed: who knows both has read the mail, or brought it there. Read twice, it is noted once.
    """
    returned = read_returned(content)
    if returned is None:
        return Taken()
    # With the owner's eyes: nobody in particular asks, and whose it is stands in the row.
    mail = SentMail.objects.using("owner").filter(message_id=returned.message_id).first()
    failed = returned_of(returned, recipients=mail.recipients) if mail is not None else []
    if mail is None or not failed:
        return Taken(is_notice=True)
    at, noted = clock.now(), 0
    actor = Actor.system(organisation_id=mail.sender_id)
    for mailbox, failure in failed:
        with walls.asking_for(mail.sender_id, mail.reader_id):
            own = SentMail.objects.select_related("contract", "sender").get(pk=mail.pk)
            noted += notices.note_failure(
                actor=actor, mail=own, mailbox=mailbox, failure=failure, received_at=received_at or at, at=at
            )
    return Taken(is_notice=True, is_ours=True, noted=noted)
