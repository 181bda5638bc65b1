from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.financing.models.facility import Facility
from apps.financing.models.offer import Offer
from apps.invoicing.models import Invoice
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class TrancheState(models.TextChoices):
    ACCEPTED = "accepted", _("Accepted, not funded")
    FUNDED_POST = "funded_post", _("Funded")
    PART_COLLECTED = "part_collected", _("Partly collected")
    SETTLED = "settled", _("Settled")
    CANCELLED = "cancelled", _("Cancelled")


class TrancheQuerySet(models.QuerySet["Tranche"]):
    def visible_to(self, actor: Actor) -> "TrancheQuerySet":
        return self.filter(Q(financier_id=actor.organisation_id) | Q(seller_id=actor.organisation_id))

    def outstanding(self) -> "TrancheQuerySet":
        return self.filter(state__in=[TrancheState.FUNDED_POST, TrancheState.PART_COLLECTED])


STEPS = table(
    accepted=("funded_post", "cancelled"),
    funded_post=("part_collected", "settled"),
    part_collected=("settled",),
    settled=(),
    cancelled=(),
)


class Tranche(models.Model):
    """The advance on one invoice. Its money stands in the financier's book under the key ``tranche:<ref>``."""

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    offer = models.OneToOneField(Offer, models.PROTECT, related_name="tranche")
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="tranches")
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="tranches")
    state = models.CharField(max_length=15, choices=TrancheState.choices, default=TrancheState.ACCEPTED)
    currency = models.CharField(max_length=3)
    face = models.DecimalField(_("face"), max_digits=18, decimal_places=3)
    gross = models.DecimalField(_("advance"), max_digits=18, decimal_places=3)
    discount = models.DecimalField(_("discount"), max_digits=18, decimal_places=3)
    fee = models.DecimalField(_("fee"), max_digits=18, decimal_places=3)
    days = models.PositiveSmallIntegerField(_("days charged"))
    outstanding = models.DecimalField(_("advance outstanding"), max_digits=18, decimal_places=3, default=0)
    accepted_at = models.DateTimeField()
    funded_on = models.DateField(null=True, blank=True)
    expected_on = models.DateField(_("expected payment"))
    settled_on = models.DateField(null=True, blank=True)

    objects = TrancheQuerySet.as_manager()
    wall = walls.by_organisation("financier_id", "seller_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "invoice",
                condition=~Q(state="cancelled"),
                name="no_receivable_pledged_twice",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["accepted", "cancelled"], funded_on__isnull=True)
                | (~Q(state__in=["accepted", "cancelled"]) & Q(funded_on__isnull=False)),
                name="funded_on_a_date",
            ),
            models.CheckConstraint(
                condition=Q(outstanding__gte=0, outstanding__lte=F("gross")),
                name="outstanding_within_the_advance",
            ),
            models.CheckConstraint(
                condition=Q(state="settled", settled_on__isnull=False, outstanding=0)
                | (~Q(state="settled") & Q(settled_on__isnull=True)),
                name="settled_with_nothing_outstanding",
            ),
        ]
        indexes = [
            models.Index("financier", "state", "expected_on", name="tranche_book"),
            models.Index(fields=["seller", "-id"], name="tranche_of_seller"),
        ]
        triggers = [guards.legal_steps(STEPS), guards.never_deleted()]

    def __str__(self) -> str:
        return f"{self.invoice_id} · {self.gross} {self.currency}"

    @property
    def key(self) -> str:
        """The sub-ledger key of everything posted for this tranche."""
        return f"tranche:{self.ref}"
