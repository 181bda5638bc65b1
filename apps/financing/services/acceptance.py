"""The seller accepts: each line of the offer becomes a tranche, its receivable is assigned, and the buyer is told."""

from datetime import datetime

from apps.core import canonical, money
from apps.core.errors import Refused, Stale
from apps.core.states import move
from apps.financing.models import Assignment, FundingRequest, Offer, OfferLine, Tranche
from apps.financing.models.offer import OfferState, Stage
from apps.financing.models.request import RequestState
from apps.financing.rules import texts
from apps.financing.services.eligibility import eligible_amount, sold, stage_of
from apps.financing.services.exposures import count, lock_exposures, require_room
from apps.financing.services.facilities import require_headroom
from apps.financing.services.locks import lock_offer
from apps.financing.services.record import person, record
from apps.invoicing import snapshot
from apps.parties import services as parties
from apps.parties.actor import Actor
from apps.parties.models import BankAccount
from apps.parties.roles import Action


def contract_of_offer(*, offer_ref: str) -> int:
    """The id of the contract on whose milestones an offer is."""
    return _known(offer_ref).request.contract_id


def financier_of_offer(*, offer_ref: str) -> int:
    """The id of the financier who makes an offer."""
    return _known(offer_ref).financier_id


def accept(*, offer_ref: str, actor: Actor, seen: str, at: datetime) -> list[Tranche]:
    """The seller signs the disclosure that was shown, whose SHA-256 is ``seen``. The caller holds the contract.

    Gives one tranche for each line. Refused when the offer has lapsed, something was paid or accepted meanwhile, or a
    limit no longer holds the advance. From now on the advance is kept free under the limits.
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
    version = request.contract.active_version
    if version is None or not version.is_assignable:
        # A change order came between the approval of the offer and its acceptance.
        raise Refused("The contract says that its receivables may not be assigned.")
    lines = list(
        offer.lines.select_related(
            "milestone__contract__seller", "milestone__contract__buyer", "milestone__line", "milestone__invoice"
        ).order_by("milestone__position", "milestone__part")
    )
    for line in lines:
        _require_as_priced(line, at=at)
    before_acceptance = money.total(line.gross for line in lines if line.stage == Stage.PRE)
    require_headroom(request.facility, advance=offer.gross, before_acceptance=before_acceptance)
    exposures = lock_exposures(
        financier_id=offer.financier_id,
        seller_id=offer.seller_id,
        buyer_id=request.contract.buyer_id,
        currency=offer.currency,
    )
    require_room(exposures, advance=offer.gross, actor=actor)
    move(request, RequestState.ACCEPTED, FundingRequest.TRANSITIONS)
    offer.answered_by_id, offer.answered_at = person(actor), at
    offer.save(update_fields=["state", "answered_by", "answered_at"])
    request.closed_at = at
    request.save(update_fields=["state", "closed_at"])
    count(exposures, reserved=offer.gross)
    tranches = [_tranche(offer, line, at=at) for line in lines]
    record(
        request.contract,
        financier_id=offer.financier_id,
        verb="offer.accepted",
        subject=f"offer:{offer.ref}",
        actor=actor,
        at=at,
        tranches=[tranche.ref for tranche in tranches],
        disclosure_sha256=offer.disclosure_sha256,
    )
    return tranches


def _require_as_priced(line: OfferLine, *, at: datetime) -> None:
    """What is signed is what is funded: a price for a milestone before acceptance says nothing of its invoice."""
    eligible_amount(line.milestone, face=line.face, at=at)
    if stage_of(line.milestone) != line.stage:
        raise Refused(
            "“{milestone}” was accepted since this offer was priced. Ask the financier for a new one: an accepted"
            " milestone is priced as an invoice.",
            milestone=line.milestone.title,
        )


def _tranche(offer: Offer, line: OfferLine, *, at: datetime) -> Tranche:
    return Tranche.objects.create(
        offer=offer,
        line=line,
        facility=offer.request.facility,
        financier_id=offer.financier_id,
        seller_id=offer.seller_id,
        buyer_id=line.milestone.contract.buyer_id,
        contract_id=offer.request.contract_id,
        milestone=line.milestone,
        currency=offer.currency,
        face=line.face,
        gross=line.gross,
        discount=line.discount,
        fee=line.fee,
        days=line.days,
        expected_on=line.expected_on,
        accepted_at=at,
    )


def assign(*, tranche: Tranche, actor: Actor, at: datetime) -> Assignment:
    """The whole receivable passes to the financier; the notice tells the buyer the invoice and where to pay."""
    notice = texts.notice(
        sold=sold(tranche.milestone, face=tranche.face, financier=tranche.financier),
        account=_as_text(collection_account(tranche)),
        reference=snapshot.remittance_of(tranche.invoice.snapshot) if tranche.invoice is not None else "",
    )
    assignment = Assignment.objects.create(
        tranche=tranche,
        contract_id=tranche.contract_id,
        milestone=tranche.milestone,
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
        milestone=tranche.milestone.ref,
        invoice=tranche.invoice.number if tranche.invoice is not None else "",
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
