"""What is owed at the end of a contract for work in progress: values, the text that both sides sign, statements.

No database, no Django. Amounts are net of tax, in the contract's currency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from apps.core import canonical, money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.core.statements import Statement
from apps.milestones.rules.sign_off import LONGEST_REASON, check_text

SETTLEMENT_TEXT: Final = "settlement-1"
MOST_SETTLEMENTS: Final = 50
"""Of one notice: whoever needs more does not agree."""


@dataclass(frozen=True, slots=True)
class GivenValue:
    """What a side says that the work in progress of one milestone is worth, and what shows it."""

    milestone_ref: str
    amount: Decimal
    note: str = ""


@dataclass(frozen=True, slots=True)
class Valued:
    """An open milestone with what is unbilled of it and what its work in progress is worth."""

    milestone_ref: str
    position: int
    part: int
    title: str
    unbilled: Decimal
    amount: Decimal = money.ZERO
    note: str = ""

    @property
    def cancelled(self) -> Decimal:
        """What is not owed of it."""
        return self.unbilled - self.amount


@dataclass(frozen=True, slots=True)
class NotBilled:
    """A deposit, or so many periods of a recurring line, that are billed no more, and what they come to."""

    title: str
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class AcceptedPart:
    """An accepted milestone, or a part of one, with what of it is not billed yet."""

    milestone_ref: str
    title: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class AppliedFor:
    """What is accepted and stands in the application for payment with this ``number``, which collects: both signatures
    submit and certify it, and it is invoiced with what is valued."""

    number: int
    parts: tuple[AcceptedPart, ...]

    @property
    def amount(self) -> Decimal:
        """All of it."""
        return money.total(one.amount for one in self.parts)


def values_of(open_ones: Sequence[Valued], given: Sequence[GivenValue], *, currency: str) -> list[Valued]:
    """Every open milestone with the value that was given for it: from nothing to what is unbilled of it.

    Refused in words that name the milestone when a value is missing, too high, or of one that is not open.
    """
    said = {one.milestone_ref: one for one in given}
    if len(said) != len(given) or said.keys() - {one.milestone_ref for one in open_ones}:
        raise Refused("These are not the milestones that are open now. Reload the page.", field="values")
    return [_valued(one, said.get(one.milestone_ref), currency=currency) for one in open_ones]


def settlement_text(
    *,
    contract: Mapping[str, Any],
    notice: Mapping[str, Any],
    number: int,
    currency: str,
    values: Sequence[Valued],
    not_billed: Sequence[NotBilled],
    note: str,
    applied_for: AppliedFor | None = None,
) -> str:
    """The canonical text of a settlement: everything that both sides agree to by signing it. What is ``applied_for`` is
    said only where there is something."""
    return canonical.text(
        {
            "format": SETTLEMENT_TEXT,
            "contract": dict(contract),
            "notice": dict(notice),
            "number": number,
            "currency": currency,
            "note": note,
            "milestones": [
                {
                    "ref": one.milestone_ref,
                    "position": one.position,
                    "part": one.part,
                    "title": one.title,
                    "unbilled": one.unbilled,
                    "accepted_and_invoiced": one.amount,
                    "cancelled": one.cancelled,
                    "note": one.note,
                }
                for one in values
            ],
            "billed_no_more": [{"title": one.title, "count": one.count, "amount": one.amount} for one in not_billed],
            "accepted_and_invoiced": money.total(one.amount for one in values),
            "cancelled": money.total(one.cancelled for one in values),
            **_applied_for(applied_for),
        }
    )


def settlement_statement(
    side: str,
    *,
    organisation: str,
    number: str,
    settlement: int,
    valued: Money,
    is_answer: bool,
    applied_for: Money | None = None,
) -> Statement:
    """What the person of ``side`` agrees to who proposes a settlement, or who signs the other side's."""
    named = {"organisation": organisation, "number": number, "settlement": settlement, "valued": valued}
    if applied_for is not None:
        return _certifying(side, is_answer=is_answer, applied_for=applied_for, **named)
    if side == "buyer" and is_answer:
        return Statement(
            "I am authorised to act for {organisation}. I have read settlement {settlement} of contract {number} as"
            " shown here and sign it. We accept the work in progress at the values stated there, {valued} net of tax in"
            " all, which is invoiced, and nothing else of the open milestones. The contract is terminated from now on.",
            "buyer-settle-ans-1",
            **named,
        )
    if side == "buyer":
        return Statement(
            "I am authorised to act for {organisation}. I sign settlement {settlement} of contract {number} as shown"
            " here. We accept the work in progress at the values stated there, {valued} net of tax in all, which is"
            " invoiced, and nothing else of the open milestones. It binds us, and terminates the contract, once the"
            " seller has signed the same.",
            "buyer-settle-1",
            **named,
        )
    if is_answer:
        return Statement(
            "I am authorised to act for {organisation}. I have read settlement {settlement} of contract {number} as"
            " shown here and sign it. We claim {valued} net of tax in all for the work in progress, as valued there,"
            " and nothing else of the open milestones. The contract is terminated from now on.",
            "seller-settle-ans-1",
            **named,
        )
    return Statement(
        "I am authorised to act for {organisation}. I sign settlement {settlement} of contract {number} as shown here."
        " We claim {valued} net of tax in all for the work in progress, as valued there, and nothing else of the open"
        " milestones. It binds us, and terminates the contract, once the buyer has signed the same.",
        "seller-settle-1",
        **named,
    )


def _certifying(side: str, *, is_answer: bool, **named: Any) -> Statement:
    """The same where the signatures also bill what is accepted and stands in an application for payment."""
    if side == "buyer" and is_answer:
        return Statement(
            "I am authorised to act for {organisation}. I have read settlement {settlement} of contract {number} as"
            " shown here and sign it. We certify the accepted work of {applied_for} net of tax that stands in an"
            " application for payment, and accept the work in progress at the values stated there, {valued} net of tax"
            " in all. Both are invoiced, and nothing else of the open milestones. The contract is terminated from now"
            " on.",
            "buyer-certify-ans-1",
            **named,
        )
    if side == "buyer":
        return Statement(
            "I am authorised to act for {organisation}. I sign settlement {settlement} of contract {number} as shown"
            " here. We certify the accepted work of {applied_for} net of tax that stands in an application for payment,"
            " and accept the work in progress at the values stated there, {valued} net of tax in all. Both are"
            " invoiced, and nothing else of the open milestones. It binds us, and terminates the contract, once the"
            " seller has signed the same.",
            "buyer-certify-1",
            **named,
        )
    if is_answer:
        return Statement(
            "I am authorised to act for {organisation}. I have read settlement {settlement} of contract {number} as"
            " shown here and sign it. We apply for payment of the accepted work of {applied_for} net of tax, claim"
            " {valued} net of tax in all for the work in progress, as valued there, and nothing else of the open"
            " milestones. The contract is terminated from now on.",
            "seller-apply-ans-1",
            **named,
        )
    return Statement(
        "I am authorised to act for {organisation}. I sign settlement {settlement} of contract {number} as shown here."
        " We apply for payment of the accepted work of {applied_for} net of tax, claim {valued} net of tax in all for"
        " the work in progress, as valued there, and nothing else of the open milestones. It binds us, and terminates"
        " the contract, once the buyer has signed the same.",
        "seller-apply-1",
        **named,
    )


def _applied_for(one: AppliedFor | None) -> dict[str, Any]:
    if one is None:
        return {}
    parts = [{"ref": part.milestone_ref, "title": part.title, "amount": part.amount} for part in one.parts]
    return {"applied_for": {"application": one.number, "milestones": parts, "certified_and_invoiced": one.amount}}


def _valued(one: Valued, given: GivenValue | None, *, currency: str) -> Valued:
    if given is None:
        raise Refused(
            "Say what the work on “{milestone}” is worth; 0 if nothing is owed for it.",
            field="values",
            milestone=one.title,
        )
    amount = given.amount
    if amount != money.ZERO:
        amount = money.payable(amount, currency, field="values")
    if amount > one.unbilled:
        raise Refused(
            "Of “{milestone}” only {unbilled} are not billed yet, so its work in progress cannot be worth {amount}.",
            field="values",
            milestone=one.title,
            unbilled=Money(one.unbilled, currency),
            amount=Money(amount, currency),
        )
    note = check_text(given.note, most=LONGEST_REASON, field="values")
    return Valued(one.milestone_ref, one.position, one.part, one.title, one.unbilled, amount, note)
