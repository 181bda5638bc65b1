"""Who a letter is from and to, as it stands at its head and at the foot of every page."""

from django.utils.translation import gettext

from apps.core.printing import words
from apps.invoicing.snapshot import Address, Party


def sender_of(seller: Party) -> str:
    """The line above the buyer's address: from whom the letter comes."""
    return " · ".join([seller.name, seller.address.line, _town(seller.address)])


def imprint_of(seller: Party) -> list[list[str]]:
    """The foot of every page: who the seller is, in three columns."""
    vat = (gettext("VAT number"), seller.vat_identifier)
    tax = (gettext("Tax number"), seller.tax_registration_identifier)
    company = (gettext("Company number"), seller.legal_registration_identifier)
    columns = [
        [seller.name, *address_lines(seller.address)],
        [f"{term} {value}" for term, value in (vat, tax, company) if value],
        [seller.contact_name, seller.phone, seller.email],
    ]
    return [[line for line in column if line] for column in columns]


def address_lines(address: Address) -> list[str]:
    """Street, town and country."""
    return [address.line, _town(address), words.locale().territories.get(address.country_code, address.country_code)]


def _town(address: Address) -> str:
    return f"{address.post_code} {address.city}".strip()
