"""What is said of a criterion beside its sentence, in the language that is active."""

from typing import Protocol

from django.utils.translation import gettext

from apps.contracts.criteria import OBJECTIVE


class Said(Protocol):
    """A criterion, of a draft or as it was signed."""

    @property
    def needs_evidence(self) -> bool: ...
    @property
    def nature(self) -> str: ...


def marks(criterion: Said) -> str:
    """Whether it needs evidence, and whether anybody can tell it or the buyer judges; empty where neither is said."""
    said = [gettext("with evidence")] if criterion.needs_evidence else []
    return ", ".join([*said, *([nature(criterion.nature)] if criterion.nature else [])])


def nature(said: str) -> str:
    """Objective or subjective, in one word."""
    return gettext("objective") if said == OBJECTIVE else gettext("subjective")
