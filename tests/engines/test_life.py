"""Contracts lived at random: product and plain model agree at each step, and every verifier holds."""

import time

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engines import life, mutants, walks
from tests.engines.course import advanced
from tests.engines.course import life as courses

SEED = 20260327
SHORT = settings(
    max_examples=10,
    stateful_step_count=25,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # the long form shortens what fails
    suppress_health_check=list(HealthCheck),
)


def test_model_and_product_live_the_same_lives(scratch: str) -> None:
    begun = time.perf_counter()
    with life.begin(every=10):
        run_state_machine_as_test(seed(SEED)(life.Life), settings=SHORT)
    print(f"{life.Life.steps} steps, {life.Life.steps / (time.perf_counter() - begun):.0f} a second: {life.Life.done}")
    assert life.Life.steps > 120
    assert {"accept", "pay", "request_funding", "accept_offer", "fund", "collect"} <= set(life.Life.done)


def test_product_and_paper_go_the_same_course(scratch: str) -> None:
    """With a financier who advances money on it, and without."""
    # Short: each topic has its walk below. The first example is the plainest that there is.
    few = settings(SHORT, max_examples=2, stateful_step_count=8)
    with advanced.begin(every=20):
        for machine in (courses.Course, advanced.Advanced):
            run_state_machine_as_test(seed(SEED)(machine), settings=few)
            print(f"{machine.steps} steps: {machine.done}")
            assert machine.steps > 8


@pytest.mark.parametrize("fault", mutants.OF_LIVES)
def test_a_product_with_a_fault_is_found_out(fault: str, scratch: str) -> None:
    quick = settings(SHORT, max_examples=60)
    with life.begin(every=10), mutants.OF_LIVES[fault](), pytest.raises(AssertionError):
        run_state_machine_as_test(seed(SEED)(life.Life), settings=quick)


def test_the_paper_contradicts_a_product_with_a_fault(scratch: str) -> None:
    """Every third of the short courses, once with the product as it is and once with each of its faults; the long form
    goes all of them."""
    assert walks.WALKS.keys() == walks.FAULTS.keys()
    with courses.begin(every=0):
        assert not walks.unfound(every=3, first=1)
