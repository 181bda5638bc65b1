"""Funding requests: a seller asks for an invoice, and takes it back or hears no."""

from datetime import datetime

from apps.core.errors import Refused
from apps.core.states import move
from apps.financing.models import Facility, FundingRequest
from apps.financing.models.request import RequestState
from apps.financing.rules.price import advance
from apps.financing.services.eligibility import eligible_amount
from apps.financing.services.facilities import require_headroom
from apps.financing.services.locks import lock_request
from apps.financing.services.offers import close_live_offers
from apps.financing.services.record import person, reason_given, record
from apps.invoicing.models import Invoice
from apps.parties.actor import Actor
from apps.parties.roles import Action

OPEN = (RequestState.SUBMITTED, RequestState.OFFERED, RequestState.ACCEPTED)
LONGEST_NOTE = 2_000


def request(*, facility: Facility, invoice: Invoice, actor: Actor, note: str, at: datetime) -> FundingRequest:
    """Ask for the whole of an invoice under a facility that the caller holds.

    Refused unless the invoice is wholly open, not past due and not asked for elsewhere, and the facility's usual
    advance on it fits under the limit.
    """
    actor.require(Action.REQUEST_FUNDING, organisation_id=invoice.seller_id)
    if facility.seller_id != invoice.seller_id:
        raise Refused("This facility is not for the seller of this invoice.")
    if facility.closed_at is not None:
        raise Refused("This facility is closed. Ask the financier for a new one.")
    if facility.currency != invoice.currency:
        raise Refused(
            "The facility is in {facility}, and the invoice in {invoice}.",
            facility=facility.currency,
            invoice=invoice.currency,
        )
    if FundingRequest.objects.filter(invoice=invoice, state__in=OPEN).exists():
        raise Refused("Funding of this invoice was already asked for. Withdraw that request before you ask elsewhere.")
    if len(note) > LONGEST_NOTE:
        raise Refused("Write at most {most} characters.", field="note", most=LONGEST_NOTE)
    eligible = eligible_amount(invoice, at=at)
    usual = advance(eligible=eligible, advance_rate=facility.advance_rate, currency=facility.currency)
    require_headroom(facility, advance=usual)
    made = FundingRequest.objects.create(
        facility=facility,
        financier_id=facility.financier_id,
        seller_id=invoice.seller_id,
        contract_id=invoice.contract_id,
        invoice=invoice,
        note=note.strip(),
        requested_by_id=person(actor),
        requested_at=at,
    )
    record(
        made.contract,
        financier_id=made.financier_id,
        verb="funding.requested",
        subject=f"request:{made.ref}",
        actor=actor,
        at=at,
        invoice=invoice.number,
        amount=eligible,
        currency=invoice.currency,
    )
    return made


def withdraw_request(*, request_ref: str, actor: Actor, at: datetime) -> FundingRequest:
    """The seller takes a request back; an offer that is not accepted falls with it."""
    made = lock_request(request_ref=request_ref)
    actor.require(Action.REQUEST_FUNDING, organisation_id=made.seller_id)
    move(made, RequestState.WITHDRAWN, FundingRequest.TRANSITIONS)
    close_live_offers(made, actor=actor, at=at)
    return _close(made, verb="funding.withdrawn", actor=actor, at=at)


def decline_request(*, request_ref: str, actor: Actor, reason: str, at: datetime) -> FundingRequest:
    """The financier says no, with a reason that the seller reads; an offer that is not accepted falls with it."""
    made = lock_request(request_ref=request_ref)
    actor.require(Action.PRICE_OFFER, organisation_id=made.financier_id)
    move(made, RequestState.DECLINED, FundingRequest.TRANSITIONS)
    made.decline_reason = reason_given(reason)
    close_live_offers(made, actor=actor, at=at)
    return _close(made, verb="funding.declined", actor=actor, at=at)


def _close(made: FundingRequest, *, verb: str, actor: Actor, at: datetime) -> FundingRequest:
    made.closed_at = at
    made.save(update_fields=["state", "closed_at", "decline_reason"])
    record(
        made.contract,
        financier_id=made.financier_id,
        verb=verb,
        subject=f"request:{made.ref}",
        actor=actor,
        at=at,
    )
    return made
