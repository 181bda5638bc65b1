"""What of an invoice is withheld for the defects that the buyer named when it accepted."""

from collections.abc import Sequence
from decimal import Decimal

from apps.core import money


def withheld_gross(nets: Sequence[Decimal], *, rate: Decimal, currency: str) -> list[Decimal]:
    """The withheld amounts with their tax; ``nets`` are net of tax, ``rate`` is in percent.

    Rounded once on the running total, as the tax of the invoice is rounded once: so all of an invoice withheld is its
    total to the minor unit, in however many items, and no item differs from its own rounding by more than one unit.
    """
    found, net, before = [], money.ZERO, money.ZERO
    for one in nets:
        net += one
        gross = net + money.half_up(net * rate / 100, currency)
        found.append(gross - before)
        before = gross
    return found
