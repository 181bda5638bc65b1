"""Until when an invoice is to be paid: so many days from its date, or by the end of a month. No database, no Django.

“45 days end of month” is read in two ways, and either may be agreed (French Commercial Code, Article L441-10, I, and
the reading of it by the French competition authority, DGCCRF): the days first and then to the end of that month, or
to the end of the invoice's month first and then the days. So the contract says which of them is meant.
"""

from calendar import monthrange
from datetime import date, timedelta
from typing import Final

from apps.core.errors import Refused

NET: Final = "net"
MONTH_END: Final = "month_end"
AFTER_MONTH_END: Final = "after_month_end"
PAYMENT_BASES: Final = (NET, MONTH_END, AFTER_MONTH_END)
LONGEST_TO_PAY: Final = 365


def check_payment(days: int, basis: str) -> None:
    """Refuse days to pay that nobody could count."""
    if not 0 <= days <= LONGEST_TO_PAY:
        raise Refused("The days to pay are between 0 and {most}.", field="payment_days", most=LONGEST_TO_PAY)
    if basis not in PAYMENT_BASES:
        raise Refused("Choose from when the days to pay count.", field="payment_basis")


def due_on(issued_on: date, *, payment_days: int, payment_basis: str = NET) -> date:
    """BT-9, the last day on which an invoice of ``issued_on`` is paid in time; days are calendar days.

    The day of issue does not count, nor does the last day of a month from which the days count.
    """
    days = timedelta(days=payment_days)
    if payment_basis == MONTH_END:
        return _end_of_month(issued_on + days)
    if payment_basis == AFTER_MONTH_END:
        return _end_of_month(issued_on) + days
    return issued_on + days


def _end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
