"""What the verbs of financing do: one workflow each, called as a portal calls it."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from types import MappingProxyType

from apps.core.errors import Refused
from apps.financing import services as financing
from apps.financing.models import Facility
from apps.financing.rules import LineTerms, OfferTerms
from apps.financing.services import FacilityTerms
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.workflows import funding, underwriting
from apps.workflows.deal_file.deal import Event, PriceLine
from apps.workflows.deal_file.scene import Scene, new_key, reference_of
from apps.workflows.once import Answer


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
        pre_limit_rate=plan.pre_limit_rate,
        pre_advance_rate=plan.pre_advance_rate,
        pre_annual_rate=plan.pre_annual_rate,
        pre_fee_rate=plan.pre_fee_rate,
        pre_longest_days=plan.pre_longest_days,
    )
    return funding.open_facility(actor=actor, key=new_key(), seller_ref=scene.organisations["seller"].ref, terms=terms)


def _change_facility(scene: Scene, event: Event, actor: Actor) -> Answer:
    facility = scene.facility()
    stands = {field.name: getattr(facility, field.name) for field in fields(FacilityTerms)}
    terms = FacilityTerms(**{**stands, "limit": event.amount or facility.limit})
    return funding.change_facility(
        actor=actor, key=new_key(), facility_ref=facility.ref, terms=terms, reason=event.text
    )


def _close_facility(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.close_facility(actor=actor, key=new_key(), facility_ref=scene.facility().ref, reason=event.text)


def _verify_buyer(scene: Scene, event: Event, actor: Actor) -> Answer:
    """The buyer with the signatory of this contract; of a buyer that another file verified, the signatory alone."""
    buyer, contract = scene.organisations["buyer"], scene.contract()
    known = financing.verification_of(financier_id=actor.organisation_id, buyer_id=buyer.pk)
    if known is None:
        signatory = contract.active_version.signatory_email if contract.active_version is not None else ""
        return underwriting.verify_buyer(
            actor=actor,
            key=new_key(),
            buyer_ref=buyer.ref,
            checked=event.checked,
            note=event.text,
            signatory=signatory,
        )
    if mailbox := financing.unconfirmed_signatory(known, contract=contract):
        return underwriting.confirm_signatory(
            actor=actor, key=new_key(), verification_ref=known.ref, signatory=mailbox, checked=event.checked
        )
    return {}


def _limit_exposure(scene: Scene, event: Event, actor: Actor) -> Answer:
    return underwriting.set_exposure_limit(
        actor=actor, key=new_key(), exposure_ref=scene.exposure(event).ref, limit=event.amount
    )


def _request_funding(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.request_funding(
        actor=actor,
        key=new_key(),
        milestone_refs=[milestone.ref for milestone in scene.milestones(event)],
        facility_ref=scene.facility().ref,
        note=event.text,
    )


def _withdraw_request(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.withdraw_request(actor=actor, key=new_key(), request_ref=scene.request(event).ref)


def _decline_request(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.decline_request(actor=actor, key=new_key(), request_ref=scene.request(event).ref, reason=event.text)


def _price_offer(scene: Scene, event: Event, actor: Actor) -> Answer:
    terms = OfferTerms(
        funding_on=event.on,
        lines=tuple(
            _line_terms(scene, milestone, price=price, funding_on=event.on)
            for milestone, price in zip(
                scene.milestones(event), sorted(event.price, key=lambda line: line.milestone), strict=True
            )
        ),
    )
    return funding.price_offer(actor=actor, key=new_key(), request_ref=scene.request(event).ref, terms=terms)


def _line_terms(scene: Scene, milestone: Milestone, *, price: PriceLine, funding_on: date) -> LineTerms:
    history = financing.history_of(milestone.contract)
    expected_on = financing.until_paid(milestone, funding_on=funding_on, history=history)[-1].on
    usual = financing.usual_terms(facility=scene.facility(), milestone=milestone, expected_on=expected_on)
    return LineTerms(
        advance_rate=price.advance_rate or usual.advance_rate,
        annual_rate=price.annual_rate or usual.annual_rate,
        fee_rate=usual.fee_rate if price.fee_rate is None else price.fee_rate,
        expected_on=price.expected_on or expected_on,
    )


def _approve_offer(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.approve_offer(actor=actor, key=new_key(), offer_ref=scene.offer(event).ref)


def _revoke_offer(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.revoke_offer(actor=actor, key=new_key(), offer_ref=scene.offer(event).ref)


def _accept_offer(scene: Scene, event: Event, actor: Actor) -> Answer:
    offer = scene.offer(event)
    return funding.accept_offer(actor=actor, key=new_key(), offer_ref=offer.ref, seen=offer.disclosure_sha256)


def _decline_offer(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.decline_offer(actor=actor, key=new_key(), offer_ref=scene.offer(event).ref)


def _acknowledge_assignment(scene: Scene, event: Event, actor: Actor) -> Answer:
    assignment = scene.assignment(event)
    return funding.acknowledge_assignment(
        actor=actor, key=new_key(), assignment_ref=assignment.ref, seen=assignment.notice_sha256
    )


def _waive_notice(scene: Scene, event: Event, actor: Actor) -> Answer:
    assignment = scene.assignment(event)
    return funding.waive_notice(actor=actor, key=new_key(), assignment_ref=assignment.ref, reason=event.text)


def _cancel_funding(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.cancel_tranche(actor=actor, key=new_key(), tranche_ref=scene.tranche(event).ref, reason=event.text)


def _fund(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.fund_tranche(
        actor=actor,
        key=new_key(),
        tranche_ref=scene.tranche(event).ref,
        value_on=event.on,
        bank_reference=reference_of(event),
    )


def _fund_offer(scene: Scene, event: Event, actor: Actor) -> Answer:
    offer_ref = scene.offer(event).ref
    return funding.fund_offer(
        actor=actor,
        key=new_key(),
        offer_ref=offer_ref,
        seen=financing.seen_of(financing.waiting_of(offer_ref=offer_ref)),
        value_on=event.on,
        bank_reference=reference_of(event),
    )


def _collect(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.collect_payment(
        actor=actor,
        key=new_key(),
        tranche_ref=scene.tranche(event).ref,
        amount=event.amount or scene.invoice(event).open_item.open,
        received_on=event.on,
        bank_reference=reference_of(event),
    )


def _pay_reserve(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.pay_reserve(
        actor=actor,
        key=new_key(),
        tranche_ref=scene.tranche(event).ref,
        value_on=event.on,
        bank_reference=reference_of(event),
    )


def _accrue(scene: Scene, event: Event, actor: Actor) -> Answer:
    return funding.accrue_income(actor=actor, key=new_key(), through=event.on)


FUNDING: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "open_facility": _open_facility,
        "change_facility": _change_facility,
        "close_facility": _close_facility,
        "verify_buyer": _verify_buyer,
        "limit_exposure": _limit_exposure,
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
        "fund_offer": _fund_offer,
        "collect": _collect,
        "pay_reserve": _pay_reserve,
        "accrue": _accrue,
    }
)
"""The verbs of financing, each with what it does."""
