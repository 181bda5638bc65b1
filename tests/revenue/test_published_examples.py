"""Worked examples that the standard setters publish, by name: only their facts and numbers.

IFRS 15 Illustrative Examples (IASB, 2014, as amended 2016) and the same examples in ASC 606-10-55 (FASB).
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from apps.revenue import rules
from apps.revenue.rules import (
    Agreed,
    Component,
    Compounding,
    Costs,
    Duty,
    Method,
    Outcome,
    Reason,
    Treatment,
    Variable,
)

D = Decimal


def duty(position: int, standalone: str, *, agreed: str = "1", done: str = "0", allocated: str = "") -> Duty:
    return Duty(
        position=position,
        standalone=D(standalone),
        agreed=D(agreed),
        done=D(done),
        allocated=D(allocated or standalone),
    )


def test_example_5_case_a_products_added_at_their_stand_alone_price_are_a_separate_contract() -> None:
    """IFRS 15 IE19-IE21 (606-10-55-111): 120 products at 100, 30 more at 95: the first ones keep 100."""
    first = duty(1, "12000", agreed="120", done="60")
    made = rules.modified(
        [first],
        {1: Agreed(standalone=D(12000), agreed=D(120)), 2: Agreed(standalone=D(2850), agreed=D(30))},
        price=D(14850),
        currency="USD",
    )
    assert (made.treatment, made.reason) == (Treatment.SEPARATE, Reason.ONLY_ADDED)
    assert made.duties[0] == first
    assert made.duties[1].allocated / made.duties[1].agreed == 95


def test_example_5_case_b_what_is_left_is_sold_at_a_blended_price() -> None:
    """IFRS 15 IE22-IE24 (606-10-55-114): 60 left at 100 and 30 more at 80 come to 93.33 each."""
    first = duty(1, "12000", agreed="120", done="60")
    made = rules.modified(
        [first],
        # The new ones are sold below their stand-alone price of 95, so the price says that it is no separate contract.
        {1: Agreed(standalone=D(12000), agreed=D(120)), 2: Agreed(standalone=D(3000), agreed=D(30))},
        price=D(14400),
        currency="USD",
    )
    assert made.treatment is Treatment.PROSPECTIVE
    old, new = made.duties
    assert (old.carried, old.allocated - old.carried, new.allocated) == (D(6000), D(5600), D(2800))
    assert round((old.allocated - old.carried) / 60, 2) == round(new.allocated / 30, 2) == D("93.33")


def test_example_6_the_rest_of_the_price_is_shared_with_the_added_product() -> None:
    """IFRS 15 IE25-IE32 (606-10-55-117): X and Y bear 600 each, X is delivered; Z is added for 300, which is less than
    its stand-alone price: Y and Z bear 450 each."""
    x, y = duty(1, "600", done="1"), duty(2, "600")
    now = {position: Agreed(standalone=D(600), agreed=D(1)) for position in (1, 2, 3)}
    made = rules.modified([x, y], now, price=D(1500), currency="USD")
    assert made.treatment is Treatment.PROSPECTIVE
    assert [one.allocated for one in made.duties] == [D(600), D(450), D(450)]


def test_example_7_services_of_which_the_rest_is_repriced_and_prolonged() -> None:
    """IFRS 15 IE33-IE36 (606-10-55-125): two of three years at 100,000; four more for 280,000: 70,000 a year."""
    years = duty(1, "300000", agreed="3", done="2")
    before = rules.cumulative(years, "USD")
    # The services of each day are distinct, so what changes is what is not begun: the third year and those after it.
    done, third = duty(1, "200000", agreed="2", done="2"), duty(2, "100000", agreed="1")
    made = rules.modified(
        [done, third],
        {1: Agreed(standalone=D(200000), agreed=D(2)), 2: Agreed(standalone=D(320000), agreed=D(4))},
        price=D(480000),
        currency="USD",
    )
    assert (before, made.treatment) == (D(200000), Treatment.PROSPECTIVE)
    assert [one.allocated for one in made.duties] == [D(200000), D(280000)]
    assert made.duties[1].allocated / made.duties[1].agreed == 70000


def test_example_8_a_partly_satisfied_obligation_catches_up() -> None:
    """IFRS 15 IE37-IE41 (606-10-55-129): 60 % of 1,000,000, then 51.2 % of 1,350,000: 91,200 more."""
    price = rules.transaction_price(D(1_000_000), [Variable(amount=D(200_000), is_constrained=True)])
    first = rules.cost_to_cost(Costs(incurred=D(420_000), expected=D(700_000)))
    assert (price, first) == (D(1_000_000), Fraction(60, 100))
    building = duty(1, "1000000", agreed="1000", done="600")
    assert rules.cumulative(building, "USD") == D(600_000)
    changed = rules.transaction_price(D(1_150_000), [Variable(amount=D(200_000), is_constrained=False)])
    progress = rules.cost_to_cost(Costs(incurred=D(420_000), expected=D(820_000)))
    assert rules.rounded(progress * 100 * 10, "JPY") == 512, "the example rounds to 51.2 %"
    # Of what is one obligation, done is what 420,000 of 820,000 of it are, with the rounding of the example.
    made = rules.modified(
        [building], {1: Agreed(standalone=changed, agreed=D(600) / D("0.512"))}, price=changed, currency="USD"
    )
    assert (made.treatment, made.reason) == (Treatment.CATCH_UP, Reason.PARTLY_DONE)
    assert rules.cumulative(made.duties[0], "USD") - D(600_000) == D(91_200)


def test_example_9_a_change_that_belongs_to_a_price_estimated_before_catches_up() -> None:
    """IFRS 15 IE42-IE43 (606-10-55-134): an unpriced change of what is partly done: the price rises, progress is of the
    new whole, and what was earned until then catches up. The example has no figures; these here are ours."""
    house = duty(1, "1000", agreed="10", done="5")
    made = rules.modified([house], {1: Agreed(standalone=D(1200), agreed=D(12))}, price=D(1200), currency="USD")
    assert (made.treatment, rules.cumulative(made.duties[0], "USD")) == (Treatment.CATCH_UP, D(500))


def test_example_19_goes_on_to_the_whole_price_once_everything_is_built_in() -> None:
    """IFRS 15 IE95-IE100: what follows from it at the end, by the obligation that the product keeps."""
    costs = Costs(
        incurred=D(2_000_000), expected=D(4_000_000), uninstalled=D(1_500_000), uninstalled_expected=D(1_500_000)
    )
    begun = rules.estimated(duty(1, "5000000"), costs)
    assert rules.cumulative(begun, "USD") == D(2_200_000)
    done = rules.estimated(begun, replace(costs, incurred=D(4_000_000)))
    assert rules.cumulative(done, "USD") == D(5_000_000)


def test_example_19_uninstalled_materials_are_recognised_at_their_cost() -> None:
    """IFRS 15 IE95-IE100 (606-10-55-187): elevators of 1,500,000 delivered: 2,200,000 of 5,000,000 at 20 %."""
    costs = Costs(
        incurred=D(2_000_000), expected=D(4_000_000), uninstalled=D(1_500_000), uninstalled_expected=D(1_500_000)
    )
    assert rules.cost_to_cost(costs) == Fraction(20, 100)
    revenue = rules.cost_to_cost_revenue(D(5_000_000), costs)
    assert (revenue, revenue - Fraction(costs.incurred)) == (Fraction(2_200_000), Fraction(200_000))


def test_example_20_a_penalty_is_variable_and_the_price_is_what_most_likely_comes() -> None:
    """IFRS 15 IE102-IE104 (606-10-55-194): 1,000,000, less a penalty of 100,000 if it takes longer than three months:
    100,000 of it are variable. The example names no probabilities; these here are ours."""
    likely = rules.estimate(
        [Outcome(amount=D(0), percent=D(80)), Outcome(amount=D(-100_000), percent=D(20))],
        method=Method.MOST_LIKELY,
        currency="USD",
    )
    assert rules.transaction_price(D(1_000_000), [Variable(amount=likely, is_constrained=False)]) == D(1_000_000)
    worse = rules.estimate([Outcome(amount=D(-100_000), percent=D(100))], method=Method.MOST_LIKELY, currency="USD")
    # What lowers the price is never constrained away.
    assert rules.included(worse, at_most=D(0)) == D(-100_000)


def test_example_21_two_variable_amounts_each_by_the_method_that_predicts_it() -> None:
    """IFRS 15 IE105-IE108 (606-10-55-197): 10,000 a day for being early or late by the expected value; 150,000 for a
    rating by the most likely amount. The example names no probabilities; these here are ours."""
    days = [(D(20_000), D(20)), (D(10_000), D(30)), (D(0), D(40)), (D(-10_000), D(10))]
    outcomes = [Outcome(amount=amount, percent=percent) for amount, percent in days]
    early = rules.estimate(outcomes, method=Method.EXPECTED_VALUE, currency="USD")
    rated = rules.estimate(
        [Outcome(amount=D(150_000), percent=D(75)), Outcome(amount=D(0), percent=D(25))],
        method=Method.MOST_LIKELY,
        currency="USD",
    )
    assert (early, rated) == (D(6_000), D(150_000))


def test_example_22_products_that_may_come_back_are_counted_by_their_expected_value() -> None:
    """IFRS 15 IE110-IE115 (606-10-55-202): 100 products at 100, of which 97 are expected to stay: 9,700."""
    back = rules.estimate([Outcome(amount=D(-300), percent=D(100))], method=Method.EXPECTED_VALUE, currency="USD")
    assert rules.transaction_price(D(10_000), [Variable(amount=back, is_constrained=False)]) == D(9_700)


def test_example_23_a_price_concession_counts_as_far_as_it_stands_firm() -> None:
    """IFRS 15 IE116-IE123 (606-10-55-208): 1,000 products at 100. Case A: a concession of 20 for each is expected, so
    80,000. Case B: 60,000 are expected, but only 50,000 will highly probably not be reversed."""
    concession = rules.estimate(
        [Outcome(amount=D(-20_000), percent=D(100))], method=Method.EXPECTED_VALUE, currency="USD"
    )
    assert D(100_000) + rules.included(concession, at_most=None) == D(80_000)
    assert rules.included(D(60_000), at_most=D(50_000)) == D(50_000)


def test_example_24_a_volume_discount_that_turns_out_is_caught_up() -> None:
    """IFRS 15 IE124-IE128 (606-10-55-216): 75 units at 100; then 500 more, and 90 for all of them: 7,500 and 44,250."""
    units = duty(1, "100000", agreed="1000", done="75")
    first = rules.cumulative(units, "USD")
    second = rules.cumulative(replace(rules.repriced(units, D(90_000), "USD"), done=D(575)), "USD") - first
    assert (first, second) == (D(7_500), D(44_250))


def test_example_25_a_fee_by_an_index_counts_only_what_is_fixed_by_now() -> None:
    """IFRS 15 IE129-IE133 (606-10-55-221): the incentive depends on the market and is constrained to nothing; the
    quarter's fee of 2 % of 100 million is fixed at its end."""
    incentive = rules.included(D(4_000_000), at_most=D(0))
    assert rules.transaction_price(D(2_000_000), [Variable(amount=incentive, is_constrained=False)]) == D(2_000_000)


def test_example_26_what_is_paid_two_years_later_is_worth_its_cash_price() -> None:
    """IFRS 15 IE135-IE140 (606-10-55-227): 121 in 24 months are 100 in cash: 21 of interest at 10 % a year."""
    deferred = Component(
        amount=D(121), rate=D(10), compounding=Compounding.YEARLY, starts_on=date(2026, 1, 1),
        ends_on=date(2028, 1, 1), is_deferred=True,
    )  # fmt: skip
    assert (deferred.cash_price("USD"), deferred.adjusts("USD")) == (D(100), D(-21))
    assert deferred.interest(date(2027, 1, 1), "USD") == D(10)
    assert deferred.interest(date(2028, 1, 1), "USD") == D(21)


@pytest.mark.parametrize(("case", "rate", "worth"), [("A", D(5), D(1_000_000)), ("B", D(12), D(848_357))])
def test_example_28_what_is_paid_in_instalments_is_worth_less_by_its_rate(case: str, rate: D, worth: D) -> None:
    """IFRS 15 IE143-IE147: equipment paid in 60 instalments of 18,871. Case A: the 5 % of the contract are what a loan
    would cost: 1,000,000. Case B: a loan would cost 12 %: 848,357."""
    months = [date(2026 + number // 12, number % 12 + 1, 1) for number in range(1, 61)]
    parts = [
        Component(
            amount=D(18_871),
            rate=rate,
            compounding=Compounding.MONTHLY,
            starts_on=date(2026, 1, 1),
            ends_on=day,
            is_deferred=True,
        )
        for day in months
    ]
    found = sum(part.cash_price("USD") for part in parts)
    assert abs(found - worth) < worth / 1000, f"{case}: the example counts months, we count days"


def test_example_29_what_is_paid_two_years_before_earns_its_interest() -> None:
    """IFRS 15 IE148-IE151: 4,000 in advance at 6 %: revenue of 4,494, of which 494 are interest."""
    prepaid = Component(
        amount=D(4_000), rate=D(6), compounding=Compounding.YEARLY, starts_on=date(2026, 1, 1),
        ends_on=date(2028, 1, 1), is_deferred=False,
    )  # fmt: skip
    assert rules.rounded(Fraction(prepaid.amount + prepaid.adjusts("USD")), "JPY") == D(4_494)
    assert prepaid.interest(date(2027, 1, 1), "USD") == D(240)


def test_example_34_case_a_a_discount_that_belongs_to_some_is_borne_by_them() -> None:
    """IFRS 15 IE167-IE172: A, B and C at 40, 55 and 45 for 100; B and C are sold together for 60."""
    assert rules.allocated(D(60), standalone=[D(55), D(45)], currency="USD") == [D(33), D(27)]
    assert rules.transaction_price(D(100)) - D(60) == D(40)


def test_example_33_a_price_is_allocated_by_stand_alone_prices() -> None:
    """IFRS 15 IE164-IE166 (606-10-55-256): A, B and C of 50, 25 and 75 for 100 bear 33, 17 and 50."""
    shares = rules.allocated(D(100), standalone=[D(50), D(25), D(75)], currency="JPY")
    assert shares == [D(33), D(17), D(50)]


@pytest.mark.parametrize(
    ("recognised", "billed", "asset", "liability"),
    [
        # Example 38, IE198-IE200 (606-10-55-283): 1,000 is billed before the product is transferred on 31 March.
        ("0", "1000", "0", "1000"),
        # Example 39, IE201-IE204 (606-10-55-287): A bears 400 of 1,000 and is paid only once B is delivered.
        ("400", "0", "400", "0"),
        # Both end with a receivable of 1,000 alone.
        ("1000", "1000", "0", "0"),
    ],
)
def test_examples_38_and_39_contract_liability_receivable_and_contract_asset(
    recognised: str, billed: str, asset: str, liability: str
) -> None:
    position = rules.net_position(recognised=D(recognised), billed=D(billed))
    assert (position.asset, position.liability) == (D(asset), D(liability))


def test_example_40_what_is_received_and_owed_back_is_a_liability() -> None:
    """IFRS 15 IE205-IE208: products at 150, and 125 each once a million are bought within the year:
    150 are received for each, 25 of them owed back, so 125 are revenue."""
    back = rules.estimate([Outcome(amount=D(-25), percent=D(100))], method=Method.MOST_LIKELY, currency="USD")
    price = rules.transaction_price(D(150), [Variable(amount=back, is_constrained=False)])
    position = rules.net_position(recognised=price, billed=D(150))
    assert (price, position.liability, position.asset) == (D(125), D(25), D(0))
