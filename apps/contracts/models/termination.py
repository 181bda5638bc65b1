from typing import ClassVar, Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models.contract import Contract, ContractParty
from apps.contracts.models.ending import IN_TIME
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.core.states import table
from apps.parties.actor import Actor
from apps.parties.models import User


class TerminationState(models.TextChoices):
    NOTICED = "noticed", _("Notice given")
    WITHDRAWN = "withdrawn", _("Notice withdrawn")
    SETTLED = "settled", _("Settled")


class Ground(models.TextChoices):
    CONVENIENCE = "convenience", _("For convenience")
    CAUSE = "cause", _("For cause")


class TerminationQuerySet(models.QuerySet["Termination"]):
    def visible_to(self, actor: Actor) -> "TerminationQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def live(self) -> "TerminationQuerySet":
        """Notice was given, and what follows from it is not settled."""
        return self.filter(state=TerminationState.NOTICED)


STEPS = table(noticed=("withdrawn", "settled"), withdrawn=(), settled=())
ONE_NOTICE: Final = "one_notice_at_a_time"


class Termination(models.Model):
    """Notice that a contract ends: one side gives it, for convenience or for cause, to take effect on a day.

    Until ``effective_on``, a day where the seller is, everything goes on and the side that gave notice may take it
    back. From that day on no deposit and no period is billed any more. The contract is terminated when both sides have
    signed what is owed for work in progress: the settlement, which milestones keep because it values them.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="terminations")
    state = models.CharField(max_length=10, choices=TerminationState.choices, default=TerminationState.NOTICED)
    side = models.CharField(
        _("notice given by"),
        max_length=10,
        choices=[(side.value, side.label) for side in (ContractParty.Side.SELLER, ContractParty.Side.BUYER)],
    )
    ground = models.CharField(_("terminated"), max_length=12, choices=Ground.choices)
    reason = models.TextField(_("reason"), max_length=4_000, blank=True)
    effective_on = models.DateField(_("takes effect on"))
    given_at = models.DateTimeField()
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    given_by_name = models.CharField(max_length=160)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = TerminationQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint("contract", condition=~Q(state="withdrawn"), name=ONE_NOTICE),
            models.CheckConstraint(
                condition=Q(side__in=["seller", "buyer"], ground__in=Ground.values), name="notice_is_of_a_side"
            ),
            models.CheckConstraint(
                condition=~Q(ground="cause") | ~Q(reason=""), name="notice_for_cause_says_the_cause"
            ),
            models.CheckConstraint(
                condition=Q(state="noticed", closed_at__isnull=True)
                | (~Q(state="noticed") & Q(closed_at__isnull=False)),
                name="notice_stands_or_is_closed_at_a_time",
            ),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.never_deleted(),
            guards.frozen_when("TRUE", name="the_notice_stands_as_given", allow=("state", "closed_at")),
            guards.frozen_when("OLD.state <> 'noticed'", name="a_notice_ends_once"),
            guards.refused_when(
                "only_an_active_contract_is_terminated",
                guards.INSERT,
                "NEW.state <> 'noticed' OR NOT EXISTS (SELECT 1 FROM contracts_contract c"
                " WHERE c.id = NEW.contract_id AND c.state = 'active')",
            ),
            IN_TIME,
            guards.at_commit(
                "settled_with_its_contract",
                guards.INSERT_OR_UPDATE,
                "IF EXISTS (SELECT 1 FROM contracts_termination t JOIN contracts_contract c ON c.id = t.contract_id"
                " WHERE t.id = NEW.id AND (t.state = 'settled') <> (c.state = 'terminated'))"
                " THEN RAISE EXCEPTION 'notice % and its contract disagree', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} ends on {self.effective_on}"
