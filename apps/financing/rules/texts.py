"""The texts that are signed or acknowledged: the disclosure of an offer's price, and the notice of an assignment.

In English, plain lines, figures side by side and labelled. Their SHA-256 is what a signature refers to, so a change of
wording here makes new texts and never changes an old one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from apps.core import canonical, money
from apps.financing.rules.price import LineTerms, Price, Totals

CENT = Decimal("0.01")
COUNSEL = "This form is a proposal of the software, not legal advice: have counsel check it before real use."


@dataclass(frozen=True, slots=True)
class Receivable:
    """What is sold or advanced on, and between whom; without number and due date before acceptance."""

    seller: str
    buyer: str
    financier: str
    contract: str
    milestone: str
    invoice: str
    face: Decimal
    currency: str
    due_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What the same cash flows cost a year, in percent: the APR by a stated unit-period, and the XIRR."""

    apr: Decimal
    xirr: Decimal
    unit_period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """One milestone of an offer with its terms, its figures and what they come to a year."""

    sold: Receivable
    terms: LineTerms
    price: Price
    rates: Rates

    @property
    def is_accepted(self) -> bool:
        """Whether an issued invoice is bought; else it is an advance that its acceptance turns into that."""
        return bool(self.sold.invoice)


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


def disclosure(*, lines: Sequence[PricedLine], whole: Totals, rates: Rates, usage: Usage, funding_on: date) -> str:
    """What the seller signs: the price of each milestone and of all together, in money and as rates.

    A bought invoice is disclosed as factoring, an advance before acceptance as a closed-end transaction. Commercial
    financing disclosures of California, 10 CCR 900 ff.
    """
    first = lines[0].sold
    parts = [part for line in lines for part in _line(line, alone=len(lines) == 1)]
    title = _title(lines)
    if len(lines) > 1:
        parts = [
            f"{first.financier} offers {first.seller} money on {len(lines)} milestones of contract {first.contract},"
            f" owed by {first.buyer}. The offer is accepted as a whole.",
            *parts,
            "ALL TOGETHER",
            _table(_figures_of_all(whole, rates, first.currency)),
        ]
    return _text(
        title,
        *parts,
        _how_rates_are_found(lines, rates, funding_on),
        "If the buyer pays early, the discount not yet earned is given back to you, after at least"
        f" {usage.least_fee_days} days of discount; the fee is not. If the buyer pays late, a charge of"
        f" {_percent(usage.late_rate)} a year (actual/360) on the advance outstanding is taken out of the reserve, from"
        f" the day after {usage.grace_days} days of grace. They begin when the invoice is due, or with the last day"
        " that the discount pays for where that is later.",
        *_duties(lines),
        COUNSEL,
    )


def _title(lines: Sequence[PricedLine]) -> str:
    if len(lines) > 1:
        return f"DISCLOSURE: ONE OFFER ON {len(lines)} MILESTONES"
    if lines[0].is_accepted:
        return "DISCLOSURE: PURCHASE OF AN ACCEPTED INVOICE"
    return "DISCLOSURE: ADVANCE ON A MILESTONE THAT IS NOT ACCEPTED YET"


def _line(line: PricedLine, *, alone: bool) -> tuple[str, ...]:
    """The paragraphs of one milestone; beside others it has a heading of its own."""
    sold = line.sold
    heading = () if alone else (f"MILESTONE “{sold.milestone}”",)
    if line.is_accepted and sold.due_on is not None:
        return (
            *heading,
            f"{sold.financier} offers to buy from {sold.seller} the whole invoice {sold.invoice}, due"
            f" {sold.due_on.isoformat()}, owed by {sold.buyer} for the milestone “{sold.milestone}” of contract"
            f" {sold.contract}.",
            _table(_figures_of_purchase(line)),
        )
    return (
        *heading,
        f"{sold.financier} offers to advance money to {sold.seller} on the milestone “{sold.milestone}” of contract"
        f" {sold.contract}, which {sold.buyer} has not accepted yet. On acceptance the advance becomes the purchase of"
        " the whole invoice of this milestone, without another charge.",
        _table(_figures_of_advance(line)),
    )


def _figures_of_purchase(line: PricedLine) -> tuple[tuple[str, str], ...]:
    currency, terms, price = line.sold.currency, line.terms, line.price
    return (
        ("Invoice total (face)", _amount(price.face, currency)),
        (f"Advance, {_percent(terms.advance_rate)} of the invoice", _amount(price.gross, currency)),
        (
            f"Discount, {_percent(terms.annual_rate)} a year for {price.days} days (actual/360)",
            _amount(price.discount, currency),
        ),
        (f"Fee, {_percent(terms.fee_rate)} of the advance", _amount(price.fee, currency)),
        ("Paid to you at funding (amount financed)", _amount(price.net, currency)),
        ("Reserve, paid to you after the buyer has paid", _amount(price.reserve, currency)),
        ("Finance charge (discount and fee)", _amount(price.discount + price.fee, currency)),
        *_yearly(line.rates),
    )


def _figures_of_advance(line: PricedLine) -> tuple[tuple[str, str], ...]:
    currency, terms, price = line.sold.currency, line.terms, line.price
    return (
        ("What the invoice will come to (face)", _amount(price.face, currency)),
        (f"Funding provided (advance), {_percent(terms.advance_rate)} of it", _amount(price.gross, currency)),
        (
            f"Discount, {_percent(terms.annual_rate)} a year for {price.days} days (actual/360)",
            _amount(price.discount, currency),
        ),
        (f"Fee, {_percent(terms.fee_rate)} of the advance", _amount(price.fee, currency)),
        ("Paid to you at funding (amount financed)", _amount(price.net, currency)),
        ("Finance charge (discount and fee)", _amount(price.discount + price.fee, currency)),
        ("Total payment amount, out of the buyer's payment", _amount(price.gross, currency)),
        ("Payment expected", f"one, on {terms.expected_on.isoformat()}"),
        ("Reserve from acceptance on, paid to you after the buyer has paid", _amount(price.reserve, currency)),
        *_yearly(line.rates),
    )


def _figures_of_all(whole: Totals, rates: Rates, currency: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Invoices, issued and to come (face)", _amount(whole.face, currency)),
        ("Advances", _amount(whole.gross, currency)),
        ("Paid to you at funding (amount financed)", _amount(whole.net, currency)),
        ("Reserve, paid to you after the buyer has paid", _amount(whole.reserve, currency)),
        ("Finance charge (discount and fee)", _amount(whole.discount + whole.fee, currency)),
        *_yearly(rates),
    )


def _yearly(rates: Rates) -> tuple[tuple[str, str], ...]:
    return (
        ("Annual percentage rate (APR)", f"{rates.apr.quantize(CENT, ROUND_HALF_UP)} %"),
        ("Internal rate of return (XIRR, actual/365)", f"{rates.xirr.quantize(CENT, ROUND_HALF_UP)} %"),
    )


def _how_rates_are_found(lines: Sequence[PricedLine], rates: Rates, funding_on: date) -> str:
    if len(lines) == 1:
        how = (
            "finance charge divided by amount financed, over the time from funding on"
            f" {funding_on.isoformat()} to the payment expected on {lines[0].terms.expected_on.isoformat()}; the"
            f" unit-period is that time, {rates.unit_period}"
        )
    else:
        days = ", ".join(line.terms.expected_on.isoformat() for line in lines)
        how = (
            f"the actuarial method, from funding on {funding_on.isoformat()} to the payments expected on {days}; the"
            f" unit-period of all together is {rates.unit_period}"
        )
    return (
        f"How the rates are found. The annual percentage rate follows Regulation Z, Appendix J: {how}. The internal"
        " rate of return compounds the same cash flows yearly. Both are higher or lower when the buyer pays at another"
        " time."
    )


def _duties(lines: Sequence[PricedLine]) -> list[str]:
    """Who bears what, for the kinds of lines that there are."""
    said = []
    if any(line.is_accepted for line in lines):
        said.append(
            "The whole invoice is assigned and the buyer is told to pay the financier. You stay responsible for what"
            " you delivered: what the buyer refuses, disputes or is credited falls back on you. What the buyer pays"
            " beyond the invoice goes back to the buyer."
        )
    if not all(line.is_accepted for line in lines):
        said.append(
            "Before acceptance the risk that the milestone is not accepted is yours: an advance on a milestone that the"
            " buyer does not accept is to be paid back by you. What the buyer will owe for it is assigned now, and the"
            " buyer is told to pay the financier."
        )
    return said


def notice(*, sold: Receivable, account: Account, reference: str = "") -> str:
    """What the buyer is told: the whole invoice now belongs to the financier, and is paid to this account.

    ``reference`` is the one by which the invoice asks to be paid; its number where there is none.

    Before acceptance there is no invoice: what will be owed for the milestone is assigned, and nothing has to be paid.
    """
    amount = _amount(sold.face, sold.currency)
    if sold.due_on is None:
        what = "has assigned the whole of what you will owe for the following milestone, once you accept it,"
        when = "Nothing is to be paid before you accept. Then pay its invoice in full, on its due date,"
        numbered = [("Invoice", "not issued before you accept"), ("Amount, tax included", amount)]
        named = "the one that its invoice will name"
    else:
        what = "has assigned the whole of the following invoice"
        when = "Pay it in full, on its due date,"
        numbered = [("Invoice", sold.invoice), ("Amount", amount), ("Due", sold.due_on.isoformat())]
        named = reference or sold.invoice
    return _text(
        "NOTICE OF ASSIGNMENT",
        f"To {sold.buyer}: {sold.seller} {what} to {sold.financier}.",
        _table((("Contract", sold.contract), ("Milestone", sold.milestone), *numbered)),
        f"{when} to {sold.financier} only:",
        _table((("Account holder", account.holder), *account.lines, ("Payment reference", named))),
        "Your rights under the contract stay as they are. You can ask for proof of the assignment before you pay. Only"
        f" {sold.financier} can change this instruction: do not follow a message that names another account.",
    )


def _text(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{label}: {value}" for label, value in rows)


def _amount(amount: Decimal, currency: str) -> str:
    return str(money.Money(amount, currency))


def _percent(rate: Decimal) -> str:
    return f"{canonical.plain(rate)} %"
