"""A plan from a file, and what the file leaves open; the name of a template."""

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from apps.contracts.rules.schedule import DateOrder, DecimalSign
from apps.portals.forms import ActionForm
from apps.portals.spreadsheets import ACCEPT


class UploadForm(ActionForm):
    """The file, and how numbers and dates in it are to be read where the columns do not tell by themselves."""

    file = forms.FileField(
        label=_("CSV or XLSX file"),
        help_text=_("The first sheet is read. Up to 5 MB and 10,000 milestones."),
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"class": "form-control", "accept": ACCEPT}),
        error_messages={"required": _("Choose the file with the plan.")},
    )
    decimal = forms.ChoiceField(
        label=_("Numbers are written as"),
        required=False,
        choices=[
            ("", _("As the columns tell")),
            (DecimalSign.POINT.value, "1,234.50"),
            (DecimalSign.COMMA.value, "1.234,50"),
        ],
    )
    dates = forms.ChoiceField(
        label=_("Dates with slashes are written as"),
        required=False,
        choices=[
            ("", _("As the columns tell")),
            (DateOrder.DAY_FIRST.value, _("day first: 31/12/2026")),
            (DateOrder.MONTH_FIRST.value, _("month first: 12/31/2026")),
        ],
    )

    @property
    def upload(self) -> "UploadedFile[bytes]":
        upload: UploadedFile[bytes] = self.cleaned_data["file"]
        return upload

    @property
    def decimal_sign(self) -> DecimalSign | None:
        return DecimalSign(self.cleaned_data["decimal"]) if self.cleaned_data["decimal"] else None

    @property
    def date_order(self) -> DateOrder | None:
        return DateOrder(self.cleaned_data["dates"]) if self.cleaned_data["dates"] else None


class ConfirmForm(ActionForm):
    """Imports the very upload that the page shows."""

    upload = forms.CharField(max_length=16, widget=forms.HiddenInput)


class TemplateForm(ActionForm):
    """The name under which a template is found again."""

    name = forms.CharField(
        label=_("Name of the template"),
        max_length=120,
        help_text=_("For instance: Software in three steps."),
        error_messages={"required": _("Give the template a name.")},
    )
