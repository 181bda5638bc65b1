"""The seller accepts: the offer becomes a tranche, the receivable is assigned, and the buyer is told."""

from datetime import datetime

from apps.core import canonical
from apps.core.errors import Refused, Stale
from apps.core.states import move
from apps.financing.models import Assignment, FundingRequest, Offer, Tranche
from apps.financing.models.offer import OfferState
from apps.financing.models.request import RequestState
from apps.financing.rules import texts
from apps.financing.services.eligibility import eligible_amount, sold
from apps.financing.services.facilities import require_headroom
from apps.financing.services.locks import lock_offer
from apps.financing.services.record import person, record
from apps.parties import services as parties
from apps.parties.actor import Actor
from apps.parties.models import BankAccount
from apps.parties.roles import Action


def contract_of_offer(*, offer_ref: str) -> int:
    """The id of the contract whose invoice an offer would buy."""
    return _known(offer_ref).request.contract_id


def financier_of_offer(*, offer_ref: str) -> int:
    """The id of the financier who makes an offer."""
    return _known(offer_ref).financier_id


def accept(*, offer_ref: str, actor: Actor, seen: str, at: datetime) -> Tranche:
    """The seller signs the disclosure that was shown, whose SHA-256 is ``seen``. The caller holds the contract.

    Refused when the offer has lapsed, something was paid meanwhile, or the limit no longer holds the advance. From now
    on the advance is kept free under the facility's limit.
    """
    offer = lock_offer(offer_ref=offer_ref)
    request = offer.request
    actor.require(Action.REQUEST_FUNDING, organisation_id=offer.seller_id)
    move(offer, OfferState.ACCEPTED, Offer.TRANSITIONS)
    if at > offer.expires_at:
        raise Refused("This offer expired on {date}. Ask the financier for a new one.", date=offer.expires_at.date())
    if seen != offer.disclosure_sha256:
        raise Stale("The disclosure is not the one that you were shown. Read it again before you accept.")
    if request.facility.closed_at is not None:
        raise Refused("The financier has closed this facility.")
    eligible_amount(request.invoice, at=at)
    require_headroom(request.facility, advance=offer.gross)
    move(request, RequestState.ACCEPTED, FundingRequest.TRANSITIONS)
    offer.answered_by_id, offer.answered_at = person(actor), at
    offer.save(update_fields=["state", "answered_by", "answered_at"])
    request.closed_at = at
    request.save(update_fields=["state", "closed_at"])
    tranche = Tranche.objects.create(
        offer=offer,
        facility=request.facility,
        financier_id=offer.financier_id,
        seller_id=offer.seller_id,
        buyer_id=request.invoice.buyer_id,
        contract_id=request.contract_id,
        invoice=request.invoice,
        currency=offer.currency,
        face=offer.face,
        gross=offer.gross,
        discount=offer.discount,
        fee=offer.fee,
        days=offer.days,
        expected_on=offer.expected_on,
        accepted_at=at,
    )
    record(
        tranche.contract,
        financier_id=tranche.financier_id,
        verb="offer.accepted",
        subject=f"offer:{offer.ref}",
        actor=actor,
        at=at,
        tranche=tranche.ref,
        disclosure_sha256=offer.disclosure_sha256,
    )
    return tranche


def assign(*, tranche: Tranche, actor: Actor, at: datetime) -> Assignment:
    """The whole receivable passes to the financier; the notice tells the buyer the invoice and where to pay."""
    notice = texts.notice(
        sold=sold(tranche.invoice, financier=tranche.financier), account=_as_text(collection_account(tranche))
    )
    assignment = Assignment.objects.create(
        tranche=tranche,
        contract_id=tranche.contract_id,
        invoice_id=tranche.invoice_id,
        financier_id=tranche.financier_id,
        notice=notice,
        notice_sha256=canonical.sha256(notice),
        notified_at=at,
        priced_by_id=tranche.offer.created_by_id,
    )
    record(
        tranche.contract,
        financier_id=tranche.financier_id,
        verb="receivable.assigned",
        subject=f"assignment:{assignment.ref}",
        actor=actor,
        at=at,
        invoice=tranche.invoice.number,
        notice_sha256=assignment.notice_sha256,
    )
    return assignment


def collection_account(tranche: Tranche) -> BankAccount:
    """Where the buyer pays what is assigned: the financier's account in the invoice's currency."""
    account = parties.default_account(organisation_id=tranche.financier_id, currency=tranche.currency)
    if account is None:
        raise Refused(
            "The financier has no bank account in {currency} any more. Ask them to add one.", currency=tranche.currency
        )
    return account


def _known(offer_ref: str) -> Offer:
    offer = Offer.objects.select_related("request").filter(ref=offer_ref).first()
    if offer is None:
        raise Refused("There is no such offer, or it is not yours.")
    return offer


def _as_text(account: BankAccount) -> texts.Account:
    lines = (
        ("IBAN", account.iban),
        ("BIC", account.bic),
        ("Account number", account.account_number),
        ("Routing number", account.routing_number),
        ("Bank", account.bank_name),
    )
    return texts.Account(holder=account.holder, lines=tuple(line for line in lines if line[1]))
