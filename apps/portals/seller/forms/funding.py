from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.financing.models import Facility
from apps.milestones.models import Milestone
from apps.portals.forms import ActionForm, DayField, ShareField
from apps.portals.missing import TellingForm


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


class WhatIfForm(TellingForm, forms.Form):
    """What the seller plays with before it asks: sent by GET, so that nothing is written and every answer has an
    address."""

    use_required_attribute = False

    tried = forms.MultipleChoiceField(
        label=_("Milestones"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one milestone.")},
    )
    paid_on = DayField(label=_("Money on"))
    share = ShareField(
        label=_("Share of each invoice"),
        required=False,
        help_text=_("Per cent. Empty for as much as your line usually gives."),
    )
    line = forms.ChoiceField(label=_("Financier"))

    def __init__(
        self,
        *args: Any,
        facilities: Sequence[Facility],
        milestones: Sequence[Milestone],
        today: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        tried, line = self.fields["tried"], self.fields["line"]
        assert isinstance(tried, forms.MultipleChoiceField)  # noqa: S101  (narrows the type)
        assert isinstance(line, forms.ChoiceField)  # noqa: S101  (narrows the type)
        tried.choices = [(milestone.ref, milestone.title) for milestone in milestones]
        line.choices = [(facility.ref, facility.financier.legal_name) for facility in facilities]
        if len(facilities) == 1:
            line.initial = facilities[0].ref
            line.widget = forms.HiddenInput()

    def clean_paid_on(self) -> date:
        on: date = self.cleaned_data["paid_on"]
        if on < self.today:
            raise forms.ValidationError(_("Choose today or a later day."))
        return on

    def clean_share(self) -> Decimal | None:
        share: Decimal | None = self.cleaned_data["share"]
        if share is not None and share <= 0:
            raise forms.ValidationError(_("Enter more than nothing, or leave it empty."))
        return share


class CancelForm(ActionForm):
    """Why an advance is ended before it is paid out."""

    use_required_attribute = False

    reason = forms.CharField(
        label=_("Reason"),
        max_length=400,
        help_text=_("The financier reads this."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
