"""Drafts that start as a version stands, and drafts that are given up."""

from datetime import datetime

from apps.contracts.models import Contract, ContractVersion
from apps.contracts.services.plans import clear_plan, copy_plans


def copy_of(version: ContractVersion, *, author: str, drafted_by_id: int | None, at: datetime) -> ContractVersion:
    """A new draft of a side that starts as the version stands; until when it can be signed is to be said anew."""
    draft = ContractVersion.objects.create(
        contract=version.contract,
        author=author,
        number=version.number + 1,
        price=version.price,
        payment_days=version.payment_days,
        review_days=version.review_days,
        review_unit=version.review_unit,
        review_country=version.review_country,
        review_subdivision=version.review_subdivision,
        review_time_zone=version.review_time_zone,
        silence=version.silence,
        partial_acceptance=version.partial_acceptance,
        question_suspensions=version.question_suspensions,
        needs_inspection=version.needs_inspection,
        second_acceptor_above=version.second_acceptor_above,
        tax_category=version.tax_category,
        tax_rate=version.tax_rate,
        is_assignable=version.is_assignable,
        retention=version.retention,
        late_payment=version.late_payment,
        governing_law=version.governing_law,
        terms=version.terms,
        signatory_name=version.signatory_name,
        signatory_email=version.signatory_email,
        plan_name=version.plan_name,
        drafted_by_id=drafted_by_id,
        created_at=at,
    )
    copy_plans(version, to=draft)
    return draft


def give_up_drafts(contract: Contract) -> None:
    """Nothing is negotiated any more: what a side was still writing ends with it."""
    for draft in contract.versions.filter(proposed_at__isnull=True):
        clear_plan(draft)
        draft.delete()
