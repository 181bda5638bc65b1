"""What EN 16931 cannot carry: then the invoice is a PDF alone, and says why there is no XML.

Each obstacle is a sentence for the seller that says what to do, where something can be done.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import money
from apps.invoicing.rules import INTRA_COMMUNITY, STANDARD
from apps.invoicing.snapshot import Party, SemanticInvoice
from apps.parties import rules as parties

DECIMALS = 2
"""Amounts of EN 16931 have at most two (BR-DEC-*)."""
SALES_TAX_COUNTRIES = frozenset({"US"})
"""Where tax on a supply is no value added tax; EN 16931 knows no other (BT-151 and its scheme VAT)."""
UNLISTED_CURRENCIES = frozenset({"BGN"})
"""Currencies that can still be owed and that the list of EN 16931 no longer has (BR-CL-04): replaced by the euro."""
VAT_PREFIXES = frozenset({"EL", "XI"})
"""Greece, and Northern Ireland: prefixes of VAT numbers that are no codes of countries."""


class Obstacle(models.TextChoices):
    """Why an invoice has no XML."""

    RETENTION = (
        "retention",
        _(
            "This is about retention that was released, and bills no supply. The tax invoices are those that it names;"
            " each has its own XML."
        ),
    )
    LATE_CHARGE = (
        "late_charge",
        _("This claims interest and fees for late payment. That is compensation and no supply, so there is no XML."),
    )
    DECIMALS = "decimals", _("Amounts of an e-invoice have two decimals at most, and this currency has three.")
    CURRENCY = "currency", _("The currency has no code in the list of EN 16931 any more.")
    SALES_TAX = "sales_tax", _("E-invoices by EN 16931 know value added tax only, and this is a sales tax.")
    DELIVERY = (
        "delivery",
        _(
            "An e-invoice of an intra-Community supply says when it was delivered, and this one is asked for before."
            " The invoice of the delivery has its XML."
        ),
    )
    SELLER = (
        "seller",
        _(
            "An e-invoice identifies the seller by its VAT number or its company number, and this invoice bears"
            " neither. The seller can add one to its organisation's data; it stands on the next invoice."
        ),
    )
    SELLER_VAT = (
        "seller_vat",
        _(
            "The seller's VAT number does not begin with the two letters of the country that gave it."
            " The seller can correct it in its organisation's data; it stands on the next invoice."
        ),
    )
    BUYER_VAT = (
        "buyer_vat",
        _(
            "The buyer's VAT number does not begin with the two letters of the country that gave it."
            " The buyer can correct it in its organisation's data; it stands on the next invoice."
        ),
    )


def obstacle_of(invoice: SemanticInvoice) -> Obstacle | None:
    """The first reason for which EN 16931 cannot carry this invoice; None when it can."""
    seller, buyer = invoice.seller, invoice.buyer
    found = {
        Obstacle.RETENTION: invoice.preceding is not None and invoice.preceding.kept_back_again,
        Obstacle.LATE_CHARGE: invoice.of_late_payment,
        Obstacle.DECIMALS: money.digits(invoice.currency) > DECIMALS,
        Obstacle.CURRENCY: invoice.currency in UNLISTED_CURRENCIES,
        Obstacle.SALES_TAX: seller.address.country_code in SALES_TAX_COUNTRIES
        and any(row.category == STANDARD for row in invoice.taxes),
        # BR-IC-11: the day of delivery (BT-72) or the period (BG-14).
        Obstacle.DELIVERY: any(row.category == INTRA_COMMUNITY for row in invoice.taxes) and not _has_day(invoice),
        # BR-CO-26: the buyer must be able to tell by whom it is billed.
        Obstacle.SELLER: not (seller.vat_identifier or seller.legal_registration_identifier),
        Obstacle.SELLER_VAT: not _has_prefix(seller),
        Obstacle.BUYER_VAT: not _has_prefix(buyer),
    }
    return next((obstacle for obstacle, stands in found.items() if stands), None)


def _has_day(invoice: SemanticInvoice) -> bool:
    return invoice.acceptance is not None or invoice.period is not None


def _has_prefix(party: Party) -> bool:
    """BR-CO-09: a VAT number begins with the country that gave it, which need not be that of the address."""
    return not party.vat_identifier or party.vat_identifier[:2] in parties.countries() | VAT_PREFIXES
