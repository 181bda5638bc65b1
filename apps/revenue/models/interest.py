from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.ledger.models import Entry
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.revenue.models.recognition import CLOSED_BY


class InterestQuerySet(models.QuerySet["Interest"]):
    def visible_to(self, actor: Actor) -> "InterestQuerySet":
        """The seller's own books: no buyer and no financier sees them."""
        if actor.contract_id is not None:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id)


class Interest(models.Model):
    """What time added to a contract's financing components by one cause: income where the buyer pays late, else an
    expense (IFRS 15.65). Presented apart from revenue, and in the contract balance like it.

    ``cumulative`` and ``amount`` are of all components of the contract together, of one of the two kinds; an amount is
    negative where a component is judged anew.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+", db_index=False)
    is_income = models.BooleanField(_("income"))
    cause = models.CharField(max_length=60)
    occurred_on = models.DateField(_("happened on"))
    booked_on = models.DateField(_("booked on"))
    currency = models.CharField(max_length=3)
    cumulative = models.DecimalField(_("cumulative"), max_digits=18, decimal_places=3)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="+")
    accrued_at = models.DateTimeField()

    objects = InterestQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT")

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint("contract", "cause", "is_income", name="interest_once_per_cause"),
            models.CheckConstraint(condition=Q(cumulative__gte=0), name="cumulative_interest_not_negative"),
            models.CheckConstraint(condition=Q(booked_on__gte=F("occurred_on")), name="interest_booked_then_or_later"),
        ]
        indexes = [models.Index("organisation", "booked_on", name="interest_by_date")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "interest_in_the_currency_of_the_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id"
                " AND c.seller_id = NEW.organisation_id AND c.currency = NEW.currency)",
            ),
            guards.refused_when("a_closed_period_takes_no_interest", guards.INSERT, f"NEW.booked_on <= ({CLOSED_BY})"),
            guards.at_commit(
                "cumulative_interest_follows_from_the_amounts",
                guards.INSERT,
                "IF NEW.cumulative <> (SELECT sum(i.amount) FROM revenue_interest i WHERE i.contract_id ="
                " NEW.contract_id AND i.is_income = NEW.is_income AND i.id <= NEW.id)"
                " OR (CASE WHEN NEW.is_income THEN -NEW.amount ELSE NEW.amount END) IS DISTINCT FROM"
                " (SELECT sum(l.amount) FROM ledger_line l JOIN ledger_account a ON a.id = l.account_id"
                " JOIN ledger_entry e ON e.id = l.entry_id WHERE l.entry_id = NEW.entry_id"
                " AND a.code = CASE WHEN NEW.is_income THEN '4100' ELSE '5100' END AND e.booked_on = NEW.booked_on"
                " AND l.key = 'contract:' || (SELECT c.ref FROM contracts_contract c WHERE c.id = NEW.contract_id))"
                " THEN RAISE EXCEPTION 'interest % differs from its entry or from what was before', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause}: {self.amount}"
