"""Damages for delay and bonuses: by the day or the week, with their part-period rule and cap, to the cent."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.contracts import charges_wording
from apps.contracts.charges import BEGUN, PRICE, SHARE, WEEK, WHOLE, BonusTerms, ChargeTerms, DamageTerms, Rate
from apps.contracts.rules.charges import bonus, check_charges, damages, plain_charges, read_charges
from apps.core.errors import Refused

D = Decimal
DUE = date(2026, 4, 1)


def late(days: int, rate: Rate, *, grace: int = 0, worth: str = "12000", currency: str = "EUR") -> Decimal:
    found = damages(
        DamageTerms(rate, grace_days=grace),
        worth=D(worth),
        agreed_on=DUE,
        accepted_on=DUE + timedelta(days=days),
        currency=currency,
    )
    return found.amount if found is not None else D(0)


@pytest.mark.parametrize(
    ("days", "rate", "grace", "comes_to"),
    [
        (0, Rate(D("0.2")), 0, "0"),
        (-3, Rate(D("0.2")), 0, "0"),
        (1, Rate(D("0.2")), 0, "24.00"),
        (10, Rate(D("0.2")), 0, "240.00"),
        (10, Rate(D("0.2")), 4, "144.00"),
        (4, Rate(D("0.2")), 4, "0"),
        # At most 5 percent of 12,000.00.
        (25, Rate(D("0.2")), 0, "600.00"),
        (400, Rate(D("0.2")), 0, "600.00"),
        (400, Rate(amount=D(150), cap=D(100)), 0, "12000.00"),
        (3, Rate(amount=D(150)), 0, "450.00"),
        # Ten days are one whole week, two that have begun, or ten sevenths.
        (10, Rate(D("0.5"), days=WEEK, part_period=WHOLE), 0, "60.00"),
        (10, Rate(D("0.5"), days=WEEK, part_period=BEGUN), 0, "120.00"),
        (10, Rate(D("0.5"), days=WEEK, part_period=SHARE), 0, "85.71"),
        (6, Rate(D("0.5"), days=WEEK, part_period=WHOLE), 0, "0"),
    ],
)
def test_delay_costs_what_was_agreed(days: int, rate: Rate, grace: int, comes_to: str) -> None:
    assert late(days, rate, grace=grace) == D(comes_to)


def test_the_currency_rounds_and_being_early_earns_alike() -> None:
    assert late(1, Rate(D("0.1")), worth="123456", currency="JPY") == D(123)
    early: dict[str, Any] = {"worth": D(12000), "agreed_on": DUE, "currency": "EUR"}
    found = bonus(BonusTerms(Rate(D("0.1"))), accepted_on=DUE - timedelta(days=8), **early)
    assert found is not None
    assert (found.days, found.amount, found.is_capped) == (8, D(96), False)
    assert bonus(BonusTerms(Rate(D("0.1"))), accepted_on=DUE, **early) is None


def test_a_sum_for_a_milestone_is_borne_by_its_parts_in_proportion() -> None:
    terms, whole = DamageTerms(Rate(amount=D(150), cap=D(100))), D(12000)
    said: dict[str, Any] = {"agreed_on": DUE, "accepted_on": DUE + timedelta(days=3), "currency": "EUR"}
    parts = [damages(terms, worth=worth, whole=whole, **said) for worth in (D(9000), D(3000))]
    assert [one.amount for one in parts if one is not None] == [D("337.50"), D("112.50")]
    early = BonusTerms(Rate(amount=D(100), cap=D(100)))
    earned = bonus(early, worth=D(3000), whole=whole, **{**said, "accepted_on": DUE - timedelta(days=4)})
    assert earned is not None
    assert earned.amount == D(100)


RATES = st.builds(
    Rate,
    percent=st.decimals("0.0001", "10", places=4),
    days=st.sampled_from([1, 7]),
    part_period=st.sampled_from([WHOLE, BEGUN, SHARE]),
    cap=st.decimals("0.0001", "100", places=4),
)


@settings(max_examples=60)
@given(RATES, st.integers(-5, 900), st.integers(1, 10_000_000), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_it_grows_with_delay_and_never_beyond_its_cap(rate: Rate, days: int, worth: int, currency: str) -> None:
    now, later = (late(n, rate, worth=str(worth), currency=currency) for n in (days, days + 1))
    assert 0 <= now <= later <= D(worth)
    assert later <= D(worth) * rate.cap / 100 + D("0.5")


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        (ChargeTerms(damages=DamageTerms(Rate())), "one of them"),
        (ChargeTerms(damages=DamageTerms(Rate(D(1), D(1)))), "one of them"),
        (ChargeTerms(damages=DamageTerms(Rate(D(101)))), "above 0"),
        (ChargeTerms(damages=DamageTerms(Rate(D(1), cap=D(0)))), "above 0"),
        (ChargeTerms(damages=DamageTerms(Rate(D("0.00001")))), "decimals"),
        (ChargeTerms(damages=DamageTerms(Rate(D(1), days=30))), "by the day or by the week"),
        (ChargeTerms(damages=DamageTerms(Rate(D(1), part_period="?"))), "part of a period"),
        (ChargeTerms(damages=DamageTerms(Rate(D(1)), grace_days=366)), "grace"),
        (ChargeTerms(damages=DamageTerms(Rate(D(1)), tax="?")), "taxed"),
        (ChargeTerms(bonus=BonusTerms(Rate(amount=D("1.001")))), "decimals"),
        (ChargeTerms(back_charges="?"), "taxed"),
    ],
)
def test_terms_that_nobody_could_compute_are_refused(terms: ChargeTerms, says: str) -> None:
    with pytest.raises(Refused, match=says):
        check_charges(terms, currency="EUR")


def test_they_are_written_read_and_said() -> None:
    rate = Rate(D("0.5"), days=WEEK, part_period=BEGUN)
    terms = ChargeTerms(DamageTerms(rate, grace_days=3, may_object=False), BonusTerms(Rate(amount=D(100))), PRICE)
    check_charges(terms, currency="EUR")
    assert read_charges(plain_charges(terms)) == terms
    assert plain_charges(None) is None
    assert read_charges(None) is None
    said = charges_wording.whole(terms, currency="EUR")
    for words in (
        "each week that has begun",
        "3 days after its planned day",
        "At most 5",
        "outside the scope",
        "100.00",
    ):
        assert words in said.replace("\xa0", " "), said
