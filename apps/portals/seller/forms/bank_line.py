"""Fields that ask for a line of the seller's own bank statement."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.portals.forms import DayField


def value_date_field(*, label: Any) -> forms.DateField:
    """The day on which the bank counts the money."""
    return DayField(
        label=label,
        help_text=_("The value date on your bank statement."),
    )


def bank_reference_field() -> forms.CharField:
    """The bank's own number of the line, by which none is recorded twice."""
    return forms.CharField(
        label=_("Bank reference"),
        max_length=60,
        help_text=_("The number of the line on your bank statement. The same line is never recorded twice."),
        error_messages={"required": _("Give the number of the line on your bank statement.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
