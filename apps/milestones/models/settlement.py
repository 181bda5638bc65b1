"""What both sides sign when a contract is terminated: what is owed for the work in progress of each open milestone."""

from decimal import Decimal
from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant, Termination
from apps.contracts.models.readers import reader
from apps.contracts.wall import by_sides
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.milestones.models.milestone import Milestone
from apps.milestones.models.nullification import Nullification
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User

Side = Nullification.Side


class SettlementState(models.TextChoices):
    PROPOSED = "proposed", _("Waiting for the other side")
    SIGNED = "signed", _("Signed by both sides")
    ANSWERED = "answered", _("Answered with other figures")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class SettlementQuerySet(models.QuerySet["Settlement"]):
    def visible_to(self, actor: Actor) -> "SettlementQuerySet":
        """The sides only: what they say to each other of figures is no financier's. For a guest, those of the notice
        that the link is for."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        visible = self.filter(own, contract__in=Contract.objects.visible_to(actor))
        if actor.contract_id is None:
            return visible
        links = GuestGrant.objects.filter(pk=actor.grant_id or 0, purpose=GuestGrant.Purpose.SETTLE)
        return visible.filter(termination__ref__in=links.values("subject_ref"))


STEPS = table(proposed=("signed", "answered", "withdrawn"), signed=(), answered=(), withdrawn=())


class Settlement(models.Model):
    """What one side proposes to be owed at the end: a value for each open milestone, and what becomes of the rest.

    ``canonical_text`` is what both sides sign, by its SHA-256: notice, values, what is cancelled, what is billed no
    more. Sums are net of tax in the contract's currency: ``valued`` is accepted and invoiced by the signatures,
    ``cancelled`` is the rest of the milestones, ``unbilled`` the deposits and periods that are billed no more. A side
    that does not agree proposes other figures: so each proposal with its note is a position, in its number.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="settlements")
    termination = models.ForeignKey(Termination, models.PROTECT, related_name="settlements", db_index=False)
    number = models.PositiveSmallIntegerField()
    side = models.CharField(_("proposed by"), max_length=6, choices=Side.choices)
    state = models.CharField(max_length=10, choices=SettlementState.choices, default=SettlementState.PROPOSED)
    note = models.TextField(_("note"), max_length=4_000, blank=True)
    currency = models.CharField(max_length=3)
    valued = models.DecimalField(_("work in progress"), max_digits=18, decimal_places=3)
    cancelled = models.DecimalField(_("cancelled"), max_digits=18, decimal_places=3)
    unbilled = models.DecimalField(_("not billed any more"), max_digits=18, decimal_places=3)
    canonical_text = models.TextField()
    sha256 = models.CharField(max_length=64)
    proposed_at = models.DateTimeField()
    proposed_by_name = models.CharField(max_length=160)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = SettlementQuerySet.as_manager()
    wall = by_sides().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint("termination", "number", name="settlements_are_numbered"),
            models.UniqueConstraint(
                "contract", condition=Q(state__in=["proposed", "signed"]), name="one_settlement_waits_or_is_signed"
            ),
            models.CheckConstraint(
                condition=Q(side__in=Side.values, valued__gte=0, cancelled__gte=0, unbilled__gte=0),
                name="a_settlement_is_of_a_side_and_of_no_negative_sums",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", closed_at__isnull=True)
                | (~Q(state="proposed") & Q(closed_at__gte=F("proposed_at"))),
                name="a_settlement_waits_or_is_closed_at_a_time",
            ),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.never_deleted(),
            guards.frozen_when("TRUE", name="what_is_proposed_is_frozen", allow=("state", "closed_at")),
            guards.refused_when(
                "settled_is_what_notice_was_given_of",
                guards.INSERT,
                "NEW.state <> 'proposed' OR NEW.sha256 <> encode(sha256(convert_to(NEW.canonical_text, 'UTF8')), 'hex')"
                " OR NOT EXISTS (SELECT 1 FROM contracts_termination t JOIN contracts_contract c ON c.id ="
                " t.contract_id WHERE t.id = NEW.termination_id AND t.contract_id = NEW.contract_id"
                " AND t.state = 'noticed' AND c.state = 'active' AND c.currency = NEW.currency)",
            ),
            guards.at_commit(
                "a_settlement_is_what_its_values_say",
                guards.INSERT_OR_UPDATE,
                "IF EXISTS (SELECT 1 FROM milestones_settlement s WHERE s.id = NEW.id AND ("
                "(s.valued, s.cancelled) IS DISTINCT FROM (SELECT (coalesce(sum(v.amount), 0),"
                " coalesce(sum(v.unbilled - v.amount), 0)) FROM milestones_valuation v WHERE v.settlement_id = s.id)"
                " OR NOT EXISTS (SELECT 1 FROM milestones_settlementsignature g WHERE g.settlement_id = s.id"
                " AND g.side = s.side)"
                " OR (s.state = 'signed') <> ((SELECT count(*) FROM milestones_settlementsignature g"
                " WHERE g.settlement_id = s.id) = 2)"
                " OR (s.state = 'signed' AND NOT EXISTS (SELECT 1 FROM contracts_contract c"
                " WHERE c.id = s.contract_id AND c.state = 'terminated'))))"
                " THEN RAISE EXCEPTION 'settlement % differs from its values, its signatures or its contract', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "every_value_is_billed_and_every_rest_cancelled",
                guards.UPDATE,
                "IF EXISTS (SELECT 1 FROM milestones_settlement s JOIN milestones_valuation v ON v.settlement_id = s.id"
                " JOIN milestones_milestone m ON m.id = v.milestone_id WHERE s.id = NEW.id AND s.state = 'signed'"
                " AND CASE WHEN v.amount = 0 THEN m.state <> 'cancelled' ELSE m.state <> 'accepted'"
                " OR m.amount <> v.amount OR NOT EXISTS (SELECT 1 FROM invoicing_invoice i"
                " WHERE i.milestone_id = m.id AND i.net + i.recovered = v.amount) END)"
                " THEN RAISE EXCEPTION 'settlement % is signed and not carried out', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id}: {self.valued} {self.state}"


SETTLEMENT_WAITS: Final = (
    "EXISTS (SELECT 1 FROM milestones_settlement s WHERE s.id = NEW.settlement_id AND s.state = 'proposed'{more})"
)


class ValuationQuerySet(models.QuerySet["Valuation"]):
    def visible_to(self, actor: Actor) -> "ValuationQuerySet":
        return self.filter(settlement__in=Settlement.objects.visible_to(actor))


class Valuation(models.Model):
    """What one side says the work in progress of an open milestone is worth: between nothing and what is unbilled."""

    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="valuations", db_index=False)
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="valuations")
    unbilled = models.DecimalField(_("not billed"), max_digits=18, decimal_places=3)
    amount = models.DecimalField(_("value, net of tax"), max_digits=18, decimal_places=3)
    note = models.TextField(_("what is done, and what shows it"), max_length=2_000, blank=True)

    objects = ValuationQuerySet.as_manager()
    wall = walls.through("milestones_settlement", "settlement_id").only("SELECT", "INSERT")

    class Meta:
        ordering = ("milestone__position", "milestone__part")
        constraints = [
            models.UniqueConstraint("settlement", "milestone", name="one_value_per_milestone"),
            models.CheckConstraint(
                condition=Q(unbilled__gt=0, amount__gte=0, amount__lte=F("unbilled")),
                name="a_value_is_at_most_what_is_unbilled",
            ),
        ]
        indexes = [models.Index("milestone", name="valuation_of_milestone")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "valued_is_what_is_open",
                guards.INSERT,
                f"NOT {SETTLEMENT_WAITS.format(more='')} OR EXISTS (SELECT 1 FROM milestones_settlementsignature g"
                " WHERE g.settlement_id = NEW.settlement_id) OR NOT EXISTS (SELECT 1 FROM milestones_milestone m"
                " JOIN milestones_settlement s ON s.contract_id = m.contract_id WHERE m.id = NEW.milestone_id"
                " AND s.id = NEW.settlement_id AND m.state IN ('planned', 'changes_requested')"
                " AND m.amount = NEW.unbilled)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.milestone_id}: {self.amount}"

    @property
    def title(self) -> str:
        """What it is the value of. It reads ``milestone``."""
        return self.milestone.title

    @property
    def cancelled(self) -> Decimal:
        """What is not owed of it."""
        return self.unbilled - self.amount


class SettlementSignatureQuerySet(models.QuerySet["SettlementSignature"]):
    def visible_to(self, actor: Actor) -> "SettlementSignatureQuerySet":
        return self.filter(settlement__in=Settlement.objects.visible_to(actor))


class SettlementSignature(models.Model):
    """Who signed a settlement for a side: when, from where, which statement, which text. The buyer's is a sign-off."""

    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="signatures", db_index=False)
    side = models.CharField(max_length=6, choices=Side.choices)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(_("name"), max_length=160)
    email = models.EmailField(_("e-mail"))
    signed_at = models.DateTimeField()
    address = models.CharField(_("network address"), max_length=45, blank=True)
    agent = models.CharField(_("browser"), max_length=300, blank=True)
    authenticated_by = models.CharField(max_length=120, blank=True)
    proved_by = models.CharField(_("confirmed by"), max_length=120, blank=True)
    proved_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    circumstances = models.JSONField(null=True)
    statement = models.TextField()
    statement_version = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)

    objects = SettlementSignatureQuerySet.as_manager()
    wall = walls.through("milestones_settlement", "settlement_id").only("SELECT", "INSERT")

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint("settlement", "side", name="one_signature_of_a_settlement_per_side"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="a_settlement_is_signed_by_a_side"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True)
                | Q(user__isnull=True, grant__isnull=False, side="buyer"),
                name="settled_in_the_name_of_a_user_or_the_buyers_guest",
            ),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "the_settlement_is_signed_as_it_was_proposed",
                guards.INSERT,
                f"NOT {SETTLEMENT_WAITS.format(more=' AND s.sha256 = NEW.sha256')} OR NOT EXISTS (SELECT 1"
                " FROM milestones_settlement s JOIN contracts_contract c ON c.id = s.contract_id"
                " WHERE s.id = NEW.settlement_id AND NEW.organisation_id ="
                " CASE NEW.side WHEN 'seller' THEN c.seller_id ELSE c.buyer_id END)",
            ),
            guards.refused_when(
                "link_settles_only_its_termination",
                guards.INSERT,
                "NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
                " JOIN contracts_termination t ON t.ref = g.subject_ref JOIN milestones_settlement s"
                " ON s.termination_id = t.id WHERE g.id = NEW.grant_id AND s.id = NEW.settlement_id"
                " AND g.contract_id = s.contract_id AND g.purpose = 'settle')",
            ),
            guards.refused_when(
                "two_people_settle",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM milestones_settlementsignature g WHERE g.settlement_id = NEW.settlement_id"
                " AND g.side <> NEW.side AND (g.user_id = NEW.user_id"
                f" OR {reader('g.email')} = {reader('NEW.email')}))",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} for {self.side}"
