"""Steps between states, refused in the words of the pages."""

import pytest
from django.utils import translation

from apps.core.errors import IllegalTransition
from apps.core.states import move, table
from apps.financing.models import Tranche
from apps.financing.models.tranche import TrancheState


class Lamp:
    state = "off"


STEPS = table(off=("burning_low",), burning_low=())


def test_a_legal_step_is_taken() -> None:
    lamp = Lamp()
    move(lamp, "burning_low", STEPS)
    assert lamp.state == "burning_low"


def test_a_step_taken_twice_is_told_as_that() -> None:
    lamp = Lamp()
    move(lamp, "burning_low", STEPS)
    with pytest.raises(IllegalTransition, match="already “burning low”: somebody did it before"):
        move(lamp, "burning_low", STEPS)


def test_states_of_a_model_are_named_as_its_pages_name_them() -> None:
    tranche = Tranche(state=TrancheState.SETTLED)
    with pytest.raises(IllegalTransition) as refused:
        move(tranche, TrancheState.FUNDED_PRE, Tranche.TRANSITIONS)
    assert f"“{TrancheState.SETTLED.label}”" in str(refused.value)
    with translation.override("de"):
        assert "funded_pre" not in str(refused.value)
