"""Contracts lived at random: product and plain model agree at each step, and every verifier holds."""

import time
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal

import pytest
from django.db import IntegrityError
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engines import life, mutants
from tests.engines.course import life as courses

SEED = 20260327
SHORT = settings(
    max_examples=12,
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
    assert life.Life.steps > 150
    assert {"accept", "pay", "request_funding", "accept_offer", "fund", "collect"} <= set(life.Life.done)


def test_product_and_paper_go_the_same_course(scratch: str) -> None:
    few = settings(SHORT, max_examples=4, stateful_step_count=20)
    with courses.begin(every=20):
        run_state_machine_as_test(seed(SEED)(courses.Course), settings=few)
    print(f"{courses.Course.steps} steps: {courses.Course.done}")
    assert courses.Course.steps > 40
    assert {"submit", "accept"} <= set(courses.Course.done)


@pytest.mark.parametrize("fault", mutants.OF_LIVES)
def test_a_product_with_a_fault_is_found_out(fault: str, scratch: str) -> None:
    quick = settings(SHORT, max_examples=60)
    with life.begin(every=10), mutants.OF_LIVES[fault](), pytest.raises(AssertionError):
        run_state_machine_as_test(seed(SEED)(life.Life), settings=quick)


@pytest.mark.parametrize("fault", mutants.OF_COURSES)
def test_the_paper_contradicts_a_product_with_a_fault(fault: str, scratch: str) -> None:
    """A short course that comes to the fault. The product as it is goes it to the end.

    Where a guard of the database knows better than the product, it is the guard that contradicts.
    """
    with courses.begin(every=20):
        assert _walked(fault, nullcontext()) >= 2
        with pytest.raises((AssertionError, IntegrityError)):
            _walked(fault, mutants.OF_COURSES[fault]())


def _walked(fault: str, product: AbstractContextManager[object]) -> int:
    """How many steps were taken."""
    course = courses.Course()
    try:
        with product:
            if fault == "what the buyer disputes is accepted":
                course.begin(rate=19, keeps=False, by_calendar=False, head_start=[0])
                course.dispute_submission(pick=0, share=Decimal("0.5"), side="buyer")
                course.accept(pick=0)
            else:
                course.begin(rate=19, keeps=True, by_calendar=False, head_start=[1])
                course.pay(pick=0, share=Decimal(1))
                course.credit(pick=0, share=Decimal("0.1"), how="amount")
            course.paper_and_product_agree()
    finally:
        course.teardown()
    return sum(course.done.values())
