"""The line between web and database breaks: no page says that it worked when it did not, and the retry does it once."""

import pytest

from tests.engines import faults, mutants
from tests.engines.conftest import Template
from tests.engines.proxy import Fault, Plan

SEED = 20260327


def test_whoever_presses_again_after_a_fault_has_done_it_once(template: Template) -> None:
    report = faults.try_all(*template, seed=SEED, points=2)
    assert report.trials == 16
    assert report.findings == [], str(report)


@pytest.mark.parametrize("fault", mutants.OF_FAULTS)
def test_a_product_with_a_fault_is_found_out(fault: str, template: Template) -> None:
    mutant, lost = mutants.OF_FAULTS[fault]
    with mutant():
        assert faults.try_plan("sign-off", Plan(Fault(lost)), *template)
