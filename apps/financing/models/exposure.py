from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class Side(models.TextChoices):
    """As what an organisation is counted: whoever owes the invoices, or whoever sold them."""

    BUYER = "buyer", _("Buyer")
    SELLER = "seller", _("Seller")


class ExposureLimitQuerySet(models.QuerySet["ExposureLimit"]):
    def visible_to(self, actor: Actor) -> "ExposureLimitQuerySet":
        return self.filter(financier_id=actor.organisation_id)


class ExposureLimit(models.Model):
    """How much a financier has out on one buyer or one seller, over all facilities in one currency, and may have.

    ``used`` is advanced now, ``reserved`` accepted and not paid out yet; both are counted whether or not a limit is
    set. The database refuses to raise them over the limit, but lets the limit be lowered below them.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    side = models.CharField(_("counted as"), max_length=6, choices=Side.choices)
    currency = models.CharField(_("currency"), max_length=3)
    limit = models.DecimalField(_("limit"), max_digits=18, decimal_places=3, null=True, blank=True)
    used = models.DecimalField(_("out"), max_digits=18, decimal_places=3, default=0)
    reserved = models.DecimalField(_("promised"), max_digits=18, decimal_places=3, default=0)
    set_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    set_at = models.DateTimeField(null=True, blank=True)

    objects = ExposureLimitQuerySet.as_manager()
    wall = walls.by_organisation("financier_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "financier", "organisation", "side", "currency", name="one_exposure_limit_per_organisation_and_side"
            ),
            models.CheckConstraint(condition=Q(side__in=["buyer", "seller"]), name="exposure_of_a_side"),
            models.CheckConstraint(condition=Q(used__gte=0, reserved__gte=0), name="exposure_not_negative"),
            models.CheckConstraint(
                condition=Q(limit__isnull=True) | Q(limit__gte=0, set_by__isnull=False, set_at__isnull=False),
                name="exposure_limit_set_by_somebody",
            ),
        ]
        triggers = [
            guards.frozen_when(
                "TRUE", name="counted_frozen", allow=("limit", "used", "reserved", "set_by_id", "set_at")
            ),
            guards.refused_when("exposure_starts_with_nothing", guards.INSERT, "NEW.used <> 0 OR NEW.reserved <> 0"),
            guards.refused_when(
                "exposure_within_its_limit",
                guards.UPDATE,
                "(NEW.used > OLD.used AND NEW.used > NEW.limit) OR (NEW.used + NEW.reserved > OLD.used + OLD.reserved"
                " AND NEW.used + NEW.reserved > NEW.limit)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.organisation_id} · {self.limit} {self.currency}"
