"""Documents that a buyer wants to have before it pays: waivers of lien, bonds, certificates of insurance, of tax.

Plain values, like the draft that carries them. What they must say stands in
:mod:`apps.contracts.rules.payment_documents`.
"""

from dataclasses import dataclass
from typing import Final

BEGIN: Final = "begin"
RUN: Final = "run"
DAYS: Final = (BEGIN, RUN)
"""What the days to pay do meanwhile: begin when the last document is confirmed; or run from the invoice's date, and the
invoice is due on the day that was agreed, or with the confirmation if that is later."""


@dataclass(frozen=True, slots=True)
class PaymentDocuments:
    """What is handed in before an invoice is due: ``each`` with every invoice, ``once`` before the first one that is
    paid. ``days`` says what the days to pay do until then. Documents are known by their names."""

    each: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    days: str = BEGIN


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document that one invoice waits for; ``is_once``: what was confirmed of it serves later invoices too."""

    title: str
    is_once: bool = False
