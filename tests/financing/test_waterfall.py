"""Product A's rows of the posting table as arithmetic, and what is true of every payment that is shared out."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from apps.financing.rules.accrual import earned
from apps.financing.rules.waterfall import Repayment, Shares, Standing, late_charge, outstanding, share

FACE, RESERVE = Decimal(120_000), Decimal(18_000)
DISCOUNT, FEE = Decimal(1_700), Decimal(510)
FUNDED = date(2026, 3, 2)
EXPECTED = FUNDED + timedelta(days=50)
LAST_DAY_OF_GRACE = EXPECTED + timedelta(days=5)
NOTHING = Decimal(0)


def standing(
    receivable: Decimal = FACE, reserve: Decimal = RESERVE, discount: Decimal = NOTHING, fee: Decimal = NOTHING
) -> Standing:
    return Standing(receivable=receivable, reserve=reserve, unearned_discount=discount, unearned_fee=fee)


def paid(amount: int, *, on: Standing | None = None, late_due: int = 0) -> Shares:
    return share(Decimal(amount), standing=on or standing(), late_due=Decimal(late_due))


def late(through: date, *repayments: Repayment, rate: str = "12") -> Decimal:
    return late_charge(
        gross=Decimal(102_000),
        repayments=repayments,
        free_until=LAST_DAY_OF_GRACE,
        through=through,
        late_rate=Decimal(rate),
        currency="USD",
    )


def test_thirty_of_fifty_days_earn_1_020_of_discount_and_306_of_fee() -> None:
    assert earned(DISCOUNT, day=30, days=50, currency="USD") == Decimal(1_020)
    assert earned(FEE, day=30, days=50, currency="USD") == Decimal(306)


def test_paid_in_full_repays_the_advance_and_releases_the_reserve() -> None:
    shares = paid(120_000)
    assert (shares.to_advance, shares.to_seller, shares.to_buyer) == tuple(map(Decimal, (102_000, 18_000, 0)))
    assert shares.repays_advance


def test_a_part_payment_of_50_000_leaves_an_advance_of_52_000_and_releases_nothing() -> None:
    shares = paid(50_000)
    left = standing(receivable=FACE - shares.to_receivable)
    assert (shares.to_receivable, shares.to_seller) == (Decimal(50_000), NOTHING)
    assert left.outstanding == Decimal(52_000)
    assert not shares.repays_advance


def test_a_part_payment_beyond_the_advance_releases_that_much_of_the_reserve() -> None:
    shares = paid(110_000)
    assert (shares.to_advance, shares.to_seller) == (Decimal(102_000), Decimal(8_000))
    rest = paid(10_000, on=standing(receivable=Decimal(10_000), reserve=Decimal(10_000)))
    assert (rest.to_advance, rest.to_seller, rest.repays_advance) == (NOTHING, Decimal(10_000), False)


def test_paid_early_on_day_30_gives_680_of_discount_back_and_earns_the_fee() -> None:
    shares = paid(120_000, on=standing(discount=Decimal(680), fee=Decimal(204)))
    assert (shares.rebate, shares.fee_earned) == (Decimal(680), Decimal(204))
    assert shares.to_seller + shares.rebate == Decimal(18_680)


def test_paid_15_days_late_bears_10_days_of_late_charge_out_of_the_reserve() -> None:
    due = late(EXPECTED + timedelta(days=15))
    assert due == Decimal(340)
    shares = share(FACE, standing=standing(), late_due=due)
    assert (shares.to_receivable, shares.late_charge, shares.to_seller) == tuple(map(Decimal, (120_000, 340, 17_660)))


def test_over_paid_by_1_000_owes_it_to_the_buyer_only() -> None:
    shares = paid(121_000)
    assert (shares.to_receivable, shares.to_buyer, shares.to_seller) == tuple(map(Decimal, (120_000, 1_000, 18_000)))


def test_there_is_no_late_charge_on_the_last_day_of_grace() -> None:
    assert late(LAST_DAY_OF_GRACE) == 0
    assert late(LAST_DAY_OF_GRACE + timedelta(days=1)) == Decimal(34)


def test_late_days_are_charged_on_what_is_outstanding_on_each_of_them() -> None:
    half = Repayment(on=LAST_DAY_OF_GRACE + timedelta(days=4), amount=Decimal(51_000))
    early = Repayment(on=FUNDED + timedelta(days=10), amount=Decimal(17_000))
    assert late(LAST_DAY_OF_GRACE + timedelta(days=10), half) == Decimal(4 * 34 + 6 * 17)
    assert late(LAST_DAY_OF_GRACE + timedelta(days=6), early) == Decimal(170)
    assert late(LAST_DAY_OF_GRACE + timedelta(days=2), half) == Decimal(68)


def test_a_late_charge_waits_for_money_and_ends_with_the_reserve() -> None:
    assert paid(100, late_due=340).late_charge == Decimal(100)
    assert paid(120_000, late_due=20_000).late_charge == RESERVE


amounts = st.integers(1, 30_000_000).map(lambda cents: Decimal(cents) / 100)


@given(
    face=amounts,
    reserve_share=st.integers(0, 100),
    discount=st.integers(0, 100_000),
    fee=st.integers(0, 100_000),
    payments=st.lists(st.tuples(amounts, st.integers(0, 5_000).map(Decimal)), min_size=1, max_size=8),
)
def test_cash_in_is_shared_out_never_negative_and_advance_before_reserve(
    face: Decimal, reserve_share: int, discount: int, fee: int, payments: list[tuple[Decimal, Decimal]]
) -> None:
    reserve = (face * reserve_share / 100).quantize(Decimal("0.01"))
    now = standing(face, reserve, Decimal(discount), Decimal(fee))
    first, received, repaid = now, NOTHING, NOTHING
    for amount, late_due in payments:
        shares = share(amount, standing=now, late_due=late_due)
        assert shares.to_receivable + shares.to_buyer == amount
        assert shares.late_charge + shares.to_advance + shares.to_seller == shares.to_receivable
        assert min(shares.late_charge, shares.to_advance, shares.to_seller, shares.to_buyer, shares.rebate) >= 0
        now = Standing(
            receivable=now.receivable - shares.to_receivable,
            reserve=now.reserve - shares.late_charge - shares.to_seller,
            unearned_discount=now.unearned_discount - shares.rebate,
            unearned_fee=now.unearned_fee - shares.fee_earned,
        )
        received += shares.to_receivable
        repaid += shares.to_advance
        assert min(now.receivable, now.reserve, now.unearned_discount, now.unearned_fee) >= 0
        assert now.outstanding == first.outstanding - repaid
        if shares.to_seller:
            assert now.outstanding == 0
        if shares.to_buyer:
            assert now.receivable == 0
    if received == face:
        assert now.reserve == 0
        assert first.outstanding == 0 or now.unearned_discount == now.unearned_fee == 0


@given(
    charge=st.integers(0, 10_000_000).map(lambda cents: Decimal(cents) / 100),
    days=st.integers(1, 400),
    stops=st.lists(st.integers(-5, 500), max_size=6),
)
def test_income_adds_up_to_the_charge_whatever_the_days_on_which_it_is_recognised(
    charge: Decimal, days: int, stops: list[int]
) -> None:
    totals = [earned(charge, day=day, days=days, currency="EUR") for day in [0, *sorted(stops), days]]
    assert totals[0] == 0
    assert sorted(totals[:-1]) == totals[:-1]
    assert totals[-1] == charge
    assert all(0 <= total <= charge for total in totals)


def test_what_the_reserve_covers_is_not_advanced() -> None:
    assert outstanding(receivable=Decimal(10), reserve=Decimal(15)) == 0
