"""QuickBooks Online, import of journal entries from CSV.

Chosen over IIF, which only QuickBooks Desktop reads: this one is documented, and its columns are matched by name on the
way in. Dates are month, day, year; the import asks which. Source: QuickBooks help, "Import journal entries"
(quickbooks.intuit.com/learn-support, L4tQBwbs7).
"""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import IO, Final

from apps.core.errors import Refused
from apps.ledger.exports.parts import Heading, JournalEntry, Tally
from apps.ledger.rules import guarded

DECIMALS: Final = 2
COLUMNS: Final = ("Journal No.", "Journal Date", "Account Name", "Debits", "Credits", "Description")


def check(heading: Heading, *, largest: Decimal, digits: int) -> None:
    """Refuse what the format cannot say, before anything is written."""
    if digits > DECIMALS:
        raise Refused(
            "Amounts in QuickBooks have {decimals} decimals, and {currency} has {digits}. Export CSV or XLSX instead.",
            decimals=DECIMALS,
            currency=heading.currency,
            digits=digits,
        )


def write(entries: Iterable[JournalEntry], *, heading: Heading, to: IO[bytes], tally: Tally) -> None:
    """Write the file."""
    text = io.TextIOWrapper(to, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for entry in entries:
        about = guarded(" · ".join(part for part in (entry.text, entry.document, entry.contract) if part))
        for line in entry.lines:
            debit = f"{line.amount:.{DECIMALS}f}" if line.amount > 0 else ""
            credit = f"{-line.amount:.{DECIMALS}f}" if line.amount < 0 else ""
            account = heading.accounts[line.account]
            writer.writerow([entry.number, f"{entry.booked_on:%m/%d/%Y}", account, debit, credit, about])
    text.flush()
    text.detach()
