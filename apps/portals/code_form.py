"""The form for the code from the mail, by which members and guests show once more who they are."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.portals.missing import TellingForm


class CodeForm(TellingForm, forms.Form):
    """The six digits from the mail."""

    code = forms.CharField(
        label=_("Code from the mail"),
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "mono"}),
    )
