"""Offers: priced by one person, approved by a second, open to the seller until they expire."""

from datetime import datetime, timedelta

from apps.core import canonical
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.states import move
from apps.financing.models import FundingRequest, Offer, OfferLine, RequestItem
from apps.financing.models.offer import OfferState
from apps.financing.models.request import RequestState
from apps.financing.rules import OfferTerms, texts
from apps.financing.services.checks import require_checks
from apps.financing.services.eligibility import eligible_amount, items_of, stage_of
from apps.financing.services.exposures import lock_exposures, require_room
from apps.financing.services.facilities import require_headroom
from apps.financing.services.locks import lock_offer, lock_request
from apps.financing.services.quotes import Quote, quote_of
from apps.financing.services.record import day_of, person, record
from apps.parties import services as parties
from apps.parties.actor import Actor
from apps.parties.roles import Action


def price(*, request_ref: str, actor: Actor, terms: OfferTerms, at: datetime) -> Offer:
    """Price a request: an immutable offer with its disclosure, as a draft that waits for a second person.

    The caller holds the contract: no milestone is accepted and nothing is paid between its reading and its price.

    Every milestone that was asked for gets a line, in the order of the plan. The offer stands for ``terms.valid_days``
    days from now, also if its approval takes some of them.
    """
    request = lock_request(request_ref=request_ref)
    actor.require(Action.PRICE_OFFER, organisation_id=request.financier_id)
    _close_lapsed(request, at=at)
    _require_priceable(request)
    if terms.funding_on < day_of(request.financier, at=at):
        raise Refused("The funding date is past.", field="funding_on")
    facility, currency = request.facility, request.currency
    if parties.default_account(organisation_id=request.financier_id, currency=currency) is None:
        raise Refused(
            "Your organisation has no bank account in {currency} to which the buyer could pay. Add one first.",
            lacks="bank_account",
            currency=currency,
        )
    items = items_of(request)
    for item in items:
        eligible_amount(item.milestone, face=item.face, at=at)
    quote = quote_of(request, items=items, terms=terms)
    _require_room(request, quote=quote, actor=actor)
    disclosure = texts.disclosure(
        lines=quote.lines,
        whole=quote.whole,
        rates=quote.rates,
        usage=texts.Usage(
            late_rate=facility.late_rate, grace_days=facility.grace_days, least_fee_days=facility.least_fee_days
        ),
        funding_on=terms.funding_on,
    )
    offer = Offer.objects.create(
        request=request,
        financier_id=request.financier_id,
        seller_id=request.seller_id,
        version=request.offers.count() + 1,
        currency=currency,
        late_rate=facility.late_rate,
        grace_days=facility.grace_days,
        least_fee_days=facility.least_fee_days,
        funding_on=terms.funding_on,
        face=quote.whole.face,
        gross=quote.whole.gross,
        discount=quote.whole.discount,
        fee=quote.whole.fee,
        net=quote.whole.net,
        reserve=quote.whole.reserve,
        apr=quote.rates.apr,
        xirr=quote.rates.xirr,
        unit_period=quote.rates.unit_period,
        disclosure=disclosure,
        disclosure_sha256=canonical.sha256(disclosure),
        expires_at=at + timedelta(days=terms.valid_days),
        created_by_id=person(actor),
        created_at=at,
    )
    OfferLine.objects.bulk_create(
        _line_of(offer, item=item, priced=priced) for item, priced in zip(items, quote.lines, strict=True)
    )
    _record(offer, verb="offer.priced", actor=actor, at=at)
    return offer


def approve(*, offer_ref: str, actor: Actor, at: datetime) -> Offer:
    """A second person lets the offer go out, with every check met or waived; from now on the seller sees it."""
    offer = lock_offer(offer_ref=offer_ref)
    actor.require(Action.APPROVE_OFFER, organisation_id=offer.financier_id)
    if offer.created_by_id == actor.user_id:
        raise NotAllowed("You priced this offer, so a second person has to approve it.")
    move(offer, OfferState.ISSUED, Offer.TRANSITIONS)
    if at > offer.expires_at:
        raise Refused("This price was good until {date} only. Revoke it and price anew.", date=offer.expires_at.date())
    require_checks(offer, at=at)
    move(offer.request, RequestState.OFFERED, FundingRequest.TRANSITIONS)
    offer.approved_by_id, offer.approved_at = person(actor), at
    offer.save(update_fields=["state", "approved_by", "approved_at"])
    offer.request.save(update_fields=["state"])
    _record(offer, verb="offer.approved", actor=actor, at=at)
    return offer


def revoke(*, offer_ref: str, actor: Actor, at: datetime) -> Offer:
    """The financier takes a draft or an open offer back; the request can be priced again."""
    offer = lock_offer(offer_ref=offer_ref)
    actor.require(Action.PRICE_OFFER, organisation_id=offer.financier_id)
    move(offer, OfferState.REVOKED, Offer.TRANSITIONS)
    _reopen(offer)
    _record(offer, verb="offer.revoked", actor=actor, at=at)
    return offer


def decline_offer(*, offer_ref: str, actor: Actor, at: datetime) -> Offer:
    """The seller says no; the request can be priced again."""
    offer = lock_offer(offer_ref=offer_ref)
    actor.require(Action.REQUEST_FUNDING, organisation_id=offer.seller_id)
    move(offer, OfferState.DECLINED, Offer.TRANSITIONS)
    offer.answered_by_id, offer.answered_at = person(actor), at
    _reopen(offer)
    _record(offer, verb="offer.declined", actor=actor, at=at)
    return offer


def expire_offers(*, financier_id: int, at: datetime) -> int:
    """Close the offers of a financier that were not answered in time; a job, daily. Gives how many.

    An offer that has lapsed is refused from that moment on, by its date. A refusal changes nothing, so the state
    follows here, or when the request is priced again.
    """
    lapsed = Offer.objects.lapsed(at).filter(financier_id=financier_id)
    requests = lapsed.order_by("request__facility_id", "request_id").values_list("request__ref", flat=True)
    return sum(_close_lapsed(lock_request(request_ref=ref), at=at) for ref in requests)


def close_live_offers(request: FundingRequest, *, actor: Actor, at: datetime) -> None:
    """Take back what is offered for a request that ends without an accepted offer. The caller holds the request.

    ``actor`` is whoever ends the request: each offer that falls with it is written down as revoked by that.
    """
    _close_lapsed(request, at=at)
    for offer in request.offers.live().select_for_update():
        move(offer, OfferState.REVOKED, Offer.TRANSITIONS)
        offer.save(update_fields=["state"])
        _record(offer, verb="offer.revoked", actor=actor, at=at)


def _close_lapsed(request: FundingRequest, *, at: datetime) -> int:
    lapsed = request.offers.lapsed(at).select_for_update()
    for offer in lapsed:
        offer.request = request
        move(offer, OfferState.EXPIRED, Offer.TRANSITIONS)
        _reopen(offer)
        _record(offer, verb="offer.expired", actor=Actor.system(organisation_id=offer.financier_id), at=at)
    return len(lapsed)


def _reopen(offer: Offer) -> None:
    """Save an offer that came to nothing, and let its request be priced again."""
    offer.save(update_fields=["state", "answered_by", "answered_at"])
    if offer.request.state == RequestState.OFFERED:
        move(offer.request, RequestState.SUBMITTED, FundingRequest.TRANSITIONS)
        offer.request.save(update_fields=["state"])


def _require_priceable(request: FundingRequest) -> None:
    if request.closed_at is not None:
        raise IllegalTransition(
            "This request is already {state}. Reload the page to see what happened.", state=request.state
        )
    if request.offers.live().exists():
        raise Refused("There is already an offer for this request. Revoke it before you price anew.")


def _require_room(request: FundingRequest, *, quote: Quote, actor: Actor) -> None:
    """Refuse an offer that the facility or the exposure to buyer or seller does not hold."""
    require_headroom(request.facility, advance=quote.whole.gross, before_acceptance=quote.before_acceptance)
    exposures = lock_exposures(
        financier_id=request.financier_id,
        seller_id=request.seller_id,
        buyer_id=request.contract.buyer_id,
        currency=request.currency,
    )
    require_room(exposures, advance=quote.whole.gross, actor=actor)


def _line_of(offer: Offer, *, item: RequestItem, priced: texts.PricedLine) -> OfferLine:
    return OfferLine(
        offer=offer,
        milestone=item.milestone,
        stage=stage_of(item.milestone),
        face=priced.price.face,
        eligible=priced.price.face,
        advance_rate=priced.terms.advance_rate,
        annual_rate=priced.terms.annual_rate,
        fee_rate=priced.terms.fee_rate,
        expected_on=priced.terms.expected_on,
        days=priced.price.days,
        gross=priced.price.gross,
        discount=priced.price.discount,
        fee=priced.price.fee,
        net=priced.price.net,
        reserve=priced.price.reserve,
        apr=priced.rates.apr,
        xirr=priced.rates.xirr,
    )


def _record(offer: Offer, *, verb: str, actor: Actor, at: datetime) -> None:
    record(
        offer.request.contract,
        financier_id=offer.financier_id,
        verb=verb,
        subject=f"offer:{offer.ref}",
        actor=actor,
        at=at,
        disclosure_sha256=offer.disclosure_sha256,
    )
