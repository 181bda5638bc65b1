"""The billing plan: portions of a price, turned into amounts that add up to it, to the minor unit, always."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.core import money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.core.percent import Percent

AMOUNT, PERCENT, REMAINDER, TOTAL = "amount", "percent", "remainder", "total"
HUNDRED = Decimal(100)
PERCENT_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Portion:
    """What one line of the plan is worth: an amount, a percentage of the price, or whatever the others leave.

    An ``is_advance`` is given back by later invoices, so it is outside of the sum.
    """

    basis: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    is_advance: bool = False


def plan_amounts(price: Decimal, *, currency: str, portions: Sequence[Portion]) -> list[Decimal]:
    """The amount of every line, in order; without advances they add up to ``price`` exactly, and all are above zero.

    Amounts stay as given. Percentages that come to exactly the price left by the amounts share it by largest
    remainder; otherwise each is rounded half up by itself. One line may be the remainder. A plan that is incomplete or
    does not add up is :class:`Refused` with the difference named.
    """
    money.payable(price, currency, field="price")
    _check(portions, currency=currency)
    parts = [portion for portion in portions if not portion.is_advance]
    share = _with_remainder if any(part.basis == REMAINDER for part in parts) else _without_remainder
    agreed = iter(share(price, currency=currency, portions=parts))
    amounts = [
        _rounded(price, currency=currency, portion=portion) if portion.is_advance else next(agreed)
        for portion in portions
    ]
    for line, amount in enumerate(amounts, start=1):
        if amount <= 0:
            raise Refused(
                "Line {line} of the plan comes to nothing: its portion of {price} rounds to zero.",
                field="lines",
                line=line,
                price=Money(price, currency),
            )
    return amounts


def known_amounts(price: Decimal, *, currency: str, portions: Sequence[Portion]) -> list[Decimal | None]:
    """What each line of an unfinished plan comes to as far as that can be said; None where it cannot."""
    try:
        return list(plan_amounts(price, currency=currency, portions=portions))
    except Refused:
        return [_alone(price, currency=currency, portion=portion) for portion in portions]


def sum_of(amounts: Iterable[Decimal | None], portions: Iterable[Portion]) -> Decimal:
    """What an unfinished plan gives to the price so far: ``amounts`` as far as they are known, without advances."""
    pairs = zip(amounts, portions, strict=True)
    return money.total(amount for amount, portion in pairs if amount is not None and not portion.is_advance)


def _alone(price: Decimal, *, currency: str, portion: Portion) -> Decimal | None:
    if portion.basis == AMOUNT:
        return portion.amount
    if portion.basis == PERCENT and portion.percent is not None:
        amount = money.half_up(price * portion.percent / HUNDRED, currency)
        return amount if amount > 0 else None
    return None


def _check(portions: Sequence[Portion], *, currency: str) -> None:
    if all(portion.is_advance for portion in portions):
        raise Refused("Add at least one milestone to the plan.", field="lines")
    if sum(portion.basis == REMAINDER for portion in portions) > 1:
        raise Refused("Only one line of the plan can be the remainder.", field="lines")
    for line, portion in enumerate(portions, start=1):
        if portion.basis == AMOUNT:
            if portion.amount is None:
                raise Refused("Line {line} of the plan has no amount yet.", field="lines", line=line)
            money.payable(portion.amount, currency, field="lines")
        elif portion.basis == PERCENT:
            if portion.percent is None:
                raise Refused("Line {line} of the plan has no percentage yet.", field="lines", line=line)
            check_percent(portion.percent, line=line)
        elif portion.basis != REMAINDER:
            raise Refused(
                "Line {line} of the plan must be an amount, a percentage or the remainder.", field="lines", line=line
            )


def check_percent(percent: Decimal, *, line: int) -> None:
    """A percentage that the plan can keep exactly: above 0, at most 100, at most six decimals."""
    if not percent.is_finite() or not 0 < percent <= HUNDRED:
        raise Refused("The percentage of line {line} must be above 0 and at most 100.", field="lines", line=line)
    if percent != round(percent, PERCENT_DECIMALS):
        raise Refused(
            "The percentage of line {line} has more than six decimals. Make the last line the remainder instead.",
            field="lines",
            line=line,
        )


def _rounded(price: Decimal, *, currency: str, portion: Portion) -> Decimal:
    if portion.basis == PERCENT:
        return money.half_up(price * (portion.percent or money.ZERO) / HUNDRED, currency)
    return portion.amount or money.ZERO


def _with_remainder(price: Decimal, *, currency: str, portions: Sequence[Portion]) -> list[Decimal]:
    amounts = [
        money.ZERO if portion.basis == REMAINDER else _rounded(price, currency=currency, portion=portion)
        for portion in portions
    ]
    rest = price - money.total(amounts)
    if rest <= 0:
        raise Refused(
            "Nothing is left for the remainder: the other lines add up to {sum}, and the price is {price}.",
            field="lines",
            sum=Money(money.total(amounts), currency),
            price=Money(price, currency),
        )
    return [rest if portion.basis == REMAINDER else amount for portion, amount in zip(portions, amounts, strict=True)]


def _without_remainder(price: Decimal, *, currency: str, portions: Sequence[Portion]) -> list[Decimal]:
    percents = [portion.percent for portion in portions if portion.basis == PERCENT and portion.percent is not None]
    share = price - money.total(portion.amount for portion in portions if portion.basis == AMOUNT and portion.amount)
    is_exact = price * money.total(percents) / HUNDRED == share
    if percents and is_exact:
        parts = iter(money.split(share, percents, currency))
        return [next(parts) if portion.basis == PERCENT else portion.amount or money.ZERO for portion in portions]
    amounts = [_rounded(price, currency=currency, portion=portion) for portion in portions]
    all_percent = len(percents) == len(portions)
    if money.total(amounts) != price or all_percent:
        raise _difference(price, currency=currency, amounts=amounts, percents=percents if all_percent else [])
    return amounts


def _difference(price: Decimal, *, currency: str, amounts: Sequence[Decimal], percents: Sequence[Decimal]) -> Refused:
    """How far the plan is from the price, in percent where everything is a percentage, else in money."""
    if percents:
        whole: object = Percent(money.total(percents))
        gap = Money(price * (HUNDRED - money.total(percents)) / HUNDRED, currency)
    else:
        whole = Money(money.total(amounts), currency)
        gap = Money(price - money.total(amounts), currency)
    if percents and not gap.rounded():
        return Refused("The plan adds up to {sum}, not to exactly 100%.", field="lines", sum=whole)
    if gap.amount > 0:
        return Refused("The plan adds up to {sum}, {difference} short.", field="lines", sum=whole, difference=gap)
    return Refused("The plan adds up to {sum}, {difference} too much.", field="lines", sum=whole, difference=-gap)
