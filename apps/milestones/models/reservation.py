"""Acceptance with reservations: the defects that the buyer named when it accepted, and what became of each."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.billing import BY_APPLICATION
from apps.contracts.models import Contract, Criterion, GuestGrant
from apps.contracts.wall import by_contract, by_sides
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.core.states import table
from apps.milestones.models.applied_for import OTHERWISE_APPLIED_FOR
from apps.milestones.models.decision import Decision
from apps.milestones.models.dispute import Side
from apps.milestones.models.milestone import Milestone
from apps.parties.actor import Actor
from apps.parties.models import User


class ReservationState(models.TextChoices):
    OPEN = "open", _("To be mended")
    MENDED = "mended", _("Mended, waiting for the buyer")
    RELEASED = "released", _("Released")
    REDUCED = "reduced", _("Settled at a lower price")


UNSETTLED = (ReservationState.OPEN, ReservationState.MENDED)
"""Its amount is not due."""
LINK_OF_OTHER_DEFECTS: Final = (
    "NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
    " JOIN milestones_milestone m ON m.ref = g.subject_ref JOIN milestones_reservation r"
    " ON r.milestone_id = m.id WHERE g.id = NEW.grant_id AND r.id = NEW.reservation_id"
    " AND g.contract_id = NEW.contract_id AND g.purpose = 'mend')"
)
"""A guest's link that is not for the acceptance to which this defect belongs."""
STEPS = table(open=("mended", "released", "reduced"), mended=("open", "released", "reduced"), released=(), reduced=())


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def visible_to(self, actor: Actor) -> "ReservationQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def unsettled(self) -> "ReservationQuerySet":
        """Those that are still to be mended or released."""
        return self.filter(state__in=UNSETTLED)

    def held_back(self) -> "ReservationQuerySet":
        """Those of which the withheld amount can be applied for once they are settled: no invoice bills it yet."""
        return self.unsettled().filter(amount__gt=0, milestone__line__version__bills_by=BY_APPLICATION)

    def lower_prices(self) -> "ReservationQuerySet":
        """Those for which both sides took something off the price: of what an invoice billed, a credit note says it
        too."""
        return self.filter(state=ReservationState.REDUCED)

    def never_billed(self) -> "ReservationQuerySet":
        """Those of a price of which no invoice billed what was withheld: no credit note says what was taken off it."""
        return self.filter(milestone__line__version__bills_by=BY_APPLICATION)


class Reservation(models.Model):
    """One defect that the buyer named when it accepted a milestone: an item of the punch list.

    The milestone is accepted all the same, and billed whole. Until the item is settled ``amount`` (net of tax) of it is
    not due: then it is released, or both sides agree that ``reduced_by`` of it is never paid. Nothing may be withheld.
    ``answer_due_at``: until then the buyer is to look at what is mended, as many days as a review has; what nobody
    answers stays as it is, and the seller may dispute it.

    Source: whoever accepts and knows a defect keeps his rights only by reserving them (German Civil Code, section
    640(3)); he may withhold a fair part of the price until it is mended, as a rule twice what mending costs (641(3)).
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="reservations")
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="reservations", db_index=False)
    number = models.PositiveSmallIntegerField()
    title = models.CharField(_("defect"), max_length=160)
    text = models.TextField(_("description"), max_length=2_000, blank=True)
    criterion = models.ForeignKey(Criterion, models.PROTECT, null=True, blank=True, related_name="+")
    due_on = models.DateField(_("to be mended by"))
    amount = models.DecimalField(_("withheld, net of tax"), max_digits=18, decimal_places=3, default=0)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=ReservationState.choices, default=ReservationState.OPEN)
    listed_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    reduced_by = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    answer_due_at = models.DateTimeField(null=True, blank=True)

    objects = ReservationQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("decision", "number")
        constraints = [
            models.UniqueConstraint("decision", "number", name="reservations_are_numbered"),
            models.CheckConstraint(condition=~Q(title=""), name="a_reservation_names_a_defect"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="nothing_is_withheld_below_nothing"),
            models.CheckConstraint(
                condition=Q(state="mended") | Q(answer_due_at__isnull=True), name="only_what_is_mended_awaits_an_answer"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "mended"], settled_at__isnull=True, reduced_by=0)
                | Q(state="released", settled_at__isnull=False, reduced_by=0)
                | Q(state="reduced", settled_at__isnull=False, reduced_by__gt=0, reduced_by__lte=F("amount")),
                name="settled_at_a_time_and_reduced_by_a_part",
            ),
        ]
        indexes = [
            models.Index("contract", condition=Q(state__in=["open", "mended"]), name="reservation_unsettled"),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE", name="what_was_reserved_is_frozen", allow=("state", "settled_at", "reduced_by", "answer_due_at")
            ),
            guards.refused_when(
                "reserved_with_the_acceptance",
                guards.INSERT,
                "NEW.state <> 'open' OR NOT EXISTS (SELECT 1 FROM milestones_decision d"
                " JOIN milestones_submission s ON s.id = d.submission_id"
                " JOIN milestones_milestone m ON m.id = s.milestone_id"
                " WHERE d.id = NEW.decision_id AND d.outcome = 'accepted' AND d.decided_at = NEW.listed_at"
                " AND m.id = NEW.milestone_id AND m.currency = NEW.currency"
                " AND (d.contract_id, m.contract_id) = (NEW.contract_id, NEW.contract_id)"
                " AND (NEW.criterion_id IS NULL OR EXISTS (SELECT 1 FROM contracts_criterion c"
                " WHERE c.id = NEW.criterion_id AND c.line_id = m.line_id)))",
            ),
            guards.at_commit(
                "no_more_is_withheld_than_is_accepted",
                guards.INSERT,
                "IF (SELECT sum(r.amount) FROM milestones_reservation r WHERE r.decision_id = NEW.decision_id)"
                " > (SELECT m.amount FROM milestones_milestone m WHERE m.id = NEW.milestone_id)"
                " THEN RAISE EXCEPTION 'more is withheld of milestone % than it comes to', NEW.milestone_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "only_what_is_not_withheld_is_applied_for",
                guards.INSERT_OR_UPDATE,
                "IF EXISTS (SELECT 1 FROM milestones_milestone m JOIN contracts_contract c ON c.id = m.contract_id"
                " JOIN contracts_contractversion v ON v.id = c.active_version_id AND v.bills_by = 'application'"
                f" WHERE m.id = NEW.milestone_id AND {OTHERWISE_APPLIED_FOR})"
                " THEN RAISE EXCEPTION 'what is withheld of milestone % is applied for, or the rest is not',"
                " NEW.milestone_id USING ERRCODE = 'check_violation'; END IF;",
                only="NEW.amount > 0",
            ).seeing_all(),
            guards.at_commit(
                "settled_by_the_buyers_word_or_by_both",
                guards.UPDATE,
                "IF EXISTS (SELECT 1 FROM milestones_reservation r WHERE r.id = NEW.id AND ("
                " (r.state = 'released' AND NOT EXISTS (SELECT 1 FROM milestones_reservationword w"
                " WHERE w.reservation_id = r.id AND w.kind = 'released')"
                " AND NOT EXISTS (SELECT 1 FROM milestones_dispute d WHERE d.reservation_id = r.id"
                " AND d.state = 'rejected'))"
                " OR (r.state = 'reduced' AND NOT EXISTS (SELECT 1 FROM milestones_dispute d"
                " WHERE d.reservation_id = r.id AND d.state IN ('upheld', 'partly_upheld') AND d.upheld = r.reduced_by)"
                " AND NOT EXISTS (SELECT 1 FROM milestones_reservationword a"
                " JOIN milestones_reservationword o ON o.reservation_id = a.reservation_id AND o.kind = 'offer'"
                " AND o.number < a.number AND o.side <> a.side AND o.user_id IS DISTINCT FROM a.user_id"
                " AND o.amount = r.reduced_by"
                " WHERE a.reservation_id = r.id AND a.kind = 'agreed'))))"
                " THEN RAISE EXCEPTION 'reservation % is settled without the word that settles it', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.amount}"

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do on it."""
        return self.state not in UNSETTLED


class ReservationWordQuerySet(models.QuerySet["ReservationWord"]):
    def visible_to(self, actor: Actor) -> "ReservationWordQuerySet":
        """As with disputes: what the sides write to each other is no financier's."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        return self.filter(own, contract__in=Contract.objects.visible_to(actor))


class ReservationWord(models.Model):
    """What a side said of a reservation, written once: mended, not yet, released, or how it could be settled.

    ``amount`` (net of tax) is what an offer would take off the price; agreed to is the newest offer of the other side.
    """

    class Kind(models.TextChoices):
        MENDED = "mended", _("Mended")
        MISSING = "missing", _("Still missing")
        OFFER = "offer", _("A lower price offered")
        RELEASED = "released", _("Released")
        AGREED = "agreed", _("Lower price agreed")

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    reservation = models.ForeignKey(Reservation, models.PROTECT, related_name="words", db_index=False)
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    side = models.CharField(max_length=6, choices=Side.choices)
    text = models.TextField(_("note"), max_length=4_000, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(_("name"), max_length=160)
    written_at = models.DateTimeField()

    objects = ReservationWordQuerySet.as_manager()
    wall = by_sides().only("SELECT", "INSERT")

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint("reservation", "number", name="words_of_a_reservation_are_numbered"),
            models.CheckConstraint(
                condition=Q(kind="offer", amount__gt=0) | (~Q(kind="offer") & Q(amount__isnull=True)),
                name="an_offer_says_how_much",
            ),
            models.CheckConstraint(
                condition=Q(kind="mended", side="seller")
                | Q(kind__in=["missing", "released"], side="buyer")
                | Q(kind__in=["offer", "agreed"]),
                name="the_seller_mends_and_the_buyer_releases",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["mended", "missing"]) | ~Q(text=""), name="what_is_mended_or_missing_is_said"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True)
                | Q(user__isnull=True, grant__isnull=False, side="buyer"),
                name="word_of_a_user_or_the_buyers_guest",
            ),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "only_an_unsettled_reservation_is_spoken_of",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_reservation r WHERE r.id = NEW.reservation_id"
                " AND r.contract_id = NEW.contract_id AND r.state IN ('open', 'mended')"
                " AND coalesce(NEW.amount, 0) <= r.amount)",
            ),
            guards.refused_when(
                "what_is_in_dispute_is_settled_there",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM milestones_dispute d WHERE d.reservation_id = NEW.reservation_id"
                " AND d.state IN ('open', 'proposed'))",
            ),
            guards.refused_when(
                "link_speaks_only_of_its_defects",
                guards.INSERT,
                LINK_OF_OTHER_DEFECTS,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reservation_id} · {self.number} {self.kind}"
