"""What the pages of plan options ask: what each plan is called, and what it takes off the price."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.contracts.drafts import DraftLine, DraftOption
from apps.contracts.rules.options import LONGEST_NAME
from apps.portals.forms import ActionForm, AmountField, RateField

HOW: Final = ("upfront", "month", "quarter", "year", "copy")


class PlansForm(ActionForm):
    """The name of the base plan. ``seen`` is the fingerprint of the draft that the page showed."""

    seen = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)
    plan_name = forms.CharField(
        label=_("Name of the base plan"),
        max_length=LONGEST_NAME,
        required=False,
        help_text=_("The other side picks among names, for instance: By milestones."),
    )


class NewOptionForm(ActionForm):
    """Another plan, made from the base plan, to be changed afterwards."""

    seen = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)
    how = forms.ChoiceField(
        label=_("Paid"),
        choices=[
            ("upfront", _("All at once, when both sides have signed")),
            ("month", _("Month by month")),
            ("quarter", _("Quarter by quarter")),
            ("year", _("Year by year")),
            ("copy", _("As in the base plan, to be changed")),
        ],
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        error_messages={"required": _("Give the plan a name by which the other side picks it.")},
    )
    discount_percent = RateField(
        label=_("Discount in percent"), required=False, help_text=_("Of the price. Empty: the same price.")
    )


class OptionForm(ActionForm):
    """One option: its name and its discount; its lines are edited beside it."""

    use_required_attribute = False

    seen = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("Name of the plan"),
        max_length=LONGEST_NAME,
        error_messages={"required": _("Give the plan a name by which the other side picks it.")},
    )
    discount_percent = RateField(label=_("Discount in percent"), required=False, help_text=_("Of the price."))
    discount = AmountField(label=_("Discount as an amount"), required=False, help_text=_("Instead of a percentage."))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["discount"]
        assert isinstance(field, AmountField)  # noqa: S101  (narrows the type)
        field.currency = currency

    def option(self, lines: tuple[DraftLine, ...]) -> DraftOption:
        said = self.cleaned_data
        return DraftOption(
            name=said["name"], lines=lines, discount_percent=said["discount_percent"], discount=said["discount"]
        )
