"""What a change order does, before anybody signs it: to sums, to what is withheld, and to what a financier advances."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from apps.contracts import rules
from apps.contracts import services as contracts
from apps.contracts.drafts import ChangeDraft
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.core import clock, money
from apps.core.database import walls
from apps.core.errors import Refused
from apps.core.money import Money
from apps.financing import services as financing
from apps.invoicing import rules as invoicing
from apps.invoicing.rules import AtOnce
from apps.invoicing.services import creditable, reading, replanning, retained, withdrawing
from apps.invoicing.services.retention_ahead import WithheldAhead, withheld_ahead
from apps.milestones import services as milestones
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import ENDED
from apps.milestones.rules import Effect
from apps.parties.actor import Actor


@dataclass(frozen=True, slots=True)
class AdvancesAhead:
    """What a change does to what financiers advance on the milestones of its contract.

    ``owed`` is what the seller owes back at once if it is signed now, which only the seller reads; ``stays`` names the
    milestones of which nothing becomes owed back. The buyer reads of all of them that they are financed (``stays``),
    and whether it is ``told_all``.
    """

    owed: Sequence[financing.Owed] = ()
    stays: Sequence[str] = ()
    told_all: bool = False


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """A change as it would be signed now, line by line, and what it does to the sums of the contract."""

    change: contracts.Change
    moved: list[rules.Moved]
    effect: Effect
    withheld: WithheldAhead | None
    advances: AdvancesAhead


def preview_change(contract: Contract, *, draft: ChangeDraft, actor: Actor, side: str) -> ChangePreview:
    """What the review page shows before a change is proposed; refused where it cannot be."""
    change = contracts.preview_change(contract, draft=draft, side=side)
    moved = rules.moved(change.before, change.after)
    effect = _as_signed(contract, moved=moved, terms=change.terms, price=change.version.price)
    withheld = None
    if contract.active_version is not None and not effect.credited:
        withheld = withheld_ahead(
            contract, was=contract.active_version, before=change.before, version=change.version, after=change.after
        )
    advances = _advances(contract, actor=actor, moved=moved, version=change.version)
    return ChangePreview(change, moved, effect, withheld, advances)


def effect_of(version: ContractVersion) -> Effect:
    """What a proposed change would do to the sums of its contract if it were signed now; refused where it cannot be."""
    return _as_signed(
        version.contract, moved=moved_by(version), terms=contracts.terms_moved(version), price=version.price
    )


def check(version: ContractVersion) -> None:
    """Refuse a change that could not be signed now; the caller holds the contract, and sees both sides' records."""
    _effect(version.contract, moved=moved_by(version), terms=contracts.terms_moved(version), price=version.price)


def advances_by(version: ContractVersion, *, actor: Actor) -> AdvancesAhead:
    """What a proposed change would do to advances if it were signed now; asked where it can be."""
    return _advances(version.contract, actor=actor, moved=moved_by(version), version=version)


def withheld_by(version: ContractVersion, *, effect: Effect) -> WithheldAhead | None:
    """What a proposed change makes of what will be withheld; None where nobody can tell, as where it takes back what is
    billed."""
    if version.changes is None or effect.credited:
        return None
    before, after = (contracts.plan_of(one) for one in (version.changes, version))
    return withheld_ahead(version.contract, was=version.changes, before=before, version=version, after=after)


def billed_times(contract: Contract) -> dict[int, int]:
    """How many times each deposit and recurring line of a contract is billed, by position."""
    return {position: len(standing.billed) for position, standing in replanning.standing_of(contract).items()}


def billed_at_once(contract: Contract, *, moved: Sequence[rules.Moved]) -> list[AtOnce]:
    """What of the calendar the order makes due on days that are over, and is billed as soon as it is signed."""
    return invoicing.billed_at_once(moved, today=clock.today(contract.seller.time_zone), currency=contract.currency)


def moved_by(version: ContractVersion) -> list[rules.Moved]:
    """What a version that a change order made says differently from the one that it changes."""
    if version.changes is None:
        return []
    return rules.moved(contracts.plan_of(version.changes), contracts.plan_of(version))


def held_by_financiers(contract: Contract) -> milestones.Financed:
    """On which milestones financiers advance money, and on which of them they have paid before acceptance."""
    return milestones.Financed(
        pledged=financing.pledged(contract=contract), advanced=financing.advanced_on(contract=contract)
    )


def unfinished(contract: Contract, *, pledged: Collection[int]) -> list[str]:
    """The milestones of a contract, still to be accepted, on which a financier advances money: by name."""
    unfinished = Milestone.objects.unfinished().filter(contract=contract, pk__in=pledged)
    return list(unfinished.values_list("title", flat=True))


def check_terms(contract: Contract, *, terms: Sequence[Mapping[str, Any]], pledged: Collection[int]) -> None:
    """Refuse terms that an advance does not allow, by which it was priced or which would forbid it; and a new retention
    of which a part would be released before anything is withheld."""
    _check_introduced(contract, terms=terms)
    rules.check_unfinanced_terms(terms, financed=unfinished(contract, pledged=pledged))
    advanced = [one.milestone.title for one in financing.bound_by_contract(contract)]
    rules.check_assigned(terms, advanced=advanced)


def _check_introduced(contract: Contract, *, terms: Sequence[Mapping[str, Any]]) -> None:
    """Asks only where there is a new retention."""
    retention = rules.introduced_retention(terms)
    if retention is not None:
        rules.check_introduced_retention(
            retention,
            accepted=set(retained.accepted_on(contract, terms=retention)),
            today=clock.today(contract.seller.time_zone),
        )


def to_take_back(deduction: milestones.Deduction) -> withdrawing.Withdrawable:
    """What can be withdrawn of the acceptance of a deduction; refused where it is less, or cannot be at all."""
    milestone = deduction.milestone
    found = withdrawing.withdrawable(milestone_ref=milestone.ref)
    if found.invoice is not None and not found.number and deduction.amount > found.left:
        raise Refused(
            "Of the invoice of “{milestone}” only {left} net of tax are left to credit, and {amount} would be taken"
            " back.",
            field="lines",
            milestone=milestone.title,
            left=Money(found.left, milestone.currency),
            amount=Money(deduction.amount, milestone.currency),
        )
    withdrawing.require_withdrawable(found, amount=deduction.amount, field="lines")
    return found


def _effect(
    contract: Contract, *, moved: list[rules.Moved], terms: Sequence[Mapping[str, Any]], price: Decimal
) -> Effect:
    pledged = financing.pledged(contract=contract)
    check_terms(contract, terms=terms, pledged=pledged)
    replanning.check_calendar(contract=contract, moved=moved)
    effect = milestones.check_change(
        contract=contract,
        moved=moved,
        price=price,
        financed=held_by_financiers(contract),
        by_calendar=replanning.calendar_sums(contract),
    )
    for one in milestones.deductions(contract=contract, moved=moved) if effect.credited else ():
        to_take_back(one)
    return effect


def _as_signed(
    contract: Contract, *, moved: list[rules.Moved], terms: Sequence[Mapping[str, Any]], price: Decimal
) -> Effect:
    """The effect as the signature finds it, which sees the seller's advances too, whichever side reads the page: what
    is paid out on decides what may change."""
    with transaction.atomic():
        walls.widen(contract.seller_id)
        return _effect(contract, moved=moved, terms=terms, price=price)


def _advances(contract: Contract, *, actor: Actor, moved: list[rules.Moved], version: ContractVersion) -> AdvancesAhead:
    pledged = financing.pledged(contract=contract)
    if not pledged:
        return AdvancesAhead()
    taken = {one.milestone.pk: one for one in milestones.deductions(contract=contract, moved=moved)}
    found = Milestone.objects.filter(contract=contract, pk__in=pledged).select_related("line")
    concerned = list(found.order_by("position", "part"))
    lines = {one.pk: one.line for one in concerned}
    names = {one.pk: one.title for one in concerned if one.state not in ENDED or one.pk in taken}
    if actor.organisation_id != contract.seller_id:
        return AdvancesAhead(stays=list(names.values()))
    nets = milestones.comes_to(contract=contract, moved=moved, financed=held_by_financiers(contract))
    owed = financing.owed_ahead(
        contract=contract,
        actor=actor,
        becomes={pk: _total(net, line=lines[pk], version=version) for pk, net in nets.items() if pk in pledged},
        lowered={pk: _lowered(one) for pk, one in taken.items() if pk in pledged},
        at=clock.now(),
    )
    back = [one for one in owed if one.amount]
    gone = {one.milestone_id for one in back}
    return AdvancesAhead(back, [name for pk, name in names.items() if pk not in gone], told_all=True)


def _total(net: Decimal, *, line: PlanLine, version: ContractVersion) -> Decimal:
    if not net:
        return money.ZERO
    return reading.total_to_bill(net, agreed=rules.Agreed(version, line.own), currency=version.contract.currency)


def _lowered(deduction: milestones.Deduction) -> Decimal:
    found = withdrawing.withdrawable(milestone_ref=deduction.milestone.ref)
    if found.invoice is None:
        return money.ZERO
    return creditable.lowers_by(deduction.amount, invoice_ref=found.invoice.ref)
