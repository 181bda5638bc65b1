"""The column in which a version keeps what is agreed for late payment, and what the database checks of it."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.contracts.late_payment import LateTerms
from apps.contracts.rules.late_payment import read_late_payment
from apps.core.database import guards


class LatePaymentTerms(models.Model):
    """What a version says of invoices that are paid late; None where it says nothing."""

    late_payment = models.JSONField(_("late payment"), null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def late_terms(self) -> LateTerms | None:
        """The same as a plain value."""
        return read_late_payment(self.late_payment)


OF_LATE_PAYMENT: Final = guards.refused_when(
    "late_payment_costs_something_within_bounds",
    guards.INSERT_OR_UPDATE,
    "NEW.late_payment IS NOT NULL AND NOT coalesce((NEW.late_payment ->> 'annual_rate')::numeric BETWEEN 0 AND 50"
    " AND (NEW.late_payment ->> 'fee')::numeric >= 0"
    " AND (NEW.late_payment ->> 'annual_rate')::numeric + (NEW.late_payment ->> 'fee')::numeric > 0"
    " AND (NEW.late_payment ->> 'days_of_year')::int IN (365, 360), false)",
)
