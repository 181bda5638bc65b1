"""The terms that a change order may say anew: of the whole contract, and of one milestone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from apps.contracts import rules
from apps.contracts.drafts import AS_THEY_ARE, ChangedTerms, ContractDraft, LineTerms
from apps.contracts.models.version import Silence
from apps.portals.forms import RateField
from apps.portals.version_differences import Row, term_rows

LONGEST: Final = 365
SILENCES: Final = Silence.choices


class TermsForm(forms.Form):
    """The terms of the contract as they stand, to be said anew. One that was left as it is is no change."""

    use_required_attribute = False

    payment_days = forms.IntegerField(
        label=gettext_lazy("Days to pay"),
        min_value=0,
        max_value=LONGEST,
        help_text=gettext_lazy("Calendar days from the date of each invoice issued from then on."),
    )
    review_days = forms.IntegerField(
        label=gettext_lazy("Days to review"),
        min_value=1,
        max_value=LONGEST,
        help_text=gettext_lazy("Of what is submitted from then on."),
    )
    silence = forms.ChoiceField(label=gettext_lazy("If the buyer says nothing"), choices=SILENCES)
    retention_rate = RateField(
        label=gettext_lazy("Retention in percent"),
        help_text=gettext_lazy("Of invoices from then on; what is withheld already stays, and its release too."),
    )

    def __init__(self, data: Mapping[str, Any] | None, *, stands: ContractDraft) -> None:
        initial: dict[str, Any] = {name: getattr(stands, name) for name in ("payment_days", "review_days", "silence")}
        has_rate = stands.retention is not None and stands.retention.payable_most is None
        if stands.retention is not None and has_rate:
            initial["retention_rate"] = stands.retention.rate
        # A page that says nothing of terms leaves them as they are.
        super().__init__(
            data if data is not None and "terms-silence" in data else None, prefix="terms", initial=initial
        )
        self.stands = stands
        if not has_rate:
            del self.fields["retention_rate"]
        for bound in self.visible_fields():
            is_choice = isinstance(bound.field, forms.ChoiceField)
            bound.field.widget.attrs["class"] = "form-select" if is_choice else "form-control"

    def is_valid(self) -> bool:
        """Whether it can be read; nothing has to be said."""
        return not self.is_bound or super().is_valid()

    def changed(self) -> ChangedTerms:
        """What is different."""
        if not self.is_bound:
            return AS_THEY_ARE
        typed = self.cleaned_data
        said = {name: typed[name] for name in ("payment_days", "review_days", "silence")}
        changed = {name: value for name, value in said.items() if value != getattr(self.stands, name)}
        retention, rate = self.stands.retention, typed.get("retention_rate")
        if retention is not None and rate is not None and rate != retention.rate:
            changed["retention"] = replace(retention, rate=rate)
        return ChangedTerms(**changed)


class OwnTermsFields(forms.Form):
    """What one milestone has in the place of the contract's terms."""

    own_review_days = forms.IntegerField(
        label=gettext_lazy("Own days to review"),
        required=False,
        min_value=1,
        max_value=LONGEST,
        help_text=gettext_lazy("Empty: as the contract says."),
    )
    own_silence = forms.ChoiceField(
        label=gettext_lazy("If the buyer says nothing of it"),
        required=False,
        choices=[("", gettext_lazy("As the contract says")), *SILENCES],
    )
    is_cumulative = forms.BooleanField(
        label=gettext_lazy("Only after every milestone above it is accepted"), required=False
    )

    own_retention_rate = RateField(
        label=gettext_lazy("Own retention in percent"),
        required=False,
        help_text=gettext_lazy("0: nothing of it is retained."),
    )
    is_materials = forms.BooleanField(label=gettext_lazy("Stored materials"), required=False)

    @staticmethod
    def initial_own(own: LineTerms) -> dict[str, Any]:
        """The fields of a milestone that has these."""
        return {
            "own_review_days": own.review_days,
            "own_silence": own.silence,
            "is_cumulative": own.is_cumulative,
            "own_retention_rate": own.retention_rate,
            "is_materials": own.is_materials,
        }

    def own_terms(self) -> LineTerms:
        """What was typed."""
        typed = self.cleaned_data
        return LineTerms(
            typed["own_review_days"],
            typed["own_silence"],
            typed["is_cumulative"],
            typed["own_retention_rate"],
            typed["is_materials"],
        )


def terms_in_words(changed: Sequence[Mapping[str, Any]], *, currency: str) -> list[Row]:
    """The terms that differ, before and after, as both sides read them."""
    return term_rows(
        [rules.TermChange(one["term"], one["before"], one["after"]) for one in changed], currencies=(currency,) * 2
    )
