"""The texts that are signed or acknowledged: the disclosure of an offer's price, and the notice of an assignment.

In English, plain lines, figures side by side and labelled. Their SHA-256 is what a signature refers to, so a change of
wording here makes new texts and never changes an old one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from apps.core import canonical, money
from apps.financing.rules.price import OfferTerms, Price

CENT = Decimal("0.01")
COUNSEL = "This form is a proposal of the software, not legal advice: have counsel check it before real use."


@dataclass(frozen=True, slots=True)
class Receivable:
    """The invoice that is sold, and between whom."""

    seller: str
    buyer: str
    financier: str
    contract: str
    milestone: str
    invoice: str
    face: Decimal
    currency: str
    due_on: date


@dataclass(frozen=True, slots=True)
class Usage:
    """What the facility adds to every offer: ``late_rate`` in percent a year of 360 days."""

    late_rate: Decimal
    grace_days: int
    least_fee_days: int


@dataclass(frozen=True, slots=True)
class Account:
    """Where the buyer pays."""

    holder: str
    lines: tuple[tuple[str, str], ...]


def disclosure(*, sold: Receivable, terms: OfferTerms, price: Price, usage: Usage, apr: Decimal, xirr: Decimal) -> str:
    """What the seller signs: the price in money, as annual percentage rate and as internal rate of return."""
    cost = price.discount + price.fee
    figures = (
        ("Invoice total (face)", _amount(sold.face, sold.currency)),
        (f"Advance, {_percent(terms.advance_rate)} of the invoice", _amount(price.gross, sold.currency)),
        (
            f"Discount, {_percent(terms.annual_rate)} a year for {price.days} days (actual/360)",
            _amount(price.discount, sold.currency),
        ),
        (f"Fee, {_percent(terms.fee_rate)} of the advance", _amount(price.fee, sold.currency)),
        ("Paid to you at funding (amount financed)", _amount(price.net, sold.currency)),
        ("Reserve, paid to you after the buyer has paid", _amount(price.reserve, sold.currency)),
        ("Finance charge (discount and fee)", _amount(cost, sold.currency)),
        ("Annual percentage rate (APR)", f"{apr.quantize(CENT, ROUND_HALF_UP)} %"),
        ("Internal rate of return (XIRR, actual/365)", f"{xirr.quantize(CENT, ROUND_HALF_UP)} %"),
    )
    return _text(
        "DISCLOSURE: PURCHASE OF AN ACCEPTED INVOICE",
        f"{sold.financier} offers to buy from {sold.seller} the whole invoice {sold.invoice}, due"
        f" {sold.due_on.isoformat()}, owed by {sold.buyer} for the milestone “{sold.milestone}” of contract"
        f" {sold.contract}.",
        _table(figures),
        "How the rates are found. The annual percentage rate follows Regulation Z, Appendix J: finance charge divided"
        f" by amount financed, over the time from funding on {terms.funding_on.isoformat()} to the payment expected on"
        f" {terms.expected_on.isoformat()}; the unit-period is that time. The internal rate of return compounds the"
        " same cash flows yearly. Both are higher or lower when the buyer pays at another time.",
        "If the buyer pays early, the discount not yet earned is given back to you, after at least"
        f" {usage.least_fee_days} days of discount; the fee is not. If the buyer pays late, a charge of"
        f" {_percent(usage.late_rate)} a year (actual/360) on the advance outstanding is taken out of the reserve, from"
        f" the day after {usage.grace_days} days of grace.",
        "The whole invoice is assigned and the buyer is told to pay the financier. You stay responsible for what you"
        " delivered: what the buyer refuses, disputes or is credited falls back on you. What the buyer pays beyond the"
        " invoice goes back to the buyer.",
        COUNSEL,
    )


def notice(*, sold: Receivable, account: Account) -> str:
    """What the buyer is told: the whole invoice now belongs to the financier, and is paid to this account."""
    return _text(
        "NOTICE OF ASSIGNMENT",
        f"To {sold.buyer}: {sold.seller} has assigned the whole of the following invoice to {sold.financier}.",
        _table(
            (
                ("Contract", sold.contract),
                ("Milestone", sold.milestone),
                ("Invoice", sold.invoice),
                ("Amount", _amount(sold.face, sold.currency)),
                ("Due", sold.due_on.isoformat()),
            )
        ),
        f"Pay it in full, on its due date, to {sold.financier} only:",
        _table((("Account holder", account.holder), *account.lines, ("Payment reference", sold.invoice))),
        "Your rights under the contract stay as they are. You can ask for proof of the assignment before you pay. Only"
        f" {sold.financier} can change this instruction: do not follow a message that names another account.",
        COUNSEL,
    )


def _text(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{label}: {value}" for label, value in rows)


def _amount(amount: Decimal, currency: str) -> str:
    return str(money.Money(amount, currency))


def _percent(rate: Decimal) -> str:
    return f"{canonical.plain(rate)} %"
