"""The statement by which the buyer is asked for retention that was released: what it says, as canonical text.

It is no invoice in the sense of Article 226 of Directive 2006/112/EC: the supply and the whole of its tax stand on the
invoices to which it refers, and a second document with the same tax would owe it twice (Article 203 of the directive).
So it bears no tax, has a series of its own, and there is no XML of it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from apps.contracts.rules.payment import NET
from apps.core import canonical
from apps.invoicing.snapshot import CreditTransfer, Party, Totals, read_party

VERSION: Final = "retention-release-1"


@dataclass(frozen=True, slots=True)
class ReleasedShare:
    """One invoice of which something was withheld: how much, what was released of it before, and what is now."""

    invoice_number: str
    issue_date: date
    milestone: str
    withheld: Decimal
    before: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ReleaseStatement:
    """One released part of a contract's retention. ``position`` counts the parts that were agreed from 1, of ``parts``.

    ``event`` is by what it became due, ``released_by`` who said so, if somebody had to. ``left`` stays withheld.
    ``milestone`` is the one with whose acceptance it became due; ``retention_name`` which of several kinds it is.
    The names of fields that an invoice has too are the same (:class:`~apps.invoicing.snapshot.SemanticInvoice`).
    """

    kind: str
    number: str
    issued_at: datetime
    issue_date: date
    time_zone: str
    language: str
    currency: str
    due_date: date
    payment_days: int
    contract_number: str
    contract_title: str
    seller: Party
    buyer: Party
    credit_transfer: CreditTransfer | None
    event: str
    released_by: str
    position: int
    parts: int
    shares: tuple[ReleasedShare, ...]
    left: Decimal
    totals: Totals
    payment_basis: str = NET
    payee: None = None
    version: str = VERSION
    payment_reference: str = ""
    milestone: str = ""
    retention_name: str = ""

    @property
    def remittance(self) -> str:
        """By what the payment is recognised; statements from before there were references ask for their number."""
        return self.payment_reference or self.number


def write(statement: ReleaseStatement) -> str:
    """The canonical text that is hashed and stored."""
    return canonical.text(statement)


def is_one(text: str) -> bool:
    """Whether a stored snapshot is a statement of retention and no invoice."""
    return bool(canonical.read(text)["version"] == VERSION)


def read(text: str) -> ReleaseStatement:
    """The statement that a canonical text says."""
    said = canonical.read(text)
    if said["version"] != VERSION:
        raise ValueError(f"a statement of the version {said['version']} cannot be read")
    return ReleaseStatement(
        **{
            **said,
            "issued_at": datetime.fromisoformat(said["issued_at"]),
            "issue_date": date.fromisoformat(said["issue_date"]),
            "due_date": date.fromisoformat(said["due_date"]),
            "seller": read_party(said["seller"]),
            "buyer": read_party(said["buyer"]),
            "credit_transfer": CreditTransfer(**said["credit_transfer"]) if said["credit_transfer"] else None,
            "shares": tuple(_share(one) for one in said["shares"]),
            "left": Decimal(said["left"]),
            "totals": Totals(**{name: Decimal(amount) for name, amount in said["totals"].items()}),
        }
    )


def _share(said: dict[str, Any]) -> ReleasedShare:
    return ReleasedShare(
        said["invoice_number"],
        date.fromisoformat(said["issue_date"]),
        said["milestone"],
        Decimal(said["withheld"]),
        Decimal(said["before"]),
        Decimal(said["amount"]),
    )
