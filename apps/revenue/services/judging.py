"""A person decides what no rule can: each decision with its reason, kept and followed, never edited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from apps.audit import services as audit
from apps.contracts.models import Contract
from apps.core import money
from apps.core.errors import Refused
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.revenue import rules
from apps.revenue.models import Judgement, JudgementKind, Measure, Modification, Obligation
from apps.revenue.models.obligation import WHOLE_CONTRACT
from apps.revenue.services.interest import said_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is decided. Which fields a kind reads: ``measure`` with ``costs`` or with ``starts_on`` and ``ends_on``;
    ``costs``; ``amount`` as the stand-alone price; ``about``, ``method``, ``outcomes``, ``at_most`` and ``settled_by``,
    the kind of charge of the same milestone in whose place the estimate stands until it is billed; ``about`` and
    ``component``; ``version_ref`` and ``treatment``. ``position`` names the obligation; a variable amount or financing
    component without one is borne by all."""

    kind: JudgementKind
    reason: str
    effective_on: date
    position: int | None = None
    measure: Measure | None = None
    costs: rules.Costs | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    amount: Decimal | None = None
    about: str = ""
    method: rules.Method = rules.Method.MOST_LIKELY
    outcomes: Sequence[rules.Outcome] = ()
    at_most: Decimal | None = None
    settled_by: str = ""
    component: rules.Component | None = None
    version_ref: str = ""
    treatment: rules.Treatment | None = None


def judge(*, actor: Actor, contract: Contract, decision: Decision, today: date, at: datetime) -> Judgement:
    """Keep a decision about a locked contract of which everything is recognised; the caller lets it have its effect."""
    actor.require(Action.JUDGE_REVENUE)
    if contract.terminated_at is not None:
        raise Refused("This contract ended: what is kept of its price is earned. There is nothing to judge any more.")
    if not decision.reason.strip():
        raise Refused("Say why: the reason is kept with the judgement.", field="reason")
    if decision.effective_on > today:
        raise Refused("A judgement holds from today or an earlier day.", field="effective_on")
    zone = ZoneInfo(contract.seller.time_zone)
    if contract.activated_at is not None and decision.effective_on < contract.activated_at.astimezone(zone).date():
        raise Refused("A judgement holds from the day of the last signature, or later.", field="effective_on")
    obligations = {one.position: one for one in Obligation.objects.filter(contract=contract).promised()}
    if not obligations:
        raise Refused("Nothing is promised in this contract that could be judged.")
    obligation = obligations.get(decision.position) if decision.position is not None else _only(obligations, decision)
    if decision.position is not None and obligation is None:
        raise Refused("Choose an obligation of this contract.", field="obligation")
    judgement = Judgement(
        organisation_id=contract.seller_id,
        contract=contract,
        kind=decision.kind,
        obligation=obligation,
        said={},
        reason=decision.reason.strip(),
        effective_on=decision.effective_on,
        judged_by_id=actor.user_id,
        judged_by_name=actor.name,
        judged_at=at,
    )
    SAY[decision.kind](judgement, decision)
    judgement.save()
    audit.record(
        chain=f"organisation:{contract.seller.ref}",
        parties={contract.seller_id},
        verb="revenue.judged",
        subject=f"judgement:{judgement.ref}",
        actor=actor,
        at=at,
        contract=contract.number,
        kind=judgement.kind,
        said=judgement.said,
        counts=judgement.counts,
        reason=judgement.reason,
        effective_on=judgement.effective_on,
    )
    return judgement


def _only(obligations: Mapping[int, Obligation], decision: Decision) -> Obligation | None:
    """Where a contract promises one thing, what can be of one alone is of that."""
    is_of_one = decision.kind in (JudgementKind.MEASURE, JudgementKind.COSTS, JudgementKind.STANDALONE)
    return next(iter(obligations.values())) if is_of_one and len(obligations) == 1 else None


def _exact(amount: Decimal, judgement: Judgement, *, field: str) -> Decimal:
    """An amount of either sign, or none, in whole minor units: a fraction of one would be lost when it is shared."""
    if amount:
        money.payable(abs(amount), judgement.contract.currency, field=field)
    return amount


def _of_obligation(judgement: Judgement) -> Obligation:
    if judgement.obligation is None:
        raise Refused("Choose the obligation that this is about.", field="obligation")
    return judgement.obligation


def _say_measure(judgement: Judgement, decision: Decision) -> None:
    obligation, measure = _of_obligation(judgement), decision.measure
    if obligation.measure == Measure.OVER_TIME or measure in (None, Measure.OVER_TIME):
        raise Refused("What recurs is measured by the days of its periods, and only that.", field="measure")
    if obligation.position == WHOLE_CONTRACT and measure in (Measure.POINT_IN_TIME, Measure.OUTPUT):
        raise Refused(
            "Nothing is signed off in a plan of deposits alone. Choose its costs, two days, or the day on which all of"
            " it was delivered.",
            field="measure",
        )
    judgement.said = {"measure": str(measure)}
    if measure == Measure.COST_TO_COST:
        judgement.said |= _costs_said(judgement, decision)
    elif measure == Measure.STRAIGHT_LINE:
        if decision.starts_on is None or decision.ends_on is None or decision.ends_on <= decision.starts_on:
            raise Refused("Enter the first and the last day over which it is earned.", field="ends_on")
        judgement.said |= {"starts_on": decision.starts_on.isoformat(), "ends_on": decision.ends_on.isoformat()}


def _say_costs(judgement: Judgement, decision: Decision) -> None:
    obligation = _of_obligation(judgement)
    if obligation.measure != Measure.COST_TO_COST:
        raise Refused("Choose cost-to-cost as its measure first.", field="obligation")
    judgement.said = _costs_said(judgement, decision)


def _costs_said(judgement: Judgement, decision: Decision) -> dict[str, str]:
    costs, bears = decision.costs, _of_obligation(judgement).allocated
    if costs is None:
        raise Refused("Enter what it is expected to cost in all, and what it cost so far.", field="expected")
    if costs.expected - costs.uninstalled_expected <= 0:
        raise Refused("Enter the costs that are expected, more than those of uninstalled materials.", field="expected")
    if not 0 <= costs.uninstalled <= costs.uninstalled_expected <= bears:
        raise Refused(
            "Uninstalled materials so far are no more than those expected, and these no more than the allocated price.",
            field="uninstalled",
        )
    if not 0 <= costs.incurred - costs.uninstalled <= costs.expected - costs.uninstalled_expected:
        raise Refused("What it cost so far is no more than what is expected. Raise the estimate.", field="incurred")
    names = ("incurred", "expected", "uninstalled", "uninstalled_expected")
    return {name: str(_exact(getattr(costs, name), judgement, field=name)) for name in names}


def _say_standalone(judgement: Judgement, decision: Decision) -> None:
    _of_obligation(judgement)
    if decision.amount is None or decision.amount <= 0:
        raise Refused("Enter the price at which it would be sold by itself.", field="amount")
    judgement.said = {"standalone": str(_exact(decision.amount, judgement, field="amount"))}


def _say_variable(judgement: Judgement, decision: Decision) -> None:
    currency = judgement.contract.currency
    for one in decision.outcomes:
        _exact(one.amount, judgement, field="outcomes")
    _exact(decision.at_most or money.ZERO, judgement, field="at_most")
    estimated = rules.estimate(decision.outcomes, method=decision.method, currency=currency)
    if decision.settled_by and judgement.obligation is None:
        raise Refused("Choose the milestone whose bonus or damages are estimated.", field="obligation")
    judgement.about = _named(decision)
    judgement.counts = rules.included(estimated, at_most=decision.at_most)
    judgement.said = {
        "method": decision.method.value,
        "outcomes": [{"amount": str(one.amount), "percent": str(one.percent)} for one in decision.outcomes],
        "estimate": str(estimated),
        "at_most": None if decision.at_most is None else str(decision.at_most),
        **({"settled_by": decision.settled_by} if decision.settled_by else {}),
    }


def _say_financing(judgement: Judgement, decision: Decision) -> None:
    component = decision.component
    if component is None:
        raise Refused("Enter amount, rate and both days.", field="amount")
    judgement.about = _named(decision)
    if _exact(component.amount, judgement, field="amount"):
        judgement.counts = rules.check_component(component).adjusts(judgement.contract.currency)
    judgement.said = said_of(component)


def _named(decision: Decision) -> str:
    about = decision.about.strip()
    if not about:
        raise Refused("Give it a name: a later judgement with the same name replaces this one.", field="about")
    return about


def _say_treatment(judgement: Judgement, decision: Decision) -> None:
    """Of the newest change order alone: what came after it is shared by what it left."""
    newest = Modification.objects.filter(contract=judgement.contract).select_related("version").last()
    if newest is None or newest.version.ref != decision.version_ref or not newest.before:
        raise Refused("Only the newest change order that is signed can be treated otherwise.", field="version")
    if decision.treatment is None:
        raise Refused("Choose one of the three treatments.", field="treatment")
    since = Judgement.objects.filter(
        contract=judgement.contract, judged_at__gt=newest.treated_at, kind__in=["measure", "standalone"]
    )
    if since.exists():
        raise Refused(
            "A measure or a stand-alone price was judged after this change order. Its treatment comes first.",
            field="treatment",
        )
    judgement.obligation, judgement.version = None, newest.version
    judgement.said = {"treatment": decision.treatment.value}


SAY: Mapping[JudgementKind, Any] = {
    JudgementKind.MEASURE: _say_measure,
    JudgementKind.COSTS: _say_costs,
    JudgementKind.STANDALONE: _say_standalone,
    JudgementKind.VARIABLE: _say_variable,
    JudgementKind.FINANCING: _say_financing,
    JudgementKind.TREATMENT: _say_treatment,
}
