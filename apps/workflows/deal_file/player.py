"""Play a deal through the workflows that the portals call: each event in its own committed transaction, at its date."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from apps.contracts import services as contracts
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.milestones import services as milestones
from apps.workflows import contracting, disputing, instalments, negotiating, retention, reviews
from apps.workflows.deal_file import setting
from apps.workflows.deal_file.deal import Deal, Event
from apps.workflows.deal_file.scene import Scene
from apps.workflows.deal_file.verbs import PERFORM
from apps.workflows.worker import run_due_jobs


class EventRefused(Refused):
    """The business refused an event: what was played before it stands, the event itself changed nothing."""


def play(*deals: Deal, tell: Callable[[str], object] = str) -> list[str]:
    """Play all events of one or more deals in the order of time, and return the reference of each deal's contract.

    Several deals are played together, not one after the other: a seller who has both numbers the invoices as they come.
    ``tell`` hears one line per event, for showing progress.
    """
    scenes = [Scene(deal) for deal in deals]
    steps = sorted(
        ((event.at, number, scene, event) for number, scene in enumerate(scenes) for event in scene.deal.events),
        key=lambda step: step[:2],
    )
    last = steps[0][0] if steps else None
    for at, _number, scene, event in steps:
        _let_time_pass(scenes, after=last, until=at)
        last = at
        with clock.stopped(at):
            if not scene.contract_ref:
                _set_up(scene)
            _perform(scene, event)
            run_due_jobs()
        tell(f"{at:%Y-%m-%d %H:%M}  {event.verb.replace('_', ' ')}: {scene.deal.title}")
    walls.leave()
    return [scene.contract_ref for scene in scenes]


def _let_time_pass(scenes: list[Scene], *, after: datetime | None, until: datetime) -> None:
    """What the last days of proposals, the review clocks and the retention ask for between two events, each at its own
    moment."""
    refs = [scene.contract_ref for scene in scenes if scene.contract_ref]
    while after is not None and refs:
        moments = (
            contracts.next_expiry(after=after, until=until, contract_refs=refs),
            milestones.next_moment(after=after, until=until, contract_refs=refs),
            invoicing.next_release(after=after, until=until, contract_refs=refs),
            milestones.next_missed(after=after, until=until, contract_refs=refs),
            invoicing.next_billing(after=after, until=until, contract_refs=refs),
        )
        moment = min((one for one in moments if one is not None), default=None)
        if moment is None:
            return
        with clock.stopped(moment):
            for proposal in negotiating.overdue(at=moment, contract_refs=refs):
                negotiating.tend(version_ref=proposal.version_ref, organisation_id=proposal.organisation_id)
            for review in reviews.due(at=moment, contract_refs=refs):
                reviews.tend(
                    submission_ref=review.submission_ref,
                    seller_id=review.seller_id,
                    what=review.what,
                    due=review.due,
                )
            for position in disputing.missed(at=moment, contract_refs=refs):
                disputing.tend(
                    dispute_ref=position.dispute_ref, organisation_id=position.organisation_id, due=position.due
                )
            for part in retention.due(at=moment, contract_refs=refs):
                retention.tend(contract_ref=part.contract_ref, seller_id=part.seller_id, position=part.position)
            for contract in instalments.due(at=moment, contract_refs=refs):
                instalments.tend(contract_ref=contract.contract_ref, seller_id=contract.seller_id)
            run_due_jobs()
        after = moment


def _set_up(scene: Scene) -> None:
    """Organisations and teams, and the seller's draft of the contract."""
    parties = scene.deal.parties
    scene.organisations["seller"] = setting.found(parties["seller"])
    if "financier" in parties:
        scene.organisations["financier"] = setting.found(parties["financier"])
    drafter = next(event.by for event in scene.deal.events if event.by.side == "seller")
    seller = setting.actor_of(drafter, scene.organisations["seller"])
    buyer = scene.organisations["buyer"] = setting.name_buyer(parties["buyer"], seller=seller)
    with walls.asking_for(seller.organisation_id, user=seller.user_id):
        answer = contracting.draft_contract(
            actor=seller, key=str(uuid4()), draft=replace(scene.deal.contract, buyer_ref=buyer.ref)
        )
    scene.contract_ref = answer["contract"]


def _perform(scene: Scene, event: Event) -> None:
    try:
        actor = scene.actor(event)
        with walls.asking_for(actor.organisation_id, user=actor.user_id, contract=actor.contract_id):
            PERFORM[event.verb](scene, event, actor)
    except Refused as refused:
        raise EventRefused(
            "line {line}: {verb}: {reason}", line=event.line, verb=event.verb, reason=str(refused)
        ) from refused
    buyer = scene.deal.parties["buyer"]
    if event.verb == "propose" and buyer.people:
        setting.claim(buyer, scene.organisations["buyer"])
