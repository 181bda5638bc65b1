"""Letters with documents to the buyer's mailboxes: one shape, whatever document they bring."""

from typing import ClassVar, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import Organisation

L = TypeVar("L", bound="Letter")


class LetterQuerySet(models.QuerySet[L]):
    def visible_to(self, actor: Actor) -> Self:
        """Seller and buyer; whoever else may read the document need not know the buyer's mailboxes."""
        return self.filter(Q(seller_id=actor.organisation_id) | Q(buyer_id=actor.organisation_id))


class Letter(models.Model):
    """Written down when it is due, completed when it is sent.

    ``ref`` makes the Message-ID, so a job that runs twice sends a letter that the mailbox recognises. ``sent_at`` says
    that the mail server took it, not that somebody read it.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    asked_by = models.CharField(max_length=160, blank=True)
    requested_at = models.DateTimeField()
    recipients = ArrayField(models.EmailField(), default=list)
    message_id = models.CharField(max_length=120, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    wall: ClassVar[walls.Wall] = walls.by_organisation("seller_id", "buyer_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        abstract = True


def sent_as_a_message(name: str) -> models.CheckConstraint:
    """A letter waits, or was sent to somebody as a message."""
    return models.CheckConstraint(
        condition=Q(sent_at__isnull=True, recipients=[], message_id="")
        | (Q(sent_at__isnull=False) & ~Q(recipients=[]) & ~Q(message_id="")),
        name=name,
    )


def sent_once() -> list[guards.Guard]:
    """What a letter is about stands; its sending is added, once."""
    return [
        guards.never_deleted(),
        guards.frozen_when("TRUE", name="only_its_sending_is_added", allow=("recipients", "message_id", "sent_at")),
        guards.frozen_when("OLD.sent_at IS NOT NULL", name="sent_once"),
    ]
