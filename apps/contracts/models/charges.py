"""The column in which a version keeps what is charged beside the price, and what the database checks of it."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.contracts.charges import ChargeTerms
from apps.contracts.rules.charges import read_charges
from apps.core.database import guards


class ChargedTerms(models.Model):
    """What a version says of damages, bonuses and back-charges; None where it says nothing."""

    charges = models.JSONField(_("damages, bonuses and back-charges"), null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def charge_terms(self) -> ChargeTerms | None:
        """The same as a plain value."""
        return read_charges(self.charges)


OF_CHARGES: Final = guards.refused_when(
    "charges_are_capped_and_within_bounds",
    guards.INSERT_OR_UPDATE,
    "NEW.charges IS NOT NULL AND NOT coalesce((SELECT bool_and((r ->> 'cap')::numeric > 0"
    " AND (r ->> 'cap')::numeric <= 100 AND (r ->> 'percent')::numeric BETWEEN 0 AND 100"
    " AND (r ->> 'amount')::numeric >= 0 AND ((r ->> 'percent')::numeric > 0) <> ((r ->> 'amount')::numeric > 0)"
    " AND (r ->> 'days')::int IN (1, 7)) FROM unnest(ARRAY[NEW.charges -> 'damages', NEW.charges -> 'bonus']) r"
    " WHERE r IS NOT NULL), NEW.charges ? 'back_charges')",
)
