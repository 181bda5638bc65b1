"""What must happen on the buyer's side before a milestone is accepted, and what stops the clock on the way."""

from decimal import Decimal
from typing import Final

from apps.contracts.drafts import ContractDraft, LineTerms
from apps.contracts.rules.charges import check_own_charge
from apps.contracts.rules.payment import LONGEST_TO_PAY
from apps.contracts.rules.payment_documents import check_names
from apps.contracts.rules.retention import check_own_rate
from apps.contracts.rules.review import SILENCES
from apps.core import money
from apps.core.errors import Refused

MOST_SUSPENSIONS: Final = 3
"""Questions that may stop the clock of one submission. Each stops it once, until the seller answers, which the seller
may do at any moment: so nobody stops it for ever, and no procedure of acceptance becomes a way to pay late, which
Directive 2011/7/EU, Article 3(4), forbids even where both sides agreed to a longer one."""
LONGEST_OWN_REVIEW: Final = 365


def check_steps(draft: ContractDraft) -> None:
    """Refuse steps of acceptance that nobody can take."""
    if not 0 <= draft.question_suspensions <= MOST_SUSPENSIONS:
        raise Refused(
            "At most {most} questions about a submission can stop the clock; enter 0 for none.",
            field="question_suspensions",
            most=MOST_SUSPENSIONS,
        )
    above = draft.second_acceptor_above
    if above is None:
        return
    if not above.is_finite() or above < 0:
        raise Refused("Two people accept above an amount: enter 0 or more.", field="second_acceptor_above")
    if above:
        money.payable(above, draft.currency, field="second_acceptor_above")


def check_own(own: LineTerms, *, position: int) -> None:
    """Refuse terms of one milestone that say nothing or cannot be counted."""
    if own.review_days is not None and not 1 <= own.review_days <= LONGEST_OWN_REVIEW:
        raise Refused(
            "The own days to review of line {line} are between 1 and {most}; leave them out for the contract's.",
            field="lines",
            line=position,
            most=LONGEST_OWN_REVIEW,
        )
    if own.silence and own.silence not in SILENCES:
        raise Refused("Choose what silence means for line {line} of the plan.", field="lines", line=position)
    check_names(own.documents, field="lines")
    if own.retention_rate is not None:
        check_own_rate(own.retention_rate)
    if own.payment_days is not None and not 0 <= own.payment_days <= LONGEST_TO_PAY:
        raise Refused(
            "The own days to pay of line {line} are between 0 and {most}; leave them out for the contract's.",
            field="lines",
            line=position,
            most=LONGEST_TO_PAY,
        )
    if own.question_suspensions is not None and not 0 <= own.question_suspensions <= MOST_SUSPENSIONS:
        raise Refused(
            "At most {most} questions about a submission of line {line} can stop the clock; 0 for none, empty for as in"
            " the contract.",
            field="lines",
            line=position,
            most=MOST_SUSPENSIONS,
        )
    for percent in (own.damages_percent, own.bonus_percent):
        if percent is not None:
            check_own_charge(percent, position=position)


def needs_second(amount: Decimal, *, above: Decimal | None) -> bool:
    """Whether two people accept a milestone of this net amount, in the contract's currency."""
    return above is not None and amount > above
