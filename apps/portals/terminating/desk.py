"""What the pages of terminations share: whose they are, and what the page of a contract says of one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from apps.contracts.models import Contract, Termination
from apps.contracts.models.termination import TerminationState
from apps.milestones.models import Settlement
from apps.milestones.models.settlement import SettlementState
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.drafting.desk import Crumbs, Desk, why_not
from apps.portals.parts import Need

SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the page of a contract says of its end; addresses are empty where there is nothing to do."""

    notice: Termination | None
    notice_url: str = ""
    give_url: str = ""


def ending_of(actor: Actor, contract: Contract, *, desk: Desk) -> Ending:
    """The notice that stands, or by which it ended; else where notice is given, by whoever may."""
    found = Termination.objects.visible_to(actor).filter(contract=contract).exclude(state=TerminationState.WITHDRAWN)
    # A contract that was completed first has outlived its notice.
    notice = found.first() if contract.state != "completed" else None
    if notice is not None:
        return Ending(notice=notice, notice_url=desk.url("termination", notice.ref))
    may = contract.state == "active" and not why_not(actor, Action.SIGN_CONTRACT)
    return Ending(notice=None, give_url=desk.url("terminate_contract", contract.ref) if may else "")


def notice_of(request: PortalRequest, ref: str, *, desk: Desk) -> Termination:
    """A notice of a contract that this side has; 404 for any other."""
    mine = Termination.objects.visible_to(request.actor).filter(contract__in=desk.contracts(request.actor))
    related = ("contract__seller", "contract__buyer", "contract__active_version")
    return get_object_or_404(mine.select_related(*related), ref=ref)


def settlement_of(request: PortalRequest, ref: str, *, desk: Desk) -> Settlement:
    """A settlement of a contract that this side has; 404 for any other."""
    mine = Settlement.objects.visible_to(request.actor).filter(contract__in=desk.contracts(request.actor))
    related = ("contract__seller", "contract__buyer", "contract__active_version", "termination")
    return get_object_or_404(mine.select_related(*related), ref=ref)


def needs_of(actor: Actor, *, desk: Desk) -> Iterator[Need]:
    """Settlements that the other side proposed, and that wait for this one."""
    rows = Settlement.objects.visible_to(actor).filter(
        state=SettlementState.PROPOSED, contract__state="active", **{f"contract__{desk.side}_id": actor.organisation_id}
    )
    waiting = rows.exclude(side=desk.side).select_related("contract__seller", "contract__buyer", "termination")
    for settlement in waiting.order_by("proposed_at", "pk")[:SHOWN]:
        contract = settlement.contract
        other = contract.buyer if desk.side == "seller" else contract.seller
        yield Need(
            what=_("Settle the termination: %(title)s") % {"title": contract.title},
            who=other.legal_name,
            url=desk.url("termination", settlement.termination.ref),
            button=_("Read and answer"),
            amount=settlement.valued,
            currency=settlement.currency,
            note=contract.title,
            icon="stop-circle",
        )


def crumbs(desk: Desk, contract: Contract, *more: tuple[str, str]) -> Crumbs:
    if not desk.has_crumbs:
        return []
    return desk.crumbs((contract.number, desk.url("contract", contract.ref)), *more)
