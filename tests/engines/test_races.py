"""Everybody at once: one wins, the others are told so in words, and everything adds up afterwards."""

import pytest

from tests.engines import mutants, races
from tests.engines.conftest import Template


@pytest.mark.parametrize("name", races.RACES)
def test_nobody_wins_twice(name: str, template: Template) -> None:
    assert races.run(name, *template).findings == []


@pytest.mark.parametrize("fault", mutants.OF_RACES)
def test_a_product_with_a_fault_is_found_out(fault: str, template: Template) -> None:
    mutant, race = mutants.OF_RACES[fault]
    with mutant():
        # A race can end well by luck, so it is run until it does not, some times at the most.
        assert any(races.run(race, *template).findings for _ in range(6))
