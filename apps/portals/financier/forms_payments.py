"""The forms of payment orders."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.portals.financier.forms import day_field, reason_field
from apps.portals.forms import ActionForm


class OrderForm(ActionForm):
    """Which payments go into one file, and when the bank is to carry them out."""

    currency = forms.CharField(widget=forms.HiddenInput, max_length=3)
    payments = forms.MultipleChoiceField(label=_("Payments"), widget=forms.CheckboxSelectMultiple)
    execute_on = day_field(label=_("To be carried out on"))

    def __init__(self, *args: Any, payments: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["payments"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = payments


class ValueForm(ActionForm):
    """The day on which money left."""

    value_on = day_field(label=_("Value date"), help_text=_("The day on which the money left your account."))


class WhyForm(ActionForm):
    """Why something is given up."""

    reason = reason_field(label=_("Reason"), help_text=_("It stays on record; the sellers do not read it."))
