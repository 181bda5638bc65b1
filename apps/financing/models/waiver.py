from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.financing.models.offer import Offer
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class Check(models.TextChoices):
    """What is looked at before an offer goes out."""

    SIGNED = "signed", _("Contract signed and assignable")
    ELIGIBLE = "eligible", _("Whole, measurable, open and not past due")
    TENOR = "tenor", _("Within the longest days before acceptance")
    UNDISPUTED = "undisputed", _("No open dispute")
    UNPLEDGED = "unpledged", _("Pledged to nobody else")
    ACCOUNT = "account", _("A collection account to be paid to")
    ROOM = "room", _("Within facility and limits")
    PREDECESSORS = "predecessors", _("What it builds on is accepted, or in the same offer")
    SELLER = "seller", _("The seller pays back what it owes")
    CONCENTRATION = "concentration", _("Not too much of the book on one buyer")
    BUYER = "buyer", _("Buyer and signatory verified")


WAIVABLE = (Check.PREDECESSORS, Check.SELLER, Check.CONCENTRATION)
"""Those that are a matter of judgement. The others say what the law, the contract or Postgres will not do."""


class CheckWaiverQuerySet(models.QuerySet["CheckWaiver"]):
    def visible_to(self, actor: Actor) -> "CheckWaiverQuerySet":
        return self.filter(financier_id=actor.organisation_id)


class CheckWaiver(models.Model):
    """A second person lets an offer go out although a check is not met, and says why.

    ``finding`` is what stood in the way when it was waived. It is the financier's alone.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="waivers", db_index=False)
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    checked = models.CharField(_("check"), max_length=20, choices=Check.choices)
    finding = models.CharField(_("what stood in the way"), max_length=400)
    reason = models.CharField(_("reason"), max_length=400)
    priced_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    waived_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    waived_at = models.DateTimeField()

    objects = CheckWaiverQuerySet.as_manager()
    wall = walls.by_organisation("financier_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("offer", "checked", name="check_waived_once_per_offer"),
            models.CheckConstraint(condition=~Q(waived_by=F("priced_by")), name="check_waived_by_a_second"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(finding=""), name="check_waived_with_a_reason"),
            models.CheckConstraint(condition=Q(checked__in=WAIVABLE), name="only_judgements_are_waived"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "check_of_a_draft_is_waived",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_offer o WHERE o.id = NEW.offer_id AND o.state = 'draft'"
                " AND o.financier_id = NEW.financier_id AND o.created_by_id = NEW.priced_by_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.checked} of {self.offer_id}"
