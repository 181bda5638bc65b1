"""Which codes of EN 16931 say what an invoice is: pure tables, extended by every kind that can be billed.

The type of document (BT-3) is chosen by :mod:`apps.invoicing.rules.document_types`. Sources: EN 16931-1 with its code
lists UNTDID 4451 (subject of a note), 4461 (payment means), and the Factur-X 1.0 profile EN 16931.
"""

from typing import Final

from apps.core import money
from apps.invoicing.rules import document_types
from apps.invoicing.snapshot import SemanticInvoice

PROFILE: Final = "urn:cen.eu:en16931:2017"
"""Specification identifier (BT-24): the whole of EN 16931, no more and no less."""
EXTENDED: Final = "urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended"
"""The same of Factur-X EXTENDED, for what EN 16931 has no term for: a total that is payable in several parts."""
CENTS: Final = 2
PROCESS: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
"""Business process type (BT-23): the seller sends invoices."""
CREDIT_NOTES: Final = frozenset({document_types.CREDIT_NOTE, document_types.FACTORED_CREDIT_NOTE})
"""Types of document (BT-3) that give back what an invoice asked for; UBL writes them as documents of their own."""
GERMANY: Final = "DE"

TAX_POINTS: Final = {"deposit": "72"}
TAX_POINTS_IN_UBL: Final = {"deposit": "432"}
"""BT-8 by kind (UNTDID 2475; UBL takes the code of UNTDID 2005 for the same): the tax on a payment before the supply is
due when it is paid (Article 65 of Directive 2006/112/EC). For the others the general rule needs no code."""

GENERAL: Final = "AAI"
"""Subject of a note (BT-21): general information."""
ASSIGNMENT: Final = "ACC"
"""Subject of a note (BT-21): the clause that assigns the claim to a factor."""
PAYMENT_TERM: Final = "AAB"
"""Subject of a note (BT-21): the conditions of payment; here that a part of the total is retained."""
NO_INSTRUMENT: Final = "1"
"""Payment means (BT-81, UNTDID 4461): none is defined."""
CREDIT_TRANSFER: Final = "30"
SEPA_CREDIT_TRANSFER: Final = "58"
PROJECT: Final = "Project reference"
"""What CII wants beside the identifier of a project (BT-11)."""
WITHOUT_RATE: Final = frozenset({"O"})
"""Tax categories that have no rate, not even zero (BR-O-05, BR-48)."""
COUNTRIES: Final = {"XK": "1A"}
"""Codes of the list of EN 16931 (BR-CL-14) where they are not those in use: Kosovo has one of its own."""


def type_code(invoice: SemanticInvoice) -> str:
    """BT-3 of the XML inside the PDF, which has a type for everything."""
    code = document_types.document_type(
        billed(invoice), form=document_types.FACTUR_X, is_german=is_between_germans(invoice)
    )
    if code is None:
        raise LookupError(f"{invoice.number} is of no type of document")
    return code


def billed(invoice: SemanticInvoice) -> document_types.Billed:
    """What of a snapshot decides on its type."""
    return document_types.Billed(
        kind=invoice.kind,
        is_part=invoice.acceptance is not None and invoice.acceptance.part_of is not None,
        is_construction=invoice.application is not None,
        is_corrected=invoice.corrects is not None,
    )


def is_between_germans(invoice: SemanticInvoice) -> bool:
    """Whether both parties are in Germany, where closer types are used."""
    return invoice.seller.address.country_code == invoice.buyer.address.country_code == GERMANY


def profile(invoice: SemanticInvoice) -> str:
    """BT-24 of the XML inside the PDF: EN 16931, which every receiver reads; EXTENDED only where a part of the total is
    payable later, which EN 16931 can say in words alone.

    EXTENDED lets tax be rounded by a hundredth a line (BR-FXEXT-S-09b), so not where whole yens are paid.
    """
    is_in_parts = invoice.retained is not None or invoice.reserved is not None
    return EXTENDED if is_in_parts and money.digits(invoice.currency) == CENTS else PROFILE


def payment_means(*, currency: str, iban: str) -> str:
    """BT-81: a SEPA credit transfer is in euros and to an IBAN; any other is a credit transfer."""
    return SEPA_CREDIT_TRANSFER if currency == "EUR" and iban else CREDIT_TRANSFER


def country(code: str) -> str:
    """BT-40, BT-55: the country in the list of EN 16931."""
    return COUNTRIES.get(code, code)
