"""What a clerk keeps of an advance: what was paid, what is out, what the seller owes back, what is not earned yet.

Nothing here knows the product. Amounts are euros; a milestone comes to what its bill does, tax included.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final

from tests.engines.course.plain import CENT, ZERO, Bill, Part, cents

YEAR: Final = Decimal(360)
LEAST_DAYS, GRACE, TO_CURE, MOST_SLIP, LONGEST = 15, 5, 10, 45, 180
"""Days: at least charged, of grace, to submit again what was sent back, past what was signed, and before acceptance."""
USUAL, BEFORE = Decimal(85), Decimal(50)
"""Percent of a bill, and of what is not accepted yet."""
OUT: Final = ("funded_pre", "funded_post", "part_collected")
BOUGHT: Final = ("funded_post", "part_collected", "defaulted")
OFFERED: Final = ("asked", "priced", "issued")
NOT_HELD: Final = ("withdrawn", "cancelled", "repurchased")
"""It can be asked for again."""


def share_of(amount: Decimal, percent: Decimal) -> Decimal:
    """So much of it, and never a fraction of a cent more."""
    return (amount * percent / 100).quantize(CENT, ROUND_DOWN)


@dataclass(frozen=True)
class Price:
    """What an offer says: percent advanced, a year, and as a fee; when the buyer's money comes; the days charged."""

    percent: Decimal
    yearly: Decimal
    fee_percent: Decimal
    expected_on: date
    days: int
    is_before: bool
    """The milestone was not accepted when it was priced."""


@dataclass(eq=False)
class Advance:
    """On one part of a contract, from the request on; its states are named as the field names them."""

    part: Part
    face: Decimal
    refs: dict[str, str] = field(default_factory=dict)
    state: str = "asked"
    price: Price | None = None
    good_until: date = date.max
    is_acknowledged: bool = False
    is_waived: bool = False
    gross: Decimal = ZERO
    expected_on: date = date.max
    paid_on: date = date.max
    """When the money of it went out, ..."""
    first_paid_on: date = date.max
    """... or that of the advance from which it was carried over."""
    outstanding: Decimal = ZERO
    receivable: Decimal = ZERO
    reserve: Decimal = ZERO
    payable: Decimal = ZERO
    """Released to the seller, and not paid out."""
    surplus: Decimal = ZERO
    owed: Decimal = ZERO
    """What the seller owes back."""
    discount: Decimal = ZERO
    fee: Decimal = ZERO
    """Not earned yet, as it was looked at last."""
    since: date = date.max
    """From then on ..."""
    days: int = 0
    """... and over so many days is earned what was ..."""
    to_earn: tuple[Decimal, Decimal] = (ZERO, ZERO)
    """... discount and fee then."""
    until: date = date.max
    """The last day that is paid for."""
    slipped_on: date | None = None
    lost: Decimal = ZERO
    """Written off, and not recovered."""
    was_bought: bool = False

    @property
    def terms(self) -> Price:
        assert self.price is not None
        return self.price

    @property
    def is_told(self) -> bool:
        return self.is_acknowledged or self.is_waived

    @property
    def is_assigned(self) -> bool:
        """The buyer pays its financier."""
        return self.state not in (*OFFERED, *NOT_HELD)

    def offer(self, price: Price, *, today: date) -> None:
        self.price, self.state = price, "priced"
        self.gross = share_of(self.face, price.percent)
        self.expected_on, self.good_until = price.expected_on, today + timedelta(days=10)

    def pay_out(self, bill: Bill | None, *, today: date) -> None:
        price = self.terms
        self.state, self.outstanding = "funded_pre", self.gross
        if bill is not None:
            self.buy(bill)
        self.discount = cents(self.gross * price.yearly * price.days / (100 * YEAR))
        self.fee = cents(self.gross * price.fee_percent / 100)
        self.paid_on = self.first_paid_on = today
        self._earn_over(today, price.days)

    # --- what is earned ------------------------------------------------------------------------------------------

    def _earn_over(self, since: date, days: int) -> None:
        """What is not earned now, evenly over so many days; what was paid for before stays paid for."""
        self.since, self.days, self.to_earn = since, days, (self.discount, self.fee)
        last = since + timedelta(days=days)
        self.until = last if self.until == date.max else max(self.until, last)

    def earn(self, today: date) -> None:
        """In default nothing more is."""
        if self.state != "defaulted":
            self.discount, self.fee = self._not_earned(today)

    def _not_earned(self, on: date) -> tuple[Decimal, Decimal]:
        gone = min(max((on - self.since).days, 0), self.days)
        discount, fee = self.to_earn
        return discount - cents(discount * gone / self.days), fee - cents(fee * gone / self.days)

    def _its_share(self, not_earned: Decimal, amount: Decimal) -> Decimal:
        return not_earned if amount == self.outstanding else cents(not_earned * amount / self.outstanding)

    def _cut(self, today: date, *, discount: Decimal, fee: Decimal) -> None:
        """So much less is to be earned, over the days that were paid for."""
        self.discount -= discount
        self.fee -= fee
        if discount or fee:
            self._earn_over(today, max((self.until - today).days, 1))

    # --- what happens --------------------------------------------------------------------------------------------

    def charge_back(self, amount: Decimal, *, today: date) -> Decimal:
        """So much is owed back, less its share of the discount that is not earned; with the last of it the fee is
        earned. The answer is how much is owed for it."""
        self.earn(today)
        rebate = self._its_share(self.discount, amount)
        is_all = amount == self.outstanding
        self._cut(today, discount=rebate, fee=self.fee if is_all else ZERO)
        self.owed += amount - rebate
        self.outstanding -= amount
        self.state = "recourse_due" if is_all else self.state
        return amount - rebate

    def covered(self, total: Decimal) -> Decimal:
        """How much of it a bill of so much holds."""
        return share_of(total, max(USUAL, self.terms.percent))

    def buy(self, bill: Bill) -> None:
        """The milestone was accepted, and its bill is bought for what is out."""
        self.state, self.was_bought, self.receivable = "funded_post", True, bill.gross
        self.reserve = bill.gross - self.outstanding

    def carry_over(self, amount: Decimal, *, rest: Part, face: Decimal, today: date) -> "Advance":
        """So much of it stands on for the rest of the milestone, with its share of what is not earned."""
        self.earn(today)
        discount, fee = self._its_share(self.discount, amount), self._its_share(self.fee, amount)
        days = max((self.until - today).days, 1)
        carried = Advance(rest, face, state="funded_pre", price=self.price, gross=amount, outstanding=amount)
        carried.is_acknowledged, carried.is_waived = self.is_acknowledged, self.is_waived
        carried.discount, carried.fee, carried.expected_on = discount, fee, self.expected_on
        carried.paid_on, carried.first_paid_on = today, self.first_paid_on
        carried._earn_over(today, days)
        self._cut(today, discount=discount, fee=fee)
        self.outstanding -= amount
        return carried

    def dilute(self, amount: Decimal, *, today: date) -> Decimal:
        """The buyer owes so much less of what was bought: the reserve bears it, then the seller, who owes that."""
        self.earn(today)
        back = max(amount - self.reserve, ZERO)
        self.receivable -= amount
        self.reserve -= amount - back
        owed = self.charge_back(back, today=today) if back else ZERO
        if not self.receivable and not self.outstanding and self.state != "recourse_due":
            self.state = "settled"
        return owed

    def slip(self, to: date, *, is_borne: bool, today: date) -> Decimal:
        """The buyer's money is expected later; the seller bears the days more, or the price stays."""
        self.earn(today)
        more = ZERO
        if is_borne:
            more = cents(self.outstanding * self.terms.yearly * (to - self.until).days / (100 * YEAR))
        self.owed += more
        self.discount += more
        self._earn_over(today, (to - today).days)
        self.expected_on, self.slipped_on = to, today
        return more

    def collect(self, amount: Decimal, *, open_: Decimal, today: date) -> tuple[Decimal, Decimal, Decimal]:
        """The buyer's money: the advance first, then the reserve, and the surplus back. Before the payout, and once the
        advance is owed back, all that was open is the seller's; of what was written off, the loss comes first."""
        to_bill = min(amount, open_)
        self.surplus += amount - to_bill
        if self.state in BOUGHT:
            to_advance = min(to_bill, self.outstanding)
            if to_advance and to_advance == self.outstanding:
                # At least so many days are charged, from when the money went out.
                self.discount, _fee = self._not_earned(max(today, self.first_paid_on + timedelta(days=LEAST_DAYS)))
                self.payable += self.discount
                self.discount = self.fee = ZERO
            self.receivable -= to_bill
            self.reserve -= to_bill - to_advance
            self.outstanding -= to_advance
            kept = to_advance
            if not self.receivable:
                self.state = "settled"
            elif self.state == "funded_post":
                self.state = "part_collected"
        else:
            kept = min(to_bill, self.lost)
            self.lost -= kept
            self.state = "cancelled" if self.state == "accepted" else self.state
        self.payable += to_bill - kept
        return to_bill, kept, amount - to_bill

    def write_off(self) -> None:
        self.state, self.lost = "written_off", self.outstanding
        self.outstanding = self.receivable = self.reserve = self.discount = self.fee = ZERO
