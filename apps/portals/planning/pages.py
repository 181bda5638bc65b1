"""What the page says that compares the plans of one deal, for either side."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from apps.contracts.models import Contract, ContractVersion
from apps.parties.actor import Actor
from apps.portals.planning.comparing import ComparedPlan, compare
from apps.portals.planning.quoting import Quote, facilities_of, quotes_of, why_nothing


@dataclass(frozen=True, slots=True)
class Card:
    """One plan with where it can be signed, if it can, and what financing would give for it, if somebody is asked.

    ``why_nothing`` says why no facility would give anything, whatever its terms.
    """

    plan: ComparedPlan
    sign_url: str
    quotes: Sequence[Quote]
    why_nothing: str
    is_in_force: bool


def comparison_of(
    version: ContractVersion, *, side: str, today: date, sign_url: str = "", quotes_for: Actor | None = None
) -> dict[str, Any]:
    """The context of ``components/compare_plans.html``; ``sign_url`` is where this side signs, where it may now.

    ``quotes_for`` is somebody of the seller: only the seller sees what its facilities would give.
    """
    found = compare(version, today=today)
    facilities = facilities_of(quotes_for, version) if quotes_for is not None else []
    offered = [plan for plan in found.plans if plan.is_offered]
    active = version.contract.active_version
    is_signed = active is not None and version.pk in (active.pk, active.option_of_id)
    nothing = [why_nothing(plan, version=version) for plan in found.plans]
    cards = [
        Card(
            plan=plan,
            sign_url=_sign_url(plan, sign_url, several=len(offered) > 1),
            quotes=[] if why else quotes_of(plan, version=version, facilities=facilities, funding_on=today),
            why_nothing=why,
            is_in_force=is_signed and active is not None and plan.number == active.option_number,
        )
        for plan, why in zip(found.plans, nothing, strict=True)
    ]
    return {
        "contract": version.contract,
        "version": version,
        "side": side,
        "comparison": found,
        "cards": cards,
        "has_options": len(offered) > 1,
        "has_illustrations": len(offered) < len(cards),
        "has_facility": bool(facilities),
        "is_signed": is_signed,
    }


def comparable(actor: Actor, contract: Contract, *, side: str) -> ContractVersion:
    """The version whose plans are compared: the one in force, else the side's draft, else the newest proposal."""
    visible = ContractVersion.objects.visible_to(actor).filter(contract=contract)
    versions = visible.filter(Q(proposed_at__isnull=False) | Q(author=side)).prefetch_related("lines__criteria")
    if contract.active_version is not None:
        active = contract.active_version
        version = versions.get(pk=active.option_of_id or active.pk)
    else:
        version = versions.order_by("-number", "proposed_at")[0]
    version.contract = contract
    return version


def _sign_url(plan: ComparedPlan, url: str, *, several: bool) -> str:
    if not url or not plan.is_offered:
        return ""
    return f"{url}?pick={plan.number}" if several else url
