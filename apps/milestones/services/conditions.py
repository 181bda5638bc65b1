"""What milestones wait for, and the events that the buyer confirms."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from apps.contracts import services as contracts
from apps.contracts.drafts import EVENT, Condition
from apps.contracts.models import Contract, GuestGrant, PlanLine
from apps.contracts.models.contract import ContractState
from apps.contracts.rules.conditions import Happened, named_in, read_condition, still_waits_for
from apps.core import canonical
from apps.core.errors import IllegalTransition, Refused
from apps.core.money import Money
from apps.core.spoken import Said, said
from apps.milestones import rules
from apps.milestones.models import ConfirmedEvent, Milestone
from apps.milestones.models.milestone import ENDED, OPEN, MilestoneState
from apps.parties.actor import Actor, evidence_of
from apps.parties.roles import Action


@dataclass(frozen=True, slots=True)
class Waiting:
    """A milestone that cannot be submitted yet, and what of its condition has not happened."""

    milestone: Milestone
    condition: Condition


def waiting_in(contract: Contract, *, at: datetime) -> list[Waiting]:
    """Every open milestone of a contract that waits for something; two queries where none has a condition."""
    open_ones = Milestone.objects.filter(contract=contract, state__in=OPEN)
    rows = list(open_ones.filter(line__condition__isnull=False).select_related("line").order_by("position", "part"))
    waiting = _still(contract, rows, at=at)
    return [Waiting(row, waiting[row.pk]) for row in rows if row.pk in waiting]


def waits_for_first(milestone: Milestone, *, at: datetime) -> Condition | None:
    """What has to happen before a milestone can be submitted and has not; None where nothing has.

    What is submitted waits for the buyer alone, also where an acceptance that it waited for was withdrawn since.
    """
    if milestone.line.condition is None or milestone.state not in OPEN:
        return None
    return _still(milestone.contract, [milestone], at=at).get(milestone.pk)


def check_condition(milestone: Milestone, *, at: datetime) -> None:
    """Refuse to submit what still waits, and say for what."""
    condition = waits_for_first(milestone, at=at)
    if condition is not None:
        raise IllegalTransition(
            "This milestone cannot be submitted yet. Its page says what has to happen first. Still missing: {names}.",
            names=named_in(condition),
        )


PayableByEvent = Callable[[Contract], Mapping[str, Decimal]]
"""What is invoiced once an event of the contract is confirmed, net of tax, by the event: only invoicing knows."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """An event that the buyer may confirm: titles of the milestones that wait for it, and what becomes payable, net."""

    event: str
    milestones: list[str]
    payable: Decimal = Decimal(0)


def events_to_confirm(contract: Contract, *, payable: PayableByEvent) -> dict[str, Awaited]:
    """The events that the buyer may confirm now, each with what waits for it, and what ``payable`` says of it."""
    if contract.state != ContractState.ACTIVE:
        return {}
    lines = PlanLine.objects.filter(version=contract.active_version_id).filter(
        Q(condition__isnull=False) | Q(start=EVENT)
    )
    found: dict[str, Awaited] = {}
    amounts: Mapping[str, Decimal] | None = None
    for line in lines.order_by("position"):
        if line.start == EVENT:
            amounts = payable(contract) if amounts is None else amounts
            if line.starts_with in amounts:
                stands = found.setdefault(line.starts_with, Awaited(line.starts_with, []))
                found[line.starts_with] = replace(stands, payable=amounts[line.starts_with])
        for event in line.own.condition.events if line.own.condition is not None else ():
            found.setdefault(event, Awaited(event, [])).milestones.append(line.title)
    known = set(contract.confirmed_events.values_list("event", flat=True)) if found else set()
    return {event: one for event, one in found.items() if event not in known}


def event_statement(contract: Contract, *, awaited: Awaited) -> Said:
    """What somebody of the buyer agrees to who confirms an event."""
    payable = Money(awaited.payable, contract.currency)
    return said(rules.event_statement(organisation=contract.buyer.legal_name, event=awaited.event, payable=payable))


def contract_of_event(*, event_ref: str) -> "QuerySet[Any, int]":
    """The id of the contract that names a confirmed event: a query, for ``contracts.lock`` to ask while it locks."""
    return ConfirmedEvent.objects.filter(ref=event_ref).order_by().values_list("contract_id", flat=True)[:1]


def needs_proof_of_event(contract: Contract, *, payable: Money) -> bool:
    """Whether the buyer wants its people to show once more who they are before they make so much payable."""
    return rules.needs_proof(payable, above=contract.buyer.step_up_above, above_currency=contract.buyer.currency)


def confirm_event(
    *, contract: Contract, event: str, note: str, payable: PayableByEvent, actor: Actor, at: datetime
) -> ConfirmedEvent:
    """Somebody of the buyer who may sign off says that an event of the contract in force has happened. It stays so.

    A guest does so by the link to the contract's events.
    """
    limit = contracts.buyer_authority(
        contract,
        actor=actor,
        action=Action.DECIDE_MILESTONE,
        version=contract.active_version,
        purpose=GuestGrant.Purpose.CONFIRM_EVENT,
        subject_ref=contract.ref,
        at=at,
    )
    contracts.require_running(contract, at=at)
    version, awaited = contract.active_version, events_to_confirm(contract, payable=payable).get(event)
    if version is None or awaited is None:
        raise Refused("This event is confirmed already, or the contract names no such event. Reload the page.")
    proof = None
    if awaited.payable:
        amount = Money(awaited.payable, contract.currency)
        rules.check_limit(amount, limit=limit, limit_currency=contract.buyer.currency)
        if needs_proof_of_event(contract, payable=amount):
            proof = actor.require_proof(at=at)
    words = rules.check_text(note, most=rules.LONGEST_NOTE, field="note")
    statement = event_statement(contract, awaited=awaited)
    confirmed = ConfirmedEvent.objects.create(
        contract=contract,
        event=event,
        note=words,
        **actor.evidence(),
        **evidence_of(proof),
        grant_id=actor.grant_id,
        circumstances=actor.circumstances(is_within_limit=True, statement=statement.kept()),
        confirmed_at=at,
        statement=statement.text,
        statement_version=statement.version,
        sha256=version.sha256,
        payable=awaited.payable,
    )
    contracts.record(
        contract,
        verb="event.confirmed",
        subject=f"event:{confirmed.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        private=confirmed.circumstances,
        event=event,
        note_sha256=canonical.sha256(words),
        payable=awaited.payable,
        statement=statement.text,
        statement_version=statement.version,
        proved_by=confirmed.proved_by,
        proved_at=confirmed.proved_at,
        sha256=version.sha256,
    )
    return confirmed


def _still(contract: Contract, rows: Iterable[Milestone], *, at: datetime) -> Mapping[int, Condition]:
    """What each of them still waits for, by the plan to which its line belongs."""
    asked = {row.pk: (row.line.version_id, read_condition(row.line.condition)) for row in rows}
    if not asked:
        return {}
    states: dict[int, set[str]] = defaultdict(set)
    for position, state in Milestone.objects.filter(contract=contract).values_list("position", "state"):
        states[position].add(state)
    whole = {
        position
        for position, found in states.items()
        if MilestoneState.ACCEPTED in found and not found - {str(one) for one in ENDED}
    }
    accepted: dict[int, set[str]] = defaultdict(set)
    lines = PlanLine.objects.filter(version__in={version for version, _condition in asked.values()}, kind="milestone")
    for version, position, title in lines.values_list("version", "position", "title"):
        if position in whole:
            accepted[version].add(title)
    events = set(contract.confirmed_events.values_list("event", flat=True))
    today = at.astimezone(ZoneInfo(contract.seller.time_zone)).date()
    found: dict[int, Condition] = {}
    for pk, (version, condition) in asked.items():
        still = still_waits_for(condition, Happened(accepted[version], events, today)) if condition else None
        if still is not None:
            found[pk] = still
    return found
