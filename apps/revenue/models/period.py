from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class PeriodState(models.TextChoices):
    CLOSING = "closing", _("Being closed")
    CLOSED = "closed", _("Closed")
    FAILED = "failed", _("Failed")


class AccountingPeriodQuerySet(models.QuerySet["AccountingPeriod"]):
    def visible_to(self, actor: Actor) -> "AccountingPeriodQuerySet":
        if actor.contract_id is not None:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id)


STEPS = table(closing=("closed", "failed"), failed=("closing",), closed=())


class AccountingPeriod(models.Model):
    """A month of a seller's revenue, closed once: nothing is recognised in it any more, later corrections land later.

    Closing recognises what the days up to ``through`` earned, and whatever was missed, contract by contract: ``done``
    of ``contracts``. It can be repeated and goes on where it stood.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    through = models.DateField(_("month that ends on"))
    state = models.CharField(max_length=10, choices=PeriodState.choices, default=PeriodState.CLOSING)
    contracts = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    asked_by_name = models.CharField(max_length=160)
    asked_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=400, blank=True)

    objects = AccountingPeriodQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("-through",)
        constraints = [
            models.UniqueConstraint("organisation", "through", name="a_month_is_closed_once"),
            models.UniqueConstraint(
                "organisation", condition=~Q(state="closed"), name="one_month_is_being_closed_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(closed_at__isnull=True)),
                name="closed_at_a_time",
            ),
            models.CheckConstraint(condition=Q(done__lte=F("contracts")), name="no_more_is_done_than_there_is"),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.never_deleted(),
            guards.frozen_when("OLD.state = 'closed'"),
            guards.refused_when(
                "periods_are_closed_one_after_the_other",
                guards.INSERT,
                "NEW.through <> (date_trunc('month', NEW.through) + interval '1 month - 1 day')::date"
                " OR NEW.through <> (SELECT (date_trunc('month', max(p.through)) + interval '2 months - 1 day')::date"
                " FROM revenue_accountingperiod p WHERE p.organisation_id = NEW.organisation_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.through} {self.state}"
