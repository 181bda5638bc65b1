from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.financing.models.request import FundingRequest
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class OfferState(models.TextChoices):
    DRAFT = "draft", _("Waiting for approval")
    ISSUED = "issued", _("Issued")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Revoked")


LIVE = ("draft", "issued", "accepted")
"""States in which an offer stands in the way of another one for the same request."""


class OfferQuerySet(models.QuerySet["Offer"]):
    def visible_to(self, actor: Actor) -> "OfferQuerySet":
        """All of one's own as financier; as seller those that were issued."""
        return self.filter(
            Q(financier_id=actor.organisation_id) | (Q(seller_id=actor.organisation_id) & Q(approved_at__isnull=False))
        )

    def live(self) -> "OfferQuerySet":
        return self.filter(state__in=LIVE)

    def lapsed(self, at: datetime) -> "OfferQuerySet":
        """Issued, and not answered in time: they can no longer be accepted, whether or not they are closed yet."""
        return self.filter(state=OfferState.ISSUED, expires_at__lt=at)


STEPS = table(
    draft=("issued", "revoked"),
    issued=("accepted", "declined", "expired", "revoked"),
    accepted=(),
    declined=(),
    expired=(),
    revoked=(),
)


class Offer(models.Model):
    """A price for one request, with a line for each of its milestones: immutable, a new version for every new price.

    Amounts are the sums of the lines, in the contract's currency; ``apr`` (Regulation Z, Appendix J, by
    ``unit_period``) and ``xirr`` (ACT/365) are percentages of the whole, not averages of the lines. ``disclosure`` is
    the one text that the seller signs; its SHA-256 is the key under which everything is funded.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    request = models.ForeignKey(FundingRequest, models.PROTECT, related_name="offers", db_index=False)
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=OfferState.choices, default=OfferState.DRAFT)
    currency = models.CharField(max_length=3)
    face = models.DecimalField(_("face"), max_digits=18, decimal_places=3)
    late_rate = models.DecimalField(_("late charge in percent per year"), max_digits=6, decimal_places=3)
    grace_days = models.PositiveSmallIntegerField()
    least_fee_days = models.PositiveSmallIntegerField()
    funding_on = models.DateField(_("funding date"))
    gross = models.DecimalField(_("advance"), max_digits=18, decimal_places=3)
    discount = models.DecimalField(_("discount"), max_digits=18, decimal_places=3)
    fee = models.DecimalField(_("fee"), max_digits=18, decimal_places=3)
    net = models.DecimalField(_("paid to the seller"), max_digits=18, decimal_places=3)
    reserve = models.DecimalField(_("reserve"), max_digits=18, decimal_places=3)
    apr = models.DecimalField(_("APR in percent"), max_digits=9, decimal_places=4)
    unit_period = models.CharField(_("unit-period"), max_length=20)
    xirr = models.DecimalField(_("XIRR in percent"), max_digits=9, decimal_places=4)
    disclosure = models.TextField()
    disclosure_sha256 = models.CharField(max_length=64)
    expires_at = models.DateTimeField(_("expires"))
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = OfferQuerySet.as_manager()
    wall = walls.by_organisation("financier_id", "seller_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint("request", "version", name="offer_versions_unique"),
            models.UniqueConstraint(
                "request",
                condition=Q(state__in=LIVE),
                name="one_live_offer_per_request",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")),
                name="offer_approved_by_a_second",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "revoked"]) | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="issued_offer_is_approved",
            ),
            models.CheckConstraint(
                condition=Q(state="accepted", answered_by__isnull=False, answered_at__lte=F("expires_at"))
                | ~Q(state="accepted"),
                name="accepted_by_somebody_in_time",
            ),
            models.CheckConstraint(
                condition=Q(
                    net=F("gross") - F("discount") - F("fee"),
                    net__gt=0,
                    gross__gt=0,
                    discount__gte=0,
                    fee__gte=0,
                ),
                name="offer_net_is_gross_less_discount_and_fee",
            ),
            models.CheckConstraint(
                condition=Q(reserve=F("face") - F("gross"), reserve__gte=0),
                name="offer_reserve_is_face_less_advance",
            ),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.refused_when("offer_starts_as_a_draft", guards.INSERT, "NEW.state <> 'draft'"),
            guards.refused_when(
                "offer_carries_the_hash_of_its_disclosure",
                guards.INSERT,
                "NEW.disclosure_sha256 <> encode(sha256(convert_to(NEW.disclosure, 'UTF8')), 'hex')",
            ),
            guards.at_commit(
                "offer_is_the_sum_of_its_lines",
                guards.INSERT,
                "IF (SELECT ROW(sum(l.face), sum(l.gross), sum(l.discount), sum(l.fee), sum(l.net), sum(l.reserve))"
                " FROM financing_offerline l WHERE l.offer_id = NEW.id) IS DISTINCT FROM"
                " ROW(NEW.face, NEW.gross, NEW.discount, NEW.fee, NEW.net, NEW.reserve)"
                " THEN RAISE EXCEPTION 'offer % is not the sum of its lines', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.frozen_when(
                "TRUE",
                name="price_frozen",
                allow=(
                    "state",
                    "approved_by_id",
                    "approved_at",
                    "answered_by_id",
                    "answered_at",
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} v{self.version}"

    def has_lapsed(self, at: datetime) -> bool:
        """Whether it was issued and not answered in time. A job closes it later; it is refused from this moment on."""
        return self.state == OfferState.ISSUED and at > self.expires_at


class Stage(models.TextChoices):
    """Which of the two products a milestone is financed by."""

    PRE = "pre", _("Before acceptance")
    POST = "post", _("Accepted")


class OfferLineQuerySet(models.QuerySet["OfferLine"]):
    def visible_to(self, actor: Actor) -> "OfferLineQuerySet":
        return self.filter(offer__in=Offer.objects.visible_to(actor))


class OfferLine(models.Model):
    """The price of one milestone: bought as an accepted receivable (``post``) or advanced on before (``pre``).

    Rates in percent. ``reserve`` is what of the invoice is not advanced: paid to the seller after the buyer has paid.
    ``apr`` and ``xirr`` are those of this line alone.
    """

    offer = models.ForeignKey(Offer, models.PROTECT, related_name="lines", db_index=False)
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="+")
    stage = models.CharField(_("stage"), max_length=4, choices=Stage.choices)
    face = models.DecimalField(_("face"), max_digits=18, decimal_places=3)
    eligible = models.DecimalField(_("eligible"), max_digits=18, decimal_places=3)
    advance_rate = models.DecimalField(_("advance rate in percent"), max_digits=6, decimal_places=3)
    annual_rate = models.DecimalField(_("discount rate in percent per year"), max_digits=6, decimal_places=3)
    fee_rate = models.DecimalField(_("origination fee in percent"), max_digits=6, decimal_places=3)
    expected_on = models.DateField(_("expected payment"))
    days = models.PositiveSmallIntegerField(_("days charged"))
    gross = models.DecimalField(_("advance"), max_digits=18, decimal_places=3)
    discount = models.DecimalField(_("discount"), max_digits=18, decimal_places=3)
    fee = models.DecimalField(_("fee"), max_digits=18, decimal_places=3)
    net = models.DecimalField(_("paid to the seller"), max_digits=18, decimal_places=3)
    reserve = models.DecimalField(_("reserve"), max_digits=18, decimal_places=3)
    apr = models.DecimalField(_("APR in percent"), max_digits=9, decimal_places=4)
    xirr = models.DecimalField(_("XIRR in percent"), max_digits=9, decimal_places=4)

    objects = OfferLineQuerySet.as_manager()
    wall = walls.through("financing_offer", "offer_id").only("SELECT", "INSERT")

    class Meta:
        ordering = ("milestone__position", "milestone__part")
        constraints = [
            models.UniqueConstraint("offer", "milestone", name="milestone_once_per_offer"),
            models.CheckConstraint(condition=Q(stage__in=["pre", "post"]), name="line_before_or_after_acceptance"),
            models.CheckConstraint(
                condition=Q(
                    gross__gt=0,
                    gross__lte=F("eligible") * F("advance_rate") / 100,
                    eligible__lte=F("face"),
                ),
                name="advance_within_eligible_and_rate",
            ),
            models.CheckConstraint(
                condition=Q(
                    net=F("gross") - F("discount") - F("fee"),
                    net__gt=0,
                    discount__gte=0,
                    fee__gte=0,
                ),
                name="net_is_gross_less_discount_and_fee",
            ),
            models.CheckConstraint(
                condition=Q(reserve=F("face") - F("gross")),
                name="reserve_is_face_less_advance",
            ),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "line_of_what_was_asked_for",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_offer o"
                " JOIN financing_requestitem i ON i.request_id = o.request_id"
                " WHERE o.id = NEW.offer_id AND i.milestone_id = NEW.milestone_id AND i.face = NEW.face"
                " AND i.released_at IS NULL)",
            ),
            guards.refused_when(
                "line_before_acceptance_is_measurable",
                guards.INSERT,
                "NEW.stage = 'pre' AND NOT EXISTS (SELECT 1 FROM milestones_milestone m JOIN contracts_criterion c"
                " ON c.line_id = m.line_id WHERE m.id = NEW.milestone_id)",
            ),
            guards.refused_when(
                "line_stands_on_the_right_side_of_acceptance",
                guards.INSERT,
                "(NEW.stage = 'post') <> EXISTS (SELECT 1 FROM invoicing_invoice i"
                " WHERE i.milestone_id = NEW.milestone_id AND i.gross = NEW.face)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.milestone_id} in {self.offer_id}"
