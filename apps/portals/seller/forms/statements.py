"""A file of bank statements, and what a person does with a transaction of it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from apps.contracts.rules.schedule import DateOrder, DecimalSign
from apps.core import money
from apps.core.errors import Refused
from apps.invoicing.rules import Bill, Part
from apps.invoicing.services import account_key
from apps.parties.models import BankAccount
from apps.portals.forms import ActionForm, AmountField, explain

ACCEPT: Final = ".xml,.sta,.mt940,.940,.txt,.csv"
FIELD: Final = "amount_"


class StatementForm(ActionForm):
    """The file, the account it is of, and how a CSV file is to be read where its columns do not tell by themselves."""

    file = forms.FileField(
        label=_("Bank statement"),
        help_text=_("camt.053, MT940 or CSV, up to 20 MB."),
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"class": "form-control", "accept": ACCEPT}),
        error_messages={"required": _("Choose the file that you fetched from your bank.")},
    )
    account = forms.ChoiceField(
        label=_("Account"), required=False, help_text=_("A CSV file mostly does not say of which account it is.")
    )
    decimal = forms.ChoiceField(
        label=_("Amounts in a CSV file are written as"),
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

    def __init__(self, *args: Any, accounts: Sequence[BankAccount], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.accounts = {account_key(account): account for account in accounts}
        choice = self.fields["account"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101  said above
        choice.choices = [("", _("The one that the file names")), *((key, key) for key in self.accounts)]

    @property
    def upload(self) -> "UploadedFile[bytes]":
        upload: UploadedFile[bytes] = self.cleaned_data["file"]
        return upload

    @property
    def currency(self) -> str:
        """That of the chosen account."""
        account = self.accounts.get(self.cleaned_data["account"])
        return account.currency if account else ""

    @property
    def decimal_sign(self) -> DecimalSign | None:
        return DecimalSign(self.cleaned_data["decimal"]) if self.cleaned_data["decimal"] else None

    @property
    def date_order(self) -> DateOrder | None:
        return DateOrder(self.cleaned_data["dates"]) if self.cleaned_data["dates"] else None


class ProposalForm(ActionForm):
    """Confirms the very proposal that the page shows."""

    seen = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)


class AllocationForm(ActionForm):
    """How much of a payment is for which invoice, by hand: one field for each invoice that the page shows."""

    def __init__(self, *args: Any, bills: Sequence[Bill], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bills, self.currency = list(bills), currency
        for bill in self.bills:
            self.fields[f"{FIELD}{bill.ref}"] = AmountField(label=bill.number, required=False)

    @property
    def rows(self) -> "list[tuple[Bill, forms.BoundField]]":
        return [(bill, self[f"{FIELD}{bill.ref}"]) for bill in self.bills]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for bill in self.bills:
            name = f"{FIELD}{bill.ref}"
            amount: Decimal | None = cleaned.get(name)
            if amount is not None:
                try:
                    cleaned[name] = money.payable(amount, self.currency)
                except Refused as refused:
                    self.add_error(name, ValidationError(explain(refused), code="refused"))
        return cleaned

    @property
    def parts(self) -> tuple[Part, ...]:
        """What was typed, in the order of the page."""
        typed = ((bill, self.cleaned_data.get(f"{FIELD}{bill.ref}")) for bill in self.bills)
        return tuple(Part(bill.ref, bill.number, amount) for bill, amount in typed if amount is not None)


class SetAsideForm(ActionForm):
    """What money is that is no payment of an invoice."""

    reason = forms.CharField(
        label=_("What is it?"),
        max_length=400,
        help_text=_("For instance: a tax refund. Only your organisation reads it."),
        error_messages={"required": _("Say what this money is, so that nobody has to ask again.")},
    )
