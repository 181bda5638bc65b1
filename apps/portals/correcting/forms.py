"""How much is credited or withdrawn, and why."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.invoicing.models import Invoice
from apps.invoicing.rules import Share
from apps.portals.forms import ActionForm, AmountField, RateField


class ShareForm(ActionForm):
    """All that is left, an amount net of tax, or a percentage of the invoice."""

    how = forms.ChoiceField(
        label=_("How much"),
        choices=[
            ("rest", _("All that is left")),
            ("amount", _("An amount, net of tax")),
            ("percent", _("A percentage of the invoice")),
        ],
        initial="rest",
        widget=forms.RadioSelect,
    )
    amount = AmountField(label=_("Amount, net of tax"), required=False, help_text=_("Only for an amount."))
    percent = RateField(label=_("Percent"), required=False, help_text=_("Only for a percentage."))
    reason = forms.CharField(
        label=_("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"})
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        how = cleaned.get("how")
        if how in ("amount", "percent") and cleaned.get(how) is None and how not in self.errors:
            self.add_error(how, ValidationError(_("Enter how much."), code="required"))
        return cleaned

    @property
    def share(self) -> Share:
        """What was chosen; a figure beside another choice says nothing."""
        how = self.cleaned_data["how"]
        return Share(**{how: self.cleaned_data[how]}) if how in ("amount", "percent") else Share()


class CreditForm(ShareForm):
    """A credit note, and the figures that were shown of it."""

    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    field_order = ("how", "amount", "percent", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("It stands on the credit note, and the buyer reads it.")


class NullifyForm(ShareForm):
    """An acceptance that one side asks to withdraw."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("Which defect was found?")
        self.fields["reason"].help_text = _("The other side reads it, and it stands on the credit note.")


class AnswerForm(ActionForm):
    """What a side says to such a request: agree, decline with a reason, or, of its own, withdraw it."""

    reason = forms.CharField(
        label=_("Why not?"),
        help_text=_("Only if you decline. The other side reads it."),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )


class AllocationForm(ActionForm):
    """Which open invoice of the same buyer a part of a payment settles that settles nothing."""

    invoice = forms.ModelChoiceField(
        label=_("Invoice"), queryset=Invoice.objects.none(), to_field_name="ref", empty_label=None
    )
    amount = AmountField(
        label=_("Amount"), required=False, help_text=_("Empty: as much as is left and as is open, whichever is less.")
    )

    def __init__(self, *args: Any, invoices: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["invoice"].queryset = invoices  # type: ignore[attr-defined]
