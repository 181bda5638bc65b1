"""Every action killed on its way: nothing is left of it, or all of it is there; and the retry does it once."""

import random

import pytest

from tests.engines import actions, crash, mutants
from tests.engines.conftest import Template

SEED = 20260327


def test_every_action_of_the_code_has_its_story() -> None:
    assert set(actions.STORIES) == actions.actions_of_the_code()


@pytest.mark.parametrize("name", actions.STORIES)
def test_whoever_dies_on_the_way_leaves_nothing_or_all_of_it(name: str, template: Template) -> None:
    chance = random.Random(f"{SEED} {name}")
    report = crash.try_action(name, *template, chance=chance, most=1, last=[chance.choice(crash.COMMITTING)])
    assert report.trials == 3
    assert report.findings == [], str(report)


@pytest.mark.parametrize("fault", mutants.OF_CRASHES)
def test_a_product_with_a_fault_is_found_out(fault: str, template: Template) -> None:
    mutant, action = mutants.OF_CRASHES[fault]
    with mutant():
        report = crash.try_action(action, *template, chance=random.Random(SEED), most=0, last=[crash.AFTER_COMMIT])
    assert report.findings
