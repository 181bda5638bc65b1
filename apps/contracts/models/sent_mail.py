from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from apps.contracts.models.contract import Contract
from apps.core.database import guards, walls
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class SentMailQuerySet(models.QuerySet["SentMail"]):
    def visible_to(self, actor: Actor) -> "SentMailQuerySet":
        """In whose name it was sent, and whose mailboxes it went to; a guest reads none."""
        return self.filter(Q(sender_id=actor.organisation_id) | Q(reader_id=actor.organisation_id))

    def newest(self) -> "SentMailQuerySet":
        """Of each subject the one that was sent last: what was sent again is what counts."""
        later = SentMail.objects.using(self.db).filter(subject=OuterRef("subject"), pk__gt=OuterRef("pk"))
        return self.exclude(Exists(later))


class SentMail(models.Model):
    """A letter that proves something or carries a document, as the mail server took it.

    ``message_id`` is the one it was sent with, by which a notification of failure names it; a letter that is sent twice
    by a job keeps its first row. ``subject`` says what it is about, as the audit trail does (``invoice:REF``), ``name``
    which letter it is. A statement of account belongs to no one contract.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, null=True, blank=True, related_name="+")
    sender = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    reader = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    subject = models.CharField(max_length=60)
    recipients = ArrayField(models.EmailField())
    message_id = models.CharField(max_length=255, unique=True)
    sent_at = models.DateTimeField()

    objects = SentMailQuerySet.as_manager()
    wall = walls.by_organisation("sender_id", "reader_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(recipients=[]), name="a_mail_went_to_somebody")]
        indexes = [models.Index("subject", "id", name="mail_about_a_subject")]
        triggers = guards.append_only()

    def __str__(self) -> str:
        return f"{self.subject} to {', '.join(self.recipients)}"


class MailFailureQuerySet(models.QuerySet["MailFailure"]):
    def visible_to(self, actor: Actor) -> "MailFailureQuerySet":
        return self.filter(mail__in=SentMail.objects.visible_to(actor))


class MailFailure(models.Model):
    """A mail came back from one of the mailboxes to which it went: a notification said so (RFC 3464).

    ``received_at`` is when our own mailbox took the notification, which its sender cannot choose; ``status`` and
    ``reason`` are what it says of itself, and decide nothing.
    """

    mail = models.ForeignKey(SentMail, models.PROTECT, related_name="failures", db_index=False)
    mailbox = models.EmailField()
    status = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    objects = MailFailureQuerySet.as_manager()
    wall = walls.through("contracts_sentmail", "mail_id", row_by_row=True).only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("mail", "mailbox", name="a_mail_comes_back_once_from_a_mailbox"),
            models.CheckConstraint(condition=Q(received_at__lte=F("recorded_at")), name="came_back_before_it_was_read"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "a_mail_comes_back_from_where_it_was_sent",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_sentmail m WHERE m.id = NEW.mail_id"
                " AND NEW.mailbox = ANY (m.recipients) AND NEW.received_at >= m.sent_at)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mail_id} from {self.mailbox}"
