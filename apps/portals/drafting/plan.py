"""The billing plan as a table that can be edited with plain submit buttons.

A posted plan is read as rows of text, so that adding, removing and moving keeps everything as it was typed, also what
is wrong. The same rows become bound forms when the draft is saved.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts.drafts import MILESTONE, DraftCriterion, DraftLine
from apps.contracts.rules import Portion, portion_of
from apps.contracts.rules.plan import check_percent
from apps.core import money
from apps.core.errors import Refused
from apps.portals.drafting.criteria import CriterionForm
from apps.portals.drafting.dues import DUE_FIELDS, DueForm, due_values
from apps.portals.drafting.measures import MEASURE_FIELDS, MeasureFields, measure_values
from apps.portals.drafting.steps import OWN_FIELDS, OwnTermFields, own_values
from apps.portals.forms import AmountField, DayField, explain

MOST_LINES = 100
MOST_CRITERIA = 20
MOST_FIELDS = 250
"""Criteria of a plan. With three fields for each and thirty-three for a line it stays below the server's 4,500."""
FIELDS = ("title", "scope", "basis", "portion", "planned_on", *MEASURE_FIELDS, *OWN_FIELDS, *DUE_FIELDS)
IN_MONEY = ("amount", "total")
"""How a line is agreed of which an amount is typed: by itself or by the period, or of all periods together."""


@dataclass(slots=True)
class Row:
    """One line of the plan as it was typed, with its criteria."""

    values: dict[str, Any] = field(default_factory=lambda: {"basis": "percent"})
    criteria: list[DraftCriterion] = field(default_factory=lambda: [DraftCriterion("")])

    @property
    def is_blank(self) -> bool:
        typed = (self.values.get(name) for name in ("title", "scope", "portion", "planned_on"))
        return not any(typed) and not any(one.text.strip() for one in self.criteria)


class LineForm(MeasureFields, OwnTermFields, DueForm):
    """One line of the plan; ``portion`` is a percentage or an amount (of one period), as ``basis`` says."""

    use_required_attribute = False

    title = forms.CharField(
        label=gettext_lazy("Milestone"),
        max_length=160,
        error_messages={"required": gettext_lazy("Name this milestone, or remove the row.")},
    )
    scope = forms.CharField(
        label=gettext_lazy("What is delivered"),
        max_length=4_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    basis = forms.ChoiceField(
        label=gettext_lazy("Agreed as"),
        choices=[
            ("percent", gettext_lazy("% of price")),
            ("amount", gettext_lazy("Amount")),
            ("remainder", gettext_lazy("The remainder")),
            ("total", gettext_lazy("Amount of all periods")),
            ("quantity", gettext_lazy("Price of one unit")),
        ],
    )
    portion = AmountField(label=gettext_lazy("Portion"), required=False)
    planned_on = DayField(
        label=gettext_lazy("Planned date"),
        required=False,
    )

    def __init__(self, *args: Any, currency: str, position: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.position = position
        # 33.333 is a percentage as it stands; of money it may be thirty-three thousand.
        basis = self.data.get(self.add_prefix("basis")) if self.is_bound else self.initial.get("basis")
        cast("AmountField", self.fields["portion"]).has_two_readings = basis != "percent"
        for bound in self.visible_fields():
            css = "form-select" if isinstance(bound.field, forms.ChoiceField) else "form-control"
            css = "form-check-input" if isinstance(bound.field, forms.BooleanField) else css
            bound.field.widget.attrs["class"] = css + (" end" if bound.name == "portion" else "")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        portion, basis = cleaned.get("portion"), cleaned.get("basis")
        if basis == "quantity":
            self.check_measure(self.currency)
        if portion is not None and basis in ("percent", *IN_MONEY):
            try:
                if basis == "percent":
                    check_percent(portion, line=self.position)
                elif self.currency in money.currencies():
                    money.payable(portion, self.currency)
            except Refused as refused:
                self.add_error("portion", ValidationError(explain(refused), code="refused"))
        return cleaned

    def as_portion(self) -> Portion:
        """What can be said of the line's worth, also while something else in it is wrong."""
        self.full_clean()
        portion = self.cleaned_data.get("portion")
        basis = self.cleaned_data.get("basis", "percent")
        amount = portion if basis in IN_MONEY else self.worth(self.currency) if basis == "quantity" else None
        return portion_of(
            DraftLine(
                "",
                basis="amount" if basis == "quantity" else basis,
                percent=portion if basis == "percent" else None,
                amount=amount,
                kind=self.line_kind,
                due=self.due(),
            )
        )


@dataclass(slots=True)
class Line:
    """A row of the editor: its form, the forms of its criteria, and what it comes to."""

    form: LineForm
    criteria: list[CriterionForm]
    amount: Decimal | None = None
    is_advance: bool = False

    @property
    def is_valid(self) -> bool:
        return all([self.form.is_valid(), *(criterion.is_valid() for criterion in self.criteria)])

    def draft(self) -> DraftLine:
        cleaned, kind = self.form.cleaned_data, self.form.line_kind
        basis, portion = cleaned["basis"], cleaned["portion"]
        measure = self.form.measure() if basis == "quantity" else None
        return DraftLine(
            title=cleaned["title"],
            scope=cleaned["scope"],
            basis="amount" if basis == "quantity" else basis,
            percent=portion if basis == "percent" else None,
            amount=portion if basis in IN_MONEY else self.form.worth(self.form.currency) if measure else None,
            measure=measure,
            planned_on=cleaned["planned_on"] if kind == MILESTONE else None,
            kind=kind,
            due=self.form.due(),
            # Of what is no milestone the page hides the criteria, so what was typed there is not meant any more.
            criteria=()
            if kind != MILESTONE
            else tuple(
                DraftCriterion(**criterion.cleaned_data)
                for criterion in self.criteria
                if criterion.cleaned_data["text"]
            ),
            own=self.form.own(),
        )


def read(data: Mapping[str, Any]) -> list[Row]:
    """The rows of a posted plan, in the order in which they stand on the page."""
    rows = []
    for index in range(_count(data.get("plan-count"), most=MOST_LINES)):
        prefix = f"plan-{index}"
        criteria = [
            CriterionForm(data, prefix=f"{prefix}-c-{at}").typed()
            for at in range(_count(data.get(f"{prefix}-count"), most=MOST_CRITERIA))
        ]
        rows.append(Row({name: data.get(f"{prefix}-{name}", "") for name in FIELDS}, criteria))
    return rows


def _count(typed: Any, *, most: int) -> int:
    return min(int(typed), most) if isinstance(typed, str) and typed.isascii() and typed.isdigit() else 0


def fits(lines: Sequence[DraftLine]) -> bool:
    """Whether a plan can be edited in a form: a browser sends no more than so many fields, and a page holds no more."""
    criteria = [max(len(line.criteria), 1) for line in lines]
    return len(lines) <= MOST_LINES and max(criteria, default=0) <= MOST_CRITERIA and sum(criteria) <= MOST_FIELDS


def rows_of(lines: Iterable[DraftLine]) -> list[Row]:
    """The rows of a plan that is not being typed: of a saved draft, of a template."""
    return [
        Row(
            {
                "title": line.title,
                "scope": line.scope,
                "basis": "quantity" if line.measure is not None else line.basis,
                "portion": _portion(line),
                "planned_on": line.planned_on,
                **measure_values(line),
                **own_values(line.own),
                **due_values(line),
            },
            [*line.criteria] or [DraftCriterion("")],
        )
        for line in lines
    ]


def _portion(line: DraftLine) -> Decimal | None:
    """What stands beside how it was agreed: a percentage, an amount, or the price of one unit."""
    if line.measure is not None:
        return line.measure.unit_price
    return line.percent if line.basis == "percent" else line.amount if line.basis in IN_MONEY else None


def edited(rows: list[Row], do: str) -> list[Row]:
    """The rows after one button: ``add``, ``remove:1``, ``up:1``, ``down:1``, ``criterion:1``, ``drop:1:0``."""
    verb, *typed = do.split(":")
    places = [int(place) for place in typed if place.isascii() and place.isdigit()]
    if verb == "add" and len(rows) < MOST_LINES:
        return [*rows, Row()]
    if not places or places[0] >= len(rows):
        return rows
    at = places[0]
    if verb == "remove":
        return [*rows[:at], *rows[at + 1 :]] or [Row()]
    if verb in ("up", "down"):
        other = at - 1 if verb == "up" else at + 1
        if 0 <= other < len(rows):
            rows[at], rows[other] = rows[other], rows[at]
    if verb == "criterion" and len(rows[at].criteria) < MOST_CRITERIA:
        rows[at].criteria.append(DraftCriterion(""))
    if verb == "drop" and len(places) > 1 and places[1] < len(rows[at].criteria):
        del rows[at].criteria[places[1]]
    return rows


def shown(rows: Sequence[Row], *, currency: str) -> list[Line]:
    """The rows to be edited on, with what was typed and without complaint."""
    return [
        Line(
            LineForm(initial=row.values, prefix=f"plan-{index}", currency=currency, position=index + 1),
            [CriterionForm(initial=asdict(one), prefix=f"plan-{index}-c-{at}") for at, one in enumerate(row.criteria)],
        )
        for index, row in enumerate(rows)
    ]


def focus(lines: Sequence[Line], do: str) -> None:
    """Let the row that a button made or moved have the focus when the page, or its piece, comes back."""
    verb, *typed = do.split(":")
    at = int(typed[0]) if typed and typed[0].isdigit() else len(lines) - 1
    at = min(max(at + {"up": -1, "down": 1}.get(verb, 0), 0), len(lines) - 1)
    field = lines[at].form.fields["title"]
    if verb == "criterion" and lines[at].criteria:
        field = lines[at].criteria[-1].fields["text"]
    if verb != "calculate":
        field.widget.attrs["autofocus"] = True


def checked(rows: Sequence[Row], *, currency: str) -> list[Line]:
    """The rows as bound forms, with what is wrong at its field."""
    lines = []
    for index, row in enumerate(rows):
        prefix = f"plan-{index}"
        data: dict[str, Any] = {f"{prefix}-{name}": value for name, value in row.values.items()}
        criteria = []
        for at, one in enumerate(row.criteria):
            own = {f"{prefix}-c-{at}-{name}": value for name, value in asdict(one).items() if value}
            criteria.append(CriterionForm(own, prefix=f"{prefix}-c-{at}"))
        lines.append(Line(LineForm(data, prefix=prefix, currency=currency, position=index + 1), criteria))
    return lines


def problems(lines: Sequence[Line]) -> list[tuple[str, str, str]]:
    """What is wrong in the plan as (id of the field, label, message), for the summary on top of the page."""
    found: list[tuple[str, str, str]] = []
    for number, line in enumerate(lines, start=1):
        for form in (line.form, *line.criteria):
            for bound in form:
                label = _("Line %(number)d, %(field)s") % {"number": number, "field": bound.label}
                found.extend((bound.id_for_label, label, str(message)) for message in bound.errors)
    return found
