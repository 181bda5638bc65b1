from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, ContractVersion
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User
from apps.revenue.models.obligation import Obligation


class JudgementQuerySet(models.QuerySet["Judgement"]):
    def visible_to(self, actor: Actor) -> "JudgementQuerySet":
        """The seller's own books: no buyer and no financier sees them."""
        if actor.contract_id is not None:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id)


class JudgementKind(models.TextChoices):
    MEASURE = "measure", _("Measure of progress")
    COSTS = "costs", _("Costs estimated and incurred")
    STANDALONE = "standalone", _("Stand-alone price")
    VARIABLE = "variable", _("Variable amount")
    FINANCING = "financing", _("Significant financing component")
    TREATMENT = "treatment", _("Treatment of a change order")


class Judgement(models.Model):
    """What the seller's accountant decided about the revenue of a contract, with the reason: never edited.

    The newest one of a kind, about the same obligation, version or ``about`` (the name of a variable amount or of a
    financing component), holds. ``said`` has what was decided, amounts as text; ``counts`` is what it adds to the
    transaction price in place of what the one before it added: negative for damages, and for deferred payment.
    ``effective_on`` is the day from which it holds: its effect is booked then, or in the open period.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    kind = models.CharField(_("what"), max_length=12, choices=JudgementKind.choices)
    obligation = models.ForeignKey(Obligation, models.PROTECT, null=True, blank=True, related_name="+")
    version = models.ForeignKey(ContractVersion, models.PROTECT, null=True, blank=True, related_name="+")
    about = models.CharField(_("name"), max_length=80, blank=True)
    said = models.JSONField()
    counts = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    reason = models.TextField(_("reason"), max_length=2000)
    effective_on = models.DateField(_("holds from"))
    judged_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    judged_by_name = models.CharField(max_length=160)
    judged_at = models.DateTimeField()

    objects = JudgementQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT")

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="judged_with_a_reason"),
            models.CheckConstraint(
                condition=Q(kind__in=["measure", "costs", "standalone"], obligation__isnull=False, about="")
                | (Q(kind__in=["variable", "financing"]) & ~Q(about=""))
                | Q(kind="treatment", version__isnull=False, about=""),
                name="judged_about_something",
            ),
            models.CheckConstraint(
                condition=Q(counts=0) | Q(kind__in=["variable", "financing"]), name="what_counts_in_the_price"
            ),
        ]
        indexes = [models.Index("contract", "kind", name="judgement_of_contract")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "judged_by_the_seller_of_the_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id"
                " AND c.seller_id = NEW.organisation_id)"
                " OR (NEW.obligation_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM revenue_obligation o"
                " WHERE o.id = NEW.obligation_id AND o.contract_id = NEW.contract_id))"
                " OR (NEW.version_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_contractversion v"
                " WHERE v.id = NEW.version_id AND v.contract_id = NEW.contract_id AND v.changes_id IS NOT NULL))",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
