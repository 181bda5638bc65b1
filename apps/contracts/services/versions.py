"""Versions as plain values: to write on, to compare, to copy, to export."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Q

from apps.contracts import rules
from apps.contracts.drafts import ContractDraft, DraftCriterion, DraftLine, DraftOption
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.contracts.models.contract import ContractState
from apps.contracts.services.dues import agreed_amount
from apps.contracts.services.reviews import review_terms
from apps.contracts.services.sides import Side
from apps.core import canonical
from apps.core.errors import IllegalTransition
from apps.parties.models import Organisation


def draft_version(contract: Contract, *, side: str = Side.SELLER) -> ContractVersion:
    """The version that this side is still writing; refused when there is none."""
    version = contract.versions.filter(author=side, proposed_at__isnull=True).first()
    if contract.state not in (ContractState.DRAFT, ContractState.PROPOSED) or version is None:
        raise IllegalTransition(
            "This contract is {state}. Only a draft can be changed.", state=str(contract.state).replace("_", " ")
        )
    version.contract = contract
    return version


def draft_of(contract: Contract, *, side: str = Side.SELLER) -> ContractDraft:
    """The draft of a side as plain values: what a form starts with."""
    return as_draft(draft_version(contract, side=side))


def as_draft(version: ContractVersion) -> ContractDraft:
    """A version as plain values."""
    contract = version.contract
    options = version.options().prefetch_related("lines__criteria") if version.option_of_id is None else ()
    return ContractDraft(
        number=version.contract_number,
        title=version.title,
        buyer_ref=contract.buyer.ref,
        currency=version.currency,
        price=version.price,
        payment_days=version.payment_days,
        payment_basis=version.payment_basis,
        bills_by=version.bills_by,
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
        notice_days=version.notice_days,
        tax_category=version.tax_category,
        tax_rate=version.tax_rate,
        exemption_code=version.exemption_code,
        exemption_reason=version.exemption_reason,
        is_assignable=version.is_assignable,
        retention=rules.read_retention(version.retention),
        late_payment=version.late_terms,
        payment_documents=version.document_terms,
        charges=version.charge_terms,
        governing_law=version.governing_law,
        terms=version.terms,
        answer_until=version.answer_until,
        signatory_name=version.signatory_name,
        signatory_email=version.signatory_email,
        lines=lines_of(version.lines.prefetch_related("criteria")),
        plan_name=version.plan_name if version.option_of_id is None else "",
        seller_ref=contract.seller.ref if contract.begun_by == Side.BUYER else "",
        seller_email=contract.seller_email,
        options=tuple(
            DraftOption(
                name=option.plan_name,
                lines=lines_of(option.lines.all()),
                discount_percent=option.discount_percent,
                discount=option.discount if option.discount_percent is None else None,
            )
            for option in options
        ),
    )


def lines_of(rows: Iterable[PlanLine]) -> tuple[DraftLine, ...]:
    """Lines as plain values, as they were written."""
    return tuple(
        DraftLine(
            title=line.title,
            scope=line.scope,
            basis=line.basis,
            percent=line.percent,
            amount=agreed_amount(line),
            planned_on=line.planned_on,
            criteria=tuple(DraftCriterion(c.text, c.needs_evidence, c.nature) for c in line.criteria.all()),
            own=line.own,
            kind=line.kind,
            due=line.due,
            measure=line.measure,
        )
        for line in rows
    )


def fingerprint(draft: ContractDraft) -> str:
    """SHA-256 of a draft: by it a form tells which draft it was filled in from."""
    return canonical.sha256(canonical.text(draft))


def newest_version(contract: Contract, *, side: str = Side.SELLER) -> ContractVersion:
    """The version that both signed, else the last one that was proposed, or that this side is writing."""
    if contract.active_version is not None:
        contract.active_version.contract = contract
        return contract.active_version
    return contract.versions.filter(Q(proposed_at__isnull=False) | Q(author=side)).order_by("-number")[0]


def paper_of(version: ContractVersion) -> rules.Paper:
    """All that a version says, or one of its plans. Of one that was proposed that is its signed text, whatever was
    renamed since."""
    if version.canonical_text:
        return rules.read_version_text(version.canonical_text, option=version.option_number)
    draft = as_draft(version)
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
        lines=_on_paper(draft.lines, price=draft.price, currency=draft.currency),
        options=tuple(_option(option, draft=draft) for option in draft.options),
    )


def _option(option: DraftOption, *, draft: ContractDraft) -> rules.PaperOption:
    price = rules.option_price(option, price=draft.price, currency=draft.currency)
    return rules.PaperOption(
        name=option.name,
        price=price,
        discount=rules.discount_of(option, price=draft.price, currency=draft.currency),
        discount_percent=option.discount_percent,
        lines=_on_paper(option.lines, price=price, currency=draft.currency),
    )


def _on_paper(lines: Sequence[DraftLine], *, price: Decimal, currency: str) -> tuple[rules.PaperLine, ...]:
    portions = [rules.portion_of(line) for line in lines]
    amounts = rules.known_amounts(price, currency=currency, portions=portions)
    return tuple(
        rules.PaperLine(
            title=line.title,
            scope=line.scope,
            basis=line.basis,
            percent=line.percent,
            amount=amount,
            planned_on=line.planned_on,
            criteria=line.criteria,
            own=line.own,
            kind=line.kind,
            due=line.due,
            per_period=rules.per_period(line),
            measure=line.measure,
        )
        for line, amount in zip(lines, amounts, strict=True)
    )


def _named(organisation: Organisation) -> str:
    names = ("legal_name", "street", "postcode", "city", "country", "vat_number", "company_number")
    return rules.party_in_words({name: getattr(organisation, name) for name in names})
