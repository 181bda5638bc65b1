"""The two forms of UBL in which an invoice is exported on request: how each names itself, and what it lets be said.

Sources: Peppol BIS Billing 3.0.19 (May 2025); XRechnung 3.0 with its rules in KoSIT's schematron.
"""

from dataclasses import dataclass
from typing import Final

from apps.invoicing.einvoice import codes
from apps.invoicing.rules import document_types
from apps.invoicing.snapshot import SemanticInvoice

BILLING: Final = codes.PROCESS
"""Business process (BT-23) of both: the seller sends invoices and credit notes."""
GERMANY: Final = codes.GERMANY


@dataclass(frozen=True, slots=True)
class Profile:
    """One form: its ``key`` in addresses and names of files, its ``name`` for people, its identifier (BT-24)."""

    key: str
    name: str
    identifier: str

    def type_code(self, invoice: SemanticInvoice) -> str | None:
        """BT-3 of an invoice in this form; None where it has no type for it. A kind without a code is a
        ``LookupError``: nobody decided it yet."""
        is_german = self.key == document_types.XRECHNUNG or codes.is_between_germans(invoice)
        return document_types.document_type(codes.billed(invoice), form=self.key, is_german=is_german)


PEPPOL: Final = Profile(
    document_types.PEPPOL,
    "Peppol BIS Billing 3",
    "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0",
)
XRECHNUNG: Final = Profile(
    document_types.XRECHNUNG,
    "XRechnung 3.0",
    "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
)
PROFILES: Final = {profile.key: profile for profile in (PEPPOL, XRECHNUNG)}


def by_identifier(identifier: str) -> Profile | None:
    """The form that a file says to have; None when it is another one."""
    return next((profile for profile in PROFILES.values() if profile.identifier == identifier), None)


def wants_german_terms(profile: Profile, *, seller: str, buyer: str) -> bool:
    """Whether the terms hold that Germany wants: in XRechnung always, through Peppol between two German parties
    (rules DE-R). ``seller`` and ``buyer`` are the countries of their addresses."""
    return profile == XRECHNUNG or seller == buyer == GERMANY
