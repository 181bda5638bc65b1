"""What a new contract starts with, before anybody writes: the next number, and the terms of the newest one."""

from typing import Any, Final

from apps.contracts.models import ContractVersion
from apps.invoicing import rules as invoicing
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.drafting.desk import Desk

USUAL_TERMS: Final = (
    "payment_days",
    "payment_basis",
    "bills_by",
    "review_days",
    "review_unit",
    "silence",
    "partial_acceptance",
    "question_suspensions",
    "needs_inspection",
    "notice_days",
    "is_assignable",
    "governing_law",
)
NUMBERED: Final = {"seller": "{year}-{next:03d}", "buyer": "PO-{year}-{next:03d}"}
"""How the contracts that a side begins are numbered, until it says otherwise."""


def usual_terms(request: PortalRequest, *, desk: Desk) -> dict[str, Any]:
    """Of the contracts in which the organisation is this side; a buyer's own person signs off, if it may."""
    mine = desk.contracts(request.actor)
    begun = mine.filter(begun_by=desk.side).count()
    country = request.membership.organisation.country
    treatment, rate = invoicing.usual_tax(seller=country, buyer=country)
    initial: dict[str, Any] = {
        "number": NUMBERED[desk.side].format(year=desk.today(request).year, next=begun + 1),
        "currency": request.membership.organisation.currency,
        "payment_days": 30,
        "payment_basis": "net",
        "bills_by": "milestone",
        "review_days": 14,
        "review_unit": "calendar",
        "silence": "escalates",
        "partial_acceptance": True,
        "tax_category": treatment,
        "is_assignable": True,
    }
    if rate:
        initial["tax_rate"] = rate
    newest = ContractVersion.objects.visible_to(request.actor).filter(contract__in=mine).order_by("-pk").first()
    if newest is not None:
        initial |= {name: getattr(newest, name) for name in USUAL_TERMS}
        # An exemption or reverse charge depends on the other side, and is chosen for each.
        if newest.tax_category == "S":
            initial["tax_category"], initial["tax_rate"] = "S", newest.tax_rate
    if desk.side == "buyer" and request.actor.may(Action.SIGN_CONTRACT):
        initial |= {"signatory_name": request.actor.name, "signatory_email": request.actor.email}
    return initial
