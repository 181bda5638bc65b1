"""The verbs between a submission and its acceptance."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.core.errors import Refused
from apps.milestones import services as milestones
from apps.milestones.models import Question
from apps.milestones.services import CriterionVerdict
from apps.parties.actor import Actor
from apps.workflows import before_acceptance, confirming
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key
from apps.workflows.once import Answer


def verdicts_of(scene: Scene, event: Event) -> list[CriterionVerdict]:
    """Every criterion passed but those that the event names as missing."""
    criteria = scene.milestone(event).line.criteria.order_by("position")
    return [
        CriterionVerdict(
            criterion_id=criterion.pk, is_passed=number not in event.missing, reason=event.missing.get(number, "")
        )
        for number, criterion in enumerate(criteria, start=1)
    ]


def _ask_question(scene: Scene, event: Event, actor: Actor) -> Answer:
    return before_acceptance.ask_question(
        actor=actor, key=new_key(), submission_ref=scene.submission(event).ref, text=event.text
    )


def _answer_question(scene: Scene, event: Event, actor: Actor) -> Answer:
    """The oldest question that waits."""
    asked = Question.objects.filter(submission=scene.submission(event), answered_at__isnull=True)
    question = asked.order_by("number").first()
    if question is None:
        raise Refused("No question about this milestone waits for an answer.")
    return before_acceptance.answer_question(actor=actor, key=new_key(), question_ref=question.ref, text=event.text)


def _inspect(scene: Scene, event: Event, actor: Actor) -> Answer:
    submission = scene.submission(event)
    return before_acceptance.inspect_milestone(
        actor=actor,
        key=new_key(),
        submission_ref=submission.ref,
        seen=submission.sha256,
        verdicts=verdicts_of(scene, event),
        comment=event.text,
    )


def _pass_to(scene: Scene, event: Event, actor: Actor) -> Answer:
    """Among the team; or from the signatory's link to the mailbox of a colleague, who does from then on what the
    signatory's events say of this submission."""
    if event.mailbox:
        return before_acceptance.pass_by_link(
            actor=actor,
            key=new_key(),
            submission_ref=scene.submission(event).ref,
            name=event.name or event.mailbox,
            email=event.mailbox,
            note=event.text,
        )
    colleague = scene.deal.parties["buyer"].people[event.colleague]
    membership = milestones.colleagues(actor).filter(user__email=colleague.email).first()
    return before_acceptance.pass_milestone(
        actor=actor,
        key=new_key(),
        submission_ref=scene.submission(event).ref,
        membership_ref=membership.ref if membership is not None else "",
        note=event.text,
    )


def _take_back(scene: Scene, event: Event, actor: Actor) -> Answer:
    return before_acceptance.take_back_milestone(actor=actor, key=new_key(), submission_ref=scene.submission(event).ref)


def _confirm_event(scene: Scene, event: Event, actor: Actor) -> Answer:
    return confirming.confirm_event(
        actor=actor, key=new_key(), contract_ref=scene.contract_ref, event=event.event, note=event.text
    )


STEPS: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "ask_question": _ask_question,
        "answer_question": _answer_question,
        "inspect": _inspect,
        "pass_to": _pass_to,
        "take_back": _take_back,
        "confirm_event": _confirm_event,
    }
)
