"""From the lines of a plan to rows of cells that :func:`read_schedule` reads back as the same plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.contracts.drafts import DraftLine, DraftOption
from apps.contracts.rules.schedule import due_cells, measure_cells, own_cells
from apps.contracts.rules.schedule.cells import Cell
from apps.contracts.rules.schedule.columns import DISCOUNTS, WRITTEN, Column
from apps.contracts.rules.schedule.guard import guarded
from apps.contracts.rules.schedule.waiting_cells import written_waiting
from apps.contracts.rules.schedule.words import BASES, MARKS, NATURES, SILENCE


@dataclass(frozen=True, slots=True)
class WrittenOption:
    """Another plan that is offered, and what each of its lines comes to."""

    option: DraftOption
    amounts: Sequence[Decimal | None]


def written_schedule(
    lines: Sequence[DraftLine],
    *,
    amounts: Sequence[Decimal | None],
    language: str,
    plan_name: str = "",
    options: Sequence[WrittenOption] = (),
) -> Iterator[list[Cell]]:
    """The rows of a plan with the names of its columns first; ``amounts`` is what each line comes to.

    A milestone with several criteria takes one row for each. Text that could run as a formula is guarded; numbers stay
    numbers and dates dates. Languages are ``en`` and ``de``. Where other plans are offered, each row names its plan,
    the base plan's first.
    """
    names = WRITTEN[language if language in WRITTEN else "en"]
    columns = _columns([*lines, *(line for one in options for line in one.option.lines)], has_options=bool(options))
    yield [names[column] for column in columns]
    base: dict[Column, Cell] = {Column.PLAN: guarded(plan_name)} if options else {}
    yield from _rows(lines, amounts, columns=columns, language=language, plan=base)
    for one in options:
        option = one.option
        off = {Column.DISCOUNT: option.discount, Column.DISCOUNT_PERCENT: option.discount_percent}
        plan: dict[Column, Cell] = {Column.PLAN: guarded(option.name), **off}
        yield from _rows(option.lines, one.amounts, columns=columns, language=language, plan=plan)


def _columns(lines: Sequence[DraftLine], *, has_options: bool) -> list[Column]:
    """Only a plan that has other lines than milestones says what they are, and own retention and quantities only where
    there are some."""
    unsaid = [] if any(line.due is not None for line in lines) else [*due_cells.COLUMNS]
    unsaid += [] if has_options else [Column.PLAN, *DISCOUNTS]
    if not any(line.due is not None and line.due.recovery is not None for line in lines):
        unsaid.append(Column.RECOVERY)
    if not any(line.own.retention_rate is not None or line.own.is_materials for line in lines):
        unsaid += [Column.RETENTION, Column.MATERIALS]
    if not any(line.own.condition is not None for line in lines):
        unsaid.append(Column.WAITING)
    if not any(line.own.documents for line in lines):
        unsaid.append(Column.DOCUMENTS)
    if not any(criterion.nature for line in lines for criterion in line.criteria):
        unsaid.append(Column.NATURE)
    unsaid += own_cells.unsaid(line.own for line in lines)
    if not any(line.measure is not None for line in lines):
        unsaid += [*measure_cells.COLUMNS]
    return [column for column in Column if column not in unsaid]


def _rows(
    lines: Sequence[DraftLine],
    amounts: Sequence[Decimal | None],
    *,
    columns: Sequence[Column],
    language: str,
    plan: dict[Column, Cell],
) -> Iterator[list[Cell]]:
    """The rows of one plan, whose discount stands in the first of them."""
    bases = BASES[language if language in BASES else "en"]
    silences = SILENCE[language if language in SILENCE else "en"]
    natures = NATURES[language if language in NATURES else "en"]
    marks = MARKS[language if language in MARKS else "en"]
    for line, amount in zip(lines, amounts, strict=True):
        own: dict[Column, Cell] = {
            Column.TITLE: guarded(line.title),
            Column.SCOPE: guarded(line.scope),
            Column.BASIS: bases[line.basis],
            Column.PERCENT: line.percent,
            Column.AMOUNT: line.amount,
            Column.PLANNED_ON: line.planned_on,
            Column.REVIEW_DAYS: Decimal(line.own.review_days) if line.own.review_days else None,
            Column.SILENCE: silences[line.own.silence] if line.own.silence else None,
            Column.CUMULATIVE: marks[True] if line.own.is_cumulative else None,
            Column.RETENTION: line.own.retention_rate,
            Column.MATERIALS: marks[True] if line.own.is_materials else None,
            Column.WAITING: guarded(written_waiting(line.own.condition, language=language)) or None,
            Column.DOCUMENTS: guarded("\n".join(line.own.documents)) or None,
            **own_cells.written(line.own, marks=marks),
            Column.INFORMATION: amount,
            **due_cells.written(line, language=language),
            **measure_cells.written(line, language=language),
            **plan,
        }
        plan = {column: cell for column, cell in plan.items() if column not in DISCOUNTS}
        for criterion in line.criteria or (None,):
            if criterion is not None:
                own[Column.CRITERION] = guarded(criterion.text)
                own[Column.EVIDENCE] = marks[criterion.needs_evidence]
                own[Column.NATURE] = natures[criterion.nature] if criterion.nature else None
            yield [own.get(column) for column in columns]
            own = {}
