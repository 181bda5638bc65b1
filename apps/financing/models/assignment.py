from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.financing.models.tranche import Tranche
from apps.invoicing.models import Invoice
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def visible_to(self, actor: Actor) -> "AssignmentQuerySet":
        """The three parties of an assignment: financier, seller, and the buyer who is told whom to pay."""
        return self.filter(contract__in=Contract.objects.visible_to(actor)).filter(
            Q(financier_id=actor.organisation_id)
            | Q(contract__seller_id=actor.organisation_id)
            | Q(contract__buyer_id=actor.organisation_id)
        )


class Assignment(models.Model):
    """The whole receivable of one milestone passes to the financier, and the buyer is told (UCC 9-406; §§ 398 ff. BGB).

    A milestone that is not accepted has no invoice yet: what its acceptance will make payable is assigned beforehand.

    Funding waits until the buyer acknowledged the notice, or a second person of the financier waived that with a
    reason.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    tranche = models.OneToOneField(Tranche, models.PROTECT, related_name="assignment")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="assignments")
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    notice = models.TextField()
    notice_sha256 = models.CharField(max_length=64)
    notified_at = models.DateTimeField()
    priced_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    acknowledged_by_grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    waived_at = models.DateTimeField(null=True, blank=True)
    waived_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    waive_reason = models.CharField(_("reason"), max_length=400, blank=True)

    objects = AssignmentQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "milestone", condition=Q(revoked_at__isnull=True), name="no_receivable_assigned_twice"
            ),
            models.CheckConstraint(
                condition=Q(
                    acknowledged_at__isnull=True,
                    acknowledged_by__isnull=True,
                    acknowledged_by_grant__isnull=True,
                )
                | Q(
                    acknowledged_at__isnull=False,
                    acknowledged_by__isnull=False,
                    acknowledged_by_grant__isnull=True,
                )
                | Q(
                    acknowledged_at__isnull=False,
                    acknowledged_by__isnull=True,
                    acknowledged_by_grant__isnull=False,
                ),
                name="acknowledged_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(waived_at__isnull=True, waived_by__isnull=True)
                | (
                    Q(waived_at__isnull=False, waived_by__isnull=False)
                    & ~Q(waive_reason="")
                    & ~Q(waived_by=F("priced_by"))
                ),
                name="waived_by_a_second_with_a_reason",
            ),
        ]
        triggers = [
            guards.refused_when(
                "link_acknowledges_only_its_assignment",
                guards.UPDATE,
                "NEW.acknowledged_by_grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
                " WHERE g.id = NEW.acknowledged_by_grant_id AND g.subject_ref = NEW.ref AND g.purpose = 'acknowledge')",
            ),
            guards.frozen_when(
                "TRUE",
                allow=(
                    "acknowledged_at",
                    "acknowledged_by_id",
                    "acknowledged_by_grant_id",
                    "waived_at",
                    "waived_by_id",
                    "waive_reason",
                    "revoked_at",
                ),
            ),
            guards.frozen_when("OLD.revoked_at IS NOT NULL", name="revoked_once"),
            guards.refused_when(
                "revoked_with_its_advance",
                guards.UPDATE,
                "NEW.revoked_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM financing_tranche t"
                " WHERE t.id = NEW.tranche_id AND t.state IN ('cancelled', 'repurchased', 'returned'))",
            ),
            guards.frozen_when(
                "OLD.acknowledged_at IS NOT NULL",
                name="acknowledged_once",
                allow=("waived_at", "waived_by_id", "waive_reason", "revoked_at"),
            ),
            guards.frozen_when(
                "OLD.waived_at IS NOT NULL",
                name="waived_once",
                allow=("acknowledged_at", "acknowledged_by_id", "acknowledged_by_grant_id", "revoked_at"),
            ),
            guards.refused_when(
                "assignment_of_the_priced_tranche",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_tranche t JOIN financing_offer o ON o.id = t.offer_id"
                " WHERE t.id = NEW.tranche_id AND t.milestone_id = NEW.milestone_id AND t.contract_id = NEW.contract_id"
                " AND t.financier_id = NEW.financier_id AND o.created_by_id = NEW.priced_by_id)",
            ),
            guards.refused_when(
                "assignment_carries_the_hash_of_its_notice",
                guards.INSERT,
                "NEW.notice_sha256 <> encode(sha256(convert_to(NEW.notice, 'UTF8')), 'hex')",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.milestone_id} to {self.financier_id}"

    @property
    def invoice(self) -> Invoice | None:
        """The milestone's invoice; None before it is accepted."""
        return getattr(self.milestone, "invoice", None)

    @property
    def name(self) -> str:
        """What people call it: the number of the invoice, or the milestone while there is none."""
        return self.invoice.number if self.invoice is not None else self.milestone.title

    @property
    def is_notified(self) -> bool:
        """Whether the advance may be funded as far as the notice is concerned."""
        return self.acknowledged_at is not None or self.waived_at is not None
