"""Terms of sign-off beside the review clock: of a whole version, and what one line has of its own."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.drafts import LineTerms
from apps.contracts.models.exemption import ExemptionTerms, fits
from apps.contracts.rules.conditions import read_condition
from apps.contracts.rules.payment import LONGEST_TO_PAY
from apps.contracts.rules.steps import LONGEST_OWN_REVIEW, MOST_SUSPENSIONS


class Silence(models.TextChoices):
    """What the end of the review period does when the buyer has said nothing."""

    ESCALATES = "escalates", _("Nothing is decided")
    ACCEPTED = "accepted", _("Counts as accepted")
    REJECTED = "rejected", _("Counts as not accepted")
    INTEREST = "interest", _("Counts as accepted for interest only")


class StepTerms(models.Model):
    """What a version says of the way to an acceptance: questions that stop the clock, inspection, two acceptors."""

    question_suspensions = models.PositiveSmallIntegerField(
        _("questions that stop the review clock"),
        default=0,
        help_text=_("of one submission, each until the seller has answered it"),
    )
    needs_inspection = models.BooleanField(
        _("an inspection comes before acceptance"),
        default=False,
        help_text=_("by somebody else of the buyer than who accepts"),
    )
    second_acceptor_above = models.DecimalField(
        _("two people accept above"), max_digits=18, decimal_places=3, null=True, blank=True
    )

    class Meta:
        abstract = True


class OwnTerms(ExemptionTerms):
    """What one line says in the place of its version's terms, and whether it waits for the lines above it."""

    review_days = models.PositiveSmallIntegerField(_("own days to review"), null=True, blank=True)
    silence = models.CharField(_("own meaning of silence"), max_length=10, choices=Silence.choices, blank=True)
    is_cumulative = models.BooleanField(
        _("cumulative"),
        default=False,
        help_text=_("not accepted before every milestone above it in the plan is"),
    )
    retention_rate = models.DecimalField(
        _("own rate of retention in percent"), max_digits=6, decimal_places=3, null=True, blank=True
    )
    is_materials = models.BooleanField(_("stored materials"), default=False, db_default=False)
    condition = models.JSONField(_("waits for"), null=True, blank=True)
    documents = models.JSONField(_("documents before its invoice is due"), default=list, blank=True, db_default=[])
    payment_days = models.PositiveSmallIntegerField(_("own days to pay"), null=True, blank=True)
    partial_acceptance = models.BooleanField(_("may be accepted in part"), null=True, blank=True)
    needs_inspection = models.BooleanField(_("an inspection comes before its acceptance"), null=True, blank=True)
    two_acceptors = models.BooleanField(_("two people accept it"), null=True, blank=True)
    question_suspensions = models.PositiveSmallIntegerField(
        _("own questions that stop the review clock"), null=True, blank=True
    )
    damages_percent = models.DecimalField(
        _("own damages for delay in percent"), max_digits=7, decimal_places=4, null=True, blank=True
    )
    bonus_percent = models.DecimalField(
        _("own bonus in percent"), max_digits=7, decimal_places=4, null=True, blank=True
    )

    tax_category = models.CharField(_("own tax"), max_length=2, blank=True, default="", db_default="")
    tax_rate = models.DecimalField(_("own tax rate in percent"), max_digits=6, decimal_places=3, null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def own(self) -> LineTerms:
        """The same as a plain value."""
        return LineTerms(
            review_days=self.review_days,
            silence=self.silence,
            is_cumulative=self.is_cumulative,
            retention_rate=self.retention_rate,
            is_materials=self.is_materials,
            condition=read_condition(self.condition),
            documents=tuple(self.documents),
            payment_days=self.payment_days,
            partial_acceptance=self.partial_acceptance,
            needs_inspection=self.needs_inspection,
            two_acceptors=self.two_acceptors,
            question_suspensions=self.question_suspensions,
            damages_percent=self.damages_percent,
            bonus_percent=self.bonus_percent,
            tax_category=self.tax_category,
            tax_rate=self.tax_rate,
            exemption_code=self.exemption_code,
            exemption_reason=self.exemption_reason,
        )


OF_STEPS: Final = (
    models.CheckConstraint(
        condition=Q(question_suspensions__lte=MOST_SUSPENSIONS), name="few_questions_stop_the_clock"
    ),
    models.CheckConstraint(
        condition=Q(second_acceptor_above__isnull=True) | Q(second_acceptor_above__gte=0),
        name="second_acceptor_above_an_amount",
    ),
)
OF_OWN_TERMS: Final = (
    fits("own_reason_is_of_the_own_tax_treatment"),
    models.CheckConstraint(
        condition=(Q(review_days__isnull=True) | Q(review_days__gte=1, review_days__lte=LONGEST_OWN_REVIEW))
        & Q(silence__in=["", *Silence.values]),
        name="own_review_is_counted_and_ends_somehow",
    ),
    models.CheckConstraint(
        condition=Q(retention_rate__isnull=True) | Q(retention_rate__gte=0, retention_rate__lte=50),
        name="own_retention_is_a_rate",
    ),
    models.CheckConstraint(
        condition=(Q(payment_days__isnull=True) | Q(payment_days__lte=LONGEST_TO_PAY))
        & (Q(question_suspensions__isnull=True) | Q(question_suspensions__lte=MOST_SUSPENSIONS)),
        name="own_days_to_pay_and_questions_are_counted",
    ),
    models.CheckConstraint(
        condition=(Q(damages_percent__isnull=True) | Q(damages_percent__gte=0, damages_percent__lte=100))
        & (Q(bonus_percent__isnull=True) | Q(bonus_percent__gte=0, bonus_percent__lte=100)),
        name="own_damages_and_bonus_are_rates",
    ),
    models.CheckConstraint(
        condition=Q(tax_category="", tax_rate__isnull=True)
        | Q(tax_category="S", tax_rate__isnull=False, tax_rate__gt=0, tax_rate__lte=100)
        | Q(tax_category__in=("Z", "E", "AE", "K", "G", "O"), tax_rate__isnull=False, tax_rate=0),
        name="own_tax_has_the_rate_of_its_treatment",
    ),
    models.CheckConstraint(
        condition=Q(kind="milestone")
        | Q(
            partial_acceptance__isnull=True,
            needs_inspection__isnull=True,
            two_acceptors__isnull=True,
            question_suspensions__isnull=True,
            damages_percent__isnull=True,
            bonus_percent__isnull=True,
        ),
        name="only_a_milestone_is_accepted",
    ),
)
