"""Notice of termination, and what the work in progress of each open milestone is worth."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.contracts.models.termination import Ground
from apps.core import money
from apps.milestones.rules import LONGEST_NOTE, LONGEST_REASON, GivenValue, Valued
from apps.portals.forms import ActionForm, AmountField, DayField
from apps.portals.missing import TellingForm

AT_ONCE: Final = 500
"""So many open milestones stand on one page."""


class NoticeForm(ActionForm):
    """Why the contract ends, and on which day."""

    ground = forms.ChoiceField(
        label=_("How do you terminate?"),
        choices=Ground.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whether the contract ends for convenience or for cause.")},
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The other side reads it. For cause it is needed: what happened, and when."),
        max_length=LONGEST_NOTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "form-control"}),
    )
    effective_on = DayField(
        label=_("Takes effect on"),
        help_text=_("For convenience after the period of notice, for cause today at the earliest."),
        error_messages={"required": _("Say on which day the contract ends.")},
    )


class ValueForm(TellingForm, forms.Form):
    """What the work on one milestone is worth."""

    use_required_attribute = False

    def __init__(self, data: Mapping[str, Any] | None, *, value: Valued, currency: str) -> None:
        super().__init__(
            data, prefix=f"value-{value.milestone_ref}", initial={"amount": value.amount, "note": value.note}
        )
        self.value = value
        amount = AmountField(
            label=_("Value of the work in progress, net of tax"),
            help_text=_("0 if nothing is owed for it."),
            error_messages={"required": _("Enter what the work is worth; 0 if nothing is owed for it.")},
        )
        amount.currency = currency
        self.fields["amount"] = amount
        self.fields["note"] = forms.CharField(
            label=_("What is done, and what shows it"),
            max_length=LONGEST_REASON,
            required=False,
            widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
        )

    def given(self) -> GivenValue:
        """The value that was typed."""
        return GivenValue(self.value.milestone_ref, self.cleaned_data["amount"], self.cleaned_data["note"])


class NoteForm(ActionForm):
    """What a side says to all of it."""

    note = forms.CharField(
        label=_("Note to the other side"),
        help_text=_("Part of what both sides sign."),
        max_length=LONGEST_NOTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )


class SettlementForms:
    """All forms of the page together: a value for each open milestone, and a note.

    What does not fit on the page is valued at nothing, and the page says so.
    """

    def __init__(self, data: Mapping[str, Any] | None, *, values: Sequence[Valued], currency: str) -> None:
        self.head = NoteForm(data)
        self.values = [ValueForm(data, value=value, currency=currency) for value in values[:AT_ONCE]]
        self.others = values[AT_ONCE:]

    def is_valid(self) -> bool:
        """Whether everything that was typed can be read."""
        return all([self.head.is_valid(), *(form.is_valid() for form in self.values)])

    def given(self) -> list[GivenValue]:
        """The values that were typed."""
        return [
            *(form.given() for form in self.values),
            *(GivenValue(other.milestone_ref, money.ZERO) for other in self.others),
        ]

    def problems(self) -> list[tuple[str, str, str]]:
        """What is wrong as (id of the field, label, message), for the summary on top of the page."""
        found = []
        for form in (self.head, *self.values):
            found += [(bound.id_for_label, str(bound.label), str(one)) for bound in form for one in bound.errors]
        return [*found, *(("", "", str(one)) for one in self.head.non_field_errors())]
