from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.financing.models.facility import Facility
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class RequestState(models.TextChoices):
    SUBMITTED = "submitted", _("Submitted")
    OFFERED = "offered", _("Offered")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class DeclineCode(models.TextChoices):
    """Why a financier says no, in words that can be counted."""

    BUYER = "buyer", _("The buyer's credit")
    SELLER = "seller", _("The seller's credit")
    LIMIT = "limit", _("No room under the limits")
    EVIDENCE = "evidence", _("The evidence is not enough")
    CONTRACT = "contract", _("The terms of the contract")
    TENOR = "tenor", _("Too long until the payment")
    OTHER = "other", _("Another reason")


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
    """A seller asks a financier for money on one or several milestones of a contract, accepted or not.

    Always on the whole of what a milestone's invoice comes to, never on a part; ``face`` is the sum of that, tax
    included. ``about`` names the invoices and milestones as they were called when they were asked for.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="requests")
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    about = models.CharField(_("asked for"), max_length=400)
    currency = models.CharField(max_length=3)
    face = models.DecimalField(_("total"), max_digits=18, decimal_places=3)
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.SUBMITTED)
    note = models.TextField(_("note to the financier"), max_length=2_000, blank=True)
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    decline_code = models.CharField(
        _("why"), max_length=10, choices=DeclineCode.choices, blank=True, default="", db_default=""
    )
    decline_reason = models.CharField(_("reason"), max_length=400, blank=True)

    objects = FundingRequestQuerySet.as_manager()
    wall = walls.by_organisation("financier_id", "seller_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
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
            guards.frozen_when(
                "TRUE", name="what_is_asked_frozen", allow=("state", "closed_at", "decline_code", "decline_reason")
            ),
            guards.frozen_when("OLD.closed_at IS NOT NULL", name="closed_once", allow=("state",)),
            guards.refused_when(
                "nothing_is_asked_for_under_a_closed_facility",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM financing_facility f WHERE f.id = NEW.facility_id AND f.closed_at IS NOT NULL)",
            ),
            guards.refused_when(
                "accepted_request_ends_with_its_advances",
                guards.UPDATE,
                "OLD.state = 'accepted' AND NEW.state = 'withdrawn' AND (SELECT bool_and(t.state = 'cancelled')"
                " FROM financing_tranche t JOIN financing_offer o ON o.id = t.offer_id"
                " WHERE o.request_id = NEW.id) IS NOT TRUE",
            ),
            guards.refused_when(
                "request_of_the_facility_and_a_signed_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_facility f, contracts_contract c"
                " JOIN contracts_contractversion v ON v.id = c.active_version_id"
                " WHERE f.id = NEW.facility_id AND f.financier_id = NEW.financier_id AND f.seller_id = NEW.seller_id"
                " AND f.currency = NEW.currency AND c.id = NEW.contract_id AND c.seller_id = NEW.seller_id"
                " AND c.currency = NEW.currency AND v.is_assignable)",
            ),
            guards.at_commit(
                "request_is_the_sum_of_its_milestones",
                guards.INSERT,
                "IF (SELECT sum(i.face) FROM financing_requestitem i WHERE i.request_id = NEW.id)"
                " IS DISTINCT FROM NEW.face THEN RAISE EXCEPTION 'request % is not the sum of its milestones', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.about} · {self.state}"


class RequestItemQuerySet(models.QuerySet["RequestItem"]):
    def visible_to(self, actor: Actor) -> "RequestItemQuerySet":
        return self.filter(request__in=FundingRequest.objects.visible_to(actor))

    def held(self) -> "RequestItemQuerySet":
        """Of requests and advances that still stand: their milestones cannot be asked for again."""
        return self.filter(released_at__isnull=True)


class RequestItem(models.Model):
    """One milestone that a request asks for, held against being asked for elsewhere until it is released.

    ``face`` is what its invoice comes to, tax included. It is released when its request is declined or withdrawn, or
    its advance cancelled.
    """

    request = models.ForeignKey(FundingRequest, models.PROTECT, related_name="items", db_index=False)
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="funding_items")
    face = models.DecimalField(_("total"), max_digits=18, decimal_places=3)
    released_at = models.DateTimeField(null=True, blank=True)

    objects = RequestItemQuerySet.as_manager()
    wall = walls.through("financing_fundingrequest", "request_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("milestone__position", "milestone__part")
        constraints = [
            models.UniqueConstraint(
                "milestone", condition=Q(released_at__isnull=True), name="milestone_asked_for_once"
            ),
            models.UniqueConstraint("request", "milestone", name="milestone_once_per_request"),
            models.CheckConstraint(condition=Q(face__gt=0), name="asked_face_positive"),
        ]
        triggers = [
            guards.frozen_when("TRUE", name="asked_milestone_frozen", allow=("released_at",)),
            guards.frozen_when("OLD.released_at IS NOT NULL", name="released_once"),
            guards.refused_when(
                "asked_milestone_of_the_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_fundingrequest r JOIN milestones_milestone m"
                " ON m.contract_id = r.contract_id WHERE r.id = NEW.request_id AND m.id = NEW.milestone_id)",
            ),
            guards.refused_when(
                "released_with_its_request_or_its_advance",
                guards.UPDATE,
                "NEW.released_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM financing_fundingrequest r"
                " WHERE r.id = NEW.request_id AND r.state IN ('declined', 'withdrawn'))"
                " AND NOT EXISTS (SELECT 1 FROM financing_tranche t JOIN financing_offer o ON o.id = t.offer_id"
                " WHERE o.request_id = NEW.request_id AND t.milestone_id = NEW.milestone_id"
                " AND t.state IN ('cancelled', 'repurchased', 'returned'))",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.milestone_id} in {self.request_id}"
