"""What the sides agree for an invoice that is paid late: interest, and a fee.

Plain values, like the draft that carries them. What they must say stands in :mod:`apps.contracts.rules.late_payment`.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class LateTerms:
    """Simple interest of ``annual_rate`` percent a year on what is overdue, open and not in dispute, by the day.

    A year has ``days_of_year`` days (365 or 360). ``basis`` says how the parties came to the rate, such as a base rate
    and a margin: the number is agreed, and does not follow the base. ``fee`` is due once for each invoice that is paid
    late, in the contract's currency; interest and fee may each be zero, and not both. ``with_reminders``: what has run
    is claimed by itself with each reminder that the seller's schedule sends; else the seller claims it by hand.
    """

    annual_rate: Decimal
    days_of_year: int = 365
    basis: str = ""
    fee: Decimal = Decimal(0)
    with_reminders: bool = False
