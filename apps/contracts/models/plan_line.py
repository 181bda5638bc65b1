from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import dues, measured
from apps.contracts.models.condition import OF_CONDITION
from apps.contracts.models.steps import OF_OWN_TERMS, OwnTerms
from apps.contracts.models.version import LINE_FROZEN, ContractVersion
from apps.contracts.rules.agreed import Agreed
from apps.core import days
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor


class PlanLineQuerySet(models.QuerySet["PlanLine"]):
    def visible_to(self, actor: Actor) -> "PlanLineQuerySet":
        return self.filter(version__in=ContractVersion.plans.visible_to(actor))


class PlanLine(OwnTerms, dues.Dues, measured.Measured):
    """One line of the billing plan, mostly a milestone: what is delivered, and the agreed portion of the price.

    ``basis`` tells how the portion was agreed; ``amount`` is always the result in the contract's currency, fixed when
    the version is proposed.
    """

    Kind = dues.LineKind

    class Basis(models.TextChoices):
        AMOUNT = "amount", _("Amount")
        PERCENT = "percent", _("Percent")
        REMAINDER = "remainder", _("The remainder")
        TOTAL = "total", _("Amount in all")

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    version = models.ForeignKey(ContractVersion, models.PROTECT, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    title = models.CharField(_("milestone"), max_length=160)
    scope = models.TextField(_("what is delivered"), max_length=4_000, blank=True)
    basis = models.CharField(max_length=10, choices=Basis.choices)
    percent = models.DecimalField(_("percent of the price"), max_digits=9, decimal_places=6, null=True, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3, null=True, blank=True)
    planned_on = models.DateField(_("planned date"), null=True, blank=True)

    objects = PlanLineQuerySet.as_manager()
    wall = walls.through("contracts_contractversion", "version_id")

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"],
                name="plan_positions_unique",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint("version", condition=Q(basis="remainder"), name="at_most_one_remainder"),
            models.CheckConstraint(
                condition=Q(basis="percent", percent__gt=0, percent__lte=100)
                | Q(basis="amount", percent__isnull=True)
                | Q(basis="remainder", percent__isnull=True)
                | Q(basis="total", percent__isnull=True, kind="recurring"),
                name="plan_line_says_its_portion",
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0),
                name="plan_amount_positive",
            ),
            models.CheckConstraint(
                condition=Q(planned_on__isnull=True) | Q(planned_on__range=(days.FIRST, days.LAST)),
                name="planned_on_a_day_that_can_be_meant",
            ),
            *OF_OWN_TERMS,
            *(*dues.CONSTRAINTS, *measured.CONSTRAINTS),
        ]
        triggers = [
            OF_CONDITION,
            guards.frozen_when(LINE_FROZEN.format(version="OLD.version_id")),
            guards.refused_when(
                "no_line_joins_a_proposed_version",
                guards.INSERT,
                LINE_FROZEN.format(version="NEW.version_id"),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def agreed(self) -> Agreed:
        """What holds for it: the terms of its version, and its own in their place."""
        return Agreed(self.version, self.own)
