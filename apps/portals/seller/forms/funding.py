from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.financing.models import Facility
from apps.milestones.models import Milestone
from apps.portals.forms import ActionForm


class FundingForm(ActionForm):
    """For which milestones the seller asks whom, and what the financier should know."""

    use_required_attribute = False

    milestones = forms.MultipleChoiceField(
        label=_("Milestones"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one milestone.")},
    )
    facility = forms.ChoiceField(label=_("Financier"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("Note to the financier"),
        max_length=2_000,
        required=False,
        help_text=_("Anything that helps to decide. The contract, the sign-off and the invoice are shown anyway."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self, *args: Any, facilities: Sequence[Facility], milestones: Sequence[Milestone], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["milestones"]
        assert isinstance(chosen, forms.MultipleChoiceField)  # noqa: S101  (narrows the type)
        chosen.choices = [(milestone.ref, milestone.title) for milestone in milestones]
        field = self.fields["facility"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (narrows the type)
        field.choices = [(facility.ref, facility.financier.legal_name) for facility in facilities]
        if len(facilities) == 1:
            field.initial = facilities[0].ref
            field.widget = forms.HiddenInput()


class CancelForm(ActionForm):
    """Why an advance is ended before it is paid out."""

    use_required_attribute = False

    reason = forms.CharField(
        label=_("Reason"),
        max_length=400,
        help_text=_("The financier reads this."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
