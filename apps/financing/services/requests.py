"""Funding requests: a seller asks for money on milestones, and takes the request back or hears no."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from apps.contracts.models import Contract
from apps.core import money
from apps.core.errors import Refused
from apps.core.states import move
from apps.financing.models import Assignment, Facility, FundingRequest, RequestItem
from apps.financing.models.offer import Stage
from apps.financing.models.request import DeclineCode, RequestState
from apps.financing.rules.price import advance
from apps.financing.services.eligibility import eligible_amount, stage_of
from apps.financing.services.facilities import require_headroom
from apps.financing.services.locks import lock_request
from apps.financing.services.offers import close_live_offers
from apps.financing.services.record import person, reason_given, record
from apps.invoicing.services import Claim
from apps.parties.actor import Actor
from apps.parties.roles import Action

LONGEST_NOTE = 2_000
LONGEST_ABOUT = 400


def request(
    *, facility: Facility, contract: Contract, claims: Sequence[Claim], actor: Actor, note: str, at: datetime
) -> FundingRequest:
    """Ask for the whole of some milestones of a contract, accepted or not, under a facility that the caller holds.

    Refused unless each invoice is wholly open and not past due, each milestone before acceptance measurable, none asked
    for elsewhere, and the facility's usual advance on them fits under its limits.
    """
    actor.require(Action.REQUEST_FUNDING, organisation_id=contract.seller_id)
    if facility.seller_id != contract.seller_id:
        raise Refused("This facility is not for the seller of this contract.")
    if facility.closed_at is not None:
        raise Refused("This facility is closed. Ask the financier for a new one.")
    if facility.currency != contract.currency:
        raise Refused(
            "The facility is in {facility}, and the contract in {contract}.",
            facility=facility.currency,
            contract=contract.currency,
        )
    _refuse_asked(claims)
    if len(note) > LONGEST_NOTE:
        raise Refused("Write at most {most} characters.", field="note", most=LONGEST_NOTE)
    face = money.total(eligible_amount(claim.milestone, face=claim.face, at=at) for claim in claims)
    _require_headroom(facility, claims)
    made = FundingRequest.objects.create(
        facility=facility,
        financier_id=facility.financier_id,
        seller_id=contract.seller_id,
        contract=contract,
        about=shortened(", ".join(claim.name for claim in claims)),
        currency=contract.currency,
        face=face,
        note=note.strip(),
        requested_by_id=person(actor),
        requested_at=at,
    )
    RequestItem.objects.bulk_create(
        RequestItem(request=made, milestone=claim.milestone, face=claim.face) for claim in claims
    )
    record(
        contract,
        financier_id=made.financier_id,
        verb="funding.requested",
        subject=f"request:{made.ref}",
        actor=actor,
        at=at,
        milestones=[claim.milestone.ref for claim in claims],
        about=made.about,
        amount=face,
        currency=made.currency,
    )
    return made


def contract_of_request(*, request_ref: str) -> int:
    """The id of the contract on whose milestones money is asked for."""
    found = FundingRequest.objects.filter(ref=request_ref).values_list("contract_id", flat=True).first()
    if found is None:
        raise Refused("There is no such request, or it is not yours.")
    return found


def shortened(text: str) -> str:
    """A list of names that is cut where it would not fit any more."""
    return text if len(text) <= LONGEST_ABOUT else f"{text[: LONGEST_ABOUT - 1]}…"


def release(items: QuerySet[RequestItem], *, at: datetime) -> None:
    """Let milestones be asked for again: their request ended, or their advance was cancelled."""
    items.filter(released_at__isnull=True).update(released_at=at)


def revoke(assignment: Assignment, *, request: FundingRequest, at: datetime) -> None:
    """The claim is the seller's again, and its milestone may be asked for anew. The caller holds both."""
    release(request.items.filter(milestone=assignment.milestone_id), at=at)
    assignment.revoked_at = at
    assignment.save(update_fields=["revoked_at"])


def _refuse_asked(claims: Sequence[Claim]) -> None:
    asked = (
        RequestItem.objects.held()
        .filter(milestone__in=[claim.milestone for claim in claims])
        .values_list("milestone_id", flat=True)
    )
    names = [claim.name for claim in claims if claim.milestone.pk in set(asked)]
    if names:
        raise Refused(
            "Funding of {names} was already asked for. Withdraw that request before you ask elsewhere.",
            names=", ".join(names),
        )


def _require_headroom(facility: Facility, claims: Sequence[Claim]) -> None:
    """By the usual rates: a price that differs is checked again when it is made."""
    usual = {
        stage: money.total(
            advance(eligible=claim.face, advance_rate=rate, currency=facility.currency)
            for claim in claims
            if stage_of(claim.milestone) == stage
        )
        for stage, rate in ((Stage.POST, facility.advance_rate), (Stage.PRE, facility.pre_advance_rate))
    }
    require_headroom(facility, advance=money.total(usual.values()), before_acceptance=usual[Stage.PRE])


def withdraw_request(*, request_ref: str, actor: Actor, at: datetime) -> FundingRequest:
    """The seller takes a request back; an offer that is not accepted falls with it."""
    made = lock_request(request_ref=request_ref)
    actor.require(Action.REQUEST_FUNDING, organisation_id=made.seller_id)
    move(made, RequestState.WITHDRAWN, FundingRequest.TRANSITIONS)
    close_live_offers(made, actor=actor, at=at)
    return _close(made, verb="funding.withdrawn", actor=actor, at=at)


def decline_request(
    *, request_ref: str, actor: Actor, reason: str, code: str = DeclineCode.OTHER, at: datetime
) -> FundingRequest:
    """The financier says no, with a reason that the seller reads; an offer that is not accepted falls with it.

    ``code`` is one of :class:`DeclineCode`, by which refusals are counted.
    """
    made = lock_request(request_ref=request_ref)
    actor.require(Action.PRICE_OFFER, organisation_id=made.financier_id)
    move(made, RequestState.DECLINED, FundingRequest.TRANSITIONS)
    if code not in DeclineCode.values:
        raise Refused("Choose why you decline.", field="code")
    made.decline_code, made.decline_reason = code, reason_given(reason)
    close_live_offers(made, actor=actor, at=at)
    return _close(made, verb="funding.declined", actor=actor, at=at)


def _close(made: FundingRequest, *, verb: str, actor: Actor, at: datetime) -> FundingRequest:
    made.closed_at = at
    made.save(update_fields=["state", "closed_at", "decline_code", "decline_reason"])
    release(made.items.all(), at=at)
    record(
        made.contract,
        financier_id=made.financier_id,
        verb=verb,
        subject=f"request:{made.ref}",
        actor=actor,
        at=at,
    )
    return made
