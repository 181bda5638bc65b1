"""Fields for the steps of sign-off: of a whole draft, and of one milestone of its plan."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.contracts import rules
from apps.contracts.drafts import LineTerms
from apps.contracts.models.version import BillsBy, Silence
from apps.portals.drafting.documents import DocumentsField
from apps.portals.drafting.own_terms import AgreedFields
from apps.portals.drafting.waiting import WaitingField
from apps.portals.forms import AmountField, RateField
from apps.portals.missing import TellingForm


class StepFields(TellingForm, forms.Form):
    """What stops the review clock, and who has to look before a milestone is accepted."""

    bills_by = forms.ChoiceField(
        label=_("Invoices are issued by"),
        choices=BillsBy.choices,
        required=False,
        help_text=_("An application is certified by the buyer, and that issues one invoice over several milestones."),
    )

    question_suspensions = forms.IntegerField(
        label=_("Questions that stop the review clock"),
        min_value=0,
        max_value=rules.MOST_SUSPENSIONS,
        required=False,
        help_text=_("How many of one submission, each until the seller has answered it; 0 for none."),
    )
    needs_inspection = forms.BooleanField(
        label=_("Somebody of the buyer inspects before anybody accepts"),
        required=False,
        help_text=_("The buyer needs a person with the role inspector, and another one who accepts."),
    )
    second_acceptor_above = AmountField(
        label=_("Two people accept above"),
        required=False,
        help_text=_("Net of tax, for one milestone; empty: one person is enough. The second one issues the invoice."),
    )

    notice_days = forms.IntegerField(
        label=_("Days of notice of termination"),
        min_value=0,
        max_value=rules.LONGEST_PERIOD_OF_NOTICE,
        required=False,
        help_text=_("Between a notice for convenience and the end; for cause nobody waits. 0 for none."),
    )

    def clean_notice_days(self) -> int:
        return self.cleaned_data["notice_days"] or 0

    def clean_question_suspensions(self) -> int:
        return self.cleaned_data["question_suspensions"] or 0

    def clean_bills_by(self) -> str:
        return self.cleaned_data["bills_by"] or BillsBy.MILESTONE.value


class OwnTermFields(AgreedFields):
    """What a milestone has in the place of the contract's terms; empty: as in the contract."""

    review_days = forms.IntegerField(label=_("Own days to review"), min_value=1, max_value=365, required=False)
    silence = forms.ChoiceField(
        label=_("If the buyer says nothing"), required=False, choices=[("", _("As in the contract")), *Silence.choices]
    )
    is_cumulative = forms.BooleanField(label=_("Only after every milestone above it"), required=False)
    retention_rate = RateField(
        label=_("Own retention in percent"), required=False, help_text=_("0: nothing of it is retained.")
    )
    is_materials = forms.BooleanField(label=_("Stored materials"), required=False)
    condition = WaitingField()
    documents = DocumentsField(label=_("Documents before its invoice is due"))

    def own(self) -> LineTerms:
        """What was chosen, as a plain value."""
        cleaned = self.cleaned_data
        return LineTerms(**{name: cleaned[name] for name in OWN_FIELDS})


OWN_FIELDS = tuple(OwnTermFields.base_fields)


def own_values(own: LineTerms) -> dict[str, Any]:
    """What the fields of a line show of its own terms."""
    return {name: getattr(own, name) for name in OWN_FIELDS}
