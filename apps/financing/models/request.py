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
    accepted=("withdrawn",),
    declined=(),
    withdrawn=(),
)


class FundingRequest(models.Model):
    """A seller asks a financier to buy the invoice of an accepted milestone: the whole invoice, never a part."""

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
            models.CheckConstraint(
                condition=Q(state__in=["submitted", "offered"], closed_at__isnull=True)
                | (~Q(state__in=["submitted", "offered"]) & Q(closed_at__isnull=False)),
                name="request_closed_at_a_time",
            ),
        ]
        indexes = [
            models.Index("financier", "state", "id", name="request_queue"),
            models.Index(fields=["seller", "-id"], name="request_of_seller"),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.refused_when("request_starts_as_submitted", guards.INSERT, "NEW.state <> 'submitted'"),
            guards.frozen_when("TRUE", name="what_is_asked_frozen", allow=("state", "closed_at", "decline_reason")),
            guards.frozen_when("OLD.closed_at IS NOT NULL", name="closed_once", allow=("state",)),
            guards.refused_when(
                "accepted_request_ends_with_its_advance",
                guards.UPDATE,
                "OLD.state = 'accepted' AND NEW.state = 'withdrawn' AND NOT EXISTS (SELECT 1 FROM financing_tranche t"
                " JOIN financing_offer o ON o.id = t.offer_id WHERE o.request_id = NEW.id AND t.state = 'cancelled')",
            ),
            guards.refused_when(
                "request_of_the_facility_and_the_invoice",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_facility f, invoicing_invoice i"
                " WHERE f.id = NEW.facility_id AND f.financier_id = NEW.financier_id AND f.seller_id = NEW.seller_id"
                " AND i.id = NEW.invoice_id AND i.seller_id = NEW.seller_id AND i.contract_id = NEW.contract_id"
                " AND i.currency = f.currency)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice} · {self.state}"
