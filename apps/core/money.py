"""Money: a decimal amount in one currency, rounded in one place, split so that the parts always add up.

Minor units come from ISO 4217 as carried by Babel's CLDR data: 0 for JPY, 2 for EUR, 3 for KWD.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import cache

from babel.core import get_global
from babel.numbers import get_currency_precision

from apps.core.errors import Refused

ZERO = Decimal(0)
LARGEST = Decimal(10) ** 13
"""Amounts at or above ten trillion are refused: they are typing errors, and the columns hold 15 integer digits."""


@cache
def digits(currency: str) -> int:
    """Number of decimals of the currency's minor unit."""
    return get_currency_precision(currency)


@cache
def currencies() -> frozenset[str]:
    """ISO 4217 codes that are legal tender somewhere today."""
    return frozenset(
        code
        for tenders in get_global("territory_currencies").values()
        for code, _start, end, tender in tenders
        if end is None and tender
    )


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """A frozen amount in one currency. Adding two currencies is a ``TypeError``: it is a bug, not a refusal."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError("Money is made of Decimal, never of float or int")

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise TypeError(f"{self.currency} and {other.currency} cannot be combined")
        return other.amount

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return f"{self.rounded().amount:,f} {self.currency}"

    def rounded(self) -> "Money":
        """Half up, away from zero at the half, to the currency's minor unit."""
        return Money(half_up(self.amount, self.currency), self.currency)


def unit(currency: str) -> Decimal:
    """The smallest payable amount: ``Decimal('0.01')`` for EUR."""
    return Decimal(1).scaleb(-digits(currency))


def half_up(amount: Decimal, currency: str) -> Decimal:
    """Round half away from zero to the minor unit: the rounding of EN 16931 and of commercial practice."""
    return amount.quantize(unit(currency), ROUND_HALF_UP)


def floor(amount: Decimal, currency: str) -> Decimal:
    """Round down to the minor unit, so that a limit is never exceeded by rounding."""
    return amount.quantize(unit(currency), ROUND_FLOOR)


def is_exact(amount: Decimal, currency: str) -> bool:
    """Whether the amount can be paid: no fraction of the minor unit."""
    return amount == half_up(amount, currency)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Sum that is a Decimal even when there is nothing to add."""
    return sum(amounts, start=ZERO)


def split(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Share ``amount`` in proportion to ``weights`` so that the parts add up to it exactly.

    Largest remainder: every part is floored to the minor unit, and the units left over go to the parts that lost
    most, the earlier line first when they lost the same.
    """
    if not weights or any(weight < 0 for weight in weights) or not any(weights):
        raise ValueError("weights must be non-negative and at least one must be positive")
    whole = total(weights)
    exact = [amount * weight / whole for weight in weights]
    parts = [floor(value, currency) for value in exact]
    step = unit(currency)
    missing = int((amount - total(parts)) / step)
    by_loss = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for index in by_loss[:missing]:
        parts[index] += step
    return parts


def payable(amount: Decimal, currency: str, *, field: str | None = None) -> Decimal:
    """The amount, if it is one that can be billed or paid; a refusal in words otherwise."""
    if not amount.is_finite() or amount <= 0:
        raise Refused("Enter an amount above zero.", field=field)
    if amount >= LARGEST:
        raise Refused("This amount is too large. Check the decimal separator.", field=field)
    if not is_exact(amount, currency):
        raise Refused(
            "{currency} has {digits} decimals; this amount has more. Round it first.",
            field=field,
            currency=currency,
            digits=digits(currency),
        )
    return half_up(amount, currency)
