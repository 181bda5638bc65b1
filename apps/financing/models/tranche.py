from datetime import date, timedelta
from decimal import Decimal
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
from apps.parties.models import Organisation, User


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
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    cancel_reason = models.CharField(_("reason"), max_length=400, blank=True)

    objects = TrancheQuerySet.as_manager()
    wall = walls.by_organisation("financier_id", "seller_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint("invoice", condition=~Q(state="cancelled"), name="no_receivable_pledged_twice"),
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
            models.CheckConstraint(
                condition=(
                    Q(state="cancelled", cancelled_at__isnull=False, cancelled_by__isnull=False, outstanding=0)
                    & ~Q(cancel_reason="")
                )
                | (~Q(state="cancelled") & Q(cancelled_at__isnull=True, cancelled_by__isnull=True, cancel_reason="")),
                name="cancelled_by_somebody_with_a_reason",
            ),
        ]
        indexes = [
            models.Index("financier", "state", "expected_on", name="tranche_book"),
            models.Index(fields=["seller", "-id"], name="tranche_of_seller"),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.frozen_when(
                "TRUE",
                name="what_was_signed_frozen",
                allow=(
                    "state",
                    "outstanding",
                    "funded_on",
                    "settled_on",
                    "cancelled_at",
                    "cancelled_by_id",
                    "cancel_reason",
                ),
            ),
            guards.refused_when(
                "tranche_starts_as_the_accepted_offer",
                guards.INSERT,
                "NEW.state <> 'accepted' OR NEW.outstanding <> 0 OR NOT EXISTS (SELECT 1 FROM financing_offer o"
                " JOIN financing_fundingrequest r ON r.id = o.request_id WHERE o.id = NEW.offer_id"
                " AND o.state = 'accepted' AND r.invoice_id = NEW.invoice_id AND r.facility_id = NEW.facility_id"
                " AND (o.face, o.gross, o.discount, o.fee, o.days, o.currency, o.financier_id, o.seller_id)"
                " = (NEW.face, NEW.gross, NEW.discount, NEW.fee, NEW.days, NEW.currency, NEW.financier_id,"
                " NEW.seller_id))",
            ),
            guards.frozen_when("OLD.state = 'cancelled'", name="cancelled_once"),
            guards.refused_when(
                "funded_with_a_disbursement",
                guards.UPDATE,
                "OLD.state = 'accepted' AND NEW.state = 'funded_post' AND NOT EXISTS"
                " (SELECT 1 FROM financing_disbursement d WHERE d.tranche_id = NEW.id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} · {self.gross} {self.currency}"

    @property
    def key(self) -> str:
        """The sub-ledger key of everything posted for this tranche."""
        return f"tranche:{self.ref}"

    @property
    def net(self) -> Decimal:
        """What is paid to the seller at funding."""
        return self.gross - self.discount - self.fee

    @property
    def reserve(self) -> Decimal:
        """What is kept back at funding and belongs to the seller once the buyer has paid."""
        return self.face - self.gross

    @property
    def charged_until(self) -> date | None:
        """The last day that the discount pays for; None before funding. Late charges start after it and the grace."""
        return None if self.funded_on is None else self.funded_on + timedelta(days=self.days)
