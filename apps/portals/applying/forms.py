"""What is certified of each line of an application, and why not more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.invoicing.models import ApplicationLine
from apps.invoicing.services.certifying import Figure
from apps.portals.forms import AmountField, SeenForm


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A line of the application with the two fields in which it is certified."""

    line: ApplicationLine
    amount: forms.BoundField
    reason: forms.BoundField


class CertifyForm(SeenForm):
    """Of each line how much is certified, at first all of it, and a reason where it is less; and a comment."""

    comment = forms.CharField(
        label=gettext_lazy("Comment to the seller (optional)"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, lines: Sequence[ApplicationLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lines = lines
        for line in lines:
            ref, title = line.milestone.ref, line.milestone.title
            self.fields[f"amount_{ref}"] = AmountField(
                label=_("Certified of “%(title)s”") % {"title": title},
                initial=line.claimed,
                error_messages={"required": _("Enter what you certify, 0 for nothing.")},
            )
            self.fields[f"reason_{ref}"] = forms.CharField(
                label=_("Why not more of “%(title)s”") % {"title": title}, required=False, max_length=400
            )

    @property
    def rows(self) -> list[FigureRow]:
        """Line by line, as the page shows them."""
        return [
            FigureRow(line, self[f"amount_{line.milestone.ref}"], self[f"reason_{line.milestone.ref}"])
            for line in self._lines
        ]

    @property
    def figures(self) -> Mapping[str, Figure]:
        """What is certified of each milestone, by its reference."""
        said = self.cleaned_data
        return {
            line.milestone.ref: Figure(said[f"amount_{line.milestone.ref}"], said[f"reason_{line.milestone.ref}"])
            for line in self._lines
        }


class ReturnForm(SeenForm):
    """Why nothing is certified."""

    comment = forms.CharField(
        label=gettext_lazy("What is missing or wrong"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": gettext_lazy("Say why you return the application, so that the seller can mend it.")
        },
    )
