"""Acceptance in part: how much of a milestone is accepted, what stays, and what the buyer's person agrees to."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.core import canonical, money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.core.statements import Statement
from apps.milestones.rules.sign_off import CriterionVerdict, trimmed_verdicts

LONGEST_TITLE = 160
QUANTITY_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Part:
    """How much of a milestone is accepted: an ``amount``, net of tax, a ``percent`` of what waits, or, where the line
    is agreed by quantity, a ``quantity`` in its unit."""

    amount: Decimal | None = None
    percent: Decimal | None = None
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """A milestone that is agreed by quantity: how much of the ``agreed`` quantity ``waits``, and the price of one.
    ``told`` is what waits with its unit, for a person.
    """

    agreed: Decimal
    waits: Decimal
    unit_price: Decimal
    told: object = None


def part_amount(part: Part, *, whole: Money, measured: Measured | None = None) -> Decimal:
    """What is accepted of a milestone that comes to ``whole``: above nothing and below all of it.

    A percentage is rounded once, half up, to the minor unit; the rest is the difference, so nothing is lost. A quantity
    is rounded on the running total of the line, so that its parts add up to the agreed amount in however many parts:
    what all that is accepted comes to, with this, less what it came to before.
    """
    said = [one for one in (part.amount, part.percent, part.quantity) if one is not None]
    if len(said) != 1:
        raise Refused("Say how much is accepted: an amount, a percentage, or a quantity.", field="amount")
    if part.quantity is not None:
        accepted, field = _of_quantity(part.quantity, whole=whole, measured=measured), "quantity"
    elif part.amount is not None:
        accepted, field = money.payable(part.amount, whole.currency, field="amount"), "amount"
    else:
        percent, field = part.percent or money.ZERO, "percent"
        if not percent.is_finite() or not 0 < percent < 100:
            raise Refused("Enter a percentage above 0 and below 100.", field=field)
        accepted = money.half_up(whole.amount * percent / 100, whole.currency)
    if not 0 < accepted < whole.amount:
        raise Refused(
            "A part is less than the whole: {whole} wait for sign-off. Accept the milestone, or enter a smaller part.",
            field=field,
            whole=whole,
        )
    return accepted


def _of_quantity(quantity: Decimal, *, whole: Money, measured: Measured | None) -> Decimal:
    if measured is None:
        raise Refused("This milestone is a lump sum. Say which amount or percentage is accepted.", field="quantity")
    if not quantity.is_finite() or quantity != round(quantity, QUANTITY_DECIMALS) or not 0 < quantity < measured.waits:
        raise Refused(
            "{waits} wait for sign-off. Enter a smaller quantity above zero, with at most {most} decimals; or accept"
            " the whole.",
            field="quantity",
            waits=measured.told or canonical.plain(measured.waits),
            most=QUANTITY_DECIMALS,
        )
    before = measured.agreed - measured.waits
    worth = [money.half_up(one * measured.unit_price, whole.currency) for one in (before + quantity, before)]
    return worth[0] - worth[1]


def title_of_part(title: str, *, part: int) -> str:
    """How the rest of a milestone is called: the title of its line and the number of the part, in every language."""
    mark = f" ({part})"
    return title[: LONGEST_TITLE - len(mark)].rstrip() + mark


def checked_part_verdicts(
    verdicts: Sequence[CriterionVerdict], comment: str, *, criteria: dict[int, str]
) -> list[CriterionVerdict]:
    """A verdict on every criterion, passed where nothing is said. Refused unless a cross or the comment says what is
    left.

    A part may be a matter of quantity, with every criterion met as far as it goes; then the comment alone tells.
    """
    checked = trimmed_verdicts(verdicts, criteria=criteria)
    if not comment and all(verdict.is_passed for verdict in checked):
        raise Refused("Say in the comment what is left to do, so that the seller can finish it.", field="comment")
    crossed = {verdict.criterion_id: verdict for verdict in checked}
    return [crossed.get(criterion, CriterionVerdict(criterion, is_passed=True)) for criterion in criteria]


def part_statement(
    *,
    organisation: str,
    title: str,
    cycle: int,
    accepted: Money,
    rest: Money,
    measured: object = None,
    by_application: bool = False,
) -> Statement:
    """What the buyer's person agrees to when accepting a part; ``measured`` is the quantity with its unit, where it was
    said so; ``by_application``: an application for payment bills it."""
    named: dict[str, Any] = {"organisation": organisation, "cycle": cycle, "title": title}
    named |= {"accepted": accepted, "rest": rest}
    if measured:
        return _measured_part({**named, "measured": measured}, by_application=by_application)
    if by_application:
        return Statement(
            "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here"
            " and accept a part of the milestone, {accepted} net of tax, as complete. It stands in the next"
            " application for payment and is invoiced when that is certified. The rest, {rest} net of tax, is not"
            " accepted and can be submitted again.",
            "part-applied-1",
            **named,
        )
    return Statement(
        "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here and"
        " accept a part of the milestone, {accepted} net of tax, as complete. An invoice for {accepted} net of tax is"
        " issued on my acceptance. The rest, {rest} net of tax, is not accepted and can be submitted again.",
        "part-1",
        **named,
    )


def _measured_part(named: dict[str, Any], *, by_application: bool) -> Statement:
    if by_application:
        return Statement(
            "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here"
            " and accept a part of the milestone, {measured}, {accepted} net of tax, as complete. It stands in the"
            " next application for payment and is invoiced when that is certified. The rest, {rest} net of tax, is not"
            " accepted and can be submitted again.",
            "part-applied-2",
            **named,
        )
    return Statement(
        "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here and"
        " accept a part of the milestone, {measured}, {accepted} net of tax, as complete. An invoice for {accepted}"
        " net of tax is issued on my acceptance. The rest, {rest} net of tax, is not accepted and can be submitted"
        " again.",
        "part-2",
        **named,
    )
