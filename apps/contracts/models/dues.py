"""What a line of the plan says of its kind, and when it is billed without a sign-off."""

from decimal import Decimal
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts import drafts
from apps.contracts.rules.dues import MOST_PERIODS
from apps.core import days
from apps.core.database import guards


class LineKind(models.TextChoices):
    MILESTONE = drafts.MILESTONE, _("Milestone")
    DEPOSIT = drafts.DEPOSIT, _("Deposit")
    RECURRING = drafts.RECURRING, _("Recurring")


class Start(models.TextChoices):
    """What makes a deposit due, or a recurring line start."""

    SIGNATURE = drafts.SIGNATURE, _("When the contract is signed")
    DATE = drafts.DATE, _("On a day")
    ACCEPTANCE = drafts.ACCEPTANCE, _("When a milestone is accepted")
    EVENT = drafts.EVENT, _("When the buyer confirms an event, which accepts nothing")


class RecoveryWay(models.TextChoices):
    """How later invoices give a deposit back that is an advance on the price."""

    PROPORTION = drafts.PROPORTION, _("In proportion to what is billed")
    RATE = drafts.RATE, _("At a rate of each invoice")
    FIRST = drafts.FIRST, _("First: invoices are nothing until it is used up")
    FIXED = drafts.FIXED, _("By the same amount of each invoice")


class PeriodLength(models.TextChoices):
    MONTH = "month", _("Month")
    QUARTER = "quarter", _("Quarter")
    YEAR = "year", _("Year")


class Dues(models.Model):
    """The fields of a line that bills itself. ``per_period`` is what was agreed for one period, if that was agreed."""

    kind = models.CharField(_("kind"), max_length=10, choices=LineKind.choices, default=LineKind.MILESTONE)
    start = models.CharField(_("due"), max_length=10, choices=Start.choices, blank=True)
    starts_on = models.DateField(_("day"), null=True, blank=True)
    starts_with = models.CharField(_("starts with the milestone or event"), max_length=160, blank=True)
    period = models.CharField(_("period"), max_length=10, choices=PeriodLength.choices, blank=True)
    period_count = models.PositiveSmallIntegerField(_("number of periods"), null=True, blank=True)
    per_period = models.DecimalField(_("amount of each period"), max_digits=18, decimal_places=3, null=True, blank=True)

    recovery = models.CharField(
        _("given back by later invoices"),
        max_length=10,
        choices=RecoveryWay.choices,
        blank=True,
        default="",
        db_default="",
    )
    recovery_rate = models.DecimalField(
        _("percent of each invoice"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    recovery_begins = models.DecimalField(
        _("once so many percent of the price are billed"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    recovery_amount = models.DecimalField(
        _("amount of each invoice"), max_digits=18, decimal_places=3, null=True, blank=True
    )

    class Meta:
        abstract = True

    @property
    def due(self) -> drafts.Due | None:
        """The same as a plain value; None for a milestone."""
        if self.kind == LineKind.MILESTONE:
            return None
        return drafts.Due(
            start=self.start,
            on=self.starts_on,
            milestone=self.starts_with if self.start != Start.EVENT else "",
            event=self.starts_with if self.start == Start.EVENT else "",
            period=self.period,
            count=self.period_count,
            recovery=self.given_back,
        )

    @property
    def given_back(self) -> drafts.Recovery | None:
        """How later invoices give this deposit back; None of what stays earned."""
        if not self.recovery:
            return None
        return drafts.Recovery(
            self.recovery, self.recovery_rate, self.recovery_begins or Decimal(0), self.recovery_amount
        )


_ONCE = Q(period="", period_count__isnull=True, per_period__isnull=True)
CONSTRAINTS: Final = (
    models.CheckConstraint(
        condition=(Q(kind="milestone", start="", starts_on__isnull=True, starts_with="") & _ONCE)
        | (
            Q(kind="deposit", planned_on__isnull=True)
            & (
                Q(start__in=["signature", "date"], starts_with="")
                | (~Q(recovery="") & Q(start__in=["acceptance", "event"]))
            )
            & _ONCE
        )
        | Q(kind="recurring", start__in=["signature", "date", "acceptance"], planned_on__isnull=True),
        name="plan_line_says_what_its_kind_has",
    ),
    models.CheckConstraint(
        condition=(Q(starts_on__isnull=True) | Q(start="date"))
        & (Q(starts_with="") | Q(start__in=["acceptance", "event"])),
        name="plan_line_starts_in_one_way",
    ),
    models.CheckConstraint(
        condition=Q(period__in=["", *PeriodLength.values])
        & (Q(period_count__isnull=True) | Q(period_count__gte=1, period_count__lte=MOST_PERIODS))
        & (Q(per_period__isnull=True) | Q(basis="amount", per_period__gt=0)),
        name="plan_line_repeats_so_often",
    ),
    models.CheckConstraint(
        condition=Q(recovery="", recovery_rate__isnull=True, recovery_begins__isnull=True, recovery_amount__isnull=True)
        | (
            Q(kind="deposit", basis__in=["amount", "percent"], recovery__in=RecoveryWay.values)
            & (Q(recovery="rate") | Q(recovery_rate__isnull=True, recovery_begins__isnull=True))
            & (Q(recovery_amount__isnull=True) | Q(recovery="fixed", recovery_amount__gt=0))
            & (Q(recovery_rate__isnull=True) | Q(recovery_rate__gt=0, recovery_rate__lte=100))
            & (Q(recovery_begins__isnull=True) | Q(recovery_begins__gte=0, recovery_begins__lt=100))
        ),
        name="only_a_deposit_is_given_back",
    ),
    models.CheckConstraint(
        condition=Q(starts_on__isnull=True) | Q(starts_on__range=(days.FIRST, days.LAST)),
        name="starts_on_a_day_that_can_be_meant",
    ),
)
"""Of one line, also while its version is a draft."""

VERSION_TRIGGERS: Final = (
    guards.at_commit(
        "every_line_says_when_it_is_billed",
        guards.INSERT_OR_UPDATE,
        "IF EXISTS (SELECT 1 FROM contracts_contractversion v JOIN contracts_planline l ON l.version_id = v.id"
        " WHERE v.id = NEW.id AND v.proposed_at IS NOT NULL AND ((l.start = 'date' AND l.starts_on IS NULL)"
        " OR (l.kind = 'recurring' AND (l.period = '' OR l.period_count IS NULL"
        " OR l.per_period * l.period_count <> l.amount))"
        " OR (l.recovery = 'rate' AND l.recovery_rate IS NULL)"
        " OR (l.recovery = 'fixed' AND l.recovery_amount IS NULL) OR (l.start = 'event' AND l.starts_with = '')"
        " OR (l.start = 'acceptance' AND 1 <> (SELECT count(*) FROM contracts_planline m"
        " WHERE m.version_id = v.id AND m.kind = 'milestone' AND m.title = l.starts_with))))"
        " THEN RAISE EXCEPTION 'a line of version % does not say when it is billed', NEW.id"
        " USING ERRCODE = 'check_violation'; END IF;",
    ),
)
"""Of what is proposed: nothing is left open any more."""

ONLY_MILESTONES_HAVE_CRITERIA: Final = guards.refused_when(
    "only_milestones_have_criteria",
    guards.INSERT,
    "EXISTS (SELECT 1 FROM contracts_planline l WHERE l.id = NEW.line_id AND l.kind <> 'milestone')",
)
BILLED: Final = (
    "position, kind, title, scope, amount, start, starts_on, starts_with, period, period_count, recovery,"
    " recovery_rate, recovery_begins, recovery_amount"
)
"""What a deposit or a recurring line says of what it bills, and when; its scope stands on the invoices too."""
FOLLOWS_A_CHANGE: Final = guards.at_commit(
    "what_the_calendar_bills_follows_a_change",
    guards.UPDATE,
    "IF OLD.active_version_id IS NOT NULL AND NEW.active_version_id <> OLD.active_version_id"
    " AND (EXISTS (SELECT 1 FROM (SELECT position, amount, coalesce(period_count, 1)::bigint AS times"
    " FROM contracts_planline WHERE kind <> 'milestone' AND version_id = NEW.active_version_id) plan"
    " FULL JOIN (SELECT i.position, sum(i.amount) AS amount, count(*) AS times FROM invoicing_instalment i"
    " WHERE i.contract_id = NEW.id AND NOT i.is_replaced GROUP BY i.position) life"
    " ON life.position = plan.position WHERE (plan.amount, plan.times) IS DISTINCT FROM (life.amount, life.times))"
    " OR EXISTS (SELECT 1 FROM invoicing_instalment i WHERE i.contract_id = NEW.id AND i.billed_at IS NULL"
    " AND NOT i.is_replaced AND NOT EXISTS"
    f" (SELECT 1 FROM (SELECT {BILLED} FROM contracts_planline WHERE id = i.line_id) was"
    f" JOIN (SELECT {BILLED} FROM contracts_planline WHERE version_id = NEW.active_version_id"
    " AND position = i.position) now"
    " ON to_jsonb(now) = to_jsonb(was))))"
    " THEN RAISE EXCEPTION 'the deposits and periods of contract % are not those of its signed change', NEW.id"
    " USING ERRCODE = 'check_violation'; END IF;",
)
"""Postgres has no river: at COMMIT the contract looks downstream, where nothing says by itself that lines are missing.
What is billed keeps the line by which it was billed; what is not is by a line that says what the plan in force says."""
