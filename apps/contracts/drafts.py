"""What one side writes before anything is agreed: plain values, handed to the services as one piece.

A draft may be incomplete; what is proposed may not (:mod:`apps.contracts.rules`). Drafts have a canonical text.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from apps.contracts.billing import BY_MILESTONE
from apps.contracts.charges import ChargeTerms
from apps.contracts.exemptions import Exemption
from apps.contracts.late_payment import LateTerms
from apps.contracts.payment_documents import PaymentDocuments
from apps.contracts.replaced_terms import ReplacedTerms
from apps.contracts.retention import RetentionTerms

MILESTONE: Final = "milestone"
DEPOSIT: Final = "deposit"
RECURRING: Final = "recurring"
KINDS: Final = (MILESTONE, DEPOSIT, RECURRING)

SIGNATURE: Final = "signature"
DATE: Final = "date"
ACCEPTANCE: Final = "acceptance"
EVENT: Final = "event"
STARTS: Final = {DEPOSIT: (SIGNATURE, DATE), RECURRING: (SIGNATURE, DATE, ACCEPTANCE)}
"""What can make a line due: the signature that makes the contract active, a day, the acceptance of a milestone. A
deposit that later invoices give back may be due with an acceptance, or with an event that the buyer confirms, too."""

PROPORTION: Final = "proportion"
RATE: Final = "rate"
FIRST: Final = "first"
FIXED: Final = "fixed"
WAYS: Final = (PROPORTION, RATE, FIRST, FIXED)
"""How later invoices give a recoverable deposit back."""

ALL: Final = "all"
ANY: Final = "any"
"""How much of what a milestone waits for has to happen."""
MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Recovery:
    """How a deposit is given back by later invoices: it is an advance on the price, and no part of it.

    ``way`` is ``proportion`` (each invoice bears the share of it that it has in what is still to be billed), ``rate``
    (``rate`` percent of whatever is billed once ``begins`` percent of the price are), ``fixed`` (each invoice by the
    same ``amount``) or ``first`` (every invoice is reduced to nothing until the deposit is used up). In each way the
    last invoice gives back what is left.
    """

    way: str = PROPORTION
    rate: Decimal | None = None
    begins: Decimal = Decimal(0)
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """From when a line is billed, and how often.

    ``start`` is ``signature``, ``date`` (then ``on`` is the day) or ``acceptance`` (then ``milestone`` is the title of
    the one that is meant). A recurring line is billed on the first day of each ``period`` (``month``, ``quarter``,
    ``year``), ``count`` times. None and empty mean not written yet. A deposit with a ``recovery`` is an advance on the
    other lines; it may be due with the acceptance of a milestone too, as payments for progress are, or with an
    ``event`` that the buyer confirms without accepting any work (``start`` is ``event``).
    """

    start: str = SIGNATURE
    on: date | None = None
    milestone: str = ""
    period: str = ""
    count: int | None = None
    recovery: Recovery | None = None
    event: str = ""


@dataclass(frozen=True, slots=True)
class DraftCriterion:
    """One sentence that tells when a milestone is complete; ``nature``: objective, subjective, or empty."""

    text: str
    needs_evidence: bool = False
    nature: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """What happens before a milestone can be submitted: ``all`` of it, or ``any`` one.

    ``milestones`` are titles of others that are accepted whole, ``on`` is a day that has come where the seller is,
    ``events`` are what the buyer confirms in these words.
    """

    needs: str = ALL
    milestones: tuple[str, ...] = ()
    on: date | None = None
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineTerms(ReplacedTerms):
    """What one milestone has of its own in the place of the contract's terms, and whether it waits for others.

    ``review_days`` None and ``silence`` empty mean as in the contract. ``is_cumulative``: it cannot be accepted before
    every milestone above it in the plan is; otherwise it is severable, and accepted whenever it is done.
    ``retention_rate`` in percent is withheld of it in the place of the contract's rate; zero is one, and nothing is
    withheld then. ``is_materials``: it is for materials that are stored and not built in yet.
    ``condition`` is what it waits for before it can be submitted; ``documents`` are handed in before its invoice is
    due, beside those of the contract.
    """

    review_days: int | None = None
    silence: str = ""
    is_cumulative: bool = False
    retention_rate: Decimal | None = None
    is_materials: bool = False
    condition: Condition | None = None
    documents: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != AS_AGREED


AS_AGREED: Final = LineTerms()


@dataclass(frozen=True, slots=True)
class Measure:
    """What a line is agreed by that is no lump sum: so many units at so much each.

    ``unit`` is a code of UN/ECE Recommendation 20 (MTK: m²); ``unit_price`` may have more decimals than money.
    """

    quantity: Decimal
    unit: str
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One line of the plan. ``basis`` is ``amount``, ``percent`` (30 for 30 %), ``remainder`` or ``total``.

    ``percent`` belongs to the basis of that name, ``amount`` to the others; None means not written yet. ``kind`` is
    ``milestone``, or ``deposit`` or ``recurring`` with their ``due``. The ``amount`` of a recurring line is that of one
    period, what it comes to in the price is so many of them; with the basis ``total`` it is that of all periods. The
    ``amount`` of a milestone with a ``measure`` is what that comes to.
    """

    title: str
    scope: str = ""
    basis: str = "percent"
    percent: Decimal | None = None
    amount: Decimal | None = None
    planned_on: date | None = None
    criteria: tuple[DraftCriterion, ...] = ()
    own: LineTerms = AS_AGREED
    kind: str = MILESTONE
    due: Due | None = None
    measure: Measure | None = None


@dataclass(frozen=True, slots=True)
class DraftOption:
    """Another complete plan that the other side may pick in the place of the base plan, under a name of its own.

    Its price is the contract's less the discount: ``discount_percent`` (3 for 3 %) of it, or ``discount``, an amount;
    at most one is written, and neither means the same price.
    """

    name: str
    lines: tuple[DraftLine, ...] = ()
    discount_percent: Decimal | None = None
    discount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ContractDraft(Exemption):
    """A whole contract as it is being written. ``price`` is net of tax, ``tax_rate`` in percent, periods in days.

    ``buyer_ref`` names an organisation that the seller knows; where the buyer begins, ``seller_ref`` names one that
    the buyer knows, and ``seller_email`` who is asked to sign for it while it has no people here. ``tax_category`` is a
    code of EN 16931. The review (:mod:`apps.contracts.rules.review`) is counted on the calendar of ``review_country``
    and in ``review_time_zone``; empty means the buyer's own. ``question_suspensions`` is how many questions of the
    buyer stop the review clock of one submission. ``needs_inspection``: somebody else of the buyer inspects before
    anybody accepts; above ``second_acceptor_above``, an amount in the contract's currency, two people accept. Whoever
    terminates for convenience says so ``notice_days`` before. ``answer_until`` is the last day on which the other side
    can sign, if any. ``options`` may be picked instead of ``lines``, the base plan, which then is called ``plan_name``.
    """

    number: str
    title: str
    buyer_ref: str
    currency: str
    price: Decimal
    payment_days: int = 30
    payment_basis: str = "net"
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
    notice_days: int = 0
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
    plan_name: str = ""
    options: tuple[DraftOption, ...] = ()
    seller_ref: str = ""
    seller_email: str = ""
    late_payment: LateTerms | None = None
    payment_documents: PaymentDocuments | None = None
    charges: ChargeTerms | None = None
    bills_by: str = BY_MILESTONE


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line of the plan, known by its position, as it is to be; ``line`` None takes it out.

    The basis of a line that is said anew is an amount: a change order speaks in money.
    """

    position: int
    line: DraftLine | None


@dataclass(frozen=True, slots=True)
class ChangedTerms:
    """Terms of the whole contract that a change order says anew; None, and an empty choice, stay as they are.

    ``one_acceptor``: one person is enough again. What is to be no more is an empty text, documents without any name,
    late payment without rate and fee, charges without any.
    """

    payment_days: int | None = None
    payment_basis: str = ""
    review_days: int | None = None
    silence: str = ""
    retention: RetentionTerms | None = None
    partial_acceptance: bool | None = None
    question_suspensions: int | None = None
    needs_inspection: bool | None = None
    second_acceptor_above: Decimal | None = None
    one_acceptor: bool = False
    notice_days: int | None = None
    tax_category: str = ""
    tax_rate: Decimal | None = None
    exemption_code: str | None = None
    exemption_reason: str | None = None
    governing_law: str | None = None
    terms: str | None = None
    payment_documents: PaymentDocuments | None = None
    review_unit: str = ""
    review_country: str = ""
    review_subdivision: str | None = None
    review_time_zone: str = ""
    signatory_name: str = ""
    signatory_email: str = ""
    late_payment: LateTerms | None = None
    charges: ChargeTerms | None = None
    is_assignable: bool | None = None

    def __bool__(self) -> bool:
        return self != AS_THEY_ARE


AS_THEY_ARE: Final = ChangedTerms()


@dataclass(frozen=True, slots=True)
class ChangeDraft:
    """A change order as it is being written. Lines of the plan and terms that it does not name stay as they are.

    ``order_ref`` names an order that was recorded without a price, or not signed, and is proposed now; title and reason
    are then what was recorded, and empty here. The other side can sign until the end of ``answer_until``, if it is set.
    """

    title: str = ""
    reason: str = ""
    lines: tuple[ChangedLine, ...] = ()
    added: tuple[DraftLine, ...] = ()
    terms: ChangedTerms = AS_THEY_ARE
    order_ref: str = ""
    answer_until: date | None = None
