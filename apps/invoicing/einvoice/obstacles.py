"""What EN 16931 cannot carry: then the invoice is a PDF alone, and says why there is no XML.

Each obstacle is a sentence for the seller that says what to do, where something can be done.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import money
from apps.invoicing.rules import STANDARD
from apps.invoicing.snapshot import Party, SemanticInvoice

DECIMALS = 2
"""Amounts of EN 16931 have at most two (BR-DEC-*)."""
SALES_TAX_COUNTRIES = frozenset({"US"})
"""Where tax on a supply is no value added tax; EN 16931 knows no other (BT-151 and its scheme VAT)."""
UNLISTED_COUNTRIES = frozenset({"XK"})
"""Codes in use that the country list of EN 16931 does not have (BR-CL-14)."""


class Obstacle(models.TextChoices):
    """Why an invoice has no XML."""

    DECIMALS = "decimals", _("Amounts of an e-invoice have two decimals at most, and this currency has three.")
    SALES_TAX = "sales_tax", _("E-invoices by EN 16931 know value added tax only, and this is a sales tax.")
    SELLER = (
        "seller",
        _(
            "An e-invoice identifies the seller by its VAT number or its company number, and this invoice bears"
            " neither. Add the company number to the organisation's data; it stands on the next invoice."
        ),
    )
    SELLER_VAT = (
        "seller_vat",
        _(
            "The seller's VAT number does not begin with the two letters of its country."
            " Correct it in the organisation's data; it stands on the next invoice."
        ),
    )
    BUYER_VAT = (
        "buyer_vat",
        _(
            "The buyer's VAT number does not begin with the two letters of its country."
            " The buyer can correct it in the organisation's data; it stands on the next invoice."
        ),
    )
    COUNTRY = "country", _("The country of one side has no code in the list of EN 16931.")


def obstacle_of(invoice: SemanticInvoice) -> Obstacle | None:
    """The first reason for which EN 16931 cannot carry this invoice; None when it can."""
    seller, buyer = invoice.seller, invoice.buyer
    found = {
        Obstacle.DECIMALS: money.digits(invoice.currency) > DECIMALS,
        Obstacle.COUNTRY: bool({seller.address.country_code, buyer.address.country_code} & UNLISTED_COUNTRIES),
        Obstacle.SALES_TAX: seller.address.country_code in SALES_TAX_COUNTRIES
        and any(row.category == STANDARD for row in invoice.taxes),
        # BR-CO-26: the buyer must be able to tell by whom it is billed.
        Obstacle.SELLER: not (seller.vat_identifier or seller.legal_registration_identifier),
        Obstacle.SELLER_VAT: not _has_prefix(seller),
        Obstacle.BUYER_VAT: not _has_prefix(buyer),
    }
    return next((obstacle for obstacle, stands in found.items() if stands), None)


def _has_prefix(party: Party) -> bool:
    """BR-CO-09: a VAT number begins with the code of its country, Greece with EL."""
    country = party.address.country_code
    prefixes = {country, "EL"} if country == "GR" else {country}
    return not party.vat_identifier or party.vat_identifier[:2] in prefixes
