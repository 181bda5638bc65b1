"""What each verb of a deal file does: one workflow, called as a portal calls it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from django.core.files.base import ContentFile

from apps.contracts import services as contracts
from apps.milestones import services as milestones
from apps.milestones.services import CriterionAnswer, Link, Part
from apps.parties.actor import Actor
from apps.workflows import billing, commenting, contracting, negotiating, sign_off
from apps.workflows.deal_file.application_verbs import APPLYING
from apps.workflows.deal_file.change_verbs import CHANGES
from apps.workflows.deal_file.charge_verbs import CHARGING
from apps.workflows.deal_file.credit_verbs import CREDITING
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.dispute_verbs import DISPUTING
from apps.workflows.deal_file.document_verbs import DOCUMENTING
from apps.workflows.deal_file.funding_verbs import FUNDING
from apps.workflows.deal_file.late_verbs import LATE_PAYMENT
from apps.workflows.deal_file.link_verbs import LINKING
from apps.workflows.deal_file.mail_verbs import MAILS
from apps.workflows.deal_file.recourse_verbs import RECOURSE
from apps.workflows.deal_file.refund_verbs import REFUNDING
from apps.workflows.deal_file.reminder_verbs import REMINDING
from apps.workflows.deal_file.reservation_verbs import RESERVING
from apps.workflows.deal_file.retention_verbs import RETENTION
from apps.workflows.deal_file.revenue_verbs import REVENUE
from apps.workflows.deal_file.scene import Scene, new_key, reference_of
from apps.workflows.deal_file.step_verbs import STEPS, verdicts_of
from apps.workflows.deal_file.termination_verbs import TERMINATION
from apps.workflows.deal_file.treasury_verbs import TREASURY
from apps.workflows.once import Answer


def _propose(scene: Scene, event: Event, actor: Actor) -> Answer:
    _text, seen = contracts.preview(scene.contract(), side=event.by.side)
    return contracting.propose_contract(actor=actor, key=new_key(), contract_ref=scene.contract_ref, seen=seen)


def _sign(scene: Scene, event: Event, actor: Actor) -> Answer:
    version = scene.version()
    return contracting.sign_contract(
        actor=actor,
        key=new_key(),
        version_ref=version.ref,
        seen=version.sha256,
        pick=event.pick,
        order_number=event.reference,
    )


def _order_number(scene: Scene, event: Event, actor: Actor) -> Answer:
    return contracting.set_order_number(
        actor=actor, key=new_key(), contract_ref=scene.contract_ref, number=event.reference
    )


def _ask_for_changes(scene: Scene, event: Event, actor: Actor) -> Answer:
    return contracting.request_contract_changes(
        actor=actor, key=new_key(), version_ref=scene.version().ref, reason=event.text
    )


def _comment(scene: Scene, event: Event, actor: Actor) -> Answer:
    """About the milestone that is named, or else about what is proposed."""
    if event.milestone is not None:
        milestone = scene.milestone(event)
        return commenting.comment_milestone(actor=actor, key=new_key(), milestone_ref=milestone.ref, text=event.text)
    return negotiating.comment_contract(actor=actor, key=new_key(), version_ref=scene.version().ref, text=event.text)


def _answer(scene: Scene, event: Event, actor: Actor) -> Answer:
    """The other side proposes what was proposed to it at another price."""
    negotiating.answer_proposal(actor=actor, key=new_key(), version_ref=scene.version().ref)
    draft = contracts.draft_of(scene.contract(), side=event.by.side)
    if event.amount is not None:
        draft = replace(draft, price=event.amount)
    contracting.change_draft(actor=actor, key=new_key(), contract_ref=scene.contract_ref, draft=draft)
    return _propose(scene, event, actor)


def _withdraw_contract(scene: Scene, event: Event, actor: Actor) -> Answer:
    return contracting.withdraw_contract(actor=actor, key=new_key(), contract_ref=scene.contract_ref)


def _submit(scene: Scene, event: Event, actor: Actor) -> Answer:
    milestone = scene.milestone(event)
    criteria = list(milestone.line.criteria.order_by("position"))

    def links(criterion: int | None) -> list[Link]:
        return [Link(one.title, one.url) for one in event.links if one.criterion == criterion]

    sign_off.prepare_submission(
        actor=actor,
        key=new_key(),
        milestone_ref=milestone.ref,
        note=event.text,
        answers=[
            CriterionAnswer(
                criterion_id=criterion.pk, is_met=True, note=event.notes.get(number, ""), links=links(number)
            )
            for number, criterion in enumerate(criteria, start=1)
        ],
        links=links(None),
    )
    for attachment in event.files:
        sign_off.attach_evidence(
            actor=actor,
            milestone_ref=milestone.ref,
            upload=ContentFile(attachment.text.encode(), name=attachment.name),
            criterion_id=criteria[attachment.criterion - 1].pk if attachment.criterion else None,
        )
    _text, seen = milestones.preview(milestone)
    return sign_off.submit_milestone(actor=actor, key=new_key(), milestone_ref=milestone.ref, seen=seen)


def _withdraw_submission(scene: Scene, event: Event, actor: Actor) -> Answer:
    return sign_off.withdraw_submission(actor=actor, key=new_key(), submission_ref=scene.submission(event).ref)


def _accept(scene: Scene, event: Event, actor: Actor) -> Answer:
    submission = scene.submission(event)
    return sign_off.accept_milestone(
        actor=actor, key=new_key(), submission_ref=submission.ref, seen=submission.sha256, comment=event.text
    )


def _accept_part(scene: Scene, event: Event, actor: Actor) -> Answer:
    submission = scene.submission(event)
    return sign_off.accept_part(
        actor=actor,
        key=new_key(),
        submission_ref=submission.ref,
        seen=submission.sha256,
        part=Part(amount=event.amount, percent=event.percent, quantity=event.quantity),
        verdicts=verdicts_of(scene, event),
        comment=event.text,
    )


def _request_changes(scene: Scene, event: Event, actor: Actor) -> Answer:
    submission = scene.submission(event)
    return sign_off.request_changes(
        actor=actor,
        key=new_key(),
        submission_ref=submission.ref,
        seen=submission.sha256,
        verdicts=verdicts_of(scene, event),
        comment=event.text,
        wanted_by=event.wanted_by,
    )


def _pay(scene: Scene, event: Event, actor: Actor) -> Answer:
    invoice = scene.invoice(event)
    return billing.record_payment(
        actor=actor,
        key=new_key(),
        invoice_ref=invoice.ref,
        amount=event.amount or invoice.open_item.open,
        received_on=event.on,
        bank_reference=reference_of(event),
    )


def _reverse_payment(scene: Scene, event: Event, actor: Actor) -> Answer:
    return billing.reverse_payment(actor=actor, key=new_key(), payment_ref=scene.payment(event).ref, reason=event.text)


def _wait(scene: Scene, event: Event, actor: Actor) -> Answer:
    """Nothing but time passes; what it brings (reminders, what silence means) the player has done on the way."""
    return {}


PERFORM: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "propose": _propose,
        "order": _propose,
        "sign": _sign,
        "order_number": _order_number,
        "ask_for_changes": _ask_for_changes,
        "ask": _comment,
        "reply": _comment,
        "answer": _answer,
        "sign_answer": _sign,
        "answer_order": _answer,
        "ask_for_another_order": _ask_for_changes,
        "withdraw_contract": _withdraw_contract,
        "withdraw_order": _withdraw_contract,
        "submit": _submit,
        "withdraw_submission": _withdraw_submission,
        "accept": _accept,
        "request_changes": _request_changes,
        "accept_part": _accept_part,
        "pay": _pay,
        "reverse_payment": _reverse_payment,
        **APPLYING,
        **CREDITING,
        **DISPUTING,
        **LINKING,
        **MAILS,
        **REFUNDING,
        **DOCUMENTING,
        **REMINDING,
        **RESERVING,
        **STEPS,
        **CHANGES,
        **TERMINATION,
        **CHARGING,
        **LATE_PAYMENT,
        **RETENTION,
        **REVENUE,
        **FUNDING,
        **RECOURSE,
        **TREASURY,
        "wait": _wait,
    }
)
"""The verbs of :data:`apps.workflows.deal_file.deal.VERBS`, each with what it does."""
