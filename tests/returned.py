"""Notifications of failed mails, as mail servers write them (RFC 3464)."""

from collections.abc import Iterable
from datetime import datetime

from apps.contracts.models import SentMail
from apps.contracts.rules.returned_mail import Failure
from apps.core import clock
from apps.core.database import walls
from apps.parties.actor import Actor
from apps.workflows import notices


def bounce(mail: SentMail, mailboxes: Iterable[str], *, at: datetime) -> None:
    """A mail came back from some of its mailboxes at this moment."""
    failure = Failure((), "5.1.1", "550 5.1.1 no such user")
    actor = Actor.system(organisation_id=mail.sender_id)
    with clock.stopped(at), walls.asking_for(mail.sender_id, mail.reader_id):
        own = SentMail.objects.select_related("contract", "sender").get(pk=mail.pk)
        for mailbox in mailboxes:
            assert notices.note_failure(actor=actor, mail=own, mailbox=mailbox, failure=failure, received_at=at, at=at)


def notification(
    message_id: str,
    mailbox: str,
    *,
    action: str = "failed",
    original: str = "",
    form: str = "text/rfc822-headers",
    reason: str = "smtp; 550 5.1.1 no such user",
) -> bytes:
    """That a mail was not delivered to a mailbox."""
    told = f"Original-Recipient: rfc822;{original}\n" if original else ""
    return (
        "From: MAILER-DAEMON@mx.example\nTo: no-reply@cairn.example\nSubject: Undelivered\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status;\n boundary="=r"\n\n'
        "--=r\nContent-Type: text/plain\n\nYour mail came back.\n\n"
        "--=r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"{told}Final-Recipient: rfc822; {mailbox}\nAction: {action}\nStatus: 5.1.1\nDiagnostic-Code: {reason}\n\n"
        f"--=r\nContent-Type: {form}\n\nSubject: Sign off\nMessage-ID:\n {message_id}\n\n--=r--\n"
    ).encode()
