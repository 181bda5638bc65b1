"""How much is credited or withdrawn, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.invoicing.models import Invoice, InvoiceLine
from apps.invoicing.rules import Creditable, OfLine, Share
from apps.portals import formats
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
        label=_("Reason"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        error_messages={"required": _("Say why the invoice is corrected; it stands on the credit note.")},
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


@dataclass(frozen=True, slots=True)
class CreditableLine:
    """A line that bills something, with what of it is left to credit, net of tax."""

    line: InvoiceLine
    figures: Creditable

    @property
    def name(self) -> str:
        """The field that asks how much of it is credited."""
        return f"line_{self.line.position}"


class CreditForm(ShareForm):
    """A credit note, and the figures that were shown of it. Of an invoice with several lines it may be by line."""

    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, lines: Sequence[CreditableLine], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("It stands on the credit note, and the buyer reads it.")
        self.lines: Sequence[CreditableLine] = lines if len(lines) > 1 else ()
        if self.lines:
            how = self.fields["how"]
            how.choices = [*how.choices, ("lines", _("An amount of each line that I name"))]  # type: ignore[attr-defined]
        for one in self.lines:
            self.fields[one.name] = AmountField(
                label=gettext("Line %(number)s: %(name)s")
                % {"number": one.line.position, "name": one.line.description},
                required=False,
                disabled=not (one.figures.left or self.is_bound),
                help_text=gettext("%(left)s left to credit, net of tax. Only by line.")
                % {"left": formats.money(one.figures.left, currency)},
            )
        self.order_fields(["how", "amount", "percent", *[one.name for one in self.lines], "reason"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        named = [one.name for one in self.lines]
        if cleaned.get("how") == "lines" and not any(name in self.errors or cleaned.get(name) for name in named):
            open_ones = [one.name for one in self.lines if one.figures.left]
            self.add_error((open_ones or ["how"])[0], ValidationError(_("Enter how much."), code="required"))
        return cleaned

    @property
    def share(self) -> Share:
        if self.cleaned_data["how"] != "lines":
            return super().share
        return Share(
            lines=tuple(
                OfLine(one.line.position, self.cleaned_data[one.name])
                for one in self.lines
                if self.cleaned_data[one.name] is not None
            )
        )


class NullifyForm(ShareForm):
    """An acceptance that one side asks to withdraw."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("Which defect was found?")
        self.fields["reason"].help_text = _("The other side reads it, and it stands on the credit note.")
        self.fields["reason"].error_messages["required"] = _("Say which defect was found; the other side reads it.")


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
