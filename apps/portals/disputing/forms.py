"""What somebody disputes, and what is said in a dispute."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.invoicing.rules import Share
from apps.milestones import rules
from apps.milestones.models.dispute import OUTCOMES
from apps.portals.files_field import TAKEN
from apps.portals.forms import ActionForm, AmountField, DayField


class DisputeForm(ActionForm):
    """All of it or an amount net of tax, why, and how long the other side has to answer."""

    how = forms.ChoiceField(
        label=_("How much is in dispute"),
        choices=[("all", _("All of it")), ("amount", _("An amount, net of tax"))],
        initial="amount",
        widget=forms.RadioSelect,
    )
    amount = AmountField(label=_("Amount, net of tax"), required=False, help_text=_("Only for an amount."))
    reason = forms.CharField(
        label=_("What is not right, and why?"),
        help_text=_("The other side reads it. Put links to what shows it here; files are added on the next page."),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "form-control"}),
        error_messages={"required": _("Say what you dispute and why; the other side reads it.")},
    )
    answer_days = forms.IntegerField(
        label=_("Days to answer"),
        help_text=_("Calendar days for each position. A missed one is shown and reminded of; it decides nothing."),
        initial=rules.ANSWER_DAYS,
        min_value=1,
        max_value=rules.MOST_ANSWER_DAYS,
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("how") == "amount" and cleaned.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", ValidationError(_("Enter how much."), code="required"))
        return cleaned

    @property
    def disputed(self) -> Decimal | None:
        """The amount, or None for all of it."""
        return self.cleaned_data["amount"] if self.cleaned_data["how"] == "amount" else None

    @property
    def share(self) -> Share:
        """The same of an invoice."""
        return Share(amount=self.disputed) if self.disputed is not None else Share()


class ReleaseDisputeForm(DisputeForm):
    """The same of a statement of retention, which has no tax: so much of it was released in error."""

    how = forms.ChoiceField(
        label=_("How much is in dispute"),
        choices=[("all", _("All of it")), ("amount", _("An amount of it"))],
        initial="amount",
        widget=forms.RadioSelect,
    )
    amount = AmountField(label=_("Amount"), required=False, help_text=_("Only for an amount."))


class DisputeRestForm(DisputeForm):
    """The buyer's: what is not in dispute may be accepted in the same act."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    rest = forms.BooleanField(
        label=_("I accept the rest as complete; it is billed at once"),
        help_text=_("With your name, and the text that you were shown. Only what you dispute waits."),
        required=False,
    )

    field_order = ("how", "amount", "reason", "answer_days", "rest")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("rest") and cleaned.get("how") == "all":
            self.add_error("rest", ValidationError(_("There is no rest: all of it is in dispute."), code="invalid"))
        return cleaned


class PositionForm(ActionForm):
    """What a side says, and with what it shows it."""

    text = forms.CharField(
        label=_("Your position"),
        help_text=_("Written once; the other side gets it by mail."),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "form-control"}),
        error_messages={"required": _("Say what you hold, or go back.")},
    )


class FileForm(ActionForm):
    """A file that shows something."""

    file = forms.FileField(label=_("File"), help_text=TAKEN, error_messages={"required": _("Choose a file first.")})


class OutcomeForm(ActionForm):
    """How a side would settle it."""

    outcome = forms.ChoiceField(
        label=_("How the dispute ends"),
        choices=[(one.value, one.label) for one in OUTCOMES],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how the dispute ends.")},
    )
    amount = AmountField(label=_("Not owed, net of tax"), required=False, help_text=_("Only if it is upheld in part."))
    note = forms.CharField(
        label=_("Why"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
    )


class ReleaseOutcomeForm(OutcomeForm):
    """The same where a statement of retention is disputed: what is upheld was released in error, and is kept back."""

    amount = AmountField(label=_("Released in error"), required=False, help_text=_("Only if it is upheld in part."))
    kept_until = DayField(
        label=_("Retained again until"),
        required=False,
        help_text=_(
            "It is released by itself on that day. Without a day it stays retained until the buyer releases it."
        ),
    )

    field_order = ("outcome", "amount", "kept_until", "note")
