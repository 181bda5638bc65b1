"""What the accountant judges of a contract's revenue: a form for each kind, all with the reason."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core import money
from apps.invoicing.models.charge import ChargeKind
from apps.portals.forms import ActionForm, AmountField, DayField, RateField
from apps.revenue import rules
from apps.revenue.models import JudgementKind, Measure, Modification, Obligation
from apps.revenue.services import Decision

OUTCOMES: Final = range(1, 5)
"""As many things that may happen can be told apart on the page."""


def day(label: Any, **more: Any) -> forms.DateField:
    return DayField(label=label, **more)


class JudgementForm(ActionForm):
    """What every judgement says: about which obligation, from when, and why."""

    obligation = forms.TypedChoiceField(label=_("Obligation"), coerce=int, empty_value=None)
    effective_on = day(_("Holds from"), help_text=_("Its effect is booked on this day, or in the open month."))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "form-control"}),
        help_text=_("Kept with the judgement, for your auditor."),
        error_messages={"required": _("Say why: the reason is kept with the judgement.")},
    )
    kind: JudgementKind
    borne_by_all = False

    def __init__(
        self, *args: Any, obligations: Sequence[Obligation], change: Modification | None, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["effective_on"].initial = today
        self.currency = obligations[0].currency if obligations else ""
        for field in self.fields.values():
            if isinstance(field, AmountField) and not isinstance(field, RateField):
                field.currency = self.currency
        choices = [(str(one.position), one.title) for one in obligations if self.may_judge(one)]
        if "obligation" in self.fields:
            field = self.fields["obligation"]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  (narrows the type)
            field.required = not self.borne_by_all
            field.choices = [("", _("All, by their stand-alone prices")), *choices] if self.borne_by_all else choices
        self.order_fields([*(name for name in self.fields if name not in ("effective_on", "reason"))])
        self.change = change

    def may_judge(self, obligation: Obligation) -> bool:
        return True

    def decision(self) -> Decision:
        """What was decided, once the form is valid."""
        said = self.cleaned_data
        return Decision(
            kind=self.kind,
            reason=said["reason"],
            effective_on=said["effective_on"],
            position=said.get("obligation"),
            **self.said(said),
        )

    def said(self, said: Mapping[str, Any]) -> dict[str, Any]:
        raise NotImplementedError


class CostsForm(JudgementForm):
    """Costs until now and in all, estimated anew."""

    kind = JudgementKind.COSTS
    incurred = AmountField(label=_("Costs so far"), required=False, help_text=_("Cumulative, with materials."))
    expected = AmountField(label=_("Costs expected in all"), required=False)
    uninstalled = AmountField(
        label=_("Of it uninstalled materials so far"),
        required=False,
        help_text=_("Controlled by the buyer and not built in yet: earned at cost, and no progress."),
    )
    uninstalled_expected = AmountField(label=_("Uninstalled materials expected in all"), required=False)

    def may_judge(self, obligation: Obligation) -> bool:
        return obligation.measure == Measure.COST_TO_COST

    def said(self, said: Mapping[str, Any]) -> dict[str, Any]:
        names = ("incurred", "expected", "uninstalled", "uninstalled_expected")
        return {"costs": rules.Costs(**{name: said[name] or money.ZERO for name in names})}


class MeasureForm(CostsForm):
    """By what an obligation is measured; costs or days are for the measures that need them."""

    kind = JudgementKind.MEASURE
    measure = forms.ChoiceField(
        label=_("Measure of progress"),
        choices=[one for one in Measure.choices if one[0] != Measure.OVER_TIME],
        help_text=_(
            "Costs are for cost-to-cost, the two days for what is earned evenly. Before its acceptance all of it is"
            " earned only where what makes it complete is objective and was shown to be met (IFRS 15.B84)."
        ),
    )
    starts_on = day(_("First day"), required=False)
    ends_on = day(_("Last day"), required=False)
    field_order = ("obligation", "measure", "incurred", "expected", "uninstalled", "uninstalled_expected")

    def may_judge(self, obligation: Obligation) -> bool:
        return obligation.measure != Measure.OVER_TIME

    def said(self, said: Mapping[str, Any]) -> dict[str, Any]:
        days = {name: said[name] for name in ("starts_on", "ends_on")}
        return {**super().said(said), **days, "measure": Measure(said["measure"])}


class StandaloneForm(JudgementForm):
    """The price at which something would be sold by itself."""

    kind = JudgementKind.STANDALONE
    amount = AmountField(label=_("Stand-alone price"), help_text=_("The whole price is shared out anew by it."))

    def said(self, said: Mapping[str, Any]) -> dict[str, Any]:
        return {"amount": said["amount"]}


class VariableForm(JudgementForm):
    """A bonus, a penalty or damages: what may happen, and how much of it stands firm."""

    kind = JudgementKind.VARIABLE
    borne_by_all = True
    about = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("A later judgement with the same name replaces this one.")
    )
    lowers = forms.ChoiceField(
        label=_("Effect on the price"),
        choices=[("", _("Raises it, as a bonus does")), ("1", _("Lowers it, as damages do"))],
        required=False,
    )
    method = forms.ChoiceField(
        label=_("Estimated as"),
        choices=[
            (rules.Method.MOST_LIKELY.value, _("Most likely amount")),
            (rules.Method.EXPECTED_VALUE.value, _("Expected value")),
        ],
    )
    at_most = AmountField(
        label=_("Of it counts at most"),
        required=False,
        help_text=_("What will highly probably not be reversed. Leave it empty where nothing constrains the estimate."),
    )

    settled_by = forms.ChoiceField(
        label=_("Stands until this is billed"),
        choices=[("", _("Nothing: it is judged again by hand")), *ChargeKind.choices],
        required=False,
        help_text=_("Of the same milestone. What stands then takes the place of the estimate by itself."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in OUTCOMES:
            amount = AmountField(label=_("Outcome %(number)s: amount") % {"number": number}, required=number == 1)
            amount.currency = self.currency
            self.fields[f"amount_{number}"] = amount
            self.fields[f"percent_{number}"] = RateField(
                label=_("Outcome %(number)s: probability in %%") % {"number": number}, required=number == 1
            )
        last = ("at_most", "settled_by", "effective_on", "reason")
        self.order_fields([*(name for name in self.fields if name not in last), *last])

    def said(self, said: Mapping[str, Any]) -> dict[str, Any]:
        sign = -1 if said["lowers"] else 1
        outcomes = [
            rules.Outcome(amount=sign * (said[f"amount_{number}"] or money.ZERO), percent=said[f"percent_{number}"])
            for number in OUTCOMES
            if said[f"percent_{number}"] is not None
        ]
        return {
            "about": said["about"],
            "method": rules.Method(said["method"]),
            "outcomes": outcomes,
            "at_most": said["at_most"],
            "settled_by": said["settled_by"],
        }


class FinancingForm(JudgementForm):
    """An amount that is paid more than a year after or before control passes."""

    kind = JudgementKind.FINANCING
    borne_by_all = True
    about = VariableForm.base_fields["about"]
    is_deferred = forms.ChoiceField(
        label=_("When it is paid"),
        choices=[("1", _("Long after control passes: interest is income")), ("", _("Long before: an expense"))],
        required=False,
    )
    amount = AmountField(label=_("Amount paid"), help_text=_("Net of tax. Zero ends a component of this name."))
    rate = RateField(label=_("Rate in % a year"))
    compounding = forms.ChoiceField(
        label=_("Compounded"),
        choices=[
            (rules.Compounding.YEARLY.value, _("Yearly")),
            (rules.Compounding.MONTHLY.value, _("Monthly")),
            (rules.Compounding.NONE.value, _("Not at all")),
        ],
    )
    starts_on = day(_("From"), help_text=_("The day on which control passes, or on which it is paid before."))
    ends_on = day(_("Through"), help_text=_("The day on which it is paid, or on which control passes."))

    def said(self, said: Mapping[str, Any]) -> dict[str, Any]:
        component = rules.Component(
            amount=said["amount"],
            rate=said["rate"],
            compounding=rules.Compounding(said["compounding"]),
            starts_on=said["starts_on"],
            ends_on=said["ends_on"],
            is_deferred=bool(said["is_deferred"]),
        )
        return {"about": said["about"], "component": component}


class TreatmentForm(JudgementForm):
    """How the newest change order is treated instead of as the rule does."""

    kind = JudgementKind.TREATMENT
    obligation = None  # type: ignore[assignment]  # Django leaves out a field of this name
    treatment = forms.ChoiceField(label=_("Treated as"), choices=Modification.Treatment.choices)

    def said(self, said: Mapping[str, Any]) -> dict[str, Any]:
        version = self.change.version.ref if self.change is not None else ""
        return {"version_ref": version, "treatment": rules.Treatment(said["treatment"])}


FORMS: Final[Mapping[str, type[JudgementForm]]] = {
    form.kind.value: form
    for form in (MeasureForm, CostsForm, StandaloneForm, VariableForm, FinancingForm, TreatmentForm)
}
"""By kind, in the order in which they are offered."""
