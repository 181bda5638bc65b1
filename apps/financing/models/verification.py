from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class BuyerVerificationQuerySet(models.QuerySet["BuyerVerification"]):
    def visible_to(self, actor: Actor) -> "BuyerVerificationQuerySet":
        return self.filter(financier_id=actor.organisation_id)

    def live(self) -> "BuyerVerificationQuerySet":
        return self.filter(revoked_at__isnull=True)


class BuyerVerification(models.Model):
    """A financier's own finding that a buyer exists and is who it seems to be; nothing is paid out without one.

    ``identity`` is what stood in the organisation's data when it was checked, ``checked`` what it was held against (a
    register, a call back). It is the financier's alone: neither buyer nor seller reads it.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    identity = models.TextField(_("what stood there"))
    identity_sha256 = models.CharField(max_length=64)
    checked = models.CharField(_("what was checked"), max_length=400)
    note = models.CharField(_("note"), max_length=2_000, blank=True)
    verified_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    verified_at = models.DateTimeField()
    revoked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoke_reason = models.CharField(_("reason"), max_length=400, blank=True)

    objects = BuyerVerificationQuerySet.as_manager()
    wall = walls.by_organisation("financier_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "financier", "buyer", condition=Q(revoked_at__isnull=True), name="one_live_verification_per_buyer"
            ),
            models.CheckConstraint(condition=~Q(checked=""), name="verified_by_checking_something"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True, revoke_reason="")
                | (Q(revoked_at__isnull=False, revoked_by__isnull=False) & ~Q(revoke_reason="")),
                name="verification_revoked_by_somebody_with_a_reason",
            ),
        ]
        triggers = [
            guards.frozen_when("TRUE", allow=("revoked_by_id", "revoked_at", "revoke_reason")),
            guards.frozen_when("OLD.revoked_at IS NOT NULL", name="revoked_once"),
            guards.refused_when(
                "identity_carries_its_hash",
                guards.INSERT,
                "NEW.identity_sha256 <> encode(sha256(convert_to(NEW.identity, 'UTF8')), 'hex')",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.buyer_id} by {self.financier_id}"
