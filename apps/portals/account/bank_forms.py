"""The form of the bank account to which an organisation is paid."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from apps.parties.models import BankAccount, Organisation
from apps.parties.services import AccountData
from apps.portals.account.forms import arranged
from apps.portals.choices import currency_choices
from apps.portals.forms import ActionForm


class BankAccountForm(ActionForm):
    """An account by IBAN, or by account and routing number."""

    holder = forms.CharField(label=_("Account holder"), max_length=160)
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices, initial="EUR")
    iban = forms.CharField(
        label="IBAN",
        max_length=42,
        required=False,
        help_text=_("Its check digits are checked."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "mono"}),
    )
    bic = forms.CharField(label="BIC", max_length=11, required=False, help_text=_("Not needed within SEPA."))
    account_number = forms.CharField(
        label=_("Account number"),
        max_length=34,
        required=False,
        help_text=_("In the United States, instead of an IBAN."),
    )
    routing_number = forms.CharField(label=_("Routing number"), max_length=20, required=False)
    bank_name = forms.CharField(label=_("Bank"), max_length=80, required=False)

    @property
    def helper(self) -> FormHelper:
        return arranged(
            "key",
            "holder",
            "currency",
            Row(Column("iban", css_class="col-sm-8"), Column("bic", css_class="col-sm-4")),
            Row(Column("account_number", css_class="col-sm-8"), Column("routing_number", css_class="col-sm-4")),
            "bank_name",
        )

    def account(self) -> AccountData:
        return AccountData(**{name: value for name, value in self.cleaned_data.items() if name != "key"})


def initial_account(organisation: Organisation, account: BankAccount | None) -> dict[str, Any]:
    """The account that is printed now, or a beginning."""
    if account is None:
        return {"holder": organisation.legal_name, "currency": organisation.currency}
    return {name: getattr(account, name) for name in BankAccountForm.base_fields if name != "key"}
