"""A statement as a workflow takes it, for whoever tells a story with one."""

import hashlib
from datetime import date
from typing import Any

from apps.invoicing.statements.reading import read
from tests.invoicing.statements.bank import Bank, Booking, camt


def uploaded(*bookings: Booking, number: str = "7") -> dict[str, Any]:
    """The arguments of ``import_statements`` for a camt.053 file with these bookings."""
    days: list[date] = [booking.on for booking in bookings]
    content = camt(Bank(list(bookings)), min(days), max(days), number=number)
    found = read(content)
    if found.problems:
        raise AssertionError(found.problems)
    return {"read": found, "file_name": f"{number}.xml", "file_sha256": hashlib.sha256(content).hexdigest()}
