"""Mails about reservations: to the other side what was mended, is missing, was released or offered."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.invoicing.services import held_back
from apps.milestones.models import Reservation, ReservationWord
from apps.milestones.services.defect_dates import PASSED
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails.contracts import going_on_at
from apps.workflows.mails.letter import Letter, absolute, fact, money, send

Kind = ReservationWord.Kind


def reservation_news(*, word_ref: str, organisation_id: int) -> None:
    """Tell one side what the other one said of a reservation."""
    related = (
        "contract__seller",
        "contract__buyer",
        "contract__active_version",
        "reservation__milestone__line__version",
    )
    said = ReservationWord.objects.select_related(*related).get(ref=word_ref)
    contract, reservation = said.contract, said.reservation
    is_to_seller = organisation_id == contract.seller_id
    reader, sender = (contract.seller, contract.buyer) if is_to_seller else (contract.buyer, contract.seller)
    portal = "seller" if is_to_seller else "buyer"
    facts = _about(reservation, contract=contract)
    if said.amount is not None:
        facts.append(money(_("Off the price, net of tax"), said.amount, reservation.currency))
    if said.kind == Kind.AGREED:
        facts.append(money(_("Off the price, net of tax"), reservation.reduced_by, reservation.currency))
    if not reservation.is_settled:
        facts.append(fact(_("To be mended by"), on=reservation.due_on))
    send(
        Letter(
            name="reservation",
            key=f"reservation.{said.ref}",
            sender=sender,
            reader=reader,
            to=_people(contract, is_to_seller=is_to_seller),
            button=_("Open the reservation"),
            url=_page(contract, reservation, portal=portal),
            facts=facts,
            context={
                "defect": reservation.title,
                "kind": str(said.kind),
                "said": said,
                "is_withheld": bool(reservation.amount),
                "is_applied_for": held_back.is_applied_for(reservation),
            },
        )
    )


def defect_reminder(*, reservation_ref: str, what: str) -> None:
    """Tell who delivers for the seller until when a defect is to be mended, before that day or after it."""
    related = ("contract__seller", "contract__buyer", "milestone")
    reservation = Reservation.objects.select_related(*related).get(ref=reservation_ref)
    contract = reservation.contract
    send(
        Letter(
            name="defect_reminder",
            key=f"defect.{reservation.ref}.{what}",
            sender=contract.buyer,
            reader=contract.seller,
            to=_people(contract, is_to_seller=True),
            button=_("Open the reservation"),
            url=absolute(reverse("seller:reservation", args=[reservation.ref])),
            facts=[*_about(reservation, contract=contract), fact(_("To be mended by"), on=reservation.due_on)],
            context={
                "defect": reservation.title,
                "is_past": what == PASSED,
                "is_withheld": bool(reservation.amount),
                "due_on": reservation.due_on,
            },
        )
    )


def answer_reminder(*, reservation_ref: str, due: str, organisation_id: int) -> None:
    """Ask the buyer to look at what was mended while there is time; or tell the seller that its time is over."""
    related = ("contract__seller", "contract__buyer", "contract__active_version", "milestone")
    reservation = Reservation.objects.select_related(*related).get(ref=reservation_ref)
    contract, is_to_seller = reservation.contract, organisation_id == reservation.contract.seller_id
    reader, sender = (contract.seller, contract.buyer) if is_to_seller else (contract.buyer, contract.seller)
    send(
        Letter(
            name="answer_reminder",
            key=f"answer.{reservation.ref}.{due}.{organisation_id}",
            sender=sender,
            reader=reader,
            to=_people(contract, is_to_seller=is_to_seller),
            button=_("Open the reservation"),
            url=_page(contract, reservation, portal="seller" if is_to_seller else "buyer"),
            facts=_about(reservation, contract=contract),
            context={
                "defect": reservation.title,
                "is_over": is_to_seller,
                "is_withheld": bool(reservation.amount),
                "due_on": datetime.fromisoformat(due).astimezone(ZoneInfo(contract.buyer.time_zone)).date(),
            },
        )
    )


def _page(contract: Contract, reservation: Reservation, *, portal: str) -> str:
    """The page of the defect; the personal link of a buyer without people here."""
    reader = contract.seller if portal == "seller" else contract.buyer
    if reader.is_claimed:
        return absolute(reverse(f"{portal}:reservation", args=[reservation.ref]))
    return going_on_at(contract, GuestGrant.Purpose.MEND, reservation.milestone.ref) if portal == "buyer" else ""


def _about(reservation: Reservation, *, contract: Contract) -> list[dict[str, Any]]:
    """Which defect of what, and what is withheld for it, where something is."""
    facts = [
        fact(_("Contract"), f"{contract.number} · {contract.title}"),
        fact(_("Milestone"), reservation.milestone.title),
        fact(_("Defect"), reservation.title),
    ]
    if reservation.amount:
        facts.append(money(_("Withheld, net of tax"), reservation.amount, reservation.currency))
    return facts


def _people(contract: Contract, *, is_to_seller: bool) -> list[str]:
    """Who mends for the seller, who accepts for the buyer; of a buyer without people here, its signatory."""
    if is_to_seller:
        return list(parties.mailboxes(organisation_id=contract.seller_id, action=Action.SUBMIT_MILESTONE))
    found = list(parties.mailboxes(organisation_id=contract.buyer_id, action=Action.DECIDE_MILESTONE))
    version = contract.active_version
    return found if found or version is None else [version.signatory_email]
