"""What will be withheld of the milestones that are still to be billed, as it stands and as a change order makes it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Sum

from apps.contracts import rules as contracts
from apps.contracts.drafts import MILESTONE
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import RetentionTerms
from apps.contracts.rules import PlacedLine
from apps.contracts.rules.recovery import is_recoverable
from apps.core import money
from apps.invoicing import rules
from apps.invoicing.services import withholding
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import OPEN, MilestoneState


@dataclass(frozen=True, slots=True)
class WithheldAhead:
    """What will be withheld of what is still to be billed, in the contract's currency: ``now`` as it is agreed, and
    ``then`` as a change makes it. What was withheld before is neither."""

    now: Decimal
    then: Decimal


def withheld_ahead(
    contract: Contract,
    *,
    was: ContractVersion,
    before: Sequence[PlacedLine],
    version: ContractVersion,
    after: Sequence[PlacedLine],
) -> WithheldAhead | None:
    """The sums for a change of the version that ``was`` in force, with the plans ``before`` and ``after`` it; the
    changed version may be one that nobody has written yet.

    Each line is reckoned as one invoice, in the order of the plan. What is under review stays under the terms of its
    day, and is billed first. None where nothing is withheld by a rate on invoices, or where it depends on what nobody
    knows yet: on what invoices give back of deposits, or on what an application for payment will bill together.
    """
    old, new = (contracts.read_retention(one.retention) for one in (was, version))
    if new is None:
        return None
    # Where the change agrees on a retention, nothing is withheld as it stands: the same kinds, at nothing.
    old = old or _at_nothing(new)
    if len(old.kinds) != len(new.kinds) or old.payable_most or new.payable_most:
        return None
    if was.is_by_application or any(is_recoverable(one.line) for one in (*before, *after)):
        return None
    waiting: dict[str, dict[int, Decimal]] = {"review": {}, "open": {}}
    found = Milestone.objects.filter(contract=contract, state__in=(*OPEN, MilestoneState.SUBMITTED)).order_by()
    for position, state, amount in found.values_list("position", "state").annotate(Sum("amount")):
        group = waiting["review" if state == MilestoneState.SUBMITTED else "open"]
        group[position] = group.get(position, money.ZERO) + amount
    stood, stands = ({one.position: one for one in plan if one.line.kind == MILESTONE} for plan in (before, after))
    review = [(stood[position], amount) for position, amount in sorted(waiting["review"].items()) if position in stood]
    now = [(stood[position], amount) for position, amount in sorted(waiting["open"].items()) if position in stood]
    then = []
    for position, one in sorted(stands.items()):
        more = one.amount - (stood[position].amount if position in stood else money.ZERO)
        then.append((one, waiting["open"].get(position, money.ZERO) + more))
    past = withholding.withheld_before(contract, version=was, terms=old)
    by_now, by_then = _terms(was, terms=old, plan=before), _terms(version, terms=new, plan=after)
    return WithheldAhead(
        now=_withheld([(by_now, *one) for one in (*review, *now)], past=past, currency=contract.currency),
        then=_withheld(
            [*((by_now, *one) for one in review), *((by_then, *one) for one in then)],
            past=past,
            currency=contract.currency,
        ),
    )


def _at_nothing(terms: RetentionTerms) -> RetentionTerms:
    further = tuple(_at_nothing(kind) for kind in terms.further)
    return replace(terms, rate=money.ZERO, steps=(), materials_rate=None, further=further)


@dataclass(frozen=True, slots=True)
class _Terms:
    """By which terms an invoice is withheld from, and by what those are measured."""

    terms: RetentionTerms
    scale: rules.RetentionScale


def _terms(version: ContractVersion, *, terms: RetentionTerms, plan: Sequence[PlacedLine]) -> _Terms:
    apart = money.total(
        one.amount
        for one in plan
        if one.line.own.retention_rate is not None or (terms.materials_rate is not None and one.line.own.is_materials)
    )
    return _Terms(terms, rules.RetentionScale(version.price, version.price - apart, version.tax_rate))


def _withheld(
    bills: Sequence[tuple[_Terms, PlacedLine, Decimal]],
    *,
    past: tuple[Sequence[rules.RetentionBilled], Sequence[rules.RetentionPast]],
    currency: str,
) -> Decimal:
    """What is withheld of one invoice after the other, each of one line; one of nothing is none."""
    found, (groups, kinds) = money.ZERO, past
    billed, pasts = {one.own: one for one in groups if not one.materials}, list(kinds)
    materials = {one.own: one for one in groups if one.materials}
    for by, placed, net in bills:
        if net <= 0:
            continue
        own = placed.line.own
        tax_rate = by.scale.tax_rate if own.tax_rate is None else own.tax_rate
        into = materials if own.is_materials else billed
        start = [*billed.values(), *materials.values()]
        stood = into.get(own.retention_rate, rules.RetentionBilled(own=own.retention_rate))
        part = "materials" if own.is_materials else "work"
        into[own.retention_rate] = replace(stood, **{part: getattr(stood, part) + net})
        made = rules.withheld_of(
            gross=net + money.half_up(net * tax_rate / 100, currency),
            before=start,
            after=[*billed.values(), *materials.values()],
            past=pasts,
            terms=by.terms,
            scale=by.scale,
            currency=currency,
        )
        pasts = [
            replace(was, held=was.held + one.held, carried=was.carried + one.carried)
            for was, one in zip(pasts, made, strict=True)
        ]
        found += money.total(one.held for one in made)
    return found
