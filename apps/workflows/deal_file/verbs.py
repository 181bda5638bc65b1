"""What each verb of a deal file does: one workflow, called as a portal calls it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from uuid import uuid4

from django.core.files.base import ContentFile

from apps.contracts import services as contracts
from apps.core.errors import Refused
from apps.financing.models import Facility
from apps.financing.rules import OfferTerms
from apps.financing.services import FacilityTerms
from apps.milestones import services as milestones
from apps.milestones.services import CriterionAnswer, CriterionVerdict
from apps.parties.actor import Actor
from apps.workflows import billing, contracting, funding, sign_off
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene
from apps.workflows.once import Answer


def _propose(scene: Scene, event: Event, actor: Actor) -> Answer:
    _text, seen = contracts.preview(scene.contract())
    return contracting.propose_contract(actor=actor, key=_key(), contract_ref=scene.contract_ref, seen=seen)


def _sign(scene: Scene, event: Event, actor: Actor) -> Answer:
    version = scene.version()
    return contracting.sign_contract(actor=actor, key=_key(), version_ref=version.ref, seen=version.sha256)


def _ask_for_changes(scene: Scene, event: Event, actor: Actor) -> Answer:
    return contracting.request_contract_changes(
        actor=actor, key=_key(), version_ref=scene.version().ref, reason=event.text
    )


def _withdraw_contract(scene: Scene, event: Event, actor: Actor) -> Answer:
    return contracting.withdraw_contract(actor=actor, key=_key(), contract_ref=scene.contract_ref)


def _submit(scene: Scene, event: Event, actor: Actor) -> Answer:
    milestone = scene.milestone(event)
    criteria = list(milestone.line.criteria.order_by("position"))
    sign_off.prepare_submission(
        actor=actor,
        key=_key(),
        milestone_ref=milestone.ref,
        note=event.text,
        answers=[
            CriterionAnswer(criterion_id=criterion.pk, is_met=True, note=event.notes.get(number, ""))
            for number, criterion in enumerate(criteria, start=1)
        ],
    )
    for attachment in event.files:
        sign_off.attach_evidence(
            actor=actor,
            milestone_ref=milestone.ref,
            upload=ContentFile(attachment.text.encode(), name=attachment.name),
            criterion_id=criteria[attachment.criterion - 1].pk if attachment.criterion else None,
        )
    _text, seen = milestones.preview(milestone)
    return sign_off.submit_milestone(actor=actor, key=_key(), milestone_ref=milestone.ref, seen=seen)


def _withdraw_submission(scene: Scene, event: Event, actor: Actor) -> Answer:
    return sign_off.withdraw_submission(actor=actor, key=_key(), submission_ref=scene.submission(event).ref)


def _accept(scene: Scene, event: Event, actor: Actor) -> Answer:
    submission = scene.submission(event)
    return sign_off.accept_milestone(
        actor=actor, key=_key(), submission_ref=submission.ref, seen=submission.sha256, comment=event.text
    )


def _request_changes(scene: Scene, event: Event, actor: Actor) -> Answer:
    submission = scene.submission(event)
    criteria = scene.milestone(event).line.criteria.order_by("position")
    verdicts = [
        CriterionVerdict(
            criterion_id=criterion.pk, is_passed=number not in event.missing, reason=event.missing.get(number, "")
        )
        for number, criterion in enumerate(criteria, start=1)
    ]
    return sign_off.request_changes(
        actor=actor,
        key=_key(),
        submission_ref=submission.ref,
        seen=submission.sha256,
        verdicts=verdicts,
        comment=event.text,
    )


def _pay(scene: Scene, event: Event, actor: Actor) -> Answer:
    invoice = scene.invoice(event)
    return billing.record_payment(
        actor=actor,
        key=_key(),
        invoice_ref=invoice.ref,
        amount=event.amount or invoice.open_item.open,
        received_on=event.on,
        bank_reference=_reference(event),
    )


def _open_facility(scene: Scene, event: Event, actor: Actor) -> Answer:
    plan = scene.deal.facility
    if plan is None:
        raise Refused("The file has no facility.")
    known = Facility.objects.live().filter(seller=scene.organisations["seller"], currency=scene.deal.contract.currency)
    if known.filter(financier_id=actor.organisation_id).exists():
        return {}
    terms = FacilityTerms(
        currency=scene.deal.contract.currency,
        limit=plan.limit,
        advance_rate=plan.advance_rate,
        annual_rate=plan.annual_rate,
        fee_rate=plan.fee_rate,
        late_rate=plan.late_rate,
        grace_days=plan.grace_days,
        least_fee_days=plan.least_fee_days,
    )
    return funding.open_facility(actor=actor, key=_key(), seller_ref=scene.organisations["seller"].ref, terms=terms)


def _request_funding(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.request_funding(
        actor=actor,
        key=_key(),
        invoice_ref=scene.invoice(event).ref,
        facility_ref=scene.facility().ref,
        note=event.text,
    )


def _withdraw_request(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.withdraw_request(actor=actor, key=_key(), request_ref=scene.request(event).ref)


def _decline_request(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.decline_request(actor=actor, key=_key(), request_ref=scene.request(event).ref, reason=event.text)


def _price_offer(scene: Scene, event: Event, actor: Actor) -> Answer:
    facility = scene.facility()
    terms = OfferTerms(
        advance_rate=event.advance_rate or facility.advance_rate,
        annual_rate=event.annual_rate or facility.annual_rate,
        fee_rate=facility.fee_rate if event.fee_rate is None else event.fee_rate,
        funding_on=event.on,
        expected_on=event.expected_on or scene.invoice(event).due_on,
    )
    return funding.price_offer(actor=actor, key=_key(), request_ref=scene.request(event).ref, terms=terms)


def _approve_offer(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.approve_offer(actor=actor, key=_key(), offer_ref=scene.offer(event).ref)


def _revoke_offer(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.revoke_offer(actor=actor, key=_key(), offer_ref=scene.offer(event).ref)


def _accept_offer(scene: Scene, event: Event, actor: Actor) -> Answer:
    offer = scene.offer(event)
    return funding.accept_offer(actor=actor, key=_key(), offer_ref=offer.ref, seen=offer.disclosure_sha256)


def _decline_offer(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.decline_offer(actor=actor, key=_key(), offer_ref=scene.offer(event).ref)


def _acknowledge_assignment(scene: Scene, event: Event, actor: Actor) -> Answer:
    assignment = scene.assignment(event)
    return funding.acknowledge_assignment(
        actor=actor, key=_key(), assignment_ref=assignment.ref, seen=assignment.notice_sha256
    )


def _waive_notice(scene: Scene, event: Event, actor: Actor) -> Answer:
    assignment = scene.assignment(event)
    return funding.waive_notice(actor=actor, key=_key(), assignment_ref=assignment.ref, reason=event.text)


def _cancel_funding(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.cancel_tranche(actor=actor, key=_key(), tranche_ref=scene.tranche(event).ref, reason=event.text)


def _fund(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.fund_tranche(
        actor=actor,
        key=_key(),
        tranche_ref=scene.tranche(event).ref,
        value_on=event.on,
        bank_reference=_reference(event),
    )


def _collect(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.collect_payment(
        actor=actor,
        key=_key(),
        tranche_ref=scene.tranche(event).ref,
        amount=event.amount or scene.invoice(event).open_item.open,
        received_on=event.on,
        bank_reference=_reference(event),
    )


def _pay_reserve(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.pay_reserve(
        actor=actor,
        key=_key(),
        tranche_ref=scene.tranche(event).ref,
        value_on=event.on,
        bank_reference=_reference(event),
    )


def _accrue(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.accrue_income(actor=actor, key=_key(), through=event.on)


def _key() -> str:
    return str(uuid4())


def _reference(event: Event) -> str:
    return event.reference or f"line {event.line} of {event.at:%Y-%m-%d}"


PERFORM: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "propose": _propose,
        "sign": _sign,
        "ask_for_changes": _ask_for_changes,
        "withdraw_contract": _withdraw_contract,
        "submit": _submit,
        "withdraw_submission": _withdraw_submission,
        "accept": _accept,
        "request_changes": _request_changes,
        "pay": _pay,
        "open_facility": _open_facility,
        "request_funding": _request_funding,
        "withdraw_request": _withdraw_request,
        "decline_request": _decline_request,
        "price_offer": _price_offer,
        "approve_offer": _approve_offer,
        "revoke_offer": _revoke_offer,
        "accept_offer": _accept_offer,
        "decline_offer": _decline_offer,
        "acknowledge_assignment": _acknowledge_assignment,
        "waive_notice": _waive_notice,
        "cancel_funding": _cancel_funding,
        "fund": _fund,
        "collect": _collect,
        "pay_reserve": _pay_reserve,
        "accrue": _accrue,
    }
)
"""The verbs of :data:`apps.workflows.deal_file.deal.VERBS`, each with what it does."""
