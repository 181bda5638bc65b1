"""What is signed: the canonical text of a version, and the statements that each side agrees to.

A statement has a version, so that a signature of today can be read after the wording has changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from apps.contracts.drafts import AS_AGREED, MILESTONE, Due, LineTerms, Measure
from apps.contracts.rules.dues import due_text
from apps.contracts.rules.measures import measure_text
from apps.core import canonical

TEXT_VERSION: Final = "contract-1"


@dataclass(frozen=True, slots=True)
class PartyText:
    """A party as the contract names it: who it is and where."""

    ref: str
    legal_name: str
    street: str
    postcode: str
    city: str
    country: str
    vat_number: str
    company_number: str


@dataclass(frozen=True, slots=True)
class LineText:
    """A line as the contract names it; ``criteria`` are pairs of the sentence and whether evidence is needed.

    ``due`` and ``per_period`` belong to lines that are no milestones.
    """

    position: int
    title: str
    scope: str
    basis: str
    percent: Decimal | None
    amount: Decimal
    planned_on: date | None
    criteria: Sequence[tuple[str, bool]]
    own: LineTerms = AS_AGREED
    kind: str = MILESTONE
    due: Due | None = None
    per_period: Decimal | None = None
    measure: Measure | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person agrees to by signing, and which wording of it."""

    text: str
    version: str


def version_text(
    *,
    contract: dict[str, Any],
    seller: PartyText,
    buyer: PartyText,
    terms: dict[str, Any],
    signatory: dict[str, str],
    lines: Sequence[LineText],
    change: dict[str, Any] | None = None,
) -> str:
    """The canonical text of one version of a contract: everything that binds, and nothing that does not.

    Of a version that a change order makes it says the change too.
    """
    return canonical.text(
        {
            "format": TEXT_VERSION,
            "contract": contract,
            "seller": seller,
            "buyer": buyer,
            "terms": terms,
            "signs_for_buyer": signatory,
            "plan": [_line(line) for line in lines],
            **({"change_order": change} if change is not None else {}),
        }
    )


def _line(line: LineText) -> dict[str, Any]:
    return {
        "position": line.position,
        "title": line.title,
        "scope": line.scope,
        "basis": line.basis,
        "percent": line.percent,
        "amount": line.amount,
        "planned_on": line.planned_on,
        "criteria": [{"text": text, "needs_evidence": needs_evidence} for text, needs_evidence in line.criteria],
        "own": line.own or None,
        **due_text(line.kind, line.due, agreed=line.per_period),
        **measure_text(line.measure),
    }


def proposing_statement(side: str, *, organisation: str, number: str, version: int) -> Statement:
    """What the person of ``side`` agrees to who proposes a version."""
    other, wording = ("buyer", "seller-1") if side == "seller" else ("seller", "buyer-proposes-1")
    return Statement(
        f"I am authorised to act for {organisation}. I sign version {version} of contract {number} as shown here;"
        f" it binds us once the {other} has signed the same version.",
        wording,
    )


def answering_statement(side: str, *, organisation: str, number: str, version: int) -> Statement:
    """What the person of ``side`` agrees to who signs a version that the other side proposed."""
    return Statement(
        f"I am authorised to act for {organisation}. I have read version {version} of contract {number} as shown here"
        " and sign it. It is in force from now on.",
        "buyer-1" if side == "buyer" else "seller-answers-1",
    )
