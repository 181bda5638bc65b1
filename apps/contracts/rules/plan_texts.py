"""A plan as canonical text and back: what is kept of a template, and of a file between its review and its import."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from apps.contracts.drafts import DraftCriterion, DraftLine, DraftOption, LineTerms
from apps.contracts.rules.conditions import read_condition
from apps.contracts.rules.dues import read_due
from apps.contracts.rules.measures import read_measure
from apps.core import canonical


@dataclass(frozen=True, slots=True)
class SaidPlans:
    """The base plan, and, where they are said, its name and the plans that may be picked instead; ``options`` None:
    those that are offered stay as they are."""

    lines: tuple[DraftLine, ...]
    plan_name: str = ""
    options: tuple[DraftOption, ...] | None = None


def plan_text(lines: Sequence[DraftLine]) -> str:
    """The canonical text of a plan."""
    return canonical.text(lines)


def read_plan(text: str) -> tuple[DraftLine, ...]:
    """The plan that :func:`plan_text` wrote down."""
    return read_lines(canonical.read(text))


def plans_text(plans: SaidPlans) -> str:
    """The canonical text of a plan, or of several."""
    return plan_text(plans.lines) if plans.options is None else canonical.text(plans)


def read_plans(text: str) -> SaidPlans:
    """The plans that :func:`plans_text` wrote down."""
    said = canonical.read(text)
    if isinstance(said, list):
        return SaidPlans(read_lines(said))
    options = tuple(read_option(one) for one in said["options"])
    return SaidPlans(read_lines(said["lines"]), said["plan_name"], options)


def read_option(said: dict[str, Any]) -> DraftOption:
    """A plan that may be picked, from what its canonical text says."""
    percent, amount = (None if said[key] is None else Decimal(said[key]) for key in ("discount_percent", "discount"))
    return DraftOption(said["name"], read_lines(said["lines"]), discount_percent=percent, discount=amount)


def read_lines(said: Sequence[dict[str, Any]]) -> tuple[DraftLine, ...]:
    """The lines of a plan from what their canonical text says."""
    return tuple(_line(line) for line in said)


def _line(said: dict[str, Any]) -> DraftLine:
    kind, due = read_due(said)
    return DraftLine(
        title=said["title"],
        scope=said["scope"],
        basis=said["basis"],
        percent=_decimal(said["percent"]),
        amount=_decimal(said["amount"]),
        planned_on=date.fromisoformat(said["planned_on"]) if said["planned_on"] else None,
        criteria=read_criteria(said["criteria"]),
        own=read_own(said),
        kind=kind,
        due=due,
        measure=read_measure(said),
    )


def read_criteria(said: Sequence[dict[str, Any]]) -> tuple[DraftCriterion, ...]:
    """Criteria from what their canonical text says; texts from before they had a nature say none."""
    return tuple(DraftCriterion(one["text"], one["needs_evidence"], one.get("nature", "")) for one in said)


def read_own(line: dict[str, Any]) -> LineTerms:
    """What a line's text says of its own terms; texts from before there were any say nothing."""
    own = line.get("own") or {}
    return LineTerms(
        **{
            **own,
            "retention_rate": _decimal(own.get("retention_rate")),
            "condition": read_condition(own.get("condition")),
            "documents": tuple(own.get("documents", ())),
            "damages_percent": _decimal(own.get("damages_percent")),
            "bonus_percent": _decimal(own.get("bonus_percent")),
            "tax_rate": _decimal(own.get("tax_rate")),
        }
    )


def _decimal(said: str | None) -> Decimal | None:
    return None if said is None else Decimal(said)
