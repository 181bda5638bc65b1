"""What a side shows for what it says: one shape of file, of whatever it is shown."""

from typing import ClassVar, Self, TypeVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.contracts.wall import by_sides
from apps.core.database.walls import Wall
from apps.core.refs import new_ref
from apps.milestones.models.dispute import Side
from apps.parties.actor import Actor
from apps.parties.models import User

F = TypeVar("F", bound="ShownFile")


class ShownFileQuerySet(models.QuerySet[F]):
    def visible_to(self, actor: Actor) -> Self:
        """The sides only, as with what they say."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        return self.filter(own, contract__in=Contract.objects.visible_to(actor))


class ShownFile(models.Model):
    """Kept as evidence files are, and never taken back. Of a user, or of the buyer's guest (``BY_ITS_SIDE``)."""

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    side = models.CharField(max_length=6, choices=Side.choices)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(_("file name"), max_length=160)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text=_("bytes"))
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=120)
    uploaded_at = models.DateTimeField()

    wall: ClassVar[Wall] = by_sides().only("SELECT", "INSERT")

    class Meta:
        abstract = True
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name


BY_ITS_SIDE = Q(user__isnull=False, grant__isnull=True) | Q(user__isnull=True, grant__isnull=False, side="buyer")
"""A file is of a user, or of a guest, who is the buyer's."""
