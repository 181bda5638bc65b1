"""Change orders: which of the three treatments they get, and what it makes of the obligations."""

from collections.abc import Container, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from apps.contracts import drafts
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.core import money
from apps.invoicing.models import Instalment
from apps.revenue import rules
from apps.revenue.models import ACCEPTED, Judgement, Measure, Modification, Obligation
from apps.revenue.models.obligation import WHOLE_CONTRACT
from apps.revenue.services.books import Books
from apps.revenue.services.events import Event
from apps.revenue.services.facts import lines_of
from apps.revenue.services.opening import deposits_of, measure_of, obligation_of, standalone_of


def agreed_now(
    duties: list[rules.Duty], *, measures: dict[int, str], version: ContractVersion
) -> dict[int, rules.Agreed]:
    """What a changed plan says of the milestones, in the measure of each obligation.

    What a line was agreed for is its stand-alone price; where a person judged it to be another, that follows the line.
    Costs and days stay as they were estimated until somebody estimates them again.
    """
    known = {duty.position: duty for duty in duties}
    was, promised = (_amounts(one, of=known) for one in (_changed(version), version))
    now = {}
    for position, amount in promised.items():
        duty = known.get(position)
        if duty is None or position not in was:
            now[position] = rules.Agreed(standalone=amount, agreed=amount)
            continue
        standalone, before = duty.standalone, was[position]
        if amount != before:
            is_plain = standalone == before or not before
            scaled = money.half_up(standalone * amount / before, version.contract.currency) if before else amount
            standalone = amount if is_plain else scaled
        by_acceptance = measures[position] in ACCEPTED
        now[position] = rules.Agreed(standalone=standalone, agreed=amount if by_acceptance else duty.agreed)
    return now


def _amounts(version: ContractVersion, *, of: Container[int]) -> dict[int, Decimal]:
    """What a plan says of each milestone, and of all deposits together where the whole contract is an obligation."""
    lines = lines_of(version)
    amounts = {line.position: standalone_of(line) for line in lines if line.kind == drafts.MILESTONE}
    return {WHOLE_CONTRACT: deposits_of(lines), **amounts} if WHOLE_CONTRACT in of else amounts


def _changed(version: ContractVersion) -> ContractVersion:
    return ContractVersion.plans.get(changed_by=version)


def change(books: Books, *, event: Event, version: ContractVersion) -> None:
    """What both sides changed of the plan.

    Periods to come of a recurring line are distinct from those that have passed, so they bear what they add to the
    price or take off it; everything else that the price changes by is shared out among the milestones.
    """
    contract, lines = books.contract, [line for line in lines_of(version) if line.kind == drafts.MILESTONE]
    price_before = _changed(version).price
    mine = [one for one in books.obligations.values() if one.measure != Measure.OVER_TIME]
    duties, measures = [one.duty for one in mine], {one.position: one.measure for one in mine}
    by_days, rescheduled = _by_days(books, event=event, version=version)
    now = agreed_now(duties, measures=measures, version=version)
    more = version.price - price_before - by_days
    treatment, reason, shared = _shared(books, duties, now, more=more)
    if rescheduled and reason is rules.Reason.NO_AMOUNT:
        treatment, reason = rules.Treatment.SEPARATE, rules.Reason.ONLY_ADDED
    if treatment is rules.Treatment.SEPARATE and any(one.duty is not None for one in rescheduled):
        treatment, reason = rules.Treatment.PROSPECTIVE, rules.Reason.NOT_BEGUN
    by_position = {line.position: line for line in lines}
    for duty in shared:
        line, obligation = by_position.get(duty.position), books.obligations.get(duty.position)
        if obligation is None and line is not None:
            obligation = obligation_of(line, contract=contract, version=version, allocated=duty.allocated)
            books.obligations[duty.position] = obligation
        if obligation is None:
            continue
        obligation.take(duty)
        obligation.version = version
        if obligation.position != WHOLE_CONTRACT:
            _follow(obligation, line, version=version)
    books.changes.append(
        Modification(
            organisation_id=contract.seller_id,
            contract=contract,
            version=version,
            treatment=treatment.value,
            reason=reason.value,
            currency=contract.currency,
            price_before=price_before,
            price_after=version.price,
            signed_on=event.on,
            treated_at=books.at,
            before={str(duty.position): _kept(duty, measures[duty.position]) for duty in duties},
        )
    )
    books.write(event, touched=[], also=books.obligations.values())


def _shared(
    books: Books, duties: list[rules.Duty], now: dict[int, rules.Agreed], *, more: Decimal
) -> tuple[rules.Treatment, rules.Reason, Sequence[rules.Duty]]:
    """The milestones' obligations after the change, which bear ``more`` together; and how it is treated, and why.

    Where nothing but periods is promised, those bear what a deposit adds to the price or takes off it.
    """
    if duties or now:
        pool = money.total(duty.allocated for duty in duties) + more
        made = rules.modified(duties, now, price=pool, currency=books.contract.currency)
        return made.treatment, made.reason, made.duties
    periods = [one for one in books.obligations.values() if one.agreed]
    if more and periods:
        price = money.total(one.allocated for one in periods) + more
        weights = [one.standalone for one in periods]
        shares = rules.allocated(price, standalone=weights, currency=books.contract.currency)
        for one, share in zip(periods, shares, strict=True):
            one.take(rules.repriced(one.duty, share, books.contract.currency))
        return rules.Treatment.CATCH_UP, rules.Reason.PARTLY_DONE, ()
    return rules.Treatment.PROSPECTIVE, rules.Reason.NO_AMOUNT, ()


def _by_days(books: Books, *, event: Event, version: ContractVersion) -> tuple[Decimal, Sequence[rules.Rescheduled]]:
    """The recurring lines as the change makes them: by how much they change the price, and those that are new or
    others."""
    was, now = (
        {line.position: line for line in lines_of(one) if line.kind == drafts.RECURRING}
        for one in (_changed(version), version)
    )
    lines, more = [], money.ZERO
    for position in sorted({*was, *now}):
        before, after = was.get(position), now.get(position)
        amounts = [standalone_of(line) if line is not None else money.ZERO for line in (before, after)]
        more += amounts[1] - amounts[0]
        known = books.obligations.get(position)
        if known is not None and after is not None:
            known.title = after.title
        if before is None or after is None or before.due != after.due or amounts[0] != amounts[1]:
            duty = known.duty if known is not None else None
            passed = _passed(books.contract, position=position, event=event) if known is not None else Fraction(0)
            lines.append(rules.Rescheduled(position=position, duty=duty, agreed=amounts[1], passed=passed))
    for duty in rules.rescheduled(lines, currency=books.contract.currency):
        line, obligation = now.get(duty.position), books.obligations.get(duty.position)
        if obligation is None and line is not None:
            obligation = obligation_of(line, contract=books.contract, version=version, allocated=duty.allocated)
            books.obligations[duty.position] = obligation
        if obligation is not None:
            obligation.take(duty)
            obligation.version = version
    return more, lines


def _passed(contract: Contract, *, position: int, event: Event) -> Fraction:
    """What of the periods that were billed before a change had passed with its day, in money as they were billed."""
    billed = Instalment.objects.filter(
        contract=contract, position=position, billed_at__lte=event.at, ends_on__isnull=False
    )
    return sum(
        (
            rules.Span(first=first, last=last, weight=amount).elapsed(event.on) * Fraction(amount)
            for first, last, amount in billed.values_list("bills_on", "ends_on", "amount")
            if first is not None and last is not None
        ),
        Fraction(0),
    )


def _follow(obligation: Obligation, line: PlanLine | None, *, version: ContractVersion) -> None:
    """The obligation as its line says it now; one without a line any more is measured by what was accepted of it."""
    if line is None:
        obligation.take(rules.remeasured(obligation.duty, agreed=obligation.accepted, done=obligation.accepted))
        obligation.measure, obligation.is_judged, obligation.through = Measure.POINT_IN_TIME, False, None
        return
    obligation.title, obligation.planned_on = line.title, line.planned_on
    if not obligation.is_judged:
        obligation.measure = measure_of(line, version=version)


def _kept(duty: rules.Duty, measure: str) -> dict[str, Any]:
    """An obligation as it was before a change, as a modification keeps it."""
    return {**{name: str(value) for name, value in asdict(duty).items() if name != "is_whole"}, "measure": measure}


def treat_again(books: Books, *, judgement: Judgement) -> None:
    """Share the price as if the change order had been treated so from the beginning; what came after stays."""
    found = Modification.objects.select_related("version").get(version_id=judgement.version_id)
    before, measures = _before(found)
    now_agreed = agreed_now(before, measures=measures, version=found.version)
    if not before and not now_agreed:
        return
    mine = {one.position: one for one in books.obligations.values() if one.measure != Measure.OVER_TIME}
    made = rules.modified(
        before,
        now_agreed,
        price=money.total(one.allocated for one in mine.values()),
        currency=books.contract.currency,
        judged=rules.Treatment(judgement.said["treatment"]),
    )
    for duty in made.duties:
        obligation = mine[duty.position]
        now = obligation.duty
        again = replace(
            duty,
            agreed=now.agreed,
            done=now.done,
            credited=now.credited,
            at_cost=now.at_cost,
            at_cost_expected=now.at_cost_expected,
        )
        if duty.position not in now_agreed:
            # Taken out of the plan, and measured from the beginning since: what is carried over is all there is of it.
            again = replace(again, done_before=now.done, at_cost_before=now.at_cost)
        obligation.take(rules.materials_within_price(again))


def _before(found: Modification) -> tuple[list[rules.Duty], dict[int, str]]:
    """The obligations as they were before a change, and by what each was measured."""
    duties, measures = [], {}
    for position, kept in found.before.items():
        figures: dict[str, Any] = {
            name: Decimal(value) for name, value in kept.items() if name not in ("position", "measure")
        }
        duty = rules.Duty(position=int(position), **figures)
        duties.append(replace(duty, is_whole=kept["measure"] == Measure.COMPLETION))
        measures[duty.position] = kept["measure"]
    return duties, measures
