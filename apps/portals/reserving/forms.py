"""The list of defects under which somebody accepts, and what is said of each afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Criterion
from apps.core import money
from apps.core.errors import Refused
from apps.milestones import rules
from apps.milestones.services import Defect
from apps.portals.files_field import TAKEN, FilesField
from apps.portals.forms import ActionForm, AmountField, DayField, SeenForm, add_refusal

ROWS: Final = 4
"""So many defects are asked for at first; the form grows by as many more."""
MOST_ROWS: Final = rules.MOST_RESERVATIONS


@dataclass(frozen=True, slots=True)
class DefectRow:
    """One defect with its fields and what each asks for, as the page shows them together under its number."""

    number: int
    fields: Sequence[tuple[forms.BoundField, str | Promise]]


class ReserveForm(SeenForm):
    """So many defects, each with what it is, until when it is mended and what is withheld; and a comment.

    It starts with what is ``listed`` already, by the first of two people. With ``needs_code`` the code that was sent to
    the link's mailbox is asked for as well.
    """

    rows_shown = forms.IntegerField(
        initial=ROWS, min_value=1, max_value=MOST_ROWS, widget=forms.HiddenInput, required=False
    )
    comment = forms.CharField(
        label=_("Comment to the seller (optional)"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )
    code = forms.CharField(
        label=_("Code from the mail"),
        max_length=12,
        error_messages={"required": _("Enter the code that we sent to your mailbox, or ask for one.")},
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "form-control mono"}
        ),
    )

    def __init__(
        self,
        *args: Any,
        criteria: Sequence[Criterion],
        needs_code: bool = False,
        more: int = 0,
        listed: Sequence[Defect] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].required = needs_code
        typed = str(self.data.get("rows_shown", "")) if self.is_bound else ""
        count = int(typed) if typed.isascii() and typed.isdigit() else max(ROWS, len(listed) + 1)
        self.count = max(1, min(count + more, MOST_ROWS))
        if more and self.is_bound:
            self.data = dict(self.data.items()) | {"rows_shown": str(self.count)}
        choices = [("", _("No single one")), *((str(one.pk), one.text) for one in criteria)]
        for number in range(1, self.count + 1):
            self.fields |= {f"{name}_{number}": field for name, field in _fields(choices, number=number).items()}
        for number, one in enumerate(listed, start=1):
            told = {"title": one.title, "due_on": one.due_on, "amount": one.amount or None, "text": one.text}
            told["criterion"] = str(one.criterion_id or "")
            self.initial.update({f"{name}_{number}": value for name, value in told.items()})

    def rows(self) -> list[DefectRow]:
        """The fields by defect."""
        return [
            DefectRow(number, [(self[f"{name}_{number}"], label) for name, label in LABELS.items()])
            for number in range(1, self.count + 1)
        ]

    def refuse(self, refused: Refused) -> None:
        """Show a refusal at the field of the defect that it names; blank rows between defects have no number of their
        own in the list that was refused."""
        place = refused.parts.get("number")
        if place is not None:
            row = self._filled(self.cleaned_data)[place - 1]
            refused.parts["number"], refused.field = row, f"{refused.field}_{row}"
        add_refusal(self, refused)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for number in self._filled(cleaned):
            for name, missing in NEEDED.items():
                field = f"{name}_{number}"
                if not cleaned.get(field) and field not in self.errors:
                    self.add_error(field, ValidationError(missing, code="required"))
        if not self.errors and not self._filled(cleaned):
            self.add_error("title_1", ValidationError(_("Name at least one defect."), code="required"))
        return cleaned

    def _filled(self, cleaned: dict[str, Any]) -> list[int]:
        return [
            number
            for number in range(1, self.count + 1)
            if any(cleaned.get(f"{name}_{number}") not in (None, "") for name in NAMES)
        ]

    @property
    def is_filled(self) -> bool:
        """Whether everything but the code is as it should be, so that what would be signed can be shown."""
        return self.is_bound and not self.errors.keys() - {"code"}

    def defects(self) -> list[Defect]:
        """The list as it was filled in, blank rows left out."""
        cleaned = self.cleaned_data
        return [
            Defect(
                title=cleaned[f"title_{number}"],
                due_on=cleaned[f"due_on_{number}"],
                amount=cleaned[f"amount_{number}"] or money.ZERO,
                text=cleaned[f"text_{number}"],
                criterion_id=int(cleaned[f"criterion_{number}"]) if cleaned[f"criterion_{number}"] else None,
            )
            for number in self._filled(cleaned)
        ]


LABELS: Final = {
    "title": _("Defect"),
    "due_on": _("To be mended by"),
    "amount": _("Withheld, net of tax (optional)"),
    "criterion": _("Criterion that is not met (optional)"),
    "text": _("Description (optional)"),
}
NAMES: Final = tuple(LABELS)
NEEDED: Final = {
    "title": _("Say what the defect is."),
    "due_on": _("Say until when it is to be mended."),
}


def _fields(choices: list[tuple[Any, Any]], *, number: int) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {
        "title": forms.CharField(
            required=False,
            max_length=rules.LONGEST_TITLE,
            widget=forms.TextInput(attrs={"class": "form-control"}),
        ),
        "due_on": DayField(
            required=False,
            widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
        ),
        "amount": AmountField(
            required=False,
            widget=forms.TextInput(attrs={"class": "form-control amount", "inputmode": "decimal"}),
        ),
        "criterion": forms.ChoiceField(
            required=False,
            choices=choices,
            widget=forms.Select(attrs={"class": "form-select"}),
        ),
        "text": forms.CharField(
            required=False,
            max_length=rules.LONGEST_REASON,
            widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
        ),
    }
    for name, label in LABELS.items():
        # What is wrong is summed up far from its row: it says of which defect it is.
        fields[name].label = format_lazy(_("Defect {number}: {asked}"), number=number, asked=label)
    return fields


class WordForm(ActionForm):
    """What a side says of a defect."""

    text = forms.CharField(
        label=_("What was done, and what shows it"),
        max_length=rules.LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        error_messages={"required": _("Say how it was mended, and what shows it.")},
    )


class MendForm(WordForm):
    """How it was mended, and files that show it."""

    shown = FilesField(
        help_text=format_lazy(
            "{words} {taken}",
            words=_("Photographs, a report: whatever shows it. The other side reads them here."),
            taken=TAKEN,
        )
    )


class MissingForm(MendForm):
    """What is still missing, and files that show it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = _("What is still missing")
        self.fields["text"].error_messages["required"] = _("Say what is still missing.")


class DisputeForm(WordForm):
    """Why what is withheld is owed; without a word of it, what was said of the mending."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = _("Your position (optional)")
        self.fields["text"].help_text = _("Without one, what you said of the mending is your position.")
        self.fields["text"].required = False


class ReleaseForm(WordForm):
    """The buyer is content; a word with it if it wants."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = _("A word with it (optional)")
        self.fields["text"].required = False


class OfferForm(ReleaseForm):
    """How much is taken off the price instead of mending."""

    amount = AmountField(
        label=_("Off the price, net of tax"), error_messages={"required": _("Enter how much is taken off.")}
    )
    field_order = ("amount", "text")
