"""What the sides show of a defect that is to be mended: that it is, or what is still missing."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.contracts.wall import by_sides
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.milestones.models.dispute import Side
from apps.milestones.models.reservation import LINK_OF_OTHER_DEFECTS, Reservation
from apps.parties.actor import Actor
from apps.parties.models import User


class ReservationFileQuerySet(models.QuerySet["ReservationFile"]):
    def visible_to(self, actor: Actor) -> "ReservationFileQuerySet":
        """The sides only, as with what they say of it."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        return self.filter(own, contract__in=Contract.objects.visible_to(actor))


class ReservationFile(models.Model):
    """A file that shows how a defect was mended, or what is still missing: kept as evidence is, never taken back."""

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    reservation = models.ForeignKey(Reservation, models.PROTECT, related_name="files")
    side = models.CharField(max_length=6, choices=Side.choices)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(_("file name"), max_length=160)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text=_("bytes"))
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=120)
    uploaded_at = models.DateTimeField()

    objects = ReservationFileQuerySet.as_manager()
    wall = by_sides().only("SELECT", "INSERT")

    class Meta:
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True)
                | Q(user__isnull=True, grant__isnull=False, side="buyer"),
                name="defect_file_of_a_user_or_the_buyers_guest",
            ),
        ]
        indexes = [models.Index("stored_as", name="defect_file_by_stored_name")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "no_file_joins_a_settled_defect",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_reservation r WHERE r.id = NEW.reservation_id"
                " AND r.contract_id = NEW.contract_id AND r.state IN ('open', 'mended'))",
            ),
            guards.refused_when("link_shows_only_of_its_defects", guards.INSERT, LINK_OF_OTHER_DEFECTS),
        ]

    def __str__(self) -> str:
        return self.name
