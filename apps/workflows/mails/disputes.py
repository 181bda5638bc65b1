"""Mails about disputes: to the other side what was said and done, to a financier that there is one."""

from typing import Any

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.financing.models import Tranche
from apps.invoicing.models import DisputedInvoice
from apps.invoicing.services.disputes import is_about_release
from apps.milestones.models import Dispute, DisputeProposal
from apps.milestones.models.dispute import DisputeState, Side
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails import desk
from apps.workflows.mails.contracts import going_on_at
from apps.workflows.mails.letter import Letter, absolute, fact, money, send


def dispute_news(*, dispute_ref: str, what: str, organisation_id: int) -> None:
    """Tell one side what the other one wrote, proposed or settled."""
    dispute = _read(dispute_ref)
    kind, _dot, number = what.partition(".")
    said = None
    proposed = dispute.proposals.filter(number=int(number)).first() if kind == "outcome" else None
    if kind in ("raised", "position"):
        said = dispute.positions.filter(number=int(number or 1)).first()
    _tell(
        dispute,
        key=f"{dispute.ref}.{what}",
        organisation_id=organisation_id,
        more={"kind": kind, "said": said, "proposed": proposed},
    )


def dispute_reminder(*, dispute_ref: str, organisation_id: int) -> None:
    """Remind the side that is awaited; nothing once it answered or the dispute is over."""
    dispute = _read(dispute_ref)
    if dispute.answer_due_at is None or not dispute.is_live:
        return
    awaited = dispute.contract.seller_id if dispute.awaits == Side.SELLER else dispute.contract.buyer_id
    if awaited != organisation_id:
        return
    _tell(
        dispute,
        key=f"{dispute.ref}.missed.{dispute.answer_due_at:%Y%m%d}",
        organisation_id=organisation_id,
        more={"kind": "missed", "said": None, "proposed": None},
    )


def dispute_to_financier(*, dispute_ref: str, tranche_ref: str) -> None:
    """Tell the desk and treasury that what they advance on is in dispute, or that this is over."""
    dispute = _read(dispute_ref)
    tranche = Tranche.objects.select_related("seller", "buyer", "financier", "milestone").get(ref=tranche_ref)
    is_live = dispute.is_live
    heading = _("{milestone} is in dispute") if is_live else _("{milestone} is not in dispute any more")
    desk.about_advance(
        tranche,
        key=f"dispute.{dispute.ref}.{tranche.ref}.{dispute.state}",
        sender=tranche.seller,
        facts=[
            fact(_("Buyer"), tranche.buyer.legal_name),
            money(_("In dispute, net of tax"), dispute.amount, dispute.currency),
            fact(_("How it stands"), DisputeState(dispute.state).label),
            money(_("Advance"), tranche.gross, tranche.currency),
        ],
        heading=format_lazy(heading, milestone=tranche.milestone.title),
        words=_("Nothing is paid out on it until buyer and seller have settled it.")
        if is_live
        else _("What was agreed stands with the dispute; compare what is owed with your advance."),
    )


def _tell(dispute: Dispute, *, key: str, organisation_id: int, more: dict[str, Any]) -> None:
    contract = dispute.contract
    is_to_seller = organisation_id == contract.seller_id
    reader, sender = (contract.seller, contract.buyer) if is_to_seller else (contract.buyer, contract.seller)
    portal = "seller" if is_to_seller else "buyer"
    is_release = is_about_release(dispute)
    in_dispute = _("In dispute, of released retention") if is_release else _("In dispute, net of tax")
    facts = [
        fact(_("Contract"), f"{contract.number} · {contract.title}"),
        fact(_("About"), _about(dispute)),
        money(in_dispute, dispute.amount, dispute.currency),
    ]
    if dispute.is_live and dispute.answer_due_at is not None and more["kind"] != "missed":
        facts.append(fact(_("Answer by"), on=dispute.answer_due_at))
    agreed = dispute.proposals.order_by("number").last() if dispute.upheld else None
    proposal: DisputeProposal | None = more["proposed"] or agreed
    if is_release and proposal is not None and proposal.upheld:
        until = proposal.kept_until
        kept = _("until the buyer releases it")
        facts.append(fact(_("Retained again until"), on=until) if until else fact(_("Retained again"), kept))
    send(
        Letter(
            name="dispute",
            key=key,
            sender=sender,
            reader=reader,
            to=_people(contract, is_to_seller=is_to_seller),
            button=_("Open the dispute"),
            url=absolute(reverse(f"{portal}:dispute", args=[dispute.ref]))
            if reader.is_claimed
            else going_on_at(contract, GuestGrant.Purpose.DISPUTE, dispute.ref),
            facts=facts,
            context={
                "dispute": dispute,
                "about": _about(dispute),
                "state": str(dispute.state),
                "not_owed": _("Released in error") if is_release else _("Not owed, net of tax"),
                **more,
            },
        )
    )


def _people(contract: Contract, *, is_to_seller: bool) -> list[str]:
    """Whoever may dispute and settle; of a buyer without people here, its signatory."""
    organisation_id = contract.seller_id if is_to_seller else contract.buyer_id
    found = list(parties.mailboxes(organisation_id=organisation_id, action=Action.RAISE_DISPUTE))
    version = contract.active_version
    if found or is_to_seller or version is None:
        return found
    return [version.signatory_email]


def _about(dispute: Dispute) -> str:
    billed: DisputedInvoice | None = getattr(dispute, "billed", None)
    if billed is not None:
        return billed.invoice.number
    if dispute.reservation is not None:
        return dispute.reservation.title
    return dispute.submission.milestone.title if dispute.submission is not None else ""


def _read(dispute_ref: str) -> Dispute:
    related = ("contract__seller", "contract__buyer", "contract__active_version", "submission__milestone")
    return Dispute.objects.select_related(*related, "billed__invoice", "reservation").get(ref=dispute_ref)
