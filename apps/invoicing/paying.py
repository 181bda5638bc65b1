"""How to pay what a document asks for, as a QR code: built from what the document says and from nothing else."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from apps.core import qr
from apps.invoicing import rules
from apps.invoicing.release_statement import ReleaseStatement
from apps.invoicing.snapshot import CreditTransfer, Party, SemanticInvoice

WIDTH: Final = 33
"""Millimetres of an EPC code on paper; its modules are then at least 0.43 mm wide."""


@dataclass(frozen=True, slots=True)
class PayCode:
    """A code with its drawing. ``is_swiss`` tells which apps read it."""

    payload: str
    amount: Decimal
    currency: str
    holder: str
    is_swiss: bool
    drawing: qr.Drawing

    @property
    def width(self) -> str:
        """On paper, with its quiet zone: a Swiss code itself is 46 mm wide (SIX, style guide)."""
        if not self.is_swiss:
            return f"{WIDTH}mm"
        side = self.drawing.side
        return f"{qr.SWISS_MILLIMETRES * side / (side - 2 * qr.QUIET):.2f}mm"


def code_of(said: SemanticInvoice | ReleaseStatement) -> PayCode | None:
    """The code on a document. None on those from before there were references, which stay as they were issued, on
    credit notes, where all is withheld, on a corrected invoice that is paid otherwise by then, and where no standard
    has one for the account and currency."""
    if not said.payment_reference:
        return None
    if isinstance(said, SemanticInvoice) and said.corrects is not None and not said.corrects.is_paid_as_said:
        return None
    amount = said.due_now if isinstance(said, SemanticInvoice) else said.totals.due
    if not amount:
        return None
    return code(
        said.credit_transfer,
        amount=amount,
        currency=said.currency,
        reference=said.payment_reference,
        creditor=said.seller if said.payee is None else None,
        debtor=said.buyer,
    )


def code(
    transfer: CreditTransfer | None,
    *,
    amount: Decimal,
    currency: str,
    reference: str,
    creditor: Party | None,
    debtor: Party,
) -> PayCode | None:
    """The code by which an amount is paid into an account; ``creditor`` is its holder where the address is known, which
    is not so of those to whom a claim was assigned."""
    if transfer is None:
        return None
    found = rules.payment_code(
        holder=transfer.account_name,
        iban=transfer.iban,
        bic=transfer.bic,
        amount=amount,
        currency=currency,
        reference=reference,
        creditor=_place(creditor) if creditor is not None else None,
        debtor=_place(debtor),
    )
    if found is None:
        return None
    is_swiss = found.standard == rules.SWISS
    drawn = qr.drawing(found.payload, has_swiss_cross=is_swiss)
    return PayCode(found.payload, amount, currency, transfer.account_name, is_swiss, drawn)


def _place(party: Party) -> rules.Place:
    address = party.address
    return rules.Place(party.name, address.line, address.post_code, address.city, address.country_code)
