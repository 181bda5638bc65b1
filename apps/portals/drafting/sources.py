"""What a new contract can start from besides a blank page: another contract of this side, or a template."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.shortcuts import get_object_or_404

from apps.contracts import rules
from apps.contracts import services as contracts
from apps.contracts.drafts import ContractDraft, DraftLine
from apps.contracts.models import Contract, ContractTemplate
from apps.core import money
from apps.portals.access import PortalRequest
from apps.portals.drafting import plan
from apps.portals.drafting.desk import Desk


@dataclass(frozen=True, slots=True)
class Source:
    """The draft to start from, and what it was taken from."""

    draft: ContractDraft
    name: str


def source_of(request: PortalRequest, *, desk: Desk) -> Source | None:
    """What ``?copy=`` or ``?template=`` names; 404 for what is not the organisation's own.

    A copy keeps the other side, who signs off and everything that was agreed; its number is a new one.
    """
    copied, started = request.GET.get("copy", ""), request.GET.get("template", "")
    if copied:
        found = desk.contract(request, copied)
        draft = contracts.as_draft(contracts.newest_version(found, side=desk.side))
        # The editor asks the one who begins for the other side: a buyer for the seller, a seller for the buyer.
        if desk.side == "buyer":
            draft = replace(draft, buyer_ref="", seller_ref=found.seller.ref)
        else:
            draft = replace(draft, seller_ref="")
        return Source(replace(draft, number="", seller_email=""), f"{found.number} {found.title}")
    if started:
        template = get_object_or_404(ContractTemplate.objects.visible_to(request.actor), ref=started)
        return Source(contracts.draft_of_template(template), template.name)
    return None


def kept_plan(request: PortalRequest, contract: Contract | None, *, desk: Desk) -> tuple[DraftLine, ...] | None:
    """The plan that the page shows without editing it, because it is too long for a form; None when it is edited.

    It is never sent by the browser: it is read again from where it stands.
    """
    if request.POST.get("plan-kept") != "1":
        return None
    if contract is not None:
        return contracts.draft_of(contract, side=desk.side).lines
    source = source_of(request, desk=desk)
    return source.draft.lines if source is not None else None


def kept_options(request: PortalRequest, contract: Contract | None, *, desk: Desk) -> dict[str, Any]:
    """The other plans of the draft, which have pages of their own and are not sent by this one; as parts of a draft."""
    if contract is not None:
        draft = contracts.draft_of(contract, side=desk.side)
    else:
        source = source_of(request, desk=desk)
        if source is None:
            return {}
        draft = source.draft
    return {"plan_name": draft.plan_name, "options": draft.options}


def is_kept(lines: Sequence[DraftLine]) -> bool:
    """Whether a plan is too long to be edited in a form."""
    return not plan.fits(lines)


def allocated(lines: Sequence[DraftLine], *, price: Decimal | None, currency: str) -> Decimal:
    """How much of the price a plan gives to milestones, as far as it is written."""
    if price is None or currency not in money.currencies():
        return money.ZERO
    portions = [rules.portion_of(line) for line in lines]
    amounts = rules.known_amounts(price, currency=currency, portions=portions)
    return rules.sum_of(amounts, portions)
