"""Any number of files in one field of a form."""

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.milestones.evidence import TYPES

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

ACCEPT: Final = ",".join(f".{extension}" for extension in TYPES)
TAKEN: Final = _(
    "PDF, JPEG, PNG, text, CSV, office files or ZIP. A HEIC photograph of an iPhone: choose it from the photo library,"
    " which hands it over as JPEG, and not from Files, or export it as JPEG. A video: put it into a ZIP."
)
"""What is taken, and what to do with what phones make."""


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files at once, or none; what each of them may be, the service decides by its bytes."""

    widget = FilesInput

    def __init__(self, **kwargs: Any) -> None:
        shown = FilesInput(attrs={"class": "form-control", "accept": ACCEPT})
        said = {"label": _("Files"), "help_text": TAKEN} | kwargs
        super().__init__(required=False, widget=shown, **said)

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        return [upload for upload in data or [] if upload]
