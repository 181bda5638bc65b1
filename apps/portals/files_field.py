"""Any number of files in one field of a form."""

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.milestones.evidence import TYPES

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

ACCEPT: Final = ",".join(f".{extension}" for extension in TYPES)


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files at once, or none; what each of them may be, the service decides by its bytes."""

    widget = FilesInput

    def __init__(self, **kwargs: Any) -> None:
        shown = FilesInput(attrs={"class": "form-control", "accept": ACCEPT})
        super().__init__(label=_("Files"), required=False, widget=shown, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        return [upload for upload in data or [] if upload]
