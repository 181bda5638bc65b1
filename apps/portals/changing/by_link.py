"""Change orders by personal link: the same pages, for the one person who signs for the buyer, without an account."""

from typing import Final
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils import timezone

from apps.contracts.models import ChangeOrder, ContractVersion, GuestGrant
from apps.portals.access import PortalRequest
from apps.portals.changing import answering
from apps.portals.link_desk import LinkDesk

PLACES: Final = {
    "change_order": "open",
    "sign_change": "sign",
    "decline_change": "request_contract_changes",
    "contract_pdf": "contract_pdf",
}
"""Where below the link each page stands; the others are not a guest's."""


def change_order(request: PortalRequest, version: ContractVersion, *, grant: GuestGrant, token: str) -> HttpResponse:
    """What it changes and does, and the way to sign or decline it."""
    with _there(version):
        return answering.show_change(request, _order(version), desk=_desk(token), grant=grant)


def sign_change(request: PortalRequest, version: ContractVersion, *, token: str) -> HttpResponse:
    """Everything that the signature does, and the button."""
    with _there(version):
        return answering.answer_by_signature(request, _order(version), desk=_desk(token))


def decline_change(request: PortalRequest, version: ContractVersion, *, token: str) -> HttpResponse:
    """Not sign it, and say why."""
    with _there(version):
        return answering.close(request, _order(version), desk=_desk(token), is_own=False)


def _desk(token: str) -> LinkDesk:
    return LinkDesk("buyer", token=token, places=PLACES)


def _there(version: ContractVersion) -> timezone.override:
    """Dates and times as they are where the buyer is."""
    return timezone.override(ZoneInfo(version.contract.buyer.time_zone))


def _order(version: ContractVersion) -> ChangeOrder:
    order = version.change_order
    if order is None:
        raise LookupError(f"version {version.ref} is no change order")
    order.contract = version.contract
    return order
