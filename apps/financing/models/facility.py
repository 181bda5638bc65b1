from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core import money
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class FacilityQuerySet(models.QuerySet["Facility"]):
    def visible_to(self, actor: Actor) -> "FacilityQuerySet":
        return self.filter(Q(financier_id=actor.organisation_id) | Q(seller_id=actor.organisation_id))

    def live(self) -> "FacilityQuerySet":
        return self.filter(closed_at__isnull=True)


class Facility(models.Model):
    """What a financier is ready to advance to a seller, up to ``limit``, and the usual terms of its offers.

    Rates are percentages; ``annual_rate`` and ``late_rate`` per year on ACT/360; those with ``pre`` are for milestones
    that are not accepted yet. ``advanced`` counts what is out now, ``advanced_pre`` what of it is out before
    acceptance, which may be at most ``pre_limit_rate`` percent of the limit. The database refuses to raise either above
    its limit, but lets the limit be lowered below it. ``concentration_rate`` is a check and no guard: a second person
    may waive it.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    currency = models.CharField(_("currency"), max_length=3)
    limit = models.DecimalField(_("limit"), max_digits=18, decimal_places=3)
    advanced = models.DecimalField(_("advanced"), max_digits=18, decimal_places=3, default=0)
    advanced_pre = models.DecimalField(_("advanced before acceptance"), max_digits=18, decimal_places=3, default=0)
    pre_limit_rate = models.DecimalField(
        _("of the limit before acceptance, in percent"), max_digits=6, decimal_places=3, default=30
    )
    advance_rate = models.DecimalField(_("advance rate in percent"), max_digits=6, decimal_places=3, default=85)
    annual_rate = models.DecimalField(
        _("discount rate in percent per year"),
        max_digits=6,
        decimal_places=3,
        default=12,
    )
    fee_rate = models.DecimalField(_("origination fee in percent"), max_digits=6, decimal_places=3, default=0)
    pre_advance_rate = models.DecimalField(
        _("advance rate before acceptance in percent"), max_digits=6, decimal_places=3, default=50
    )
    pre_annual_rate = models.DecimalField(
        _("discount rate before acceptance in percent per year"), max_digits=6, decimal_places=3, default=18
    )
    pre_fee_rate = models.DecimalField(
        _("origination fee before acceptance in percent"), max_digits=6, decimal_places=3, default=0
    )
    pre_longest_days = models.PositiveSmallIntegerField(_("longest days before acceptance"), default=180)
    late_rate = models.DecimalField(_("late charge in percent per year"), max_digits=6, decimal_places=3, default=12)
    grace_days = models.PositiveSmallIntegerField(_("days of grace"), default=5)
    least_fee_days = models.PositiveSmallIntegerField(_("least days charged"), default=15)
    concentration_rate = models.DecimalField(
        _("most of the book that one buyer may owe, in percent"),
        max_digits=6,
        decimal_places=3,
        default=100,
        db_default=100,
    )
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = FacilityQuerySet.as_manager()
    wall = walls.by_organisation("financier_id", "seller_id").only("SELECT", "INSERT", "UPDATE")
    wall_opens: ClassVar[dict[str, str]] = {
        "parties_organisation": (
            # Or by its reference, while a facility is opened for it: financier and seller need not have met here.
            f"parties_organisation.ref = {walls.TOKEN} OR EXISTS (SELECT 1 FROM financing_facility f"
            " WHERE f.financier_id = parties_organisation.id OR f.seller_id = parties_organisation.id)"
        )
    }

    class Meta:
        verbose_name_plural = _("facilities")
        constraints = [
            models.UniqueConstraint(
                "financier",
                "seller",
                "currency",
                condition=Q(closed_at__isnull=True),
                name="one_live_facility_per_pair",
            ),
            models.CheckConstraint(condition=~Q(financier=F("seller")), name="facility_has_two_parties"),
            models.CheckConstraint(
                condition=Q(limit__gt=0, advanced_pre__gte=0, advanced__gte=F("advanced_pre")), name="facility_amounts"
            ),
            models.CheckConstraint(
                condition=Q(
                    advance_rate__gt=0,
                    advance_rate__lte=100,
                    annual_rate__gte=0,
                    fee_rate__gte=0,
                    late_rate__gte=0,
                    pre_limit_rate__gte=0,
                    pre_limit_rate__lte=100,
                    pre_advance_rate__gt=0,
                    pre_advance_rate__lte=100,
                    pre_annual_rate__gte=0,
                    pre_fee_rate__gte=0,
                ),
                name="facility_rates",
            ),
            models.CheckConstraint(
                condition=Q(concentration_rate__gt=0, concentration_rate__lte=100), name="facility_concentration"
            ),
        ]
        triggers = [
            guards.frozen_when(
                "TRUE",
                name="parties_frozen",
                allow=(
                    "limit",
                    "advanced",
                    "advanced_pre",
                    "pre_limit_rate",
                    "pre_advance_rate",
                    "pre_annual_rate",
                    "pre_fee_rate",
                    "pre_longest_days",
                    "advance_rate",
                    "annual_rate",
                    "fee_rate",
                    "late_rate",
                    "grace_days",
                    "least_fee_days",
                    "concentration_rate",
                    "closed_at",
                ),
            ),
            guards.frozen_when("OLD.closed_at IS NOT NULL", name="closed_for_good", allow=("advanced", "advanced_pre")),
            guards.refused_when(
                "facility_starts_with_nothing_advanced",
                guards.INSERT,
                "NEW.advanced <> 0 OR NEW.advanced_pre <> 0",
            ),
            guards.refused_when(
                "advanced_within_the_limit",
                guards.UPDATE,
                # Of a closed one only what a payment that came back puts out again: nothing more is advanced.
                "NEW.advanced > OLD.advanced AND NEW.advanced > NEW.limit AND OLD.closed_at IS NULL",
            ),
            guards.refused_when(
                "advanced_before_acceptance_within_its_limit",
                guards.UPDATE,
                "NEW.advanced_pre > OLD.advanced_pre AND NEW.advanced_pre > NEW.limit * NEW.pre_limit_rate / 100",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seller} · {self.limit} {self.currency}"

    @property
    def pre_limit(self) -> Decimal:
        """The most that may be out on milestones that are not accepted yet, in the minor unit, rounded down."""
        return money.floor(self.limit * self.pre_limit_rate / 100, self.currency)
