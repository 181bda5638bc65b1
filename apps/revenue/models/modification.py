from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, ContractVersion
from apps.core.database import guards, walls
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class ModificationQuerySet(models.QuerySet["Modification"]):
    def visible_to(self, actor: Actor) -> "ModificationQuerySet":
        if actor.contract_id is not None:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id)


class Modification(models.Model):
    """How a signed change order was treated, and why: written once, when it was.

    ``before`` holds the obligations by position as they were, so that a person who judges otherwise later is followed.
    """

    class Treatment(models.TextChoices):
        SEPARATE = "separate", _("Separate contract")
        PROSPECTIVE = "prospective", _("Prospective")
        CATCH_UP = "catch_up", _("Cumulative catch-up")

    class Reason(models.TextChoices):
        NO_AMOUNT = "no_amount", _("No amount changes: only dates or terms")
        ONLY_ADDED = "only_added", _("Only distinct work is added, at its stand-alone price (IFRS 15.20)")
        NOT_BEGUN = "not_begun", _("What changes is distinct and not begun (IFRS 15.21(a))")
        PARTLY_DONE = "partly_done", _("What changes is partly done (IFRS 15.21(b))")
        NOTHING_LEFT = "nothing_left", _("Nothing is left to bear the price (IFRS 15.21(b))")
        JUDGED = "judged", _("Judged by the accountant")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    version = models.OneToOneField(ContractVersion, models.PROTECT, related_name="+")
    treatment = models.CharField(_("treated as"), max_length=15, choices=Treatment.choices)
    reason = models.CharField(_("reason"), max_length=15, choices=Reason.choices)
    currency = models.CharField(max_length=3)
    price_before = models.DecimalField(max_digits=18, decimal_places=3)
    price_after = models.DecimalField(max_digits=18, decimal_places=3)
    signed_on = models.DateField(_("signed on"))
    treated_at = models.DateTimeField()
    before = models.JSONField(default=dict)

    objects = ModificationQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT")

    class Meta:
        ordering = ("id",)
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "modification_by_a_version_of_its_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contractversion v JOIN contracts_contract c"
                " ON c.id = v.contract_id WHERE v.id = NEW.version_id AND c.id = NEW.contract_id"
                " AND v.changes_id IS NOT NULL AND c.seller_id = NEW.organisation_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.treatment}"
