"""Terminations in tests: notice given, settlements proposed and signed by the workflows, as the pages do."""

from datetime import date, datetime
from decimal import Decimal

from apps.contracts import services as contracts
from apps.contracts.models import Contract, Termination
from apps.core import clock
from apps.milestones import services as milestones
from apps.milestones.models import Settlement
from apps.milestones.services import GivenValue
from apps.parties.actor import Actor
from apps.workflows import terminating
from apps.workflows.once import Answer
from tests import scenarios
from tests.scenarios import Parties, acting, key


def noticed(
    contract: Contract,
    *,
    by: Actor,
    effective_on: date,
    at: datetime,
    ground: str = "convenience",
    reason: str = "",
    once: str = "",
) -> Termination:
    """Notice, given by one side."""
    with acting(by, at=at):
        answer = terminating.give_notice(
            actor=by,
            key=once or key(),
            contract_ref=contract.ref,
            ground=ground,
            reason=reason,
            effective_on=effective_on,
        )
        return Termination.objects.get(ref=answer["termination"])


def values(contract: Contract, worth: dict[int, str]) -> list[GivenValue]:
    """A value for every open milestone, by position; 0 for those that are not named."""
    return [
        GivenValue(
            one.milestone_ref, Decimal(worth.get(one.position, "0")), "Shown on site." if one.position in worth else ""
        )
        for one in milestones.open_values(contract)
    ]


def proposed(
    contract: Contract, worth: dict[int, str], *, by: Actor, at: datetime, note: str = "", once: str = ""
) -> Settlement:
    """What one side holds to be owed, signed by it."""
    with acting(by, at=at):
        fresh = Contract.objects.get(pk=contract.pk)
        given = values(fresh, worth)
        side = contracts.side_of(fresh, actor=by)
        seen = terminating.preview_settlement(fresh, side=side, given=given, note=note).draft.sha256
        answer = terminating.propose_settlement(
            actor=by, key=once or key(), contract_ref=contract.ref, values=given, note=note, seen=seen
        )
        return Settlement.objects.select_related("termination").get(ref=answer["settlement"])


def signed(settlement: Settlement, *, by: Actor, at: datetime, once: str = "", seen: str = "") -> Answer:
    """The other side signs it as it was proposed."""
    with acting(by, at=at):
        return terminating.sign_settlement(
            actor=by, key=once or key(), settlement_ref=settlement.ref, seen=seen or settlement.sha256
        )


def waiting(parties: Parties, contract: Contract, *, side: str) -> Settlement:
    """Notice of today, and a settlement that one side proposed today."""
    now = clock.now()
    by = {"seller": scenarios.seller_actor, "buyer": scenarios.buyer_actor}[side](parties)
    noticed(contract, by=by, effective_on=clock.today(parties.seller.time_zone), at=now)
    return proposed(contract, {1: "100.00"}, by=by, at=now)
