"""Of which kind a line of the plan is, and when it is billed, as fields of the editor."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.contracts.drafts import MILESTONE, STARTS, DraftLine, Due
from apps.contracts.models.dues import LineKind, PeriodLength, Start
from apps.contracts.rules.dues import MOST_PERIODS

DUE_FIELDS: Final = ("kind", "start", "starts_on", "starts_with", "period", "period_count")
MILESTONES: Final = "plan-milestones"
"""The id of the list of titles from which a milestone can be chosen."""


class DueForm(forms.Form):
    """The fields of a line that bills itself; of a milestone they are hidden, and count for nothing."""

    kind = forms.ChoiceField(label=_("Kind"), choices=LineKind.choices, required=False)
    start = forms.ChoiceField(label=_("Due, or starts"), choices=Start.choices, required=False)
    starts_on = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    starts_with = forms.CharField(
        label=_("With the milestone"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"list": MILESTONES, "autocomplete": "off"}),
    )
    period = forms.ChoiceField(label=_("Billed every"), choices=PeriodLength.choices, required=False)
    period_count = forms.IntegerField(label=_("How many times"), min_value=1, max_value=MOST_PERIODS, required=False)

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or MILESTONE

    @property
    def line_kind(self) -> str:
        return str(self.cleaned_data.get("kind") or MILESTONE)

    def due(self) -> Due | None:
        """What was typed of it, as far as the kind has it."""
        cleaned, kind = self.cleaned_data, self.line_kind
        if kind == MILESTONE:
            return None
        start = cleaned.get("start") or Start.SIGNATURE.value
        repeats = kind == LineKind.RECURRING
        return Due(
            start=start if start in STARTS[kind] else Start.SIGNATURE.value,
            on=cleaned.get("starts_on"),
            milestone=cleaned.get("starts_with") or "",
            period=(cleaned.get("period") or PeriodLength.MONTH.value) if repeats else "",
            count=cleaned.get("period_count") if repeats else None,
        )


def due_values(line: DraftLine) -> Mapping[str, Any]:
    """What the fields show of a line that is not being typed."""
    due = line.due or Due()
    return {
        "kind": line.kind,
        "start": due.start,
        "starts_on": due.on,
        "starts_with": due.milestone,
        "period": due.period or PeriodLength.MONTH.value,
        "period_count": due.count,
    }
