from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.financing.models import Facility
from apps.portals.forms import ActionForm


class FundingForm(ActionForm):
    """Whom the seller asks, and what the financier should know."""

    use_required_attribute = False

    facility = forms.ChoiceField(label=_("Financier"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("Note to the financier"),
        max_length=2_000,
        required=False,
        help_text=_("Anything that helps to decide. The contract, the sign-off and the invoice are shown anyway."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, facilities: Sequence[Facility], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["facility"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (narrows the type)
        field.choices = [(facility.ref, facility.financier.legal_name) for facility in facilities]
        if len(facilities) == 1:
            field.initial = facilities[0].ref
            field.widget = forms.HiddenInput()
