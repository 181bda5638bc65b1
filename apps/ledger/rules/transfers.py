"""An entry of many lines as transfers from one account to one other, as programs want it that know no other entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.core.money import ZERO


@dataclass(frozen=True, slots=True)
class Side:
    """One line of an entry: ``amount`` is positive for debit and negative for credit."""

    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Transfer:
    """An amount above zero that one account is debited and another is credited."""

    debit: str
    credit: str
    amount: Decimal


def transfers(sides: Sequence[Side]) -> list[Transfer]:
    """The same movement of every account, in at most one transfer fewer than there are accounts.

    What an entry moves within one account is no movement of it, so an entry may have none at all. Debits and credits
    are taken in the order in which the entry names their accounts. Sides that do not add up are a ``ValueError``.
    """
    moved: dict[str, Decimal] = {}
    for side in sides:
        moved[side.account] = moved.get(side.account, ZERO) + side.amount
    if sum(moved.values(), ZERO) != 0:
        raise ValueError(f"the sides of an entry differ: {sides}")
    given = [Side(account, amount) for account, amount in moved.items() if amount > 0]
    taken = [Side(account, -amount) for account, amount in moved.items() if amount < 0]
    found: list[Transfer] = []
    while given:
        debit, credit = given.pop(0), taken.pop(0)
        amount = min(debit.amount, credit.amount)
        found.append(Transfer(debit.account, credit.account, amount))
        if debit.amount > amount:
            given.insert(0, Side(debit.account, debit.amount - amount))
        if credit.amount > amount:
            taken.insert(0, Side(credit.account, credit.amount - amount))
    return found
