"""How much of a milestone is a part, and what must be said of the rest."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.rules import CriterionVerdict, Part

WHOLE = Money(Decimal("12000.00"), "EUR")
CRITERIA = {1: "The protocol shows no open defect.", 2: "Two users were shown how to use it."}


@pytest.mark.parametrize(
    ("part", "accepted"),
    [
        (Part(amount=Decimal("4000.50")), "4000.50"),
        (Part(percent=Decimal(25)), "3000.00"),
        (Part(percent=Decimal("33.333333")), "3999.99996"),
    ],
)
def test_a_part_is_an_amount_or_a_percentage_of_what_waits(part: Part, accepted: str) -> None:
    assert rules.part_amount(part, whole=WHOLE) == Decimal(accepted).quantize(Decimal("0.01"))


@pytest.mark.parametrize(
    "part",
    [
        Part(),
        Part(amount=Decimal(1), percent=Decimal(1)),
        Part(amount=Decimal(0)),
        Part(amount=Decimal(-5)),
        Part(amount=Decimal("12000.00")),
        Part(amount=Decimal("0.005")),
        Part(percent=Decimal(0)),
        Part(percent=Decimal(100)),
        Part(percent=Decimal("NaN")),
        Part(percent=Decimal("0.00001")),
        Part(percent=Decimal("99.99999999")),
    ],
)
def test_nothing_and_everything_are_no_parts(part: Part) -> None:
    with pytest.raises(Refused):
        rules.part_amount(part, whole=WHOLE)


@given(
    whole=st.decimals(min_value="0.02", max_value="9999999.99", places=2),
    percents=st.lists(st.decimals(min_value="0.000001", max_value="99.999999", places=6), max_size=12),
)
def test_through_however_many_parts_nothing_is_lost(whole: Decimal, percents: list[Decimal]) -> None:
    accepted, left = [], whole
    for percent in percents:
        try:
            accepted.append(rules.part_amount(Part(percent=percent), whole=Money(left, "EUR")))
        except Refused:
            continue
        left -= accepted[-1]
        assert left > 0
        assert accepted[-1] == accepted[-1].quantize(Decimal("0.01"))
    assert sum(accepted) + left == whole


def test_what_is_left_is_said_by_a_cross_with_its_reason_or_in_a_comment() -> None:
    met = [CriterionVerdict(1, is_passed=True), CriterionVerdict(2, is_passed=True)]
    rules.checked_part_verdicts(met, "The second half of the pages.", criteria=CRITERIA)
    rules.checked_part_verdicts([CriterionVerdict(1, is_passed=False, reason="Page 3.")], "", criteria=CRITERIA)
    with pytest.raises(Refused, match="left to do"):
        rules.checked_part_verdicts(met, "", criteria=CRITERIA)
    with pytest.raises(Refused, match="what is missing"):
        rules.checked_part_verdicts([CriterionVerdict(1, is_passed=False)], "Later.", criteria=CRITERIA)
    with pytest.raises(Refused, match="not the criteria"):
        rules.checked_part_verdicts([CriterionVerdict(3, is_passed=True)], "Later.", criteria=CRITERIA)


def test_the_rest_is_called_after_its_line_and_fits() -> None:
    assert rules.title_of_part("Integration", part=2) == "Integration (2)"
    assert len(rules.title_of_part("x" * 160, part=12)) == 160


@given(
    agreed=st.decimals(min_value="1", max_value="9999", places=3),
    price=st.decimals(min_value="0.01", max_value="9999", places=6),
    shares=st.lists(st.decimals(min_value="0.001", max_value="999", places=3), max_size=12),
)
def test_parts_by_quantity_are_the_running_total_and_add_up(
    agreed: Decimal, price: Decimal, shares: list[Decimal]
) -> None:
    whole = money.half_up(agreed * price, "EUR")
    waits, left, accepted = agreed, whole, Decimal(0)
    for share in shares:
        measured = rules.Measured(agreed, waits, price)
        try:
            part = rules.part_amount(Part(quantity=share), whole=Money(left, "EUR"), measured=measured)
        except Refused:
            continue
        waits, left, accepted = waits - share, left - part, accepted + part
        assert accepted == money.half_up((agreed - waits) * price, "EUR")
        assert accepted + left == whole


@pytest.mark.parametrize("quantity", ["0", "-1", "300", "300.1", "NaN", "0.0000001"])
def test_a_quantity_is_above_nothing_and_below_what_waits(quantity: str) -> None:
    measured = rules.Measured(Decimal(400), Decimal(300), Decimal(40))
    with pytest.raises(Refused, match="300 wait"):
        rules.part_amount(Part(quantity=Decimal(quantity)), whole=WHOLE, measured=measured)


def test_a_lump_sum_has_no_quantity() -> None:
    with pytest.raises(Refused, match="lump sum"):
        rules.part_amount(Part(quantity=Decimal(1)), whole=WHOLE)
