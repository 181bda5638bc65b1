"""Forms of the account: about an organisation, its team, and the person who signs in."""

from typing import Any, Final

from allauth.account.forms import SignupForm as CodeSignupForm
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.parties.models import Organisation, User
from apps.parties.roles import FINANCIER_ROLES, TRADING_ROLES, Role
from apps.parties.services import OrganisationData
from apps.portals.choices import calendar_choices, country_choices, currency_choices, time_zone_choices
from apps.portals.einvoice_fields import address_field, reference_field, scheme_field
from apps.portals.forms import ActionForm, AmountField
from apps.portals.missing import TellingForm

ROLE_WORDS: Final = {
    Role.OWNER: _("Manages the team and the organisation's data, and may do everything the other roles may."),
    Role.CONTRACTS: _("Writes, proposes and signs contracts, and submits milestones."),
    Role.DELIVERY: _("Submits milestones with their evidence."),
    Role.BILLING: _("Records payments, asks for funding and accepts offers."),
    Role.APPROVER: _("Signs contracts and signs off milestones, up to a limit where one is set."),
    Role.INSPECTOR: _("Looks at submissions and evidence, and decides nothing."),
    Role.PAYABLES: _("Sees what is to be paid and acknowledges assignments."),
    Role.ANALYST: _("Prices offers."),
    Role.UNDERWRITER: _("Opens facilities, prices and approves offers, and waives checks with a reason."),
    Role.TREASURY: _("Funds advances and records collections."),
    Role.AUDITOR: _("Reads everything and changes nothing."),
}
ORDER: Final = list(Role)


def role_choices(*, is_financier: bool) -> list[tuple[str, Any]]:
    """The roles of this kind of organisation, each with a sentence that says what it may do."""
    allowed = FINANCIER_ROLES if is_financier else TRADING_ROLES
    return [(role.value, format_lazy("{}: {}", role.label, ROLE_WORDS[role])) for role in ORDER if role in allowed]


def arranged(*layout: Any) -> FormHelper:
    """The fields in this arrangement; the template brings the form element and its buttons."""
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True
    helper.layout = Layout(*layout)
    return helper


class SignupForm(TellingForm, CodeSignupForm):  # type: ignore[misc]
    """Opening an account: who, and the mailbox to which the code goes."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        help_text=_("It stands beside everything that you sign."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("name", "email")


class OrganisationForm(ActionForm):
    """An organisation as it stands on contracts and invoices."""

    legal_name = forms.CharField(
        label=_("Legal name"),
        max_length=160,
        help_text=_("As in the company register."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    street = forms.CharField(
        label=_("Street and number"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    postcode = forms.CharField(
        label=_("Postcode"),
        max_length=16,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code"}),
    )
    city = forms.CharField(
        label=_("City"), max_length=80, required=False, widget=forms.TextInput(attrs={"autocomplete": "address-level2"})
    )
    country = forms.ChoiceField(
        label=_("Country"),
        choices=country_choices,
        initial="DE",
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    vat_number = forms.CharField(
        label=_("VAT number"), max_length=20, required=False, help_text=_("Its check digits are checked.")
    )
    tax_number = forms.CharField(label=_("National tax number"), max_length=30, required=False)
    company_number = forms.CharField(label=_("Company number"), max_length=40, required=False)
    lei = forms.CharField(
        label=_("LEI"),
        max_length=40,
        required=False,
        help_text=_("Legal Entity Identifier, 20 letters and digits. Its check digits are checked."),
    )
    email = forms.EmailField(
        label=_("E-mail for invoices and notices"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices, initial="EUR")
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=time_zone_choices,
        initial="Europe/Berlin",
        help_text=_("Deadlines and due dates are counted here."),
    )
    calendar_country = forms.ChoiceField(
        label=_("Calendar of holidays"),
        choices=calendar_choices,
        required=False,
        help_text=_("Reviews of contracts that name no other calendar are counted on it."),
    )
    calendar_subdivision = forms.CharField(
        label=_("Region of the calendar"),
        max_length=40,
        required=False,
        help_text=_("A code such as BY for Bavaria; empty for the whole country."),
    )
    language = forms.ChoiceField(label=_("Language of documents and mails"), choices=settings.LANGUAGES)
    contact_name = forms.CharField(
        label=_("Contact for questions about invoices"),
        max_length=60,
        required=False,
        help_text=_("A person or a department; with the telephone number, XRechnung wants it."),
    )
    phone = forms.CharField(
        label=_("Telephone of the contact"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel"}),
    )
    electronic_scheme = scheme_field()
    electronic_address = address_field()
    buyer_reference = reference_field(help_text=_("Such as a Leitweg-ID. It stands on every invoice to you."))

    layout: tuple[Any, ...] = (
        "legal_name",
        "street",
        Row(Column("postcode", css_class="col-sm-4"), Column("city", css_class="col-sm-8")),
        "country",
        Row(Column("vat_number"), Column("tax_number"), css_class="row-cols-1 row-cols-sm-2"),
        Row(Column("company_number"), Column("lei"), css_class="row-cols-1 row-cols-sm-2"),
        "email",
        Row(Column("currency"), Column("time_zone"), css_class="row-cols-1 row-cols-sm-2"),
        Row(Column("calendar_country"), Column("calendar_subdivision"), css_class="row-cols-1 row-cols-sm-2"),
        "language",
        Row(Column("contact_name"), Column("phone"), css_class="row-cols-1 row-cols-sm-2"),
        Row(Column("electronic_scheme"), Column("electronic_address"), css_class="row-cols-1 row-cols-sm-2"),
        "buyer_reference",
    )

    @property
    def helper(self) -> FormHelper:
        return arranged("key", *self.layout)

    def data_of_organisation(self) -> OrganisationData:
        written = {name: value for name, value in self.cleaned_data.items() if name not in ("key", "business")}
        return OrganisationData(**written, is_financier=self.cleaned_data.get("business") == "finance")


class FoundForm(OrganisationForm):
    """A new organisation; what it does here is settled now."""

    business = forms.ChoiceField(
        label=_("What does it do here?"),
        choices=[
            ("trade", _("It sells or buys work in milestones")),
            ("finance", _("It finances others")),
        ],
        initial="trade",
        widget=forms.RadioSelect,
    )
    layout = ("business", *OrganisationForm.layout)


class RolesForm(ActionForm):
    """What a member may do, and up to which amount."""

    roles = forms.MultipleChoiceField(label=_("Roles"), widget=forms.CheckboxSelectMultiple)
    approval_limit = AmountField(label=_("Signs off up to"), required=False)

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = self.fields["roles"]
        roles.choices = role_choices(is_financier=organisation.is_financier)  # type: ignore[attr-defined]
        if organisation.is_financier:
            del self.fields["approval_limit"]
        else:
            self.fields["approval_limit"].help_text = format_lazy(
                _(
                    "Net amount in {currency}, for owners and approvers; for billing, what is paid back."
                    " Empty is without limit."
                ),
                currency=organisation.currency,
            )


class InviteForm(RolesForm):
    """Whom to invite, as what."""

    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    field_order = ("email",)


class EndForm(ActionForm):
    """Leaving or removing; the last owner names a successor."""

    successor = forms.ChoiceField(label=_("Hand over to"), required=False)

    def __init__(self, *args: Any, successors: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if successors:
            self.fields["successor"].choices = successors  # type: ignore[attr-defined]
        else:
            del self.fields["successor"]


class PersonForm(TellingForm, forms.ModelForm):  # type: ignore[type-arg]
    """How the product calls a person, and in which language it speaks."""

    class Meta:
        model = User
        fields = ("name", "language")
        labels = {"name": _("Your name"), "language": _("Language")}
        help_texts = {"name": _("It stands beside everything that you sign.")}

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


def initial_of(organisation: Organisation) -> dict[str, Any]:
    """The organisation's data as its form shows it."""
    return {name: getattr(organisation, name) for name in OrganisationForm.base_fields if name != "key"}
