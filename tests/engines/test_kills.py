"""Web, worker and database sessions die under load: what was acknowledged is there once, and nothing is there twice."""

import pytest

from tests.engines import kills, mutants
from tests.engines.conftest import Template

SEED = 20260327


def test_what_was_acknowledged_is_there_once(template: Template) -> None:
    report = kills.run(*template, seed=SEED, payments=60, contracts=2, kills=5)
    assert report.findings == [], str(report)


@pytest.mark.parametrize("fault", mutants.OF_KILLS)
def test_a_product_with_a_fault_is_found_out(fault: str, template: Template) -> None:
    assert kills.find(fault, *template, seed=SEED, most=5)
