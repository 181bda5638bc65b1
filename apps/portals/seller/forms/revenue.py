"""Which month is closed."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.portals.forms import ActionForm


class PeriodForm(ActionForm):
    """The last day of a month; which one comes next is proposed."""

    through = forms.DateField(
        label=_("Last day of the month"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, proposed: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["through"].initial = proposed
