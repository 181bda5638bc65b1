"""Versions as plain values: to compare, to copy, to export."""

from typing import Any

from apps.contracts import rules
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.services.drafting import as_draft
from apps.contracts.services.reviews import review_terms
from apps.parties.models import Organisation


def newest_version(contract: Contract) -> ContractVersion:
    """The version that both signed, else the last one that was written."""
    versions = contract.versions.order_by("-number")
    if contract.active_version_id is not None:
        versions = versions.filter(pk=contract.active_version_id)
    return versions[0]


def paper_of(version: ContractVersion) -> rules.Paper:
    """All that a version says. Of one that was proposed that is its signed text, whatever was renamed since."""
    if version.canonical_text:
        return rules.read_version_text(version.canonical_text)
    draft = as_draft(version)
    amounts = rules.known_amounts(
        draft.price,
        currency=draft.currency,
        portions=[rules.Portion(line.basis, line.percent, line.amount) for line in draft.lines],
    )
    terms: dict[str, Any] = {name: getattr(draft, name) for name in rules.DRAFT_TERMS}
    contract, review = version.contract, review_terms(version)
    return rules.Paper(
        terms={
            **terms,
            "review_country": review.country,
            "review_time_zone": review.time_zone,
            "seller": _named(contract.seller),
            "buyer": _named(contract.buyer),
        },
        lines=tuple(
            rules.PaperLine(line.title, line.scope, line.basis, line.percent, amount, line.planned_on, line.criteria)
            for line, amount in zip(draft.lines, amounts, strict=True)
        ),
    )


def _named(organisation: Organisation) -> str:
    names = ("legal_name", "street", "postcode", "city", "country", "vat_number", "company_number")
    return rules.party_in_words({name: getattr(organisation, name) for name in names})
