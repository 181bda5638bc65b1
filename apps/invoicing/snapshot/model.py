"""What an invoice says, as a semantic model: the terms of EN 16931, one field for each fact that a document shows.

The canonical text of a :class:`SemanticInvoice` is hashed, chained and stored when the invoice is issued. Every
document (the PDF, the XML inside it) is made from that text alone, so what was issued can be shown again at any time.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from apps.contracts.rules.payment import NET
from apps.core import canonical
from apps.invoicing.snapshot.causes import Acceptance, Application, Instalment
from apps.invoicing.snapshot.kept_back import Reserved, Retained
from apps.invoicing.snapshot.sides import CreditTransfer, Party, Payee

VERSION = "invoice-2"
ONE = "C62"
"""Unit code (UN/ECE Recommendation 20) of "one piece": what is agreed as a lump sum is billed as one."""
FINAL = "final"
"""The kind of the last invoice of a contract with deposits: it states the whole contract and deducts all before it."""
INTRA_COMMUNITY = "K"
"""The tax category (BT-118) that needs to say when and to where something was delivered."""
CREDIT_NOTE = "credit_note"
"""The kind of what corrects an invoice; every other kind asks for money."""


@dataclass(frozen=True, slots=True)
class Line:
    """Invoice line (BG-25): number (BT-126), quantity (BT-129), unit (BT-130, C62 is "one"), net price (BT-146), net
    (BT-131), tax category and rate in percent (BT-151, BT-152), name (BT-153), description (BT-154); why it bears no
    tax where that is agreed, as a code and in the words of the parties.

    The price is that of ``base_quantity`` units (BT-149): one, or the whole quantity of a part whose running total was
    rounded otherwise than quantity times price alone would be.
    """

    identifier: str
    name: str
    description: str
    quantity: Decimal
    unit_code: str
    net_price: Decimal
    net: Decimal
    tax_category: str
    tax_rate: Decimal
    base_quantity: Decimal = Decimal(1)
    exemption_code: str = ""
    exemption_reason: str = ""


@dataclass(frozen=True, slots=True)
class TaxRow:
    """Tax breakdown (BG-23): taxable (BT-116), tax (BT-117), category (BT-118), rate (BT-119), reason of an exemption
    as code (BT-121), and in the words of the parties where they agreed on some (part of BT-120)."""

    taxable: Decimal
    tax: Decimal
    category: str
    rate: Decimal
    exemption_code: str
    exemption_reason: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """Document totals (BG-22): sum of lines (BT-106), net (BT-109), tax (BT-110), gross (BT-112), due (BT-115)."""

    lines: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal
    due: Decimal


@dataclass(frozen=True, slots=True)
class Preceding:
    """The invoice that a credit note corrects (BG-3): number (BT-25), date (BT-26); and why it is corrected.

    ``credited`` is the tax breakdown of all that was credited of it before: with it the tax of a credit note can be
    computed again, because the tax of all its credit notes together is what is exact. ``withdraws_acceptance``: the
    credited part is accepted no more, and is billed again once it is. ``charge``: ``damages``, ``back_charge`` or
    ``withdrawn``, with the credit note that it ``undoes``. ``issued_anew``: it cancels a wrong invoice.
    ``kept_back_again``: it lowers a statement of retention that was released, and the buyer keeps so much back again,
    ``kept_until`` a day or until it releases it.
    """

    number: str
    issue_date: date
    reason: str
    withdraws_acceptance: bool
    credited: tuple[TaxRow, ...]
    charge: str = ""
    undoes: str = ""
    kept_back_again: bool = False
    issued_anew: bool = False
    kept_until: date | None = None

    @property
    def is_of_supply(self) -> bool:
        """Whether what it lowers was asked for a supply: no damages, nothing charged back, no retention."""
        return not (self.charge or self.kept_back_again)


@dataclass(frozen=True, slots=True)
class Corrects:
    """The document that a corrected invoice stands in place of (BG-3): number (BT-25), date (BT-26); why, and what was
    wrong on it, each as a pair of what it said and what is right. No sum of money is among that.

    It repeats what the invoice asked for. ``open`` is what of that was still to be paid, where it was something else by
    then; ``payee`` who is paid now, where that is into another account than the one that is repeated.
    """

    number: str
    issue_date: date
    reason: str
    changes: tuple[tuple[str, str], ...]
    open: Decimal | None = None
    payee: str = ""

    @property
    def is_paid_as_said(self) -> bool:
        """Whether it was still to be paid as the invoice asks: all of it, into its account."""
        return self.open is None and not self.payee


@dataclass(frozen=True, slots=True)
class Replaces:
    """The wrong invoice in place of which this one is issued (BG-3): number (BT-25), date (BT-26), by which credit note
    it is cancelled, and why."""

    number: str
    issue_date: date
    credit_note: str
    reason: str


@dataclass(frozen=True, slots=True)
class Deposit:
    """An earlier invoice (BG-3) that this one deducts: that of a deposit, a part of which it gives back, or, on a final
    invoice, whichever came before it. Number (BT-25), date (BT-26), and how much, net of tax.

    The deduction itself is a line (BG-25) of a negative quantity, at the tax of that invoice: so what was taxed before
    is not taxed again (Article 226 of Directive 2006/112/EC; in Germany section 14(5) UStG).
    """

    number: str
    issue_date: date
    net: Decimal


@dataclass(frozen=True, slots=True)
class SemanticInvoice:
    """One issued invoice, or a credit note to one (EN 16931): number (BT-1), date (BT-2), currency (BT-5), due date
    (BT-9), terms (BT-20), contract (BT-12), project (BT-11), what the buyer wants to read (BT-10), the number of
    its order (BT-13).

    ``kind`` is what is billed: a ``milestone`` with its ``acceptance``, else a ``deposit`` or a ``recurring`` line's
    ``instalment``, or an ``application`` for payment with a line for each milestone; or ``final``, as the last of a
    contract with deposits. The code of the document type (BT-3) is an export's choice. ``language`` is that of the
    buyer, in which documents are written. ``time_zone`` is the seller's, in which dates are meant. A credit note has
    positive amounts, but for what returns to a deposit, names what it corrects, and is due to nobody: its due date is
    its own. ``payment_reference`` is that of ISO 11649; invoices from before there was one ask for their number.
    ``of_late_payment``: it claims interest and fees, or waives them. One that waits for ``documents`` has no due date
    yet: ``due_date`` is the earliest then, and ``documents_days`` what the days to pay do meanwhile. One that
    ``corrects`` another is the same invoice once more, of the same money, with a number and a date of its own.
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
    contract_version: int
    contract_version_sha256: str
    governing_law: str
    seller: Party
    buyer: Party
    payee: Payee | None
    credit_transfer: CreditTransfer | None
    acceptance: Acceptance | None
    lines: tuple[Line, ...]
    taxes: tuple[TaxRow, ...]
    totals: Totals
    preceding: Preceding | None = None
    retained: Retained | None = None
    version: str = VERSION
    buyer_reference: str = ""
    instalment: Instalment | None = None
    payment_reference: str = ""
    reserved: Reserved | None = None
    deposits: tuple[Deposit, ...] = ()
    payment_basis: str = NET
    order_number: str = ""
    of_late_payment: bool = False
    documents: tuple[str, ...] = ()
    documents_days: str = ""
    application: Application | None = None
    corrects: Corrects | None = None
    replaces: Replaces | None = None

    @property
    def period(self) -> tuple[date, date] | None:
        """First and last day of what is billed (BT-73, BT-74); of a milestone and of a deposit nothing."""
        if self.application is not None:
            return self.application.first, self.application.last
        if self.instalment is None or self.instalment.last is None:
            return None
        return self.instalment.first, self.instalment.last

    @property
    def due_now(self) -> Decimal:
        """What of the total is payable by the due date: not what is retained, and not what is withheld for defects."""
        retained = self.retained.withheld if self.retained is not None else Decimal(0)
        reserved = self.reserved.withheld if self.reserved is not None else Decimal(0)
        return self.totals.due - retained - reserved

    @property
    def payable_by(self) -> date | None:
        """The due date (BT-9), where there is one: not of a credit note, and not before documents are there."""
        return None if self.preceding is not None or self.documents else self.due_date

    @property
    def referred(self) -> list[tuple[str, date]]:
        """Earlier invoices that it refers to (BG-3), by number (BT-25) and date (BT-26): the one that a credit note or
        a corrected invoice corrects, or one that is issued anew replaces, then the deposits that are deducted."""
        if self.preceding is not None:
            return [(self.preceding.number, self.preceding.issue_date)]
        before = self.corrects or self.replaces
        corrected = [(before.number, before.issue_date)] if before is not None else []
        return [*corrected, *((one.number, one.issue_date) for one in self.deposits)]

    @property
    def names_place(self) -> bool:
        """Whether it says where the supply goes (BG-15): to the buyer. An intra-Community supply must (BR-IC-12); what
        is billed before its supply does, as it has no day of delivery yet."""
        return self.acceptance is None or any(row.category == INTRA_COMMUNITY for row in self.taxes)

    @property
    def remittance(self) -> str:
        """By what the payment is recognised (BT-83); of a credit note, which nobody pays, nothing."""
        return "" if self.preceding is not None else self.payment_reference or self.number


def write(invoice: SemanticInvoice) -> str:
    """The canonical text that is hashed and stored."""
    return canonical.text(invoice)
