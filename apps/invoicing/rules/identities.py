"""When two lines of bank statements are the same transaction.

A bank's reference alone does not tell: some banks give one to a whole batch, some use them anew. So the day, the amount
and the direction belong to it; where there is no reference, everything that the bank says does. What is the same in all
of that, twice in one statement, is two transactions, counted within the day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.core import canonical
from apps.invoicing.rules.accounts import squeezed


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What identifies a transaction. ``amount`` is positive for money in and negative for money out; ``account`` is the
    own account as the organisation wrote it down."""

    account: str
    booked_on: date
    amount: Decimal
    currency: str
    bank_reference: str
    text: str = ""
    payer: str = ""
    payer_account: str = ""
    end_to_end: str = ""

    @property
    def sha256(self) -> str:
        """The same for the same transaction, however the bank breaks its lines."""
        said: dict[str, object] = {
            "account": squeezed(self.account),
            "booked_on": self.booked_on,
            "amount": self.amount,
            "currency": self.currency,
        }
        if self.bank_reference:
            said["reference"] = self.bank_reference
        else:
            named = (self.text, self.payer, self.payer_account, self.end_to_end)
            said["said"] = ["".join(part.split()).casefold() for part in named]
        return canonical.sha256(canonical.text(said))


def numbered(statement: Iterable[Fingerprint], *, counts: dict[str, int] | None = None) -> list[str]:
    """One identity for each transaction of one statement, in order: fingerprint and running number.

    ``counts`` says how many of each there were in the statement before, and is counted on.
    """
    seen = {} if counts is None else counts
    found = []
    for transaction in statement:
        sha256 = transaction.sha256
        seen[sha256] = seen.get(sha256, 0) + 1
        found.append(canonical.sha256(f"{sha256}:{seen[sha256]}"))
    return found
