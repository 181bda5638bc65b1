"""What forms ask so that e-invoices arrive: of one's own organisation, and of a buyer who has no people here yet."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.parties import electronic
from apps.portals.missing import TellingForm


def scheme_choices() -> list[tuple[str, Any]]:
    """Every sort of electronic address, by its code and the name that it has where it is given."""
    sorts: list[tuple[str, Any]] = [("", _("The e-mail for invoices"))]
    return [*sorts, *((code, f"{code} · {name}") for code, name in electronic.SCHEMES.items())]


def scheme_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Sort of electronic address"),
        choices=scheme_choices,
        required=False,
        help_text=_("Peppol delivers to every sort but an e-mail."),
    )


def address_field() -> forms.CharField:
    return forms.CharField(
        label=_("Electronic address for invoices"),
        max_length=electronic.LONGEST,
        required=False,
        help_text=_("Where e-invoices are received, if not by e-mail."),
    )


def reference_field(*, help_text: Any) -> forms.CharField:
    return forms.CharField(
        label=_("Reference on invoices"),
        max_length=electronic.LONGEST_REFERENCE,
        required=False,
        help_text=help_text,
    )


class NewBuyerFields(TellingForm, forms.Form):
    """What a seller knows of a new buyer's e-invoices; the buyer's own people can complete it later."""

    new_electronic_scheme = scheme_field()
    new_electronic_address = address_field()
    new_buyer_reference = reference_field(
        help_text=_("Such as a Leitweg-ID: what the buyer wants to read on invoices.")
    )


NEW_BUYER_FIELDS = {
    "new_electronic_scheme": "electronic_scheme",
    "new_electronic_address": "electronic_address",
    "new_buyer_reference": "buyer_reference",
}
"""Its fields, and what the service calls them."""
