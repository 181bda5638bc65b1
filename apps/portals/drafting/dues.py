"""Of which kind a line of the plan is, and when it is billed, as fields of the editor."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.contracts.drafts import DATE, FIXED, MILESTONE, RATE, DraftLine, Due, Recovery
from apps.contracts.models.dues import LineKind, PeriodLength, RecoveryWay, Start
from apps.contracts.rules.dues import MOST_PERIODS, count_until
from apps.core.errors import Refused
from apps.portals.forms import AmountField, DayField, explain
from apps.portals.missing import TellingForm

DUE_FIELDS: Final = (
    *("kind", "start", "starts_on", "starts_with", "period", "period_count", "period_until"),
    *("recovery", "recovery_rate", "recovery_begins", "recovery_amount"),
)
EARNED: Final = ("", _("Stays earned: a part of the price"))
MILESTONES: Final = "plan-milestones"
"""The id of the list of titles from which a milestone can be chosen."""


class DueForm(TellingForm, forms.Form):
    """The fields of a line that bills itself; of a milestone they are hidden, and count for nothing."""

    kind = forms.ChoiceField(label=_("Kind"), choices=LineKind.choices, required=False)
    start = forms.ChoiceField(label=_("Due, or starts"), choices=Start.choices, required=False)
    starts_on = DayField(
        label=_("Day"),
        required=False,
    )
    starts_with = forms.CharField(
        label=_("With the milestone, or the event"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"list": MILESTONES, "autocomplete": "off"}),
    )
    period = forms.ChoiceField(label=_("Billed every"), choices=PeriodLength.choices, required=False)
    period_count = forms.IntegerField(label=_("How many times"), min_value=1, max_value=MOST_PERIODS, required=False)
    period_until = DayField(label=_("Or until its last day"), required=False)
    recovery = forms.ChoiceField(
        label=_("Given back by later invoices"), choices=[EARNED, *RecoveryWay.choices], required=False
    )
    recovery_rate = forms.DecimalField(
        label=_("Percent of each invoice"), min_value=0, max_value=100, max_digits=9, decimal_places=6, required=False
    )
    recovery_begins = forms.DecimalField(
        label=_("Once so many percent are billed"),
        min_value=0,
        max_value=99,
        max_digits=9,
        decimal_places=6,
        required=False,
    )

    recovery_amount = AmountField(label=_("Amount of each invoice"), required=False)

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or MILESTONE

    def clean_period_until(self) -> date | None:
        """The last day of a recurring line becomes the number of its periods, which is what is kept.

        Of a line that starts otherwise than on a day the page hides it, and it counts for nothing.
        """
        last: date | None = self.cleaned_data["period_until"]
        due = self.due()
        if last is None or due is None or not due.period or due.start != DATE:
            return None
        if due.count is not None:
            raise forms.ValidationError(_("Say how many times, or until which day, not both."), code="both")
        try:
            self.cleaned_data["period_count"] = count_until(last, due=due)
        except Refused as refused:
            raise forms.ValidationError(explain(refused), code="refused") from refused
        return last

    @property
    def line_kind(self) -> str:
        return str(self.cleaned_data.get("kind") or MILESTONE)

    def due(self) -> Due | None:
        """What was typed of it. A start that the kind does not have is for the rule to refuse, and becomes no other."""
        cleaned, kind = self.cleaned_data, self.line_kind
        if kind == MILESTONE:
            return None
        start = cleaned.get("start") or Start.SIGNATURE.value
        repeats, recovery = kind == LineKind.RECURRING, self._recovery(kind)
        return Due(
            start=start,
            on=cleaned.get("starts_on"),
            milestone=(cleaned.get("starts_with") or "") if start != Start.EVENT.value else "",
            event=(cleaned.get("starts_with") or "") if start == Start.EVENT.value else "",
            period=(cleaned.get("period") or PeriodLength.MONTH.value) if repeats else "",
            count=cleaned.get("period_count") if repeats else None,
            recovery=recovery,
        )

    def _recovery(self, kind: str) -> Recovery | None:
        way = self.cleaned_data.get("recovery")
        if kind != LineKind.DEPOSIT or not way:
            return None
        if way == FIXED:
            return Recovery(way, amount=self.cleaned_data.get("recovery_amount"))
        if way != RATE:
            return Recovery(way)
        begins = self.cleaned_data.get("recovery_begins")
        return Recovery(way, self.cleaned_data.get("recovery_rate"), begins or Decimal(0))


def due_values(line: DraftLine) -> Mapping[str, Any]:
    """What the fields show of a line that is not being typed."""
    due = line.due or Due()
    return {
        "kind": line.kind,
        "start": due.start,
        "starts_on": due.on,
        "starts_with": due.event or due.milestone,
        "period": due.period or PeriodLength.MONTH.value,
        "period_count": due.count,
        "recovery": due.recovery.way if due.recovery is not None else "",
        "recovery_rate": due.recovery.rate if due.recovery is not None else None,
        "recovery_amount": due.recovery.amount if due.recovery is not None else None,
        "recovery_begins": (due.recovery.begins or None) if due.recovery is not None else None,
    }
