"""How much of a price a plan gives to its milestones: the live bar of the editor, and the sums of an import."""

from dataclasses import dataclass
from decimal import Decimal

from apps.core import money


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """How much of the price the plan gives to milestones, as far as it is written."""

    price: Decimal | None
    allocated: Decimal
    currency: str

    @property
    def left(self) -> Decimal:
        return (self.price or money.ZERO) - self.allocated

    @property
    def percent(self) -> Decimal:
        """Percentage points of the price, with at most two decimals."""
        return (self.allocated * 100 / self.price).quantize(Decimal("0.01")) if self.price else money.ZERO

    @property
    def over(self) -> Decimal:
        return -self.left

    @property
    def length_text(self) -> str:
        """Out of 400, for the bar."""
        return f"{min(self.percent, Decimal(100)) * 4:.1f}"
