"""Which journal goes into which file, and which of the seller's own accounts stand in it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from apps.ledger.charts import SELLER
from apps.ledger.models import ExportFormat, Package
from apps.ledger.rules import Details
from apps.portals.forms import ActionForm, DayField

FORMATS: Final = [
    (ExportFormat.CSV.value, _("CSV: a row for each line, for any program")),
    (ExportFormat.XLSX.value, _("XLSX: the same for spreadsheets, with totals")),
    (ExportFormat.DATEV.value, _("DATEV: posting batch (EXTF), version 700")),
    (ExportFormat.XERO.value, _("Xero: manual journals")),
    (ExportFormat.QUICKBOOKS.value, _("QuickBooks Online: journal entries")),
]


def last_month(today: date) -> tuple[date, date]:
    """The first and the last day of the month before this one."""
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


class ExportForm(ActionForm):
    """A period, a currency and a format; both days are included. It is asked by GET and, to export, by POST."""

    starts_on = DayField(label=_("From"))
    ends_on = DayField(label=pgettext_lazy("end of a range", "To"), help_text=_("This day included."))
    currency = forms.ChoiceField(label=_("Currency"))
    format = forms.ChoiceField(label=_("Format"), choices=FORMATS)

    def __init__(self, *args: Any, currencies: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(code, code) for code in currencies]  # type: ignore[attr-defined]
        self.fields["key"].required = False

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        starts_on, ends_on = said.get("starts_on"), said.get("ends_on")
        if starts_on and ends_on and ends_on < starts_on:
            self.add_error("ends_on", gettext("The period ends before it begins."))
        return said


class AccountsForm(ActionForm):
    """The seller's account for each of Cairn's, and what else the program asks."""

    package = ""

    def __init__(self, *args: Any, accounts: Mapping[str, str], details: Details, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.details_fields:
            self.fields[name].initial = getattr(details, name)
        for plan in SELLER:
            self.fields[f"account_{plan.code}"] = forms.CharField(
                label=f"{plan.code} {gettext(plan.name)}",
                required=False,
                max_length=100,
                initial=accounts.get(plan.code, ""),
                widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", **self.keys}),
            )

    details_fields: Sequence[str] = ()
    keys: Mapping[str, str] = {}

    @property
    def accounts(self) -> dict[str, str]:
        """Our code to what was typed."""
        return {plan.code: self.cleaned_data[f"account_{plan.code}"] for plan in SELLER}

    @property
    def details(self) -> dict[str, Any]:
        """What was typed of the details, by name."""
        return {name: self.cleaned_data[name] for name in self.details_fields}

    @property
    def about_fields(self) -> list[forms.BoundField]:
        """The fields of the details."""
        return [self[name] for name in self.details_fields]

    @property
    def account_fields(self) -> list[forms.BoundField]:
        """The fields of the accounts."""
        return [self[f"account_{plan.code}"] for plan in SELLER]


class DatevForm(AccountsForm):
    """DATEV: what the tax consultant knows, and general ledger accounts of one length."""

    package = Package.DATEV.value
    details_fields = ("consultant", "client", "year_begins", "chart")
    keys = {"inputmode": "numeric"}

    consultant = forms.IntegerField(label=_("Consultant number"), help_text=_("Your tax consultant tells you."))
    client = forms.IntegerField(label=_("Client number"), help_text=_("Under which the consultant keeps your books."))
    year_begins = forms.TypedChoiceField(
        label=_("The financial year begins with"),
        coerce=int,
        choices=[(number, name) for number, name in MONTHS.items()],
    )
    chart = forms.ChoiceField(
        label=_("Chart of accounts"),
        required=False,
        choices=[("03", "SKR 03"), ("04", "SKR 04"), ("", _("one of our own"))],
    )


class XeroForm(AccountsForm):
    """Xero: account codes, and the name of the rate that computes no tax."""

    package = Package.XERO.value
    details_fields = ("tax_rate",)

    tax_rate = forms.CharField(
        label=_("Tax rate that computes no tax"),
        max_length=100,
        help_text=_("Its name as it stands in Xero. Tax has lines of its own here and is not computed again."),
    )


class QuickBooksForm(AccountsForm):
    """QuickBooks: account names, with the names of the accounts above them."""

    package = Package.QUICKBOOKS.value
