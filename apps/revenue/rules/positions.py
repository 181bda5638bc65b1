"""What stands between a seller and the buyer of one contract besides receivables: IFRS 15.105-108, 606-10-45-1 to 4."""

from dataclasses import dataclass
from decimal import Decimal

from apps.core import money


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The net position of one contract: a contract asset or a contract liability, never both."""

    asset: Decimal
    liability: Decimal


def net_position(*, recognised: Decimal, billed: Decimal, retained: Decimal = money.ZERO) -> Position:
    """More recognised than billed is an asset, more billed than recognised a liability.

    ``billed`` is net of tax and of what was credited; ``retained`` is what the buyer keeps back on a condition other
    than time, and so is no receivable yet (15.107).
    """
    net = recognised - billed + retained
    return Position(asset=max(net, money.ZERO), liability=max(-net, money.ZERO))
