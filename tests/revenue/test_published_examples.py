"""Worked examples that the standard setters publish, by name: only their facts and numbers.

IFRS 15 Illustrative Examples (IASB, 2014, as amended 2016) and the same examples in ASC 606-10-55 (FASB).
"""

from decimal import Decimal
from fractions import Fraction

import pytest

from apps.revenue import rules
from apps.revenue.rules import Agreed, Costs, Duty, Reason, Treatment, Variable

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


def test_example_19_uninstalled_materials_are_recognised_at_their_cost() -> None:
    """IFRS 15 IE95-IE100 (606-10-55-187): elevators of 1,500,000 delivered: 2,200,000 of 5,000,000 at 20 %."""
    costs = Costs(
        incurred=D(2_000_000), expected=D(4_000_000), uninstalled=D(1_500_000), uninstalled_expected=D(1_500_000)
    )
    assert rules.cost_to_cost(costs) == Fraction(20, 100)
    revenue = rules.cost_to_cost_revenue(D(5_000_000), costs)
    assert (revenue, revenue - Fraction(costs.incurred)) == (Fraction(2_200_000), Fraction(200_000))


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
