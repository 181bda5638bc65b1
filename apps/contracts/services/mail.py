"""Mails that prove something or carry a document: that they were sent, and that they came back."""

from collections.abc import Sequence
from datetime import datetime

from apps.audit import services as audit
from apps.contracts.models import MailFailure, SentMail
from apps.contracts.rules.returned_mail import Failure, came_back_in_time
from apps.parties.actor import Actor


def note_sent(
    *,
    name: str,
    subject: str,
    contract_id: int | None,
    sender_id: int,
    reader_id: int,
    to: Sequence[str],
    message_id: str,
    at: datetime,
) -> SentMail:
    """The mail server took a letter; what another run of the same job noted stays."""
    said = {"name": name, "subject": subject, "contract_id": contract_id, "recipients": list(to), "sent_at": at}
    sides = {"sender_id": sender_id, "reader_id": reader_id}
    mail, _is_new = SentMail.objects.get_or_create(message_id=message_id, defaults={**said, **sides})
    return mail


def note_failure(
    *, mail: SentMail, mailbox: str, failure: Failure, received_at: datetime, actor: Actor, at: datetime
) -> MailFailure | None:
    """A letter came back from a mailbox to which it went; None when that is known already.

    The clocks of mail servers differ: nothing came back before it was sent, or after it is read.
    """
    if MailFailure.objects.filter(mail=mail, mailbox=mailbox).exists():
        return None
    received = max(mail.sent_at, min(received_at, at))
    noted = MailFailure.objects.create(
        mail=mail,
        mailbox=mailbox,
        status=failure.status,
        reason=failure.reason,
        received_at=received,
        recorded_at=max(at, received),
    )
    chain = f"contract:{mail.contract.ref}" if mail.contract is not None else f"organisation:{mail.sender.ref}"
    parties = (mail.sender_id, mail.reader_id) if mail.contract is not None else (mail.sender_id,)
    audit.record(
        chain=chain,
        parties=parties,
        verb="mail.came_back",
        subject=mail.subject,
        actor=actor,
        at=at,
        letter=mail.name,
        mailbox=mailbox,
        message=mail.message_id,
        sent_at=mail.sent_at,
        received_at=received,
        status=failure.status,
    )
    return noted


def proves_nothing(mail_id: int, *, sent_at: datetime) -> bool:
    """Whether a letter came back within the hours for which it has to stand."""
    received = MailFailure.objects.filter(mail_id=mail_id).values_list("received_at", flat=True)
    return came_back_in_time(received, sent_at=sent_at)
