"""Forms about showing once more who one is: the code from the mail, and the amount above which it is asked."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.parties.models import Organisation
from apps.portals.forms import ActionForm, AmountField


class CodeForm(forms.Form):
    """The six digits from the mail."""

    code = forms.CharField(
        label=_("Code from the mail"),
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "mono"}),
    )


class StepUpForm(ActionForm):
    """Above which amount whoever signs off shows once more who it is."""

    above = AmountField(label=_("Ask again who it is above"), required=False)

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["above"].help_text = format_lazy(
            _(
                "Net amount in {currency}. Whoever signs off more confirms with a passkey, an authenticator or a"
                " code by mail. Empty asks nobody."
            ),
            currency=organisation.currency,
        )
