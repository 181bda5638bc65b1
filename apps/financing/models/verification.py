from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
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

    def covering(self) -> "BuyerVerificationQuerySet":
        """Those that stand and hold for the advance of an outer query: on its buyer, and on who signs off for it."""
        confirmed = ConfirmedSignatory.objects.filter(
            verification=OuterRef("pk"),
            email=Lower(OuterRef(OuterRef("contract__active_version__signatory_email"))),
        )
        found = self.live().filter(financier=OuterRef("financier"), buyer=OuterRef("buyer"))
        return found.filter(Q(buyer__claimed_at__lte=F("verified_at")) | Exists(confirmed))


class BuyerVerification(models.Model):
    """A financier's own finding that a buyer exists and is who it seems to be; nothing is paid out without one.

    ``identity`` is what stood in the organisation's data when it was checked, ``checked`` what it was held against (a
    register, a call back). It is the financier's alone: neither buyer nor seller reads it.

    It is of the organisation. Who signs off for it is a mailbox that the seller wrote into each contract: unless the
    buyer's own people had taken the organisation over before it was verified, each such mailbox is confirmed too.
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


class ConfirmedSignatoryQuerySet(models.QuerySet["ConfirmedSignatory"]):
    def visible_to(self, actor: Actor) -> "ConfirmedSignatoryQuerySet":
        return self.filter(verification__in=BuyerVerification.objects.visible_to(actor))


class ConfirmedSignatory(models.Model):
    """A mailbox of which the financier found out that whoever reads it signs for the verified buyer.

    ``email`` is in small letters, ``checked`` what it was held against. It falls with its verification.
    """

    verification = models.ForeignKey(BuyerVerification, models.PROTECT, related_name="signatories", db_index=False)
    email = models.EmailField(_("mailbox"), max_length=254)
    checked = models.CharField(_("what was checked"), max_length=400)
    confirmed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField()

    objects = ConfirmedSignatoryQuerySet.as_manager()
    wall = walls.through("financing_buyerverification", "verification_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("verification", "email", name="signatory_confirmed_once"),
            models.CheckConstraint(condition=Q(email=Lower("email")) & ~Q(email=""), name="signatory_in_small_letters"),
            models.CheckConstraint(condition=~Q(checked=""), name="signatory_confirmed_by_checking_something"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "signatory_of_a_verification_that_stands",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_buyerverification v"
                " WHERE v.id = NEW.verification_id AND v.revoked_at IS NULL)",
            ),
        ]

    def __str__(self) -> str:
        return self.email
