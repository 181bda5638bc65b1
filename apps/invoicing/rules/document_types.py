"""Which type of document (BT-3, UNTDID 1001) says what is billed, in the form in which it is said.

The model stores the kind of what is billed; the code is the export's choice, because the forms let different codes be
used, and some of them between German parties alone.

Sources: UNTDID 1001 as EN 16931 lists it (BR-CL-01), of which Factur-X has all; Peppol BIS Billing 3.0.19, rules
PEPPOL-EN16931-P0100, P0101 and P0112, and DE-R-017 between German parties; XRechnung 3.0, rule BR-DE-17.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FACTUR_X: Final = "factur-x"
PEPPOL: Final = "peppol"
XRECHNUNG: Final = "xrechnung"

PARTIAL: Final = "326"
COMMERCIAL: Final = "380"
CREDIT_NOTE: Final = "381"
CORRECTED: Final = "384"
PREPAYMENT: Final = "386"
FACTORED_CREDIT_NOTE: Final = "396"
PARTIAL_CONSTRUCTION: Final = "875"
FINAL_CONSTRUCTION: Final = "877"

GERMAN: Final = frozenset({PARTIAL, COMMERCIAL, CREDIT_NOTE, CORRECTED, "389", PARTIAL_CONSTRUCTION, "876", "877"})
"""What is used in Germany (BR-DE-17, DE-R-017): a deposit (386) is a commercial invoice there."""
GERMAN_PAIRS: Final = frozenset({PARTIAL, CORRECTED})
"""What Peppol lets through between two German parties and between no others (P0112)."""
ON_PEPPOL: Final = frozenset(
    (
        *("71", "80", "82", "84", "102", "218", "219", "331", COMMERCIAL, "382", "383", PREPAYMENT, "388"),
        *("393", "395", "553", "575", "623", "780", "817", "870", PARTIAL_CONSTRUCTION, "876", FINAL_CONSTRUCTION),
        *("81", "83", CREDIT_NOTE, FACTORED_CREDIT_NOTE, "532"),
    )
)
"""Invoices (P0100) and credit notes (P0101) of Peppol, between whomever."""
BY_KIND: Final[Mapping[str, str]] = {
    "milestone": COMMERCIAL,
    "deposit": PREPAYMENT,
    "recurring": COMMERCIAL,
    "application": COMMERCIAL,
    "final": COMMERCIAL,
    "bonus": COMMERCIAL,
    "credit_note": CREDIT_NOTE,
}
"""What a kind is where nothing closer is said. An invoice that was assigned to a financier before its issue is 380 with
a payee: 393 says no more to the buyer, and receivers know it less."""


@dataclass(frozen=True, slots=True)
class Billed:
    """What decides on the type: the kind; whether it is a part of a milestone, what an application for payment of
    construction bills, and whether it corrects an earlier invoice without a change of money."""

    kind: str
    is_part: bool = False
    is_construction: bool = False
    is_corrected: bool = False


def document_type(billed: Billed, *, form: str, is_german: bool) -> str | None:
    """BT-3 in this form; ``is_german`` where both parties are, or where the form is Germany's own.

    None where the form has no type that says it: a corrected invoice (384) through Peppol between others, who want a
    credit note and a new invoice instead. A kind without an entry is a ``LookupError``: nobody decided it yet.
    """
    usual = BY_KIND[billed.kind]
    if billed.is_corrected:
        return CORRECTED if _has(form, CORRECTED, is_german=is_german) else None
    wanted = (*_closer(billed), usual) if is_german else (usual,)
    return next((code for code in wanted if _has(form, code, is_german=is_german)), COMMERCIAL)


def _closer(billed: Billed) -> tuple[str, ...]:
    """Types that German receivers know beside the usual one. 876 concludes the parts of one section of a construction
    and repeats them all, which no invoice does that is not the final one of its contract."""
    if billed.is_construction and billed.kind in ("application", "final"):
        return (FINAL_CONSTRUCTION,) if billed.kind == "final" else (PARTIAL_CONSTRUCTION,)
    return (PARTIAL,) if billed.is_part and billed.kind == "milestone" else ()


def _has(form: str, code: str, *, is_german: bool) -> bool:
    if form == FACTUR_X:
        return True
    if form == XRECHNUNG:
        return code in GERMAN
    return code in (GERMAN if is_german else ON_PEPPOL)
