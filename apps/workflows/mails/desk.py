"""Mails to a financier's own people: what has come in and waits for them. One letter, five occasions."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.financing.models import Assignment, FundingRequest, Offer, Tranche
from apps.financing.models.offer import OfferState
from apps.financing.models.request import RequestState
from apps.parties import services as parties
from apps.parties.models import Organisation
from apps.parties.roles import Role
from apps.workflows.mails.letter import Letter, absolute, fact, money, send

DESK = (Role.ANALYST, Role.UNDERWRITER)


def funding_requested(*, request_ref: str) -> None:
    """Tell analysts and underwriters that a seller asks for money; nothing once it is answered or taken back."""
    request = FundingRequest.objects.select_related("financier", "seller").get(ref=request_ref)
    if request.state != RequestState.SUBMITTED:
        return
    send(
        Letter(
            name="desk",
            key=f"requested.{request.ref}",
            sender=request.seller,
            reader=request.financier,
            to=people_of(request.financier, *DESK),
            button=_("Price the request"),
            url=window("fundingrequest", request.ref),
            facts=_about(request),
            context={
                "heading": format_lazy(_("{seller} asks for funding"), seller=request.seller.legal_name),
                "words": request.note or _("The contract and what belongs to its milestones are open to you."),
            },
        )
    )


def offer_waiting(*, offer_ref: str) -> None:
    """Ask the underwriters, but for whoever priced, for the second pair of eyes."""
    offer = _offer(offer_ref)
    if offer.state != OfferState.DRAFT:
        return
    pricer = offer.created_by
    send(
        Letter(
            name="desk",
            key=f"waiting.{offer.ref}",
            sender=offer.financier,
            reader=offer.financier,
            to=people_of(offer.financier, Role.UNDERWRITER, but=pricer.email),
            button=_("Check the offer"),
            url=window("offer", offer.ref),
            facts=[*_about(offer.request), money(_("Advance"), offer.gross, offer.currency)],
            context={
                "heading": format_lazy(
                    _("An offer to {seller} waits for a second person"), seller=offer.seller.legal_name
                ),
                "words": format_lazy(
                    _("{name} priced it. The seller sees it once somebody else has approved it."),
                    name=pricer.name or pricer.email,
                ),
            },
        )
    )


def offer_answered(*, offer_ref: str) -> None:
    """Tell analysts and underwriters that the seller said yes or no."""
    offer = _offer(offer_ref)
    seller = offer.seller.legal_name
    if offer.state == OfferState.ACCEPTED:
        heading = format_lazy(_("{seller} accepted the offer"), seller=seller)
        words: str | Promise = _(
            "What is sold is assigned and the buyer is notified. Treasury can pay once the buyer has acknowledged it."
        )
    elif offer.state == OfferState.DECLINED:
        heading = format_lazy(_("{seller} declined the offer"), seller=seller)
        words = _("The request is open again and can be priced anew.")
    else:
        return
    send(
        Letter(
            name="desk",
            key=f"answered.{offer.ref}",
            sender=offer.seller,
            reader=offer.financier,
            to=people_of(offer.financier, *DESK),
            button=_("Open the offer"),
            url=window("offer", offer.ref),
            facts=[*_about(offer.request), money(_("Advance"), offer.gross, offer.currency)],
            context={"heading": heading, "words": words},
        )
    )


def notice_acknowledged(*, assignment_ref: str) -> None:
    """Tell treasury that the buyer knows whom to pay, so that the advance may go out."""
    assignment = Assignment.objects.select_related(
        "tranche__seller", "tranche__milestone__invoice", "financier", "contract__buyer"
    ).get(ref=assignment_ref)
    tranche = assignment.tranche
    if assignment.acknowledged_at is None or assignment.revoked_at is not None:
        return
    send(
        Letter(
            name="desk",
            key=f"acknowledged.{assignment.ref}",
            sender=assignment.contract.buyer,
            reader=assignment.financier,
            to=people_of(assignment.financier, Role.TREASURY),
            button=_("Open the advance"),
            url=window("tranche", tranche.ref),
            facts=[
                fact(_("For"), tranche.name),
                fact(_("Seller"), tranche.seller.legal_name),
                money(_("To pay out"), tranche.net, tranche.currency),
            ],
            context={
                "heading": format_lazy(
                    _("{buyer} acknowledged the assignment"), buyer=assignment.contract.buyer.legal_name
                ),
                "words": _("Nothing stands in the way of the payout any more."),
            },
        )
    )


def milestone_sent_back(*, tranche_ref: str, submission_ref: str) -> None:
    """Tell the desk and treasury that the buyer asked for changes of a financed milestone; nothing once it is resolved.

    ``submission_ref`` is what was sent back: each time is a letter of its own.
    """
    rows = Tranche.objects.sent_back().select_related("seller", "buyer", "financier", "milestone")
    tranche = rows.filter(ref=tranche_ref).first()
    if tranche is None:
        return
    is_out = tranche.funded_on is not None
    about_advance(
        tranche,
        key=f"sent-back.{submission_ref}",
        sender=tranche.buyer,
        facts=[
            money(_("Advance, paid out") if is_out else _("Advance"), tranche.gross, tranche.currency),
            fact(_("Payment expected"), on=tranche.expected_on),
        ],
        heading=format_lazy(
            _("{buyer} sent back {milestone}"), buyer=tranche.buyer.legal_name, milestone=tranche.milestone.title
        ),
        words=_("The advance is out, and nothing is owed until the milestone is submitted again and accepted.")
        if is_out
        else _("Nothing can be paid out until the milestone is submitted again. You can also cancel."),
    )


def about_advance(
    tranche: Tranche,
    *,
    key: str,
    sender: Organisation,
    facts: Sequence[dict[str, Any]],
    heading: str | Promise,
    words: str | Promise,
) -> None:
    """Tell the desk and treasury of something that touches an advance; its milestone and seller are named first."""
    send(
        Letter(
            name="desk",
            key=key,
            sender=sender,
            reader=tranche.financier,
            to=people_of(tranche.financier, *DESK, Role.TREASURY),
            button=_("Open the advance"),
            url=window("tranche", tranche.ref),
            facts=[
                fact(_("Milestone"), tranche.milestone.title),
                fact(_("Seller"), tranche.seller.legal_name),
                *facts,
            ],
            context={"heading": heading, "words": words},
        )
    )


def _offer(offer_ref: str) -> Offer:
    return Offer.objects.select_related("financier", "seller", "created_by", "request__seller").get(ref=offer_ref)


def _about(request: FundingRequest) -> list[dict[str, object]]:
    return [
        fact(_("For"), request.about),
        fact(_("Seller"), request.seller.legal_name),
        money(_("Total with tax"), request.face, request.currency),
    ]


def people_of(financier: Organisation, *roles: Role, but: str = "") -> list[str]:
    """Whoever holds one of the roles; the owners where nobody does, because somebody has to know."""
    for asked in (roles, (Role.OWNER,)):
        found = [mailbox for role in asked for mailbox in parties.mailboxes_of(organisation_id=financier.pk, role=role)]
        if others := _each_once(found, but=but):
            return others
    return []


def _each_once(mailboxes: Sequence[str], *, but: str) -> list[str]:
    return [mailbox for mailbox in dict.fromkeys(mailboxes) if mailbox != but]


def window(model: str, ref: str) -> str:
    return absolute(reverse(f"admin:financing_{model}_change", args=[ref]))
