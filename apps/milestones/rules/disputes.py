"""Disputes: how much is in dispute, until when a side answers, what an outcome comes to. No Django, no database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from apps.contracts.rules import end_of_day
from apps.core import money
from apps.core.errors import IllegalTransition, Refused
from apps.core.money import Money

ANSWER_DAYS: Final = 14
"""Calendar days for a position, where whoever raises a dispute says nothing else."""
MOST_ANSWER_DAYS: Final = 90
MOST_POSITIONS: Final = 100
"""Of both sides together; whoever has more to say meets."""
UPHELD: Final = "upheld"
PARTLY_UPHELD: Final = "partly_upheld"
REJECTED: Final = "rejected"


@dataclass(frozen=True, slots=True)
class Disputed:
    """What of a submission is in dispute, net of tax, and which side says so."""

    amount: Decimal
    by: str


def check_answer_days(days: int) -> int:
    """How many calendar days each position has; refused beside 1 to 90."""
    if not 1 <= days <= MOST_ANSWER_DAYS:
        raise Refused("Give the other side 1 to {most} days to answer.", field="answer_days", most=MOST_ANSWER_DAYS)
    return days


def answer_due_at(at: datetime, *, days: int, time_zone: str) -> datetime:
    """Until when the other side answers: the end of the last of so many calendar days, as UTC.

    The day on which it is asked is not counted.
    """
    return end_of_day(at.astimezone(ZoneInfo(time_zone)).date() + timedelta(days=days), time_zone=time_zone)


def check_disputed(amount: Decimal, *, whole: Money) -> Decimal:
    """An amount in dispute, net of tax: above nothing, and not above all of it."""
    disputed = money.payable(amount, whole.currency, field="amount")
    if not 0 < disputed <= whole.amount:
        raise Refused(
            "Not more can be in dispute than there is: {whole} net of tax. Enter a smaller amount.",
            field="amount",
            whole=whole,
        )
    return disputed


def check_undisputed(disputed: Disputed | None, *, accepted: Money, whole: Money) -> None:
    """Refuse that the buyer accepts what the buyer disputes; what the seller disputes the buyer may concede."""
    if disputed is None or disputed.by != "buyer" or accepted.amount <= whole.amount - disputed.amount:
        return
    if disputed.amount == whole.amount:
        raise IllegalTransition("Your side disputes all of this. Withdraw the dispute first, or settle it.")
    raise IllegalTransition(
        "Your side disputes {disputed} of this. Accept what is not disputed, at most {rest}, or withdraw the dispute"
        " first.",
        field="amount",
        disputed=Money(disputed.amount, whole.currency),
        rest=Money(whole.amount - disputed.amount, whole.currency),
    )


def check_in_dispute(disputed: Disputed | None, *, accepted: Money, whole: Money) -> None:
    """Refuse an acceptance in part where the contract does not provide for it, but of exactly what is not in dispute:
    an argument about a part holds back no more than that part."""
    if disputed is None:
        raise Refused(
            "The contract does not provide for acceptance in part. Accept the milestone, or request changes; or raise a"
            " dispute of what is not right, and accept the rest with it."
        )
    if accepted.amount != whole.amount - disputed.amount:
        raise Refused(
            "The contract provides for acceptance in part only of what is not in dispute: {rest}. Accept exactly that,"
            " or wait until the dispute is settled.",
            field="amount",
            rest=Money(whole.amount - disputed.amount, whole.currency),
        )


def upheld_amount(outcome: str, *, amount: Decimal | None, disputed: Money) -> Decimal:
    """What of the amount in dispute an outcome takes away, net of tax: all, the part that is named, or nothing."""
    if outcome == UPHELD:
        return disputed.amount
    if outcome == REJECTED:
        return money.ZERO
    if outcome != PARTLY_UPHELD:
        raise Refused("Choose how the dispute ends.", field="outcome")
    if amount is None:
        raise Refused("Enter how much of it is not owed.", field="amount")
    upheld = money.payable(amount, disputed.currency, field="amount")
    if not 0 < upheld < disputed.amount:
        raise Refused(
            "A part is above nothing and below what is in dispute, {disputed}. Choose another outcome, or another"
            " amount.",
            field="amount",
            disputed=disputed,
        )
    return upheld
