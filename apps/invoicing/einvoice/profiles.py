"""The two forms of UBL in which an invoice is exported on request: how each names itself, and what it lets be said.

Sources: Peppol BIS Billing 3.0.19 (May 2025); XRechnung 3.0 with its rules in KoSIT's schematron.
"""

from dataclasses import dataclass
from typing import Final

from apps.invoicing.einvoice import codes

BILLING: Final = codes.PROCESS
"""Business process (BT-23) of both: the seller sends invoices and credit notes."""
GERMANY: Final = "DE"


GERMAN_TYPES: Final = frozenset({"380", "381", "384", "389"})
"""Of the types of BR-DE-17 those that there are: a deposit (386) is a commercial invoice in Germany."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One form: its ``key`` in addresses and names of files, its ``name`` for people, its identifier (BT-24), and the
    types of document (BT-3) that it has: what would be of any other type is a commercial invoice or a credit note."""

    key: str
    name: str
    identifier: str
    types: frozenset[str]

    def type_code(self, kind: str, *, is_german: bool = False) -> str:
        """BT-3 of a kind in this form, ``is_german`` where the terms of Germany hold. A kind without a code is a
        ``LookupError``: nobody decided it yet."""
        code = codes.type_code(kind)
        if code in self.types and not (is_german and code not in GERMAN_TYPES):
            return code
        return codes.CREDIT_NOTE if code in codes.CREDIT_NOTES else codes.COMMERCIAL_INVOICE


PEPPOL: Final = Profile(
    "peppol",
    "Peppol BIS Billing 3",
    "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0",
    # PEPPOL-EN16931-P0100 and P0101, less 326 and 384: those are between two German parties alone (P0112).
    frozenset({"380", "381", "386", "389", "393", "396"}),
)
XRECHNUNG: Final = Profile(
    "xrechnung",
    "XRechnung 3.0",
    "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
    GERMAN_TYPES,
)
PROFILES: Final = {profile.key: profile for profile in (PEPPOL, XRECHNUNG)}


def by_identifier(identifier: str) -> Profile | None:
    """The form that a file says to have; None when it is another one."""
    return next((profile for profile in PROFILES.values() if profile.identifier == identifier), None)


def wants_german_terms(profile: Profile, *, seller: str, buyer: str) -> bool:
    """Whether the terms hold that Germany wants: in XRechnung always, through Peppol between two German parties
    (rules DE-R). ``seller`` and ``buyer`` are the countries of their addresses."""
    return profile == XRECHNUNG or seller == buyer == GERMANY
