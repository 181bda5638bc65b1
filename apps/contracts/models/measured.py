"""A line of the plan that is agreed by quantity: so many units at so much each."""

from decimal import Decimal
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.drafts import Measure

_ALL: Final = Q(quantity__gt=0, unit_price__gt=0, basis="amount", kind="milestone") & ~Q(unit="")
_NONE: Final = Q(quantity__isnull=True, unit_price__isnull=True, unit="")
_WORTH: Final = F("quantity") * F("unit_price")
_HALF: Final = Decimal("0.5")


class Measured(models.Model):
    """How much of what, at which price for one: ``unit`` is a code of UN/ECE Recommendation 20, as EN 16931 wants it
    (BT-130). The line's amount is quantity times price, rounded once."""

    quantity = models.DecimalField(_("quantity"), max_digits=18, decimal_places=6, null=True, blank=True)
    unit = models.CharField(_("unit"), max_length=3, blank=True)
    unit_price = models.DecimalField(_("price of one unit"), max_digits=18, decimal_places=6, null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def measure(self) -> Measure | None:
        """Quantity, unit and price of one as one value; None of a lump sum."""
        if self.quantity is None or self.unit_price is None:
            return None
        return Measure(self.quantity, self.unit, self.unit_price)


CONSTRAINTS: Final = [
    models.CheckConstraint(condition=_ALL | _NONE, name="measured_whole_or_not_at_all"),
    models.CheckConstraint(
        condition=Q(quantity__isnull=True)
        | Q(amount__isnull=True)
        | Q(amount__gte=_WORTH - _HALF, amount__lte=_WORTH + _HALF),
        name="measured_line_comes_to_quantity_times_price",
    ),
]
"""To the minor unit it is a rule of the code; no currency has units larger than one."""
