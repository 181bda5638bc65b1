"""Drafts that start as a version stands, and drafts that are given up."""

from datetime import datetime

from apps.contracts.models import Contract, ContractVersion
from apps.contracts.services.plans import clear_plan, copy_plans, terms_of


def copy_of(version: ContractVersion, *, author: str, drafted_by_id: int | None, at: datetime) -> ContractVersion:
    """A new draft of a side that starts as the version stands; until when it can be signed is to be said anew."""
    draft = ContractVersion.objects.create(
        **terms_of(version),
        author=author,
        number=version.number + 1,
        price=version.price,
        plan_name=version.plan_name,
        drafted_by_id=drafted_by_id,
        created_at=at,
    )
    draft.contract = version.contract
    copy_plans(version, to=draft)
    return draft


def give_up_drafts(contract: Contract) -> None:
    """Nothing is negotiated any more: what a side was still writing ends with it."""
    for draft in contract.versions.filter(proposed_at__isnull=True):
        clear_plan(draft)
        draft.delete()
