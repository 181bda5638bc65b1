from decimal import Decimal
from typing import Final

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.revenue.rules import Duty


class Measure(models.TextChoices):
    """By what it is told how far an obligation is satisfied."""

    POINT_IN_TIME = "point_in_time", _("At acceptance")
    OUTPUT = "output", _("By accepted parts")
    OVER_TIME = "over_time", _("Over time, by days")
    COMPLETION = "completion", _("At a point in time, when all is accepted")
    COST_TO_COST = "cost_to_cost", _("Over time, by costs (cost-to-cost)")
    STRAIGHT_LINE = "straight_line", _("Over time, evenly between two days")
    DELIVERED = "delivered", _("At a point in time, all of it on the day from which this holds")


ACCEPTED: Final = frozenset({Measure.POINT_IN_TIME, Measure.OUTPUT, Measure.COMPLETION})
"""Measured by what the buyer accepted."""
WHOLE_CONTRACT: Final = 0
"""The position of what is promised where every line of the plan is a deposit: before all lines, and of none of them."""


class ObligationQuerySet(models.QuerySet["Obligation"]):
    def visible_to(self, actor: Actor) -> "ObligationQuerySet":
        """The seller's own books: no buyer and no financier sees them."""
        if actor.contract_id is not None:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id)

    def promised(self) -> "ObligationQuerySet":
        """Those whose line is still in the plan: what a change order took out promises nothing any more."""
        line = PlanLine.objects.filter(version=OuterRef("version"), position=OuterRef("position"))
        return self.filter(Exists(line) | Q(position=WHOLE_CONTRACT))


class Obligation(models.Model):
    """A promise of a contract in force, with its part of the price, and how much of it is earned.

    One for each milestone or recurring line of the plan, at its position, or a single one for the whole contract where
    there is neither; ``version`` is the version whose terms it has. Amounts are net of tax in the contract's currency:
    ``standalone`` is the price by which it bears its part, ``agreed`` and ``done`` measure what is accepted,
    ``allocated`` is its part of the transaction price, ``credited`` was taken off what is satisfied, ``recognised`` is
    cumulative. ``carried`` was earned when ``done_before`` was done, and stays so after a prospective modification.
    ``through`` is the day up to which days were counted. ``accepted`` is what the buyer accepted of it, whether that
    measures it or not; ``at_cost`` and what belongs to it are uninstalled materials. ``is_judged`` when a person chose
    its measure, so that no change order resets it; what is earned evenly is so from ``starts_on`` through ``ends_on``.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(ContractVersion, models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    title = models.CharField(_("obligation"), max_length=160)
    measure = models.CharField(_("recognised"), max_length=15, choices=Measure.choices)
    currency = models.CharField(max_length=3)
    planned_on = models.DateField(_("planned date"), null=True, blank=True)
    standalone = models.DecimalField(_("stand-alone price"), max_digits=18, decimal_places=3)
    agreed = models.DecimalField(max_digits=18, decimal_places=3)
    done = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    allocated = models.DecimalField(_("allocated price"), max_digits=18, decimal_places=3)
    carried = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    done_before = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    credited = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    recognised = models.DecimalField(_("recognised"), max_digits=18, decimal_places=3, default=0)
    through = models.DateField(null=True, blank=True)
    accepted = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    at_cost = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    at_cost_expected = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    at_cost_before = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    is_judged = models.BooleanField(default=False)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    objects = ObligationQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("contract", "position")
        constraints = [
            models.UniqueConstraint("contract", "position", name="one_obligation_per_position"),
            models.CheckConstraint(
                condition=Q(
                    standalone__gte=0,
                    agreed__gte=0,
                    allocated__gte=0,
                    credited__gte=0,
                    recognised__gte=0,
                    carried__gte=0,
                ),
                name="obligation_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(done__gte=0, done__lte=F("agreed"), done_before__gte=0),
                name="done_is_a_part_of_what_is_agreed",
            ),
            models.CheckConstraint(
                condition=Q(recognised__lte=F("allocated")), name="no_more_is_recognised_than_is_allocated"
            ),
            models.CheckConstraint(
                condition=Q(measure="over_time", done=0)
                | Q(
                    measure__in=["point_in_time", "output", "completion", "cost_to_cost", "delivered"],
                    through__isnull=True,
                )
                | Q(measure="straight_line", starts_on__lt=F("ends_on"), is_judged=True),
                name="days_or_acceptances_measure",
            ),
            models.CheckConstraint(
                condition=Q(at_cost__gte=0, at_cost__lte=F("at_cost_expected"), at_cost_before__gte=0)
                & (Q(at_cost_expected=0) | Q(measure="cost_to_cost", at_cost_expected__lte=F("allocated"))),
                name="materials_at_cost_are_a_part_of_the_price",
            ),
        ]
        indexes = [
            models.Index("organisation", "contract", name="obligation_of_organisation"),
            models.Index("organisation", "through", condition=Q(measure="over_time"), name="obligation_by_days"),
        ]
        triggers = [
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE",
                name="whose_it_is_stays",
                allow=(
                    "version_id",
                    "title",
                    "measure",
                    "planned_on",
                    "standalone",
                    "agreed",
                    "done",
                    "allocated",
                    "carried",
                    "done_before",
                    "credited",
                    "recognised",
                    "through",
                    "accepted",
                    "at_cost",
                    "at_cost_expected",
                    "at_cost_before",
                    "is_judged",
                    "starts_on",
                    "ends_on",
                ),
            ),
            guards.refused_when(
                "obligation_of_the_seller_of_its_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contract c JOIN contracts_contractversion v"
                " ON v.contract_id = c.id WHERE c.id = NEW.contract_id AND v.id = NEW.version_id"
                " AND c.seller_id = NEW.organisation_id AND c.currency = NEW.currency)",
            ),
            guards.at_commit(
                "recognised_is_what_was_written_down",
                guards.INSERT_OR_UPDATE,
                "IF (SELECT o.recognised FROM revenue_obligation o WHERE o.id = NEW.id) IS DISTINCT FROM"
                " (SELECT coalesce(sum(r.amount), 0) FROM revenue_recognition r WHERE r.obligation_id = NEW.id)"
                " THEN RAISE EXCEPTION 'obligation % differs from what was recognised of it', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def remaining(self) -> Decimal:
        """What of its price is still to be earned."""
        return self.allocated - self.credited - self.recognised

    @property
    def waits_for_judgement(self) -> bool:
        """Whether nobody but the accountant can say how it is measured, and nobody did."""
        return self.position == WHOLE_CONTRACT and not self.is_judged

    @property
    def duty(self) -> Duty:
        """The same as a value, for the rules."""
        return Duty(
            position=self.position,
            standalone=self.standalone,
            agreed=self.agreed,
            done=self.done,
            allocated=self.allocated,
            carried=self.carried,
            done_before=self.done_before,
            credited=self.credited,
            at_cost=self.at_cost,
            at_cost_expected=self.at_cost_expected,
            at_cost_before=self.at_cost_before,
            is_whole=self.measure == Measure.COMPLETION,
        )

    def take(self, duty: Duty) -> None:
        """Say what the rules made of it; the caller saves."""
        self.standalone, self.agreed, self.done = duty.standalone, duty.agreed, duty.done
        self.allocated, self.carried, self.done_before = duty.allocated, duty.carried, duty.done_before
        self.credited, self.at_cost = duty.credited, duty.at_cost
        self.at_cost_expected, self.at_cost_before = duty.at_cost_expected, duty.at_cost_before
