from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.financing.models.tranche import Tranche
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class AlertKind(models.TextChoices):
    """What somebody of a financier has to look at."""

    LIMIT_NEAR = "limit_near", _("Limit nearly used up")
    CONCENTRATION = "concentration", _("Much is out on one buyer")
    UNIDENTIFIED = "unidentified", _("Receipt not identified for days")
    SLIPPED = "slipped", _("Milestone slipped too far")
    NOT_CURED = "not_cured", _("Sent back, and its date is over")
    BUYER_LATE = "buyer_late", _("Buyer is late")


class AlertQuerySet(models.QuerySet["Alert"]):
    def visible_to(self, actor: Actor) -> "AlertQuerySet":
        return self.filter(financier_id=actor.organisation_id)

    def live(self) -> "AlertQuerySet":
        return self.filter(closed_at__isnull=True)


class Alert(models.Model):
    """Something in the financier's book that somebody has to look at, from the day on which it was first so until it is
    not any more. Opened and closed by the daily watch alone: it says what is, and decides nothing.

    ``subject`` names the row that it is about, ``about`` what people call that.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(_("what it is"), max_length=15, choices=AlertKind.choices)
    subject = models.CharField(max_length=40)
    about = models.CharField(_("about"), max_length=200)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    currency = models.CharField(max_length=3)
    opened_on = models.DateField(_("since"))
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(_("over"), null=True, blank=True)

    objects = AlertQuerySet.as_manager()
    wall = walls.by_organisation("financier_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "financier", "kind", "subject", condition=Q(closed_at__isnull=True), name="one_live_alert_of_a_kind"
            ),
        ]
        indexes = [models.Index(fields=["financier", "-id"], name="alerts_of_financier")]
        triggers = [
            guards.frozen_when("TRUE", name="an_alert_is_only_closed", allow=("closed_at",)),
            guards.frozen_when("OLD.closed_at IS NOT NULL", name="alert_closed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject}"


class ExpectedCashFlowQuerySet(models.QuerySet["ExpectedCashFlow"]):
    def visible_to(self, actor: Actor) -> "ExpectedCashFlowQuerySet":
        return self.filter(financier_id=actor.organisation_id)

    def newest(self) -> "ExpectedCashFlowQuerySet":
        """The last version of each advance."""
        return self.order_by("tranche_id", "-version").distinct("tranche_id")


class ExpectedCashFlow(models.Model):
    """What is expected of a buyer on an advance, and when, as it stood on a day: a version for each change of it.

    The last version of an advance on which nothing is expected any more is of nothing. Never changed, so that a
    forecast can be held against what came.
    """

    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="expected_flows", db_index=False)
    version = models.PositiveIntegerField()
    expected_on = models.DateField(_("expected payment"))
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    written_on = models.DateField()
    written_at = models.DateTimeField()

    objects = ExpectedCashFlowQuerySet.as_manager()
    wall = walls.by_organisation("financier_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("tranche", "version", name="expected_once_per_version"),
            models.CheckConstraint(condition=Q(amount__gte=0, version__gte=1), name="expected_amount"),
        ]
        indexes = [models.Index(fields=["financier", "tranche", "-version"], name="expected_of_financier")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "expected_by_its_financier_in_order",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_tranche t WHERE t.id = NEW.tranche_id"
                " AND t.financier_id = NEW.financier_id) OR NEW.version <> 1 + (SELECT coalesce(max(e.version), 0)"
                " FROM financing_expectedcashflow e WHERE e.tranche_id = NEW.tranche_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.expected_on}"
