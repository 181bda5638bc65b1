"""APR and XIRR against worked examples that others published, and against the sample book."""

from datetime import date
from decimal import Decimal

import pytest

from apps.financing.rules.apr import Flow, annual_percentage_rate, rate_by
from apps.financing.rules.unit_period import Interval, UnitPeriod, months_and_days, unit_period
from apps.financing.rules.xirr import xirr

FUNDED = date(2026, 3, 2)
SAMPLE_BOOK: tuple[tuple[str, str, date], ...] = (
    ("99790", "102000", date(2026, 4, 21)),
    ("57300", "60000", date(2026, 5, 31)),
    ("57600", "64000", date(2026, 8, 29)),
)


def monthly(first: date, count: int, step: int = 1) -> list[date]:
    months = [first.year * 12 + first.month - 1 + step * n for n in range(count)]
    return [date(month // 12, month % 12 + 1, first.day) for month in months]


def level(amount: str, days: list[date]) -> list[Flow]:
    return [(day, Decimal(amount)) for day in days]


def shown(rate: Decimal | None) -> Decimal:
    assert rate is not None
    return round(rate, 2)


@pytest.mark.parametrize(
    ("flows", "apr", "yearly"),
    list(zip(SAMPLE_BOOK, ("16.17", "19.11", "22.53"), ("17.34", "20.53", "23.82"), strict=True)),
)
def test_the_sample_book_is_reproduced_milestone_by_milestone(
    flows: tuple[str, str, date], apr: str, yearly: str
) -> None:
    net, gross, expected_on = flows
    advances, payments = [(FUNDED, Decimal(net))], [(expected_on, Decimal(gross))]
    assert shown(annual_percentage_rate(advances, payments)) == Decimal(apr)
    assert shown(xirr([(FUNDED, -Decimal(net)), *payments])) == Decimal(yearly)


def test_one_advance_and_one_payment_is_charge_over_amount_financed_by_the_year() -> None:
    simple = Decimal(102_000 - 99_790) / 99_790 * 365 / 50 * 100
    rate = annual_percentage_rate([(FUNDED, Decimal(99_790))], [(date(2026, 4, 21), Decimal(102_000))])
    assert abs(rate - simple) < Decimal("1e-9")


def test_the_sample_book_as_one_offer_has_a_unit_period_of_two_months() -> None:
    payments = [(on, Decimal(gross)) for _, gross, on in SAMPLE_BOOK]
    advances = [(FUNDED, Decimal(214_690))]
    unit = unit_period([FUNDED], [on for on, _ in payments])
    assert str(unit) == "2 months"
    assert shown(annual_percentage_rate(advances, payments)) == Decimal("19.72")
    assert shown(xirr([(FUNDED, Decimal(-214_690)), *payments])) == Decimal("21.40")


WORKED: list[tuple[str, list[Flow], list[Flow], str, str]] = [
    (
        "(c)(1)(i) monthly payments, regular first period",
        level("5000", [date(1978, 1, 10)]),
        level("230", monthly(date(1978, 2, 10), 24)),
        "1 month",
        "9.69",
    ),
    (
        "(c)(1)(ii) monthly payments, long first period",
        level("6000", [date(1978, 2, 10)]),
        level("200", monthly(date(1978, 4, 1), 36)),
        "1 month",
        "11.82",
    ),
    (
        "(c)(1)(iii) semimonthly payments, short first period",
        level("5000", [date(1978, 2, 23)]),
        level("219.17", sorted([*monthly(date(1978, 3, 1), 12), *monthly(date(1978, 3, 16), 12)])),
        "1 semimonth",
        "10.34",
    ),
    (
        "(c)(1)(iv) quarterly payments, long first period",
        level("10000", [date(1978, 5, 23)]),
        level("385", monthly(date(1978, 10, 1), 40, step=3)),
        "3 months",
        "8.97",
    ),
    (
        "(c)(1)(v) weekly payments, long first period",
        level("500", [date(1978, 3, 20)]),
        level("17.60", [date.fromordinal(date(1978, 4, 21).toordinal() + 7 * n) for n in range(30)]),
        "1 week",
        "14.96",
    ),
    (
        "(c)(5)(i) single advance, single payment, less than a year in days",
        level("1000", [date(1978, 1, 3)]),
        level("1080", [date(1978, 9, 15)]),
        "255 days",
        "11.45",
    ),
    (
        "(c)(5)(iii) single advance, single payment, more than a year in exact months",
        level("1000", [date(1978, 1, 17)]),
        level("1135.19", [date(1979, 7, 17)]),
        "12 months",
        "8.76",
    ),
    (
        "(c)(5)(iv) single advance, single payment, exactly two years",
        level("1000", [date(1978, 1, 3)]),
        level("1240", [date(1980, 1, 3)]),
        "12 months",
        "11.36",
    ),
]


@pytest.mark.parametrize(
    ("advances", "payments", "unit", "apr"), [case[1:] for case in WORKED], ids=[case[0] for case in WORKED]
)
def test_the_examples_of_regulation_z_appendix_j_come_out(
    advances: list[Flow], payments: list[Flow], unit: str, apr: str
) -> None:
    assert str(unit_period([on for on, _ in advances], [on for on, _ in payments])) == unit
    assert shown(annual_percentage_rate(advances, payments)) == Decimal(apr)


def test_a_term_in_exact_months_can_be_measured_in_them() -> None:
    """Appendix J (c)(5)(ii): 1,000 for six months against 1,044 is 8.80 %."""
    half_a_year = UnitPeriod(Interval.MONTH, 6)
    advances, payments = level("1000", [date(1978, 7, 15)]), level("1044", [date(1979, 1, 15)])
    assert shown(rate_by(half_a_year, advances, payments)) == Decimal("8.80")


def test_unit_periods_are_counted_back_from_the_later_date() -> None:
    assert months_and_days(date(1978, 5, 23), date(1978, 10, 1)) == (4, 9)
    assert months_and_days(date(2026, 1, 31), date(2026, 2, 28)) == (0, 28)
    assert UnitPeriod(Interval.MONTH, 3).between(date(1978, 5, 23), date(1978, 10, 1)) == (1, Decimal(39) / 90)
    assert UnitPeriod(Interval.WEEK).between(date(1978, 3, 20), date(1978, 4, 21)) == (4, Decimal(4) / 7)


def test_without_a_charge_the_rate_is_zero_and_less_than_nothing_is_refused() -> None:
    same = [(FUNDED, Decimal(100))], [(date(2026, 4, 2), Decimal(100))]
    assert shown(annual_percentage_rate(*same)) == 0
    with pytest.raises(ValueError, match="less than the advances"):
        annual_percentage_rate([(FUNDED, Decimal(100))], [(date(2026, 4, 2), Decimal(99))])


def test_xirr_of_amounts_of_one_sign_does_not_exist() -> None:
    assert xirr([(FUNDED, Decimal(1)), (date(2026, 4, 2), Decimal(2))]) is None
    assert xirr([]) is None
