"""What is signed: the canonical text of a version, and the statements that each side agrees to.

A statement has a version, so that a signature of today can be read after the wording has changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Final

from apps.contracts.drafts import AS_AGREED, MILESTONE, DraftCriterion, Due, LineTerms, Measure
from apps.contracts.replaced_terms import ReplacedTerms
from apps.contracts.rules.conditions import plain_condition
from apps.contracts.rules.dues import due_text
from apps.contracts.rules.measures import measure_text
from apps.core import canonical
from apps.core.money import Money
from apps.core.statements import Statement

TEXT_VERSION: Final = "contract-1"
LATER_TERMS: Final = tuple(one.name for one in fields(ReplacedTerms))
"""Own terms of a line that are in no text before they were terms: named only where they are agreed."""


@dataclass(frozen=True, slots=True)
class PartyText:
    """A party as the contract names it: who it is and where."""

    ref: str
    legal_name: str
    street: str
    postcode: str
    city: str
    country: str
    vat_number: str
    company_number: str


@dataclass(frozen=True, slots=True)
class LineText:
    """A line as the contract names it. ``due`` and ``per_period`` belong to lines that are no milestones."""

    position: int
    title: str
    scope: str
    basis: str
    percent: Decimal | None
    amount: Decimal
    planned_on: date | None
    criteria: Sequence[DraftCriterion]
    own: LineTerms = AS_AGREED
    kind: str = MILESTONE
    due: Due | None = None
    per_period: Decimal | None = None
    measure: Measure | None = None


@dataclass(frozen=True, slots=True)
class OptionText:
    """Another plan as the contract names it, counted from 1; ``discount`` is an amount, None where there is none."""

    number: int
    name: str
    price: Decimal
    discount: Decimal | None
    discount_percent: Decimal | None
    lines: Sequence[LineText]


@dataclass(frozen=True, slots=True)
class Pick:
    """The plan that is picked of several: 0 is the base plan; ``price`` net of tax."""

    number: int
    name: str
    price: Money


def version_text(
    *,
    contract: dict[str, Any],
    seller: PartyText,
    buyer: PartyText,
    terms: dict[str, Any],
    signatory: dict[str, str],
    lines: Sequence[LineText],
    change: dict[str, Any] | None = None,
    plan_name: str = "",
    options: Sequence[OptionText] = (),
) -> str:
    """The canonical text of one version of a contract: everything that binds, and nothing that does not.

    Of a version that a change order makes it says the change too; of one that offers a choice, every plan.
    """
    return canonical.text(
        {
            "format": TEXT_VERSION,
            "contract": contract,
            "seller": seller,
            "buyer": buyer,
            "terms": terms,
            "signs_for_buyer": signatory,
            "plan": [_line(line) for line in lines],
            **({"change_order": change} if change is not None else {}),
            **({"plan_name": plan_name, "options": [_option(one) for one in options]} if options else {}),
        }
    )


def _line(line: LineText) -> dict[str, Any]:
    return {
        "position": line.position,
        "title": line.title,
        "scope": line.scope,
        "basis": line.basis,
        "percent": line.percent,
        "amount": line.amount,
        "planned_on": line.planned_on,
        "criteria": [_criterion(one) for one in line.criteria],
        "own": own_text(line.own),
        **due_text(line.kind, line.due, agreed=line.per_period),
        **measure_text(line.measure),
    }


def _criterion(one: DraftCriterion) -> dict[str, Any]:
    nature = {"nature": one.nature} if one.nature else {}
    return {"text": one.text, "needs_evidence": one.needs_evidence, **nature}


def own_text(own: LineTerms) -> dict[str, Any] | None:
    """What a line has of its own; what was no term when older texts were signed is named only where it is agreed."""
    said: dict[str, Any] = {"review_days": own.review_days, "silence": own.silence, "is_cumulative": own.is_cumulative}
    if own.retention_rate is not None:
        said["retention_rate"] = own.retention_rate
    if own.is_materials:
        said["is_materials"] = True
    if own.condition is not None:
        said["condition"] = plain_condition(own.condition)
    if own.documents:
        said["documents"] = list(own.documents)
    return {**said, **later_terms(own)} if own else None


def later_terms(own: LineTerms) -> dict[str, Any]:
    """Terms that a line could not have of its own before these were added, as far as they are agreed."""
    return {name: value for name in LATER_TERMS if (value := getattr(own, name)) not in (None, "")}


def all_terms(own: LineTerms) -> dict[str, Any]:
    """All that a line has of its own, for the text of what a change order makes different."""
    earlier = {one.name: getattr(own, one.name) for one in fields(own) if one.name not in LATER_TERMS}
    return {**earlier, **later_terms(own)}


def _option(option: OptionText) -> dict[str, Any]:
    return {
        "number": option.number,
        "name": option.name,
        "price": option.price,
        "discount": option.discount,
        "discount_percent": option.discount_percent,
        "plan": [_line(line) for line in option.lines],
    }


def proposing_statement(side: str, *, organisation: str, number: str, version: int, plans: int = 1) -> Statement:
    """What the person of ``side`` agrees to who proposes a version, which offers so many ``plans`` to pick from."""
    named: dict[str, Any] = {"organisation": organisation, "number": number, "version": version}
    if side == "seller" and plans > 1:
        return Statement(
            "I am authorised to act for {organisation}. I sign version {version} of contract {number} as shown here,"
            " with each of its {plans} plans; it binds us, with the one plan that the buyer picks, once the buyer"
            " has signed the same version.",
            "seller-options-1",
            **named,
            plans=plans,
        )
    if plans > 1:
        return Statement(
            "I am authorised to act for {organisation}. I sign version {version} of contract {number} as shown here,"
            " with each of its {plans} plans; it binds us, with the one plan that the seller picks, once the seller"
            " has signed the same version.",
            "buyer-options-1",
            **named,
            plans=plans,
        )
    if side == "seller":
        return Statement(
            "I am authorised to act for {organisation}. I sign version {version} of contract {number} as shown here;"
            " it binds us once the buyer has signed the same version.",
            "seller-1",
            **named,
        )
    return Statement(
        "I am authorised to act for {organisation}. I sign version {version} of contract {number} as shown here;"
        " it binds us once the seller has signed the same version.",
        "buyer-proposes-1",
        **named,
    )


def answering_statement(
    side: str, *, organisation: str, number: str, version: int, pick: Pick | None = None
) -> Statement:
    """What the person of ``side`` agrees to who signs what the other side proposed, and picks a plan of it."""
    named: dict[str, Any] = {"organisation": organisation, "number": number, "version": version}
    if pick is not None:
        return Statement(
            "I am authorised to act for {organisation}. I have read version {version} of contract {number} as shown"
            " here, I pick the plan “{plan}” at the price of {price}, net of tax, and sign it. It is in force with"
            " that plan from now on; the other plans are not.",
            "buyer-picks-1" if side == "buyer" else "seller-picks-1",
            **named,
            plan=pick.name,
            price=pick.price,
        )
    return Statement(
        "I am authorised to act for {organisation}. I have read version {version} of contract {number} as shown here"
        " and sign it. It is in force from now on.",
        "buyer-1" if side == "buyer" else "seller-answers-1",
        **named,
    )


def change_statement(
    side: str, *, organisation: str, number: str, version: int, order: int, is_answer: bool
) -> Statement:
    """What the person of ``side`` agrees to who proposes a change order, or who signs the other side's."""
    named = {"organisation": organisation, "number": number, "version": version, "order": order}
    if is_answer:
        return Statement(
            "I am authorised to act for {organisation}. I have read change order {order} of contract {number} as shown"
            " here and sign it. Version {version} is in force from now on.",
            "buyer-change-ans-1" if side == "buyer" else "seller-change-ans-1",
            **named,
        )
    if side == "seller":
        return Statement(
            "I am authorised to act for {organisation}. I sign change order {order} of contract {number} as shown here,"
            " which makes version {version} of it; it binds us once the buyer has signed the same.",
            "seller-change-1",
            **named,
        )
    return Statement(
        "I am authorised to act for {organisation}. I sign change order {order} of contract {number} as shown here,"
        " which makes version {version} of it; it binds us once the seller has signed the same.",
        "buyer-change-1",
        **named,
    )
