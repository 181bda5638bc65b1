"""Something by which revenue may move, as every reader of the books tells it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from apps.contracts.models import Contract, ContractVersion
from apps.core import money
from apps.revenue.models import Judgement, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something by which revenue may move. ``amount`` is what was accepted, withdrawn or credited at ``position``;
    ``version`` is the one that a change order put in force; a credit of a deposit has no position of a promise."""

    why: Why
    cause: str
    on: date
    at: datetime
    position: int | None = None
    amount: Decimal = money.ZERO
    version: ContractVersion | None = None
    judgement: Judgement | None = None
    settles: str = ""
    """The kind of charge that stands by it, such as a bonus: what was estimated of it until then is known now."""


Contracts: TypeAlias = Mapping[int, Contract]
"""Contracts of one seller, by primary key."""
Found: TypeAlias = Iterable[tuple[int, Event]]
"""Each with the contract to which it happened."""
