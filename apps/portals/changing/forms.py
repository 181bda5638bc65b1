"""The form of a change order: what of each open milestone is to be different, and what is new."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts.drafts import ChangedLine, ChangeDraft, ContractDraft, DraftCriterion, DraftLine
from apps.contracts.rules import PlacedLine
from apps.core import money
from apps.core.errors import Refused
from apps.portals.changing.terms import OwnTermsFields, TermsForm
from apps.portals.drafting.measures import MeasureFields, measure_values
from apps.portals.forms import ActionForm, AmountField, DayField, explain

MOST_NEW: Final = 50
BY_QUANTITY: Final = ("quantity", "unit", "portion")
EVIDENCE: Final = "*"
"""At the end of a criterion: it needs evidence."""


class ReasonsForm(ActionForm):
    """What a change is called, and why it is made."""

    use_required_attribute = False

    title = forms.CharField(
        label=gettext_lazy("What changes"),
        max_length=160,
        help_text=gettext_lazy("In a few words: “Second warehouse”."),
        error_messages={"required": gettext_lazy("Say in a few words what changes.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Why, and what exactly"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Say why, so that both sides know it later.")},
    )

    def __init__(self, *args: Any, is_known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_known:
            del self.fields["title"], self.fields["reason"]


class WhyForm(ActionForm):
    """Why one side does not sign, or takes back what it proposed."""

    use_required_attribute = False

    reason = forms.CharField(
        label=gettext_lazy("The reason"),
        help_text=gettext_lazy("The other side reads it."),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 5, "class": "form-control"}),
        error_messages={"required": gettext_lazy("Give the reason; the other side reads it.")},
    )


class NewLineForm(MeasureFields, OwnTermsFields):
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
        help_text=gettext_lazy("One criterion a line; a star at its end means that it needs evidence."),
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.fields["amount"].currency = currency  # type: ignore[attr-defined]
        self.order_fields(["title", "amount", "planned_on", "quantity", "unit", "portion"])
        for bound in self.visible_fields():
            is_check = isinstance(bound.field, forms.BooleanField)
            css = "form-check-input" if is_check else "form-select" if bound.name == "unit" else "form-control"
            bound.field.widget.attrs["class"] = css + (
                " end" if bound.name in ("amount", "quantity", "portion") else ""
            )

    def clean_amount(self) -> Any:
        amount: Decimal | None = self.cleaned_data["amount"]
        if amount is not None:
            try:
                money.payable(amount, self.currency)
            except Refused as refused:
                raise ValidationError(explain(refused), code="refused") from refused
        return amount

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


class LineForm(NewLineForm):
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


class ChangeForms:
    """All forms of the page together: the reasons, a form for each open milestone, and one for each new one."""

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        plan: Sequence[PlacedLine],
        stands: ContractDraft,
        order_ref: str = "",
        more: int = 0,
    ) -> None:
        self.order_ref, currency = order_ref, stands.currency
        self.terms = TermsForm(data, stands=stands)
        self.head = ReasonsForm(data, is_known=bool(order_ref))
        sent = data if data is not None else {}
        self.lines = [
            # A milestone that was under review when the page was made is not on it: nothing of it changes.
            LineForm(data if f"line-{placed.position}-title" in sent else None, placed=placed, currency=currency)
            for placed in plan
        ]
        count = _count(data.get("new-count")) if data is not None else 0
        self.added = [_new(data, number, currency=currency) for number in range(count)]
        blank = range(count, min(count + more, MOST_NEW))
        self.added += [NewLineForm(prefix=f"new-{number}", currency=currency) for number in blank]

    def is_valid(self) -> bool:
        """Whether everything that was typed can be read. A new milestone that was left empty is none."""
        changed = [form for form in self.lines if form.is_bound and form.has_changed()]
        forms_of_lines = [form for form in (*changed, *self._typed()) if not self._is_out(form)]
        return all([self.head.is_valid(), self.terms.is_valid(), *(form.is_valid() for form in forms_of_lines)])

    def draft(self) -> ChangeDraft:
        """The change that was typed."""
        head = self.head.cleaned_data
        lines = []
        for form in self.lines:
            if not form.is_bound:
                continue
            if self._is_out(form):
                lines.append(ChangedLine(form.placed.position, None))
            elif (changed := form.changed()) is not None:
                lines.append(changed)
        return ChangeDraft(
            title=head.get("title", ""),
            reason=head.get("reason", ""),
            lines=tuple(lines),
            added=tuple(form.line() for form in self._typed()),
            terms=self.terms.changed(),
            order_ref=self.order_ref,
        )

    def problems(self) -> list[tuple[str, str, str]]:
        """What is wrong as (id of the field, label, message), for the summary on top of the page."""
        found = []
        for form in (self.head, self.terms, *self.lines, *self.added):
            found += [(bound.id_for_label, str(bound.label), str(one)) for bound in form for one in bound.errors]
        return [*found, *(("", "", str(one)) for one in self.head.non_field_errors())]

    def _typed(self) -> list[NewLineForm]:
        return [form for form in self.added if form.is_bound]

    @staticmethod
    def _is_out(form: NewLineForm) -> bool:
        """Whatever else was typed of a milestone that is taken out does not matter."""
        return isinstance(form, LineForm) and form.is_bound and bool(form["is_out"].data)


def _new(data: Mapping[str, Any] | None, number: int, *, currency: str) -> NewLineForm:
    """A new milestone as it was typed; one that was left empty is asked for nothing, and has no errors."""
    form = NewLineForm(data, prefix=f"new-{number}", currency=currency)
    return form if form.has_changed() else NewLineForm(prefix=f"new-{number}", currency=currency)


def _count(typed: Any) -> int:
    return min(int(typed), MOST_NEW) if isinstance(typed, str) and typed.isascii() and typed.isdigit() else 0


def _text(criteria: Sequence[DraftCriterion]) -> str:
    return "\n".join(f"{one.text} {EVIDENCE}" if one.needs_evidence else one.text for one in criteria)


def _criteria(text: str) -> tuple[DraftCriterion, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return tuple(DraftCriterion(line.rstrip(f"{EVIDENCE} "), line.endswith(EVIDENCE)) for line in lines)
