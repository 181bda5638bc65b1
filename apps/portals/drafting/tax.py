"""Fields for how a contract is taxed, and why it bears no tax: in a draft, and in a change order."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.contracts import exemption_wording
from apps.contracts.exemptions import EXEMPTION, LONGEST_REASON, WITH_REASON
from apps.contracts.models.version import TaxCategory
from apps.portals.forms import RateField
from apps.portals.missing import TellingForm


class ExemptionFields(TellingForm, forms.Form):
    """A code of the list VATEX, and own words that stand on the invoice in the place of what it says."""

    exemption_code = forms.ChoiceField(label=_("Reason of the exemption"), required=False)
    exemption_reason = forms.CharField(
        label=_("The reason in your words"),
        max_length=LONGEST_REASON,
        required=False,
        help_text=_("On the invoice in the place of what the list says: such as the section on small businesses."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["exemption_code"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (narrows the type)
        field.choices = [("", gettext("None of the list")), *exemption_wording.choices()]

    def clean(self) -> dict[str, Any]:
        """A treatment that has no reason leaves out what is typed of one: the page hides the fields for it."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("tax_category") not in WITH_REASON:
            cleaned |= dict.fromkeys(EXEMPTION, "")
        return cleaned


class TaxFields(ExemptionFields):
    """The same, with the treatment and the rate."""

    tax_category = forms.ChoiceField(
        label=_("Tax"),
        choices=TaxCategory.choices,
        help_text=_("How your invoices are taxed. Reverse charge: the buyer accounts for the tax."),
    )
    tax_rate = RateField(
        label=_("Tax rate in percent"), required=False, help_text=_("Only the standard rate bears tax.")
    )

    def clean_tax_rate(self) -> Decimal:
        """The rate of the standard treatment; the others bear none, and the page hides the field for them."""
        bears_tax = self.cleaned_data.get("tax_category") == TaxCategory.STANDARD
        return (self.cleaned_data["tax_rate"] or Decimal(0)) if bears_tax else Decimal(0)
