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
    # Whether a kill meets the fault is chance, so a little load is run until one does, some times at the most.
    assert any(_found(fault, template, seed=SEED + turn) for turn in range(5))


def _found(fault: str, template: Template, *, seed: int) -> list[str]:
    """What came of two kills; that a busy machine never answered says nothing of the fault."""
    report = kills.run(*template, seed=seed, payments=12, contracts=1, kills=2, mutant=fault, victims=("web",))
    return [finding for finding in report.findings if "never answered" not in finding]
