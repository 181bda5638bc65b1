"""Lines of the plan in the form of a change order: milestones, deposits and recurring lines, old and new."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts.drafts import MILESTONE, RECURRING, ChangedLine, DraftCriterion, DraftLine, LineTerms
from apps.contracts.rules import PlacedLine, period_amounts
from apps.contracts.rules.plan import AMOUNT
from apps.contracts.rules.schedule.words import NATURES
from apps.core import money
from apps.core.errors import Refused
from apps.portals.changing.terms import OwnTermsFields
from apps.portals.drafting.dues import DueForm, due_values
from apps.portals.drafting.measures import MeasureFields, measure_values
from apps.portals.drafting.own_terms import CALENDAR_FIELDS, CalendarFields
from apps.portals.forms import AmountField, DayField, explain
from apps.portals.missing import TellingForm

BY_QUANTITY: Final = ("quantity", "unit", "portion")
EVIDENCE: Final = "*"
"""At the end of a criterion: it needs evidence."""
NATURE: Final = {f"{word}]": nature for words in NATURES.values() for nature, word in words.items()}
ONLY_DEPOSITS: Final = ("recovery", "recovery_rate", "recovery_begins", "recovery_amount")
ONLY_RECURRING: Final = ("period", "period_count", "period_until")
OF_WHAT_IS_BILLED: Final = ("title", "start", "starts_on", "starts_with", "period")
"""What of a recurring line stays once a period of it is billed."""
NUMBERS: Final = ("amount", "quantity", "portion")


class AmountFields(TellingForm, forms.Form):
    """What a line comes to, in the money of its contract."""

    def dress(self, currency: str) -> None:
        """Give the fields their currency and their looks."""
        self.currency = currency
        self.fields["amount"].currency = currency  # type: ignore[attr-defined]
        for bound in self.visible_fields():
            is_check = isinstance(bound.field, forms.BooleanField)
            is_choice = isinstance(bound.field, forms.ChoiceField)
            css = "form-check-input" if is_check else "form-select" if is_choice else "form-control"
            bound.field.widget.attrs["class"] = css + (" end" if bound.name in NUMBERS else "")

    def clean_amount(self) -> Any:
        amount: Decimal | None = self.cleaned_data["amount"]
        if amount is not None:
            try:
                money.payable(amount, self.currency)
            except Refused as refused:
                raise ValidationError(explain(refused), code="refused") from refused
        return amount


class MilestoneFields(AmountFields, MeasureFields, OwnTermsFields):
    """A milestone as the change order wants it."""

    use_required_attribute = False

    title = forms.CharField(
        label=gettext_lazy("Milestone"),
        max_length=160,
        error_messages={"required": gettext_lazy("Give the milestone a name.")},
    )
    amount = AmountField(
        label=gettext_lazy("Amount, net of tax"),
        required=False,
        help_text=gettext_lazy("Of a milestone by quantity it follows from that."),
    )
    portion = AmountField(label=gettext_lazy("Price of one unit"), required=False)
    planned_on = DayField(
        label=gettext_lazy("Planned date"),
        required=False,
    )
    scope = forms.CharField(
        label=gettext_lazy("What is delivered"),
        max_length=4_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    criteria = forms.CharField(
        label=gettext_lazy("Complete when"),
        required=False,
        max_length=25_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "One criterion a line; a star at its end means that it needs evidence, and before it [objective] or"
            " [subjective] whether anybody can tell that it is met."
        ),
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["title", "amount", "planned_on", "quantity", "unit", "portion"])
        self.dress(currency)

    def clean(self) -> dict[str, Any]:
        """One of both: an amount, or a quantity with its unit and the price of one."""
        typed = super().clean() or self.cleaned_data
        if self.is_measured():
            self.check_measure(self.currency)
        elif typed.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", ValidationError(_("Enter what it comes to."), code="required"))
        return typed

    def is_measured(self) -> bool:
        """Whether it is agreed by quantity: then what it comes to follows, whatever amount stands beside."""
        return any(self.cleaned_data.get(name) for name in BY_QUANTITY)

    def line(self) -> DraftLine:
        """The milestone that was typed."""
        typed, measure = self.cleaned_data, self.measure() if self.is_measured() else None
        return DraftLine(
            title=typed["title"],
            scope=typed["scope"],
            basis="amount",
            amount=typed["amount"] if measure is None else self.worth(self.currency),
            measure=measure,
            planned_on=typed["planned_on"],
            criteria=_criteria(typed["criteria"]),
            own=self.own_terms(),
        )


class LineForm(MilestoneFields):
    """A milestone of the plan in force, as it stands, to be changed or taken out."""

    is_out = forms.BooleanField(label=gettext_lazy("Take it out"), required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, placed: PlacedLine, currency: str) -> None:
        line = placed.line
        initial = {
            "title": line.title,
            "amount": placed.amount,
            "planned_on": line.planned_on,
            "scope": line.scope,
            "criteria": _text(line.criteria),
            **self.initial_own(line.own),
            **measure_values(line),
        }
        if line.measure is not None:
            initial["portion"] = line.measure.unit_price
        super().__init__(data, prefix=f"line-{placed.position}", initial=initial, currency=currency)
        self.placed = placed
        self.order_fields(["title", "amount", "planned_on", "is_out"])

    def is_measured(self) -> bool:
        """An amount that was typed, where nobody touched the quantity, makes it a lump sum."""
        touched = set(self.changed_data)
        return super().is_measured() and ("amount" not in touched or not touched.isdisjoint(BY_QUANTITY))

    def changed(self) -> ChangedLine | None:
        """What is different; nothing for a milestone that was left as it is."""
        if not self.has_changed():
            return None
        if self.cleaned_data["is_out"]:
            return ChangedLine(self.placed.position, None)
        # Words that nobody touched stay as they were signed, sign for sign.
        stands, typed = self.placed.line, self.line()
        kept = {name: getattr(stands, name) for name in ("title", "scope", "criteria") if name not in self.changed_data}
        return ChangedLine(self.placed.position, replace(typed, **kept))


class NewLineForm(MilestoneFields, DueForm):
    """A line that is new: a milestone, a deposit, or a recurring line, of which the amount is that of one period."""

    title = forms.CharField(
        label=gettext_lazy("Name"), max_length=160, error_messages={"required": gettext_lazy("Give the line a name.")}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, initial=due_values(DraftLine("")), **kwargs)

    def is_measured(self) -> bool:
        """What nobody signs off has no quantity, whatever was typed before it became one."""
        return self.line_kind == MILESTONE and super().is_measured()

    def line(self) -> DraftLine:
        """The line that was typed; of what is no milestone the page hides dates, criteria and own terms."""
        if self.line_kind == MILESTONE:
            return super().line()
        typed = self.cleaned_data
        return DraftLine(
            title=typed["title"],
            scope=typed["scope"],
            basis=AMOUNT,
            amount=typed["amount"],
            kind=self.line_kind,
            due=self.due(),
            own=LineTerms(**CalendarFields.agreed(self)),
        )


class CalendarLineForm(AmountFields, CalendarFields, DueForm):
    """A deposit that is not invoiced yet, or a recurring line, as it stands, to be changed or taken out.

    Of a line of which ``billed`` periods are billed, name, start and length of a period stay.
    """

    use_required_attribute = False

    title = forms.CharField(label=gettext_lazy("Name"), max_length=160)
    amount = AmountField(label=gettext_lazy("Amount, net of tax"), required=False)
    scope = forms.CharField(
        label=gettext_lazy("What is delivered"),
        max_length=4_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    is_out = forms.BooleanField(label=gettext_lazy("Take it out"), required=False)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, placed: PlacedLine, currency: str, billed: int = 0
    ) -> None:
        line = placed.line
        initial = {**due_values(line), "title": line.title, "scope": line.scope, "amount": _agreed(placed, currency)}
        initial |= {name: getattr(line.own, name) for name in CALENDAR_FIELDS}
        super().__init__(data, prefix=f"line-{placed.position}", initial=initial)
        self.placed, self.billed = placed, billed
        self.is_recurring = line.kind == RECURRING
        for name in ("kind", *(ONLY_DEPOSITS if self.is_recurring else ONLY_RECURRING)):
            del self.fields[name]
        if self.is_recurring:
            self.fields["amount"].label = _("Amount of one period, net of tax")
        if billed:
            del self.fields["is_out"]
            for name in OF_WHAT_IS_BILLED:
                self.fields[name].disabled = True
        self.dress(currency)

    @property
    def line_kind(self) -> str:
        return self.placed.line.kind

    def clean(self) -> dict[str, Any]:
        """What was agreed as a share of the price may stay one; of anything else an amount is said."""
        typed = super().clean() or self.cleaned_data
        if typed.get("amount") is None and self.initial["amount"] is not None and "amount" not in self.errors:
            self.add_error("amount", ValidationError(_("Enter what it comes to."), code="required"))
        return typed

    def changed(self) -> ChangedLine | None:
        """What is different; nothing for a line that was left as it is."""
        if not self.has_changed():
            return None
        if self.cleaned_data.get("is_out"):
            return ChangedLine(self.placed.position, None)
        stands, typed = self.placed.line, self.cleaned_data
        kept = {name: typed[name] for name in ("title", "scope") if name in self.changed_data}
        own = LineTerms(**self.agreed())
        wanted = replace(stands, due=self.due(), own=own, **kept)
        # Another number of periods comes to so many times the amount of one.
        if typed["amount"] is not None and {"amount", "period_count"} & {*self.changed_data}:
            wanted = replace(wanted, basis=AMOUNT, percent=None, amount=typed["amount"])
        return ChangedLine(self.placed.position, wanted)


def form_of(
    placed: PlacedLine, sent: Mapping[str, Any] | None, *, currency: str, billed: int
) -> LineForm | CalendarLineForm:
    """The form of a line that stands. One that was not on the page that was sent is as it was: nothing of it changes,
    as of a milestone that was under review when the page was made."""
    data = sent if sent is not None and f"line-{placed.position}-scope" in sent else None
    if placed.line.kind == MILESTONE:
        return LineForm(data, placed=placed, currency=currency)
    return CalendarLineForm(data, placed=placed, currency=currency, billed=billed)


def _agreed(placed: PlacedLine, currency: str) -> Decimal | None:
    """The amount to show: of a recurring line that of one period, where all of them come to the same."""
    line = placed.line
    if line.kind != RECURRING or line.due is None or not line.due.count:
        return placed.amount
    each = set(period_amounts(placed.amount, count=line.due.count, currency=currency))
    return each.pop() if len(each) == 1 else None


def _text(criteria: Sequence[DraftCriterion]) -> str:
    return "\n".join(
        " ".join([one.text, *([f"[{one.nature}]"] if one.nature else []), *([EVIDENCE] if one.needs_evidence else [])])
        for one in criteria
    )


def _criteria(text: str) -> tuple[DraftCriterion, ...]:
    return tuple(_criterion(line.strip()) for line in text.splitlines() if line.strip())


def _criterion(line: str) -> DraftCriterion:
    said, bracket, word = line.rstrip(f"{EVIDENCE} ").rpartition("[")
    nature = NATURE.get(word.casefold(), "") if bracket else ""
    return DraftCriterion(said.rstrip() if nature else line.rstrip(f"{EVIDENCE} "), line.endswith(EVIDENCE), nature)
