from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, PlanLine
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.core.states import table
from apps.milestones.models.measured import QUANTITIES_ADD_UP
from apps.milestones.models.settled import GUARDS, NOT_OWED, VALUED, VALUED_AT_NOTHING
from apps.parties.actor import Actor


class MilestoneState(models.TextChoices):
    PLANNED = "planned", _("Planned")
    SUBMITTED = "submitted", _("Waiting for sign-off")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    ACCEPTED = "accepted", _("Accepted")
    NULLIFIED = "nullified", _("Acceptance withdrawn")
    CANCELLED = "cancelled", _("Cancelled")


OPEN = (MilestoneState.PLANNED, MilestoneState.CHANGES_REQUESTED)
"""Not accepted, and nothing waits for the buyer: what a change order may change."""
ENDED = (MilestoneState.ACCEPTED, MilestoneState.NULLIFIED, MilestoneState.CANCELLED)
"""Nothing is left to do on these: what was withdrawn goes on as a part of its own."""


class MilestoneQuerySet(models.QuerySet["Milestone"]):
    def visible_to(self, actor: Actor) -> "MilestoneQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    # What is still to be accepted belongs to a contract that runs, so these go along the index of those, however many
    # were completed. A side of a contract is a party to it: they show no more than :meth:`visible_to`.

    def sold_by(self, actor: Actor) -> "MilestoneQuerySet":
        """Still to be accepted, of contracts in which the actor's organisation sells."""
        return self.filter(contract__in=Contract.objects.of_seller(actor).filter(state="active")).unfinished()

    def bought_by(self, actor: Actor) -> "MilestoneQuerySet":
        """Still to be accepted, of contracts in which the actor's organisation buys."""
        return self.filter(contract__in=Contract.objects.of_buyer(actor).filter(state="active")).unfinished()

    def waiting_for(self, actor: Actor) -> "MilestoneQuerySet":
        """Submitted to the actor's organisation and not decided."""
        return self.bought_by(actor).filter(state=MilestoneState.SUBMITTED)

    def live(self) -> "MilestoneQuerySet":
        """Part of the plan: not cancelled by a change order."""
        return self.exclude(state=MilestoneState.CANCELLED)

    def unfinished(self) -> "MilestoneQuerySet":
        """Still to be accepted."""
        return self.exclude(state__in=ENDED)


STEPS = table(
    planned=("submitted", "accepted", "cancelled"),
    submitted=("accepted", "changes_requested", "planned"),
    changes_requested=("submitted", "accepted", "cancelled"),
    accepted=("nullified",),
    nullified=(),
    cancelled=(),
)


MOVES = (
    "OLD.state IN ('planned', 'changes_requested') AND NEW.state = OLD.state AND NEW.line_id <> OLD.line_id"
    " AND EXISTS (SELECT 1 FROM contracts_planline l JOIN contracts_contract c ON c.active_version_id = l.version_id"
    " WHERE l.id = NEW.line_id AND l.position = NEW.position AND c.id = NEW.contract_id)"
)
"""Whether an update takes an open milestone to the line at its position in the version that is in force."""

PARTS = (
    "(SELECT coalesce(sum(m.amount - m.nullified), 0) FROM milestones_milestone m"
    " WHERE m.contract_id = NEW.contract_id AND m.position = NEW.position AND m.state <> 'cancelled')"
)
AGREED = (
    "(SELECT coalesce(sum(l.amount), 0) FROM contracts_contract c JOIN contracts_planline l"
    " ON l.version_id = c.active_version_id AND l.position = NEW.position WHERE c.id = NEW.contract_id)"
)
SUMMED = "({row}.contract_id, {row}.position, {row}.amount, {row}.nullified, {row}.state = 'cancelled', {row}.line_id)"
"""What of a row its parts and the line are added up from. SQL; on INSERT there is no OLD, and all of it is new."""
OTHERWISE = (
    "RAISE EXCEPTION 'the parts of milestone % do not add up to what was agreed', NEW.id"
    " USING ERRCODE = 'check_violation'; END IF;"
)


class Milestone(models.Model):
    """The life of one line of the signed plan: submitted, decided, accepted. Made when the contract becomes active.

    Accepted in part, it keeps what was accepted, and the rest goes on as a milestone of its own, the next ``part`` of
    the same line: the parts of a line always add up to its amount. So does what of it is ``nullified``: an acceptance
    that was withdrawn, for a part or the whole, counts no more, and that part goes on as one of its own. Of a line that
    is agreed by quantity ``quantity`` is how much of it this part is; None of a lump sum, and of what was split by an
    amount.

    A change order that both sides signed moves an open milestone to the line at its position in the new version, with
    what that says; or cancels it. What is accepted or under review stays with the line by which it is judged.

    Where the contract is terminated, an open milestone is accepted at the value that both sides signed for its work in
    progress, or cancelled where that is nothing.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="milestones", db_index=False)
    line = models.ForeignKey(PlanLine, models.PROTECT, related_name="milestones")
    position = models.PositiveIntegerField()
    part = models.PositiveSmallIntegerField(default=1)
    title = models.CharField(_("milestone"), max_length=160)
    amount = models.DecimalField(_("amount, net of tax"), max_digits=18, decimal_places=3)
    quantity = models.DecimalField(_("quantity"), max_digits=18, decimal_places=6, null=True, blank=True)
    currency = models.CharField(max_length=3)
    planned_on = models.DateField(_("planned date"), null=True, blank=True)
    state = models.CharField(max_length=20, choices=MilestoneState.choices, default=MilestoneState.PLANNED)
    nullified = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_submission = models.OneToOneField(
        "milestones.Submission", models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = MilestoneQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("position", "part")
        constraints = [
            models.UniqueConstraint("contract", "position", "part", name="milestone_positions_unique"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="milestone_amount_positive"),
            models.CheckConstraint(
                condition=Q(quantity__isnull=True) | Q(quantity__gt=0), name="milestone_quantity_positive"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["accepted", "nullified"],
                    accepted_at__isnull=False,
                    accepted_submission__isnull=False,
                )
                | (
                    ~Q(state__in=["accepted", "nullified"])
                    & Q(accepted_at__isnull=True, accepted_submission__isnull=True)
                ),
                name="accepted_with_a_submission_and_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state="nullified", nullified__gt=0, nullified__lte=F("amount"))
                | Q(state="accepted", nullified__gte=0, nullified__lt=F("amount"))
                | (~Q(state__in=["accepted", "nullified"]) & Q(nullified=0)),
                name="nullified_is_a_part_of_what_was_accepted",
            ),
        ]
        indexes = [
            models.Index("state", "contract", name="milestone_by_state"),
            models.Index("contract", condition=~Q(state__in=ENDED), name="milestones_unfinished"),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE",
                name="agreed_part_frozen",
                is_hot=True,
                allow=(
                    "state",
                    "accepted_at",
                    "accepted_submission_id",
                    "amount",
                    "quantity",
                    "nullified",
                    "line_id",
                    "title",
                    "planned_on",
                ),
            ),
            guards.refused_when(
                "nullified_only_once_accepted",
                guards.UPDATE,
                "(OLD.state IN ('accepted', 'nullified') AND (NEW.accepted_at, NEW.accepted_submission_id)"
                " IS DISTINCT FROM (OLD.accepted_at, OLD.accepted_submission_id))"
                " OR (NEW.nullified <> OLD.nullified AND (OLD.state <> 'accepted' OR NEW.nullified < OLD.nullified))",
            ),
            guards.refused_when(
                "what_is_agreed_moves_with_a_signed_change",
                guards.UPDATE,
                f"NOT ({MOVES})",
                only="(NEW.line_id, NEW.title, NEW.planned_on) IS DISTINCT FROM"
                " (OLD.line_id, OLD.title, OLD.planned_on)",
            ),
            guards.refused_when(
                "amount_moves_with_a_part_or_a_signed_change",
                guards.UPDATE,
                f"NOT ({MOVES}) AND NOT ({VALUED})",
                only="NEW.amount <> OLD.amount AND NOT (OLD.state = 'submitted' AND NEW.state = 'accepted'"
                " AND NEW.amount < OLD.amount)",
            ),
            guards.refused_when(
                "quantity_moves_with_the_amount",
                guards.UPDATE,
                f"NOT ({MOVES})",
                only="NEW.quantity IS DISTINCT FROM OLD.quantity AND NEW.amount = OLD.amount",
            ),
            guards.refused_when(
                "cancelled_by_what_both_sides_signed_only",
                guards.UPDATE,
                "NOT EXISTS"
                " (SELECT 1 FROM contracts_contract c JOIN contracts_contractversion v ON v.id = c.active_version_id"
                " WHERE c.id = NEW.contract_id AND v.changes_id IS NOT NULL)"
                f" AND NOT {VALUED_AT_NOTHING}",
                only="NEW.state = 'cancelled' AND OLD.state <> 'cancelled'",
            ),
            *GUARDS,
            guards.at_commit(
                "parts_add_up_to_the_line",
                guards.INSERT_OR_UPDATE,
                # Most writes move nothing of the sum.
                f"IF {SUMMED.format(row='NEW')} IS DISTINCT FROM {SUMMED.format(row='OLD')} THEN"
                # What is not owed takes many tables to find, and only what ended by a settlement has it.
                " IF EXISTS (SELECT 1 FROM milestones_settlement s WHERE s.contract_id = NEW.contract_id"
                " AND s.state = 'signed') THEN"
                f" IF {PARTS} + {NOT_OWED.format(contract='NEW.contract_id', position='NEW.position')}"
                f" IS DISTINCT FROM {AGREED} THEN {OTHERWISE}"
                f" ELSIF {PARTS} IS DISTINCT FROM {AGREED} THEN {OTHERWISE} END IF;",
            ).seeing_all(),
            QUANTITIES_ADD_UP,
            guards.at_commit(
                # A nullification that is granted checks the same of itself.
                "nullified_by_both_sides",
                guards.UPDATE,
                "IF (SELECT m.nullified FROM milestones_milestone m WHERE m.id = NEW.id) IS DISTINCT FROM"
                " (SELECT coalesce(sum(n.amount), 0) FROM milestones_nullification n"
                " WHERE n.milestone_id = NEW.id AND n.state = 'granted')"
                " THEN RAISE EXCEPTION 'milestone % is nullified without being asked and granted', NEW.id"
                " USING ERRCODE = 'check_violation'; END IF;",
                only="NEW.nullified IS DISTINCT FROM OLD.nullified",
            ),
            guards.at_commit(
                "accepted_stands_in_an_application",
                guards.UPDATE,
                # What a settlement values is billed at once; what is withheld for defects stands once they are mended.
                "IF EXISTS (SELECT 1 FROM contracts_contractversion v JOIN contracts_contract c"
                " ON c.active_version_id = v.id WHERE c.id = NEW.contract_id AND v.bills_by = 'application') AND"
                " NOT EXISTS (SELECT 1 FROM invoicing_applicationline l WHERE l.milestone_id = NEW.id) AND"
                " NOT EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.milestone_id = NEW.id) AND"
                " (SELECT coalesce(sum(r.amount), 0) FROM milestones_reservation r WHERE r.milestone_id = NEW.id)"
                " <> NEW.amount"
                " THEN RAISE EXCEPTION 'milestone % is accepted and stands in no application', NEW.id"
                " USING ERRCODE = 'check_violation'; END IF;",
                only="NEW.state = 'accepted' AND OLD.state <> 'accepted'",
            ).seeing_all(),
            guards.at_commit(
                "accepted_by_a_decision",
                guards.INSERT_OR_UPDATE,
                "IF EXISTS (SELECT 1 FROM milestones_milestone m WHERE m.id = NEW.id"
                " AND m.state IN ('accepted', 'nullified') AND NOT EXISTS"
                " (SELECT 1 FROM milestones_decision d JOIN milestones_submission s ON s.id = d.submission_id"
                " WHERE s.id = m.accepted_submission_id AND s.milestone_id = m.id"
                " AND s.state = 'accepted'"
                " AND d.outcome IN ('accepted', 'partly_accepted', 'deemed_accepted', 'settled')))"
                " THEN RAISE EXCEPTION 'milestone % is accepted without a decision', NEW.id"
                " USING ERRCODE = 'check_violation'; END IF;",
                only="NEW.state IN ('accepted', 'nullified')",
            ).seeing_all(),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def standing(self) -> Decimal:
        """What of it still counts: an acceptance may have been withdrawn in part, and that part goes on as another."""
        return self.amount - self.nullified
