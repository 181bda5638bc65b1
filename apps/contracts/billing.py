"""What issues the invoices of a contract."""

from typing import Final

BY_MILESTONE: Final = "milestone"
BY_APPLICATION: Final = "application"
BILLINGS: Final = (BY_MILESTONE, BY_APPLICATION)
"""What issues an invoice: each acceptance its own, or the certification of an application for payment, one over all
that was accepted in its period."""
