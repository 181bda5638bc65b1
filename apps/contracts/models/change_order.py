from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models.contract import Contract, ContractParty
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.core.states import table
from apps.parties.actor import Actor
from apps.parties.models import User


class ChangeOrderState(models.TextChoices):
    UNPRICED = "unpriced", _("Not priced yet")
    PROPOSED = "proposed", _("Proposed")
    SIGNED = "signed", _("Signed")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Not signed in time")


class ChangeOrderQuerySet(models.QuerySet["ChangeOrder"]):
    def visible_to(self, actor: Actor) -> "ChangeOrderQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def answered_by(self, side: str) -> "ChangeOrderQuerySet":
        """Proposed by the other side, and waiting for this one."""
        return self.filter(state=ChangeOrderState.PROPOSED).exclude(author=side)


STEPS = table(
    unpriced=("proposed", "withdrawn"),
    proposed=("signed", "declined", "withdrawn", "unpriced", "expired"),
    declined=("proposed", "withdrawn"),
    expired=("proposed", "withdrawn"),
    signed=(),
    withdrawn=(),
)


class ChangeOrder(models.Model):
    """A change of an active contract: what is to be different and why, and what became of it.

    What both sides sign is a version of the contract (:class:`ContractVersion`, ``change_order``): the whole plan as it
    is to be, which names the version that it changes. An order may be recorded before anybody knows what it costs
    (``was_unpriced``); it has no version until it is priced. Declined, or not signed by its last day, it may be
    proposed once more with other amounts; each proposal is a version of its own. ``author`` is the side that recorded
    or proposed it last.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="change_orders", db_index=False)
    number = models.PositiveIntegerField()
    title = models.CharField(_("what changes"), max_length=160)
    reason = models.TextField(_("why, and what exactly"), max_length=4_000)
    state = models.CharField(max_length=10, choices=ChangeOrderState.choices, default=ChangeOrderState.UNPRICED)
    was_unpriced = models.BooleanField(default=False)
    author = models.CharField(
        _("proposed by"),
        max_length=10,
        choices=[(side.value, side.label) for side in (ContractParty.Side.SELLER, ContractParty.Side.BUYER)],
    )
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_reason = models.TextField(_("why it is not signed"), max_length=4_000, blank=True)

    objects = ChangeOrderQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint("contract", "number", name="change_order_numbers_unique"),
            models.UniqueConstraint("contract", condition=Q(state="proposed"), name="one_change_proposed_at_a_time"),
            models.CheckConstraint(condition=Q(author__in=["seller", "buyer"]), name="change_is_of_a_side"),
            models.CheckConstraint(condition=~Q(title="") & ~Q(reason=""), name="change_says_what_and_why"),
            models.CheckConstraint(
                condition=Q(state__in=["declined", "withdrawn"], closed_at__isnull=False) & ~Q(closed_reason="")
                | Q(state__in=["unpriced", "proposed"], closed_at__isnull=True, closed_reason="")
                | Q(state__in=["signed", "expired"], closed_at__isnull=False, closed_reason=""),
                name="change_closed_at_a_time_and_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="unpriced") | Q(was_unpriced=True), name="unpriced_only_what_was_recorded_so"
            ),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE", name="what_changes_is_frozen", allow=("state", "author", "closed_at", "closed_reason")
            ),
            guards.refused_when(
                "only_an_active_contract_is_changed",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id AND c.state = 'active')",
            ),
            guards.refused_when(
                "a_change_is_of_an_active_contract",
                guards.UPDATE,
                "NEW.state IN ('proposed', 'signed') AND NEW.state <> OLD.state AND NOT EXISTS"
                " (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id AND c.state = 'active')",
            ),
            guards.at_commit(
                "a_change_is_what_its_versions_are",
                guards.INSERT_OR_UPDATE,
                "IF EXISTS (SELECT 1 FROM contracts_changeorder o WHERE o.id = NEW.id AND CASE o.state"
                " WHEN 'signed' THEN (SELECT count(DISTINCT s.side) FROM contracts_signature s"
                " JOIN contracts_contractversion v ON v.id = s.version_id"
                " WHERE v.change_order_id = o.id AND v.changes_asked_at IS NULL AND v.expired_at IS NULL) <> 2"
                " WHEN 'proposed' THEN (SELECT count(*) FROM contracts_contractversion v"
                " WHERE v.change_order_id = o.id AND v.proposed_at IS NOT NULL AND v.changes_asked_at IS NULL"
                " AND v.expired_at IS NULL) <> 1"
                " ELSE EXISTS (SELECT 1 FROM contracts_contractversion v"
                " WHERE v.change_order_id = o.id AND v.changes_asked_at IS NULL AND v.expired_at IS NULL) END)"
                " THEN RAISE EXCEPTION 'change order % is not what its versions are', NEW.id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


NAMES_WHAT_IT_CHANGES = models.CheckConstraint(
    condition=Q(change_order__isnull=True, changes__isnull=True) | Q(change_order__isnull=False, changes__isnull=False),
    name="a_change_names_what_it_changes",
)
OF_WHAT_IS_IN_FORCE = guards.refused_when(
    "a_change_is_of_what_is_in_force",
    guards.INSERT_OR_UPDATE,
    "NEW.change_order_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_changeorder o"
    " JOIN contracts_contract c ON c.id = o.contract_id WHERE o.id = NEW.change_order_id"
    " AND c.id = NEW.contract_id"
    " AND (NEW.proposed_at IS NOT NULL OR c.active_version_id = NEW.changes_id))",
)
"""What holds of a version that a change order makes."""
