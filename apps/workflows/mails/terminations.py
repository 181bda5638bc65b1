"""Mails about a termination: to the other side what was done, to a financier that a contract ends."""

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import GuestGrant, Termination
from apps.contracts.models.termination import Ground
from apps.core import canonical
from apps.financing.models import Tranche
from apps.milestones.models import Settlement
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails import desk
from apps.workflows.mails.contracts import both_sides, going_on_at
from apps.workflows.mails.letter import Letter, absolute, fact, money, send


def termination_news(*, termination_ref: str, what: str, number: int, organisation_id: int) -> None:
    """Tell a side what the other one did: gave notice or took it back, proposed a settlement, took that back, signed.

    It goes to the people who may sign contracts for that side; to the signatory that the contract names while the buyer
    has nobody here. ``number`` is that of the settlement.
    """
    notice = _read(termination_ref)
    contract = notice.contract
    side = "seller" if organisation_id == contract.seller_id else "buyer"
    reader, sender = both_sides(contract, first=side)
    to = parties.mailboxes(organisation_id=reader.pk, action=Action.SIGN_CONTRACT)
    if not to and side == "buyer" and contract.active_version is not None:
        to = [contract.active_version.signatory_email]
    settlement = Settlement.objects.filter(termination=notice, number=number).first() if number else None
    send(
        Letter(
            name="termination",
            key=f"{notice.ref}.{what}.{number}",
            sender=sender,
            reader=reader,
            to=to,
            button=_("Read and answer") if what in ("noticed", "proposed") else _("Open the termination"),
            url=absolute(reverse(f"{side}:termination", args=[notice.ref]))
            if reader.is_claimed
            else going_on_at(contract, GuestGrant.Purpose.SETTLE, notice.ref),
            facts=_facts(notice, settlement),
            context={
                "contract": contract,
                "what": what,
                "notice": notice,
                "said": notice.reason if what == "noticed" else (settlement.note if settlement is not None else ""),
            },
        )
    )


def termination_to_financier(*, termination_ref: str, what: str, tranche_ref: str) -> None:
    """Tell the desk and treasury that the contract on which they advance is to end, goes on after all, or has ended."""
    notice = _read(termination_ref)
    tranche = Tranche.objects.select_related("seller", "buyer", "financier", "milestone").get(ref=tranche_ref)
    headings = {
        "noticed": _("Notice of termination: {contract}"),
        "withdrawn": _("Notice of termination withdrawn: {contract}"),
        "terminated": _("Terminated: {contract}"),
    }
    words = {
        "noticed": _(
            "Work in progress will be valued and billed. No milestone with an advance that is not paid out is ended"
            " below its amount; of one that you have paid, the seller owes you back what the value does not cover."
        ),
        "withdrawn": _("Everything goes on as it was agreed."),
        "terminated": _("What was valued is accepted and invoiced; nothing more will be billed of this contract."),
    }
    desk.about_advance(
        tranche,
        key=f"termination.{notice.ref}.{tranche.ref}.{what}",
        sender=tranche.seller,
        facts=[
            fact(_("Buyer"), tranche.buyer.legal_name),
            fact(_("Takes effect"), on=notice.effective_on),
            money(_("Advance"), tranche.gross, tranche.currency),
        ],
        heading=format_lazy(headings[what], contract=notice.contract.title),
        words=words[what],
    )


def _facts(notice: Termination, settlement: Settlement | None) -> list[dict[str, Any]]:
    contract = notice.contract
    facts = [
        fact(_("Contract"), f"{contract.number} · {contract.title}"),
        fact(_("Terminated"), Ground(notice.ground).label),
        fact(_("Takes effect"), on=notice.effective_on),
    ]
    if settlement is None:
        return facts
    certified = canonical.read(settlement.canonical_text).get("applied_for", {}).get("certified_and_invoiced")
    return [
        *facts,
        *([money(_("Accepted before, net of tax"), Decimal(certified), settlement.currency)] if certified else []),
        money(_("Work in progress, net of tax"), settlement.valued, settlement.currency),
        money(_("Cancelled, net of tax"), settlement.cancelled, settlement.currency),
    ]


def _read(termination_ref: str) -> Termination:
    related = ("contract__seller", "contract__buyer", "contract__active_version")
    return Termination.objects.select_related(*related).get(ref=termination_ref)
