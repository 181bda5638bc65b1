"""The rows of plans: the lines of a version, and the options that it offers beside its own."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from django.db import connection

from apps.contracts import rules
from apps.contracts.drafts import ContractDraft, DraftLine
from apps.contracts.models import ContractVersion, Criterion, PlanLine
from apps.contracts.models.options import OF_ONE_PROPOSAL, OWN
from apps.contracts.rules.conditions import plain_condition
from apps.contracts.services.dues import due_columns, measure_columns
from apps.core.errors import Refused

SHARED: Final = tuple(one.attname for one in ContractVersion._meta.concrete_fields if one.attname not in OWN)
"""What an option says as its version does, and what happens to both."""


TERMS: Final = tuple(name for name in SHARED if name not in OF_ONE_PROPOSAL)
"""What a version that starts as another one stands takes over: every term, also one that is added later."""


def shared(version: ContractVersion) -> dict[str, Any]:
    """What the options of a version have in common with it."""
    return {name: getattr(version, name) for name in SHARED}


def terms_of(version: ContractVersion) -> dict[str, Any]:
    """The contract and the terms of a version, without its price and its plans."""
    return {name: getattr(version, name) for name in TERMS}


def plans_of(version: ContractVersion) -> list[ContractVersion]:
    """The plans that a version offers: itself, the base plan, and its options in their order."""
    options = list(version.options().prefetch_related("lines__criteria"))
    for option in options:
        option.contract, option.option_of = version.contract, version
    return [version, *options]


def plan_in_force(version: ContractVersion) -> ContractVersion:
    """The option of a version that is in force; else its own plan, whether it is or not."""
    active = version.contract.active_version
    if active is None or active.option_of_id != version.pk:
        return version
    active.contract, active.option_of = version.contract, version
    return active


def plan_picked(plans: Sequence[ContractVersion], *, pick: int | None) -> ContractVersion:
    """The plan of this number, 0 for the base plan; where nothing else is offered, nothing is picked."""
    if len(plans) == 1 and pick is None:
        return plans[0]
    if pick is None:
        raise Refused("Pick one of the plans: only that one will be in force.", field="pick")
    found = next((one for one in plans if one.option_number == pick), None)
    if found is None or len(plans) == 1:
        raise Refused("This version does not offer that plan. Pick one of those that are shown.", field="pick")
    return found


def write_plans(version: ContractVersion, *, draft: ContractDraft) -> None:
    """Save the lines of a draft, and its options with theirs."""
    options = ContractVersion.plans.bulk_create(
        ContractVersion(
            **shared(version),
            option_of=version,
            option_number=number,
            plan_name=option.name,
            price=rules.option_price(option, price=draft.price, currency=draft.currency),
            discount=rules.discount_of(option, price=draft.price, currency=draft.currency),
            discount_percent=option.discount_percent,
        )
        for number, option in enumerate(draft.options, start=1)
    )
    written = [draft.lines, *(option.lines for option in draft.options)]
    rows = [
        row
        for plan, lines in zip([version, *options], written, strict=True)
        for row in _rows(plan, lines, currency=draft.currency)
    ]
    saved = PlanLine.objects.bulk_create(rows)
    Criterion.objects.bulk_create(
        Criterion(line=row, position=position, **asdict(criterion))
        for row, line in zip(saved, (line for lines in written for line in lines), strict=True)
        for position, criterion in enumerate(line.criteria, start=1)
    )


def _rows(version: ContractVersion, lines: Sequence[DraftLine], *, currency: str) -> list[PlanLine]:
    portions = [rules.portion_of(line) for line in lines]
    amounts = rules.known_amounts(version.price, currency=currency, portions=portions)
    return [
        PlanLine(
            version=version,
            position=position,
            title=line.title,
            scope=line.scope,
            basis=line.basis,
            percent=line.percent,
            amount=amount,
            planned_on=line.planned_on,
            review_days=line.own.review_days,
            silence=line.own.silence,
            is_cumulative=line.own.is_cumulative,
            retention_rate=line.own.retention_rate,
            is_materials=line.own.is_materials,
            documents=list(line.own.documents),
            condition=plain_condition(line.own.condition),
            **{name: getattr(line.own, name) for name in rules.LATER_TERMS},
            **due_columns(line),
            **measure_columns(line.measure),
        )
        for position, (line, amount) in enumerate(zip(lines, amounts, strict=True), start=1)
    ]


def clear_plan(version: ContractVersion) -> None:
    """Take the plan and its options out in three statements, however long they are: what refers to a line is refused by
    its foreign key."""
    plans = "(SELECT id FROM contracts_contractversion WHERE id = %(version)s OR option_of_id = %(version)s)"
    of = {"version": version.pk}
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM contracts_criterion c USING contracts_planline l"
            f" WHERE l.id = c.line_id AND l.version_id IN {plans}",
            of,
        )
        cursor.execute(f"DELETE FROM contracts_planline WHERE version_id IN {plans}", of)
        cursor.execute("DELETE FROM contracts_contractversion WHERE option_of_id = %(version)s", of)


def copy_plans(version: ContractVersion, *, to: ContractVersion) -> None:
    """Give a new draft the lines and the options of a version as they stand."""
    sources = plans_of(version)
    own = ("option_number", "plan_name", "price", "discount", "discount_percent")
    options = ContractVersion.plans.bulk_create(
        ContractVersion(**shared(to), option_of=to, **{name: getattr(source, name) for name in own})
        for source in sources[1:]
    )
    kept = [one.attname for one in PlanLine._meta.concrete_fields if one.name not in ("id", "ref", "version")]
    pairs = [
        (PlanLine(version=plan, **{name: getattr(line, name) for name in kept}), line)
        for source, plan in zip(sources, [to, *options], strict=True)
        for line in source.lines.all()
    ]
    copies = PlanLine.objects.bulk_create(copy for copy, _line in pairs)
    Criterion.objects.bulk_create(
        Criterion(line=copy, position=one.position, text=one.text, needs_evidence=one.needs_evidence, nature=one.nature)
        for copy, (_copy, line) in zip(copies, pairs, strict=True)
        for one in line.criteria.all()
    )
