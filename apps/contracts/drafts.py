"""What one side writes before anything is agreed: plain values, handed to the services as one piece.

A draft may be incomplete; what is proposed may not (:mod:`apps.contracts.rules`). Drafts have a canonical text.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from apps.contracts.retention import RetentionTerms


@dataclass(frozen=True, slots=True)
class DraftCriterion:
    """One sentence by which the buyer can tell that a milestone is complete."""

    text: str
    needs_evidence: bool = False


@dataclass(frozen=True, slots=True)
class LineTerms:
    """What one milestone has of its own in the place of the contract's terms, and whether it waits for others.

    ``review_days`` None and ``silence`` empty mean as in the contract. ``is_cumulative``: it cannot be accepted before
    every milestone above it in the plan is; otherwise it is severable, and accepted whenever it is done.
    """

    review_days: int | None = None
    silence: str = ""
    is_cumulative: bool = False

    def __bool__(self) -> bool:
        return self != AS_AGREED


AS_AGREED: Final = LineTerms()
"""A line like the others."""


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One milestone of the plan. ``basis`` is ``amount``, ``percent`` (of the price, 30 for 30 %) or ``remainder``.

    ``percent`` belongs to the basis of that name, ``amount`` to the other; None means not written yet.
    """

    title: str
    scope: str = ""
    basis: str = "percent"
    percent: Decimal | None = None
    amount: Decimal | None = None
    planned_on: date | None = None
    criteria: tuple[DraftCriterion, ...] = ()
    own: LineTerms = AS_AGREED


@dataclass(frozen=True, slots=True)
class ContractDraft:
    """A whole contract as it is being written. ``price`` is net of tax, ``tax_rate`` in percent, periods in days.

    ``buyer_ref`` names an organisation that the seller knows. ``tax_category`` is a code of EN 16931 (S, Z, E, AE, O).
    The review (:mod:`apps.contracts.rules.review`) is counted on the calendar of ``review_country`` and in
    ``review_time_zone``; empty means the buyer's own. With ``partial_acceptance`` the buyer may accept a milestone in
    part. ``question_suspensions`` is how many questions of the buyer stop the review clock of one submission.
    ``needs_inspection``: somebody else of the buyer inspects before anybody accepts; above ``second_acceptor_above``,
    an amount in the contract's currency, two people accept. ``answer_until`` is the last day on which the other side
    can sign; None sets no end.
    """

    number: str
    title: str
    buyer_ref: str
    currency: str
    price: Decimal
    payment_days: int = 30
    review_days: int = 14
    review_unit: str = "calendar"
    review_country: str = ""
    review_subdivision: str = ""
    review_time_zone: str = ""
    silence: str = "escalates"
    partial_acceptance: bool = False
    question_suspensions: int = 0
    needs_inspection: bool = False
    second_acceptor_above: Decimal | None = None
    tax_category: str = "S"
    tax_rate: Decimal = Decimal(0)
    retention: RetentionTerms | None = None
    is_assignable: bool = True
    governing_law: str = ""
    terms: str = ""
    answer_until: date | None = None
    signatory_name: str = ""
    signatory_email: str = ""
    lines: tuple[DraftLine, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line of the plan, known by its position, as it is to be; ``line`` None takes it out.

    The basis of a line that is said anew is an amount: a change order speaks in money.
    """

    position: int
    line: DraftLine | None


@dataclass(frozen=True, slots=True)
class ChangeDraft:
    """A change order as it is being written. Lines of the plan that it does not name stay as they are.

    ``order_ref`` names an order that was recorded without a price, or declined, and is proposed now; title and reason
    are then what was recorded, and empty here.
    """

    title: str = ""
    reason: str = ""
    lines: tuple[ChangedLine, ...] = ()
    added: tuple[DraftLine, ...] = ()
    order_ref: str = ""
