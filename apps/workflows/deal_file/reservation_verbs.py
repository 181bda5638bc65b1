"""The verbs of acceptance with reservations."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.core.files.base import ContentFile

from apps.core.errors import Refused
from apps.milestones.models import Reservation
from apps.milestones.rules import ANSWER_DAYS
from apps.milestones.services import Defect
from apps.parties.actor import Actor
from apps.workflows import mended, reserving
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key
from apps.workflows.once import Answer


def _accept(scene: Scene, event: Event, actor: Actor) -> Answer:
    submission = scene.submission(event)
    criteria = list(submission.milestone.line.criteria.order_by("position").values_list("pk", flat=True))
    return reserving.accept_with_reservations(
        actor=actor,
        key=new_key(),
        submission_ref=submission.ref,
        seen=submission.sha256,
        defects=[
            Defect(
                title=one.title,
                due_on=one.due_on,
                amount=one.amount,
                text=one.text,
                criterion_id=criteria[one.criterion - 1] if one.criterion is not None else None,
            )
            for one in event.defects
        ],
        comment=event.text,
    )


def _mend(scene: Scene, event: Event, actor: Actor) -> Answer:
    ref = _shown(scene, event, actor)
    return reserving.report_mended(actor=actor, key=new_key(), reservation_ref=ref, text=event.text)


def _dispute(scene: Scene, event: Event, actor: Actor) -> Answer:
    return mended.dispute_defect(
        actor=actor,
        key=new_key(),
        reservation_ref=_reservation(scene, event).ref,
        reason=event.text,
        answer_days=event.answer_days or ANSWER_DAYS,
    )


def _missing(scene: Scene, event: Event, actor: Actor) -> Answer:
    ref = _shown(scene, event, actor)
    return reserving.say_missing(actor=actor, key=new_key(), reservation_ref=ref, text=event.text)


def _release(scene: Scene, event: Event, actor: Actor) -> Answer:
    return reserving.release_reservation(
        actor=actor, key=new_key(), reservation_ref=_reservation(scene, event).ref, text=event.text
    )


def _offer(scene: Scene, event: Event, actor: Actor) -> Answer:
    if event.amount is None:
        raise Refused("Say in `amount` how much is taken off the price.")
    return reserving.offer_reduction(
        actor=actor,
        key=new_key(),
        reservation_ref=_reservation(scene, event).ref,
        amount=event.amount,
        text=event.text,
    )


def _agree(scene: Scene, event: Event, actor: Actor) -> Answer:
    offer = _reservation(scene, event).words.filter(kind="offer").order_by("number").last()
    if offer is None:
        raise Refused("Nobody offered a lower price for this defect.")
    return reserving.agree_reduction(actor=actor, key=new_key(), offer_ref=offer.ref)


def _shown(scene: Scene, event: Event, actor: Actor) -> str:
    """The defect of which files show something before something is said."""
    ref = _reservation(scene, event).ref
    for attachment in event.files:
        upload = ContentFile(attachment.text.encode(), name=attachment.name)
        reserving.attach_to_reservation(actor=actor, reservation_ref=ref, upload=upload)
    return ref


def _reservation(scene: Scene, event: Event) -> Reservation:
    """The one that is named by its number, else the first that is not settled."""
    listed = Reservation.objects.filter(**scene.of_milestone(event, "milestone")).order_by("milestone__part", "number")
    found = listed.filter(number=event.reservation) if event.reservation is not None else listed.unsettled()
    reservation = found.first()
    if reservation is None:
        raise Refused("This milestone has no such reservation.")
    return reservation


RESERVING: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "accept_with_reservations": _accept,
        "mend": _mend,
        "dispute_defect": _dispute,
        "still_missing": _missing,
        "release_reservation": _release,
        "offer_reduction": _offer,
        "agree_reduction": _agree,
        "ask_reduction": _offer,
        "grant_reduction": _agree,
    }
)
