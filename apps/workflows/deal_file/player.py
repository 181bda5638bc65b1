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
from apps.milestones.services import DueReview
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
            _tend_reviews(refs, at=moment)
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


def _tend_reviews(contract_refs: list[str], *, at: datetime) -> None:
    """What the review clocks ask for at one moment: what silence accepts may let it accept what builds on that."""
    tended: set[DueReview] = set()
    while asked := [one for one in reviews.due(at=at, contract_refs=contract_refs) if one not in tended]:
        for one in asked:
            reviews.tend(submission_ref=one.submission_ref, seller_id=one.seller_id, what=one.what, due=one.due)
        tended.update(asked)


def _set_up(scene: Scene) -> None:
    """Organisations and teams, and the draft of the side that begins the contract; the other one is written down."""
    parties, begins = scene.deal.parties, scene.deal.begun_by
    scene.organisations[begins] = setting.found(parties[begins])
    if "financier" in parties:
        scene.organisations["financier"] = setting.found(parties["financier"])
    drafter = next(event.by for event in scene.deal.events if event.by.side == begins)
    writer = setting.actor_of(drafter, scene.organisations[begins])
    other = "buyer" if begins == "seller" else "seller"
    named = scene.organisations[other] = setting.name_counterparty(parties[other], by=writer)
    draft = scene.deal.contract
    if begins == "seller":
        draft = replace(draft, buyer_ref=named.ref)
    else:
        draft = replace(draft, seller_ref=named.ref, seller_email=setting.owner_of(parties["seller"]).email)
    with walls.asking_for(writer.organisation_id, user=writer.user_id):
        answer = contracting.draft_contract(actor=writer, key=str(uuid4()), draft=draft)
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
    asked = {"propose": "buyer", "order": "seller"}.get(event.verb, "")
    if asked and scene.deal.begun_by != asked and scene.deal.parties[asked].people:
        setting.claim(scene.deal.parties[asked], scene.organisations[asked])
