"""The canonical text of a draft as it would be signed now."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from apps.contracts import rules
from apps.contracts.billing import BY_MILESTONE
from apps.contracts.drafts import ContractDraft, DraftLine
from apps.contracts.exemptions import EXEMPTION
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.rules.payment import NET
from apps.contracts.services.reviews import review_terms
from apps.contracts.services.sides import Side
from apps.contracts.services.versions import as_draft, draft_version
from apps.core import canonical
from apps.parties.models import Organisation


def preview(contract: Contract, *, side: str = Side.SELLER) -> tuple[str, str]:
    """The text that a side would sign now by proposing, and its SHA-256. Refused while something is missing."""
    text, _amounts = proposal(draft_version(contract, side=side))
    return text, canonical.sha256(text)


def proposal(version: ContractVersion) -> tuple[str, list[list[Decimal]]]:
    """The canonical text of a draft as it would be proposed now, and the amounts of the lines of each plan."""
    return text_of(version, written=as_draft(version))


def text_of(
    version: ContractVersion,
    *,
    written: ContractDraft,
    positions: Sequence[int] | None = None,
    change: dict[str, Any] | None = None,
) -> tuple[str, list[list[Decimal]]]:
    """The same of a version that says what is ``written``; its lines are numbered from 1 unless ``positions`` tell."""
    contract = version.contract
    amounts = rules.check_offer(written)
    review = review_terms(version)
    rules.check_calendar(review)
    text = rules.version_text(
        contract={
            "ref": contract.ref,
            "number": version.contract_number,
            "title": version.title,
            "currency": version.currency,
            "version": version.number,
        },
        seller=_party(contract.seller),
        buyer=_party(contract.buyer),
        terms={
            "price": written.price,
            "payment_days": written.payment_days,
            "review_days": review.days,
            "review_unit": review.unit,
            "review_country": review.country,
            "review_subdivision": review.subdivision,
            "review_time_zone": review.time_zone,
            "silence": review.silence,
            "partial_acceptance": written.partial_acceptance,
            "question_suspensions": written.question_suspensions,
            "needs_inspection": written.needs_inspection,
            "second_acceptor_above": written.second_acceptor_above,
            "notice_days": written.notice_days,
            "tax_category": written.tax_category,
            "tax_rate": written.tax_rate,
            "is_assignable": written.is_assignable,
            "retention": rules.plain_retention(written.retention),
            "governing_law": written.governing_law,
            "further": written.terms,
            "answer_until": written.answer_until,
            # Where nothing is agreed the text says nothing, as texts did before there was this term.
            **({"late_payment": rules.plain_late_payment(written.late_payment)} if written.late_payment else {}),
            **(
                {"payment_documents": rules.plain_payment_documents(written.payment_documents)}
                if written.payment_documents
                else {}
            ),
            **({"charges": rules.plain_charges(written.charges)} if written.charges else {}),
            **({"payment_basis": written.payment_basis} if written.payment_basis != NET else {}),
            **{name: said for name in EXEMPTION if (said := getattr(written, name))},
            **({"bills_by": written.bills_by} if written.bills_by != BY_MILESTONE else {}),
        },
        signatory={"name": written.signatory_name, "email": written.signatory_email},
        lines=_lines(written.lines, amounts[0], positions=positions),
        change=change,
        plan_name=written.plan_name,
        options=[
            rules.OptionText(
                number=number,
                name=option.name,
                price=rules.option_price(option, price=written.price, currency=written.currency),
                discount=rules.discount_of(option, price=written.price, currency=written.currency),
                discount_percent=option.discount_percent,
                lines=_lines(option.lines, of_option),
            )
            for number, (option, of_option) in enumerate(zip(written.options, amounts[1:], strict=True), start=1)
        ],
    )
    return text, amounts


def _lines(
    lines: Sequence[DraftLine], amounts: Sequence[Decimal], *, positions: Sequence[int] | None = None
) -> list[rules.LineText]:
    return [
        rules.LineText(
            position=position,
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
        for position, line, amount in zip(positions or range(1, len(lines) + 1), lines, amounts, strict=True)
    ]


def _party(organisation: Organisation) -> rules.PartyText:
    return rules.PartyText(
        ref=organisation.ref,
        legal_name=organisation.legal_name,
        street=organisation.street,
        postcode=organisation.postcode,
        city=organisation.city,
        country=organisation.country,
        vat_number=organisation.vat_number,
        company_number=organisation.company_number,
    )
