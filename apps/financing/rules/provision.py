"""What a book may lose: by a provision matrix over ages, and by PD × LGD × EAD in stages (IFRS 9, section 5.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Final

from apps.core import money
from apps.financing.rules.price import HUNDRED

YEAR_OF_DEFAULTS: Final = 365
"""Days over which a twelve-month probability of default is spread."""


@dataclass(frozen=True, slots=True)
class Age:
    """Days past a date, from ``first`` to ``last``; None where it is open."""

    name: str
    first: int | None
    last: int | None


AGES: Final = (
    Age("current", None, 0),
    Age("1-30", 1, 30),
    Age("31-60", 31, 60),
    Age("61-90", 61, 90),
    Age("91", 91, None),
)
"""The usual buckets of receivables."""

EXAMPLE_MATRIX: Final[Mapping[str, Decimal]] = {
    "current": Decimal("0.3"),
    "1-30": Decimal("1.6"),
    "31-60": Decimal("3.6"),
    "61-90": Decimal("6.6"),
    "91": Decimal("10.6"),
}
"""Per cent lost by age: IFRS 9, Illustrative Examples, Example 12. A place to begin, and nobody's measured losses."""


class Stage(IntEnum):
    """How far the credit risk has risen, by days past due (IFRS 9, 5.5.11 and B5.5.37)."""

    PERFORMING = 1
    """Twelve months of losses are expected."""
    UNDERPERFORMING = 2
    """More than 30 days late: losses over the whole life."""
    IMPAIRED = 3
    """More than 90 days late, or declared in default."""


STAGE_OF: Final[Mapping[str, Stage]] = {
    "current": Stage.PERFORMING,
    "1-30": Stage.PERFORMING,
    "31-60": Stage.UNDERPERFORMING,
    "61-90": Stage.UNDERPERFORMING,
    "91": Stage.IMPAIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """Probabilities and losses in per cent, as the financier believes them; nothing of them was measured."""

    pd: Decimal
    """That an advance which is not late defaults within a year."""
    pd_late: Decimal
    """That one which is more than 30 days late ever defaults."""
    lgd: Decimal
    """What is lost of an advance in default."""


@dataclass(frozen=True, slots=True)
class Exposed:
    """What is out in one age: its amount, and its amount times the days until the payment is expected."""

    age: str
    amount: Decimal
    amount_days: Decimal
    is_defaulted: bool = False


@dataclass(frozen=True, slots=True)
class Provided:
    """The loss expected on what is exposed (EAD), at ``rate`` per cent of it."""

    exposed: Decimal
    rate: Decimal
    loss: Decimal


def by_age(outstanding: Mapping[str, Decimal], *, matrix: Mapping[str, Decimal], currency: str) -> dict[str, Provided]:
    """The provision matrix: what is out in each age at the loss rate of that age, each in the minor unit."""
    return {
        age.name: Provided(
            out := outstanding.get(age.name, money.ZERO),
            matrix[age.name],
            money.half_up(out * matrix[age.name] / HUNDRED, currency),
        )
        for age in AGES
    }


def stage_of(exposed: Exposed) -> Stage:
    """The stage of what is out in an age; what is declared in default is impaired however old it is."""
    return Stage.IMPAIRED if exposed.is_defaulted else STAGE_OF[exposed.age]


def by_stage(book: Sequence[Exposed], *, assumed: Assumptions, currency: str) -> dict[Stage, Provided]:
    """PD × LGD × EAD: in the first stage for the days until payment, in the second for the life, in the third whole."""
    found = {}
    for stage in Stage:
        rows = [row for row in book if stage_of(row) == stage]
        exposed = money.total(row.amount for row in rows)
        if stage is Stage.PERFORMING:
            at_risk = money.total(row.amount_days for row in rows) * assumed.pd / YEAR_OF_DEFAULTS
        else:
            at_risk = exposed * (assumed.pd_late if stage is Stage.UNDERPERFORMING else HUNDRED)
        loss = money.half_up(at_risk * assumed.lgd / (HUNDRED * HUNDRED), currency)
        found[stage] = Provided(exposed, loss * HUNDRED / exposed if exposed else money.ZERO, loss)
    return found


@dataclass(frozen=True, slots=True)
class Rolled:
    """What was out in an age at the end of a month, and what of it was still out a month later."""

    before: Decimal
    after: Decimal

    @property
    def rate(self) -> Decimal | None:
        """The share that rolled on into the next age, as a fraction; None where nothing was out."""
        return self.after / self.before if self.before else None
