"""Plan options: other complete plans of the same deal, each with its own price, of which the other side picks one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Final, TypeVar

from apps.contracts.drafts import (
    DEPOSIT,
    MILESTONE,
    MONTHS,
    RECURRING,
    SIGNATURE,
    ContractDraft,
    DraftLine,
    DraftOption,
    Due,
)
from apps.contracts.rules.checks import check_draft, check_lines, check_options_own, check_plan, check_proposal
from apps.contracts.rules.dues import MOST_PERIODS
from apps.contracts.rules.payable import check_payable_most
from apps.contracts.rules.plan import HUNDRED, PERCENT_DECIMALS, REMAINDER
from apps.contracts.rules.words import required, trimmed
from apps.core import money
from apps.core.errors import Refused
from apps.core.money import Money

MOST_OPTIONS: Final = 5
"""Besides the base plan: more than these nobody compares side by side."""
LONGEST_NAME: Final = 80
Kept = TypeVar("Kept")


def discount_of(option: DraftOption, *, price: Decimal, currency: str) -> Decimal | None:
    """What an option takes off the price, above zero; None where it costs the same. A share is rounded half up."""
    if option.discount_percent is not None:
        return money.half_up(price * option.discount_percent / HUNDRED, currency)
    return option.discount


def option_price(option: DraftOption, *, price: Decimal, currency: str) -> Decimal:
    """What an option costs: the price of the base plan less the discount."""
    return price - (discount_of(option, price=price, currency=currency) or money.ZERO)


def check_draft_with_options(draft: ContractDraft) -> ContractDraft:
    """The draft with its options, if all of it can be kept; refused with the field named otherwise."""
    checked = check_draft(draft)
    if len(draft.options) > MOST_OPTIONS:
        raise Refused("A proposal offers at most {most} plans besides the base plan.", most=MOST_OPTIONS)
    name = trimmed(draft.plan_name, most=LONGEST_NAME, what="name of the plan", field="plan_name")
    options = tuple(_checked(one, price=checked.price, currency=checked.currency) for one in draft.options)
    names = [name.casefold(), *(one.name.casefold() for one in options)]
    twice = next((one.name for place, one in enumerate(options, 1) if one.name.casefold() in names[:place]), None)
    if twice is not None:
        raise Refused("Two plans are named “{name}”. Give each a name of its own.", field="name", name=twice)
    return replace(checked, plan_name=name if options else "", options=options)


def check_offer(draft: ContractDraft) -> list[list[Decimal]]:
    """The amounts of the lines of every plan, the base plan first, if all of it can be signed; refused otherwise."""
    amounts = [check_proposal(draft)]
    if draft.options and not draft.plan_name:
        raise Refused(
            "Name the base plan too, for instance “By milestones”: the other side picks among names.", field="plan_name"
        )
    for option in draft.options:
        price = option_price(option, price=draft.price, currency=draft.currency)
        of_option = _in_option(option, partial(check_plan, option.lines, price=price, currency=draft.currency))
        _in_option(option, partial(check_options_own, replace(draft, lines=option.lines)))
        _in_option(option, partial(check_payable_most, replace(draft, price=price, lines=option.lines), of_option))
        amounts.append(of_option)
    return amounts


def _checked(option: DraftOption, *, price: Decimal, currency: str) -> DraftOption:
    name = required(option.name, most=LONGEST_NAME, what="name of the plan", field="name")
    _check_discount(option, price=price, currency=currency)
    lines = _in_option(option, partial(check_lines, option.lines, currency=currency))
    return replace(option, name=name, lines=lines)


def _check_discount(option: DraftOption, *, price: Decimal, currency: str) -> None:
    percent, amount = option.discount_percent, option.discount
    if percent is not None and amount is not None:
        raise Refused("Say the discount in percent or as an amount, not both.", field="discount")
    if percent is not None and not (
        percent.is_finite() and 0 < percent < HUNDRED and percent == round(percent, PERCENT_DECIMALS)
    ):
        raise Refused(
            "A discount is above 0 and below 100 percent, with at most six decimals.", field="discount_percent"
        )
    if amount is not None:
        money.payable(amount, currency, field="discount")
    off = discount_of(option, price=price, currency=currency)
    if off is not None and not 0 < off < price:
        raise Refused(
            "The discount comes to {discount}, and the price is {price}: it must be above zero and leave something.",
            field="discount",
            discount=Money(off, currency),
            price=Money(price, currency),
        )


def _in_option(option: DraftOption, check: Callable[[], Kept]) -> Kept:
    """What a check of the option's plan gives; a refusal says in which plan."""
    try:
        return check()
    except Refused as refused:
        raise Refused("In the plan “{option}”: {why}", field="lines", option=option.name, why=refused) from refused


def upfront(name: str, *, title: str, discount_percent: Decimal | None = None) -> DraftOption:
    """Everything at once: one line, due when both sides have signed."""
    line = DraftLine(title=title, basis=REMAINDER, kind=DEPOSIT, due=Due(start=SIGNATURE))
    return DraftOption(name=name, lines=(line,), discount_percent=discount_percent)


def by_period(name: str, *, title: str, period: str, count: int) -> DraftOption:
    """The price in equal parts, one for each ``month``, ``quarter`` or ``year`` from the signature on, in advance."""
    line = DraftLine(title=title, basis=REMAINDER, kind=RECURRING, due=Due(start=SIGNATURE, period=period, count=count))
    return DraftOption(name=name, lines=(line,))


def periods_of_plan(draft: ContractDraft, *, period: str, today: date) -> int:
    """How many periods, begun today, reach the last planned date of the base plan; one at least."""
    last = max((line.planned_on for line in draft.lines if line.kind == MILESTONE and line.planned_on), default=today)
    months = (last.year - today.year) * 12 + last.month - today.month + (last.day > today.day)
    return max(1, min(MOST_PERIODS, -(-months // MONTHS[period])))
