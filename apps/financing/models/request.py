from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.financing.models.facility import Facility
from apps.invoicing.models import Invoice
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class RequestState(models.TextChoices):
    SUBMITTED = "submitted", _("Submitted")
    OFFERED = "offered", _("Offered")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class FundingRequestQuerySet(models.QuerySet["FundingRequest"]):
    def visible_to(self, actor: Actor) -> "FundingRequestQuerySet":
        return self.filter(Q(financier_id=actor.organisation_id) | Q(seller_id=actor.organisation_id))


STEPS = table(
    submitted=("offered", "declined", "withdrawn"),
    offered=("accepted", "submitted", "declined", "withdrawn"),
    accepted=(),
    declined=(),
    withdrawn=(),
)


class FundingRequest(models.Model):
    """A seller asks a financier to buy one accepted, invoiced milestone (product A): the whole invoice, never a part."""

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="requests")
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="funding_requests")
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.SUBMITTED)
    note = models.TextField(_("note to the financier"), max_length=2_000, blank=True)
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(_("reason"), max_length=400, blank=True)

    objects = FundingRequestQuerySet.as_manager()
    wall = walls.by_organisation("financier_id", "seller_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "invoice",
                condition=Q(state__in=["submitted", "offered", "accepted"]),
                name="one_live_request_per_invoice",
            ),
            models.CheckConstraint(
                condition=(Q(state="declined") & ~Q(decline_reason="")) | ~Q(state="declined"),
                name="declined_with_a_reason",
            ),
        ]
        indexes = [
            models.Index("financier", "state", "id", name="request_queue"),
            models.Index(fields=["seller", "-id"], name="request_of_seller"),
        ]
        triggers = [guards.legal_steps(STEPS), guards.never_deleted()]

    def __str__(self) -> str:
        return f"{self.invoice} · {self.state}"
