"""One acceptance criterion of a milestone, as fields of the editor."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from apps.contracts.drafts import DraftCriterion
from apps.contracts.models.criterion import Nature
from apps.portals.missing import TellingForm


class CriterionForm(TellingForm, forms.Form):
    """One sentence by which the buyer can tell that the milestone is complete."""

    use_required_attribute = False

    text = forms.CharField(label=gettext_lazy("Acceptance criterion"), max_length=500, required=False)
    needs_evidence = forms.BooleanField(label=gettext_lazy("Needs evidence"), required=False)
    nature = forms.ChoiceField(
        label=gettext_lazy("Objective or subjective"),
        required=False,
        choices=[("", gettext_lazy("Not said")), *Nature.choices],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].widget.attrs["class"] = "form-control"
        self.fields["needs_evidence"].widget.attrs["class"] = "form-check-input"
        self.fields["nature"].widget.attrs["class"] = "form-select form-select-sm"

    def typed(self) -> DraftCriterion:
        """What stands in its fields, whatever is wrong with it."""
        said = {name: self[name].value() or "" for name in ("text", "nature")}
        return DraftCriterion(str(said["text"]), bool(self["needs_evidence"].value()), str(said["nature"]))
