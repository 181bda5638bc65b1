"""Fields for what one line has in the place of the contract's terms: the same in the editor and in a change order."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.contracts import rules
from apps.contracts.drafts import LineTerms
from apps.contracts.exemptions import LONGEST_CODE, LONGEST_REASON
from apps.contracts.models.version import TaxCategory
from apps.portals.forms import RateField
from apps.portals.missing import TellingForm

LONGEST = 365


class EitherField(forms.TypedChoiceField):
    """Yes, no, or as in the contract: None."""

    def __init__(self, *, label: Any, yes: Any, no: Any) -> None:
        super().__init__(
            label=label,
            required=False,
            choices=[("", _("As in the contract")), ("True", yes), ("False", no)],
            coerce=lambda said: str(said) == "True",
            empty_value=None,
        )


class CalendarFields(TellingForm, forms.Form):
    """What a line has of its own that nobody accepts, too: days to pay and tax; empty: as in the contract."""

    payment_days = forms.IntegerField(label=_("Own days to pay"), min_value=0, max_value=LONGEST, required=False)
    tax_category = forms.ChoiceField(
        label=_("Own tax"), required=False, choices=[("", _("As in the contract")), *TaxCategory.choices]
    )
    tax_rate = RateField(label=_("Own tax rate in percent"), required=False)
    exemption_code = forms.CharField(
        label=_("Why it is exempt (VATEX code)"),
        max_length=LONGEST_CODE,
        required=False,
        # The codes are in the page once, and not with every line.
        widget=forms.TextInput(attrs={"list": "exemption-codes", "autocomplete": "off"}),
    )
    exemption_reason = forms.CharField(label=_("Why, in your words"), max_length=LONGEST_REASON, required=False)

    def agreed(self) -> dict[str, Any]:
        """What was typed of them."""
        return {name: self.cleaned_data[name] for name in CALENDAR_FIELDS}


CALENDAR_FIELDS = tuple(CalendarFields.base_fields)


class AgreedFields(CalendarFields):
    """The same of a milestone: also the way to an acceptance, and what is charged for its day."""

    partial_acceptance = EitherField(
        label=_("Acceptance in part"), yes=_("May be accepted in part"), no=_("Accepted whole")
    )
    needs_inspection = EitherField(
        label=_("Inspection"), yes=_("Inspected before it is accepted"), no=_("No inspection before")
    )
    two_acceptors = EitherField(label=_("Who accepts"), yes=_("Two people"), no=_("One person is enough"))
    question_suspensions = forms.IntegerField(
        label=_("Questions that stop its clock"), min_value=0, max_value=rules.MOST_SUSPENSIONS, required=False
    )
    damages_percent = RateField(label=_("Own damages, percent of it"), required=False)
    bonus_percent = RateField(label=_("Own bonus, percent of it"), required=False)

    @property
    def has_own(self) -> bool:
        """Whether the line has any of these, or something is wrong in one: then the page shows them at once."""
        return any(self[name].errors or self[name].value() not in (None, "") for name in AGREED_FIELDS)

    def agreed(self) -> dict[str, Any]:
        """What was typed of them."""
        return {name: self.cleaned_data[name] for name in AGREED_FIELDS}


AGREED_FIELDS = tuple(AgreedFields.base_fields)


def agreed_values(own: LineTerms) -> dict[str, Any]:
    """What the fields show of a line that is not being typed."""
    return {name: getattr(own, name) for name in AGREED_FIELDS}
