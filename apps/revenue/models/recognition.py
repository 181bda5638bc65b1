from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.ledger.models import Entry
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.revenue.models.obligation import Obligation


class RecognitionQuerySet(models.QuerySet["Recognition"]):
    def visible_to(self, actor: Actor) -> "RecognitionQuerySet":
        if actor.contract_id is not None:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id)


class Why(models.TextChoices):
    """What happened, by which revenue moved."""

    ACCEPTANCE = "acceptance", _("Accepted")
    NULLIFICATION = "nullification", _("Acceptance withdrawn")
    CREDIT = "credit", _("Credit note")
    CHANGE = "change", _("Change order")
    PERIOD = "period", _("Days passed")
    TERMINATION = "termination", _("Contract terminated (IFRS 15.21(b))")
    JUDGEMENT = "judgement", _("Judged by the accountant")
    BONUS = "bonus", _("Bonus")


CLOSED_BY = (
    "SELECT max(p.through) FROM revenue_accountingperiod p"
    " WHERE p.organisation_id = NEW.organisation_id AND p.state = 'closed'"
)


class Recognition(models.Model):
    """Revenue of one obligation by one cause: what it came to cumulatively, and so by how much it moved.

    ``cause`` (``acceptance:<submission>``, ``credit:<credit note>`` …) is unique per obligation: what happened is
    recognised once. ``occurred_on`` is the day of what happened, where the seller is; ``booked_on`` is the same or,
    when that day's period was closed by then, the first day of the open one. ``amount`` may be zero or negative.
    ``entry`` is the one that all recognitions of a contract by one cause share; none where they come to nothing.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    obligation = models.ForeignKey(Obligation, models.PROTECT, related_name="recognitions", db_index=False)
    why = models.CharField(max_length=15, choices=Why.choices)
    cause = models.CharField(max_length=60)
    occurred_on = models.DateField(_("happened on"))
    booked_on = models.DateField(_("booked on"))
    currency = models.CharField(max_length=3)
    cumulative = models.DecimalField(_("cumulative"), max_digits=18, decimal_places=3)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    entry = models.ForeignKey(Entry, models.PROTECT, null=True, blank=True, related_name="+")
    recognised_at = models.DateTimeField()

    objects = RecognitionQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT")

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint("obligation", "cause", name="recognised_once_per_cause"),
            models.CheckConstraint(condition=Q(cumulative__gte=0), name="cumulative_revenue_not_negative"),
            models.CheckConstraint(
                condition=Q(booked_on__gte=F("occurred_on")), name="booked_when_it_happened_or_later"
            ),
        ]
        indexes = [
            models.Index("organisation", "booked_on", name="recognition_by_date"),
            models.Index("contract", "cause", name="recognition_of_contract"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "recognised_on_an_obligation_of_the_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM revenue_obligation o WHERE o.id = NEW.obligation_id"
                " AND (o.contract_id, o.organisation_id, o.currency)"
                " = (NEW.contract_id, NEW.organisation_id, NEW.currency))",
            ),
            guards.refused_when("a_closed_period_takes_no_revenue", guards.INSERT, f"NEW.booked_on <= ({CLOSED_BY})"),
            guards.at_commit(
                "cumulative_follows_from_the_amounts",
                guards.INSERT,
                "IF NEW.cumulative <> (SELECT sum(r.amount) FROM revenue_recognition r"
                " WHERE r.obligation_id = NEW.obligation_id AND r.id <= NEW.id)"
                " THEN RAISE EXCEPTION 'recognition % is no difference of what is cumulative', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "recognised_as_booked",
                guards.INSERT,
                "IF (SELECT coalesce(sum(r.amount), 0) FROM revenue_recognition r WHERE r.contract_id ="
                " NEW.contract_id AND r.cause = NEW.cause) IS DISTINCT FROM (SELECT coalesce(-sum(l.amount), 0)"
                " FROM ledger_line l JOIN ledger_account a ON a.id = l.account_id"
                " JOIN ledger_entry e ON e.id = l.entry_id"
                " WHERE l.entry_id = NEW.entry_id AND a.code = '4000' AND e.booked_on = NEW.booked_on"
                " AND l.key = 'contract:' || (SELECT c.ref FROM contracts_contract c WHERE c.id = NEW.contract_id))"
                " THEN RAISE EXCEPTION 'recognition % differs from its entry', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.obligation_id} {self.cause}: {self.amount}"
