"""What the seller says and shows of each criterion before a milestone is submitted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Criterion
from apps.milestones.services import CriterionAnswer
from apps.portals.files_field import FilesField
from apps.portals.forms import ActionForm, to_be_seen
from apps.portals.seller.forms.links import LinksField


@dataclass(frozen=True, slots=True)
class Answer:
    """One criterion with its fields, as the page shows them together."""

    criterion: Criterion
    met: forms.BoundField
    note: forms.BoundField
    files: forms.BoundField
    links: forms.BoundField


class PrepareForm(ActionForm):
    """A tick, a note, files and links for each criterion; a note, files and links for the whole."""

    use_required_attribute = False

    note = forms.CharField(
        label=_("Note to the buyer"),
        max_length=4_000,
        required=False,
        validators=[to_be_seen],
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )
    more_files = FilesField()
    more_links = LinksField()

    def __init__(self, *args: Any, criteria: Sequence[Criterion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.criteria = list(criteria)
        for criterion in self.criteria:
            place = criterion.position
            self.fields[f"met_{place}"] = forms.BooleanField(
                label=_("This is met"),
                required=False,
                widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
            )
            self.fields[f"note_{place}"] = forms.CharField(
                label=_("How it is met"),
                max_length=2_000,
                required=False,
                validators=[to_be_seen],
                widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
            )
            self.fields[f"files_{place}"] = FilesField()
            self.fields[f"links_{place}"] = LinksField()

    def answers(self) -> list[Answer]:
        """The fields by criterion, in the order of the plan."""
        return [
            Answer(
                criterion,
                self[f"met_{criterion.position}"],
                self[f"note_{criterion.position}"],
                self[f"files_{criterion.position}"],
                self[f"links_{criterion.position}"],
            )
            for criterion in self.criteria
        ]

    def as_answers(self) -> list[CriterionAnswer]:
        return [
            CriterionAnswer(
                criterion_id=criterion.pk,
                is_met=self.cleaned_data[f"met_{criterion.position}"],
                note=self.cleaned_data[f"note_{criterion.position}"],
                links=self.cleaned_data[f"links_{criterion.position}"],
            )
            for criterion in self.criteria
        ]

    def uploads(self) -> "Iterator[tuple[str, int | None, UploadedFile[Any]]]":
        """Every chosen file with its field and the criterion that it shows to be met, if it is for one."""
        for criterion in self.criteria:
            field = f"files_{criterion.position}"
            for upload in self.cleaned_data[field]:
                yield field, criterion.pk, upload
        for upload in self.cleaned_data["more_files"]:
            yield "more_files", None, upload
