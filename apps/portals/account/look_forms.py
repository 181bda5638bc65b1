"""The form of an organisation's look."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core import images
from apps.portals.forms import ActionForm


class LookForm(ActionForm):
    """Colour, logo and a line for the foot of every page."""

    accent = forms.CharField(
        label=_("Colour"),
        max_length=7,
        required=False,
        widget=forms.TextInput(attrs={"class": "mono", "placeholder": "#0b5a6a", "spellcheck": "false"}),
        help_text=_("As # and six digits. It must be dark enough to be read on white. Empty: the usual one."),
    )
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"class": "form-control", "accept": "image/png,image/jpeg,image/webp"}),
        help_text=_("PNG, JPEG or WebP, up to 2 MB. It is drawn anew, at most 600 by 200 pixels."),
    )
    remove_logo = forms.BooleanField(label=_("Remove the logo"), required=False)
    foot_line = forms.CharField(
        label=_("Line for the foot"),
        max_length=160,
        required=False,
        help_text=_("For instance register court and managing directors. It stands on every page of a document."),
    )

    def __init__(self, *args: Any, has_logo: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not has_logo:
            del self.fields["remove_logo"]

    def clean_logo(self) -> object:
        """What is too large is not read at all."""
        uploaded = self.cleaned_data["logo"]
        if uploaded is not None and uploaded.size > images.LARGEST:
            raise forms.ValidationError(_("The picture has more than 2 MB. Choose a smaller one."))
        return uploaded
