"""What of a plan line is agreed by quantity: how much, of which unit; the portion is then the price of one."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts import rules
from apps.contracts.drafts import DraftLine, Measure
from apps.contracts.measure_wording import UNIT_NAMES
from apps.core import money
from apps.portals.forms import AmountField
from apps.portals.missing import TellingForm

MEASURE_FIELDS: Final = ("quantity", "unit")


class MeasureFields(TellingForm, forms.Form):
    """How much of what; only where the line is agreed by the price of one unit."""

    quantity = AmountField(label=gettext_lazy("Quantity"), required=False)
    unit = forms.ChoiceField(
        label=gettext_lazy("Unit"),
        required=False,
        choices=[("", gettext_lazy("–")), *((code, UNIT_NAMES[code]) for code in rules.UNITS)],
    )

    def check_measure(self, currency: str) -> None:
        """Name what is missing, or what the line cannot come to."""
        for name, missing in (
            ("quantity", _("Enter how many units were agreed.")),
            ("unit", _("Choose the unit.")),
            ("portion", _("Enter the price of one unit.")),
        ):
            if not self.cleaned_data.get(name) and name not in self.errors:
                self.add_error(name, ValidationError(missing, code="required"))
        worth = self.worth(currency)
        if worth is not None and worth <= 0:
            self.add_error("portion", ValidationError(_("This line comes to nothing. Check the price."), code="least"))

    def measure(self) -> Measure | None:
        """Quantity, unit and price of one, as far as they are filled in."""
        quantity, unit = self.cleaned_data.get("quantity"), self.cleaned_data.get("unit")
        price = self.cleaned_data.get("portion")
        return Measure(quantity, unit, price) if quantity and unit and price else None

    def worth(self, currency: str) -> Decimal | None:
        """What the line comes to; None while nobody can tell."""
        measure = self.measure()
        if measure is None or currency not in money.currencies():
            return None
        return rules.worth(measure, currency=currency)


def measure_values(line: DraftLine) -> dict[str, Any]:
    """What the fields show of a line."""
    measure = line.measure
    return {"quantity": measure.quantity, "unit": measure.unit} if measure is not None else {}
