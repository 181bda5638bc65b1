"""Lines of one plan that are taxed differently: goods beside work, an exempt part beside a taxed one.

Each line's own invoice bears its treatment. What stands on one document with other lines, or is measured with tax, is
refused before anybody signs where it would have no right answer.

Sources: EN 16931, BR-O-11 to BR-O-14 (what is outside the scope of tax stands on an invoice without other categories);
Directive 2006/112/EC, articles 65 and 93 (the tax on a payment on account is that of the supply it is for).
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from apps.contracts.billing import BY_APPLICATION
from apps.contracts.drafts import MILESTONE, ContractDraft, DraftLine, LineTerms
from apps.contracts.retention import GROSS
from apps.contracts.rules.exemptions import check_exemption, refuse_without_reason
from apps.contracts.rules.moved import PlacedLine
from apps.contracts.rules.recovery import is_recoverable
from apps.core.errors import Refused

STANDARD: Final = "S"
OUTSIDE: Final = "O"
TREATMENTS: Final = frozenset({STANDARD, "Z", "E", "AE", "K", "G", OUTSIDE})
"""Codes of EN 16931 (UNTDID 5305)."""
DECIMALS: Final = 3

Treatment = tuple[str, Decimal]


def check_own_tax(own: LineTerms, *, position: int) -> LineTerms:
    """The own terms with treatment and rate together, if there is such a tax; a rate alone is the standard one's."""
    category, rate = own.tax_category, own.tax_rate
    if not category and rate is None:
        if own.exemption_code or own.exemption_reason:
            raise Refused(
                "Line {line} says why it is exempt, and not that it is. Choose its own tax treatment, or take the"
                " reason out.",
                field="lines",
                line=position,
            )
        return own
    category = category or STANDARD
    if category not in TREATMENTS:
        raise Refused("Choose the tax treatment of line {line} from the list.", field="lines", line=position)
    if category != STANDARD and rate:
        raise Refused(
            "Only the standard rate bears tax. Take the own tax rate out of line {line}, or choose the standard rate.",
            field="lines",
            line=position,
        )
    if category == STANDARD and (
        rate is None or not rate.is_finite() or not 0 < rate <= 100 or rate != round(rate, DECIMALS)
    ):
        raise Refused(
            "The own tax rate of line {line} is a percentage above 0, up to 100, with at most three decimals.",
            field="lines",
            line=position,
        )
    code, words = check_exemption(own, category=category, field="lines", line=position)
    return replace(
        own,
        tax_category=category,
        tax_rate=Decimal(0) if category != STANDARD else rate,
        exemption_code=code,
        exemption_reason=words,
    )


def treatment_of(line: DraftLine, draft: ContractDraft) -> Treatment:
    """How a line is taxed: its own category and rate in percent, or the contract's."""
    if line.own.tax_category:
        return line.own.tax_category, line.own.tax_rate or Decimal(0)
    return draft.tax_category, draft.tax_rate


def check_treatments(draft: ContractDraft) -> None:
    """Refuse a plan whose lines are taxed differently where one document or one sum would need them alike, and what is
    exempt without a reason."""
    if any(not line.own.tax_category for line in draft.lines):
        refuse_without_reason(draft, category=draft.tax_category)
    for line in draft.lines:
        refuse_without_reason(line.own, category=line.own.tax_category, title=line.title)
    if not any(line.own.tax_category for line in draft.lines):
        return
    whole = (draft.tax_category, draft.tax_rate)
    _check_deposits(draft)
    milestones = [(line, treatment_of(line, draft)) for line in draft.lines if line.kind == MILESTONE]
    if draft.bills_by == BY_APPLICATION:
        _check_alone(milestones)
    if draft.retention is not None and any(kind.base == GROSS for kind in draft.retention.kinds):
        other = [line.title for line, treatment in milestones if treatment != whole]
        if other:
            raise Refused(
                "“{title}” is taxed otherwise than the contract, and retention is reckoned on amounts with tax, for all"
                " milestones together. Reckon it on amounts net of tax, or take the own tax out of the line.",
                field="lines",
                title=other[0],
            )


def check_scope_stays(
    before: Sequence[PlacedLine], after: Sequence[PlacedLine], *, stands: ContractDraft, written: ContractDraft
) -> None:
    """Refuse a change order by which a milestone moves into or out of what is outside the scope of tax, where
    applications for payment are billed: a part of it that is accepted would stand in one with its rest."""
    if stands.bills_by != BY_APPLICATION:
        return
    was = {one.position: treatment_of(one.line, stands)[0] for one in before if one.line.kind == MILESTONE}
    for one in after:
        treatments = {was.get(one.position, ""), treatment_of(one.line, written)[0]}
        if one.position in was and OUTSIDE in treatments and len(treatments) > 1:
            raise another_scope(field="lines")


def another_scope(*, field: str) -> Refused:
    """What is said of a change of the contract's tax, or of a line's, that would leave an application with both."""
    return Refused(
        "An application for payment bills what was agreed before and after this change in one invoice, and what is"
        " outside the scope of tax cannot stand on an invoice beside other lines. The tax of this contract stays.",
        field=field,
    )


def _check_deposits(draft: ContractDraft) -> None:
    """What an invoice gives back of a deposit bears the deposit's tax, so what it bills bears it too."""
    deposit = next((line for line in draft.lines if is_recoverable(line)), None)
    if deposit is None:
        return
    taxed = treatment_of(deposit, draft)
    other = next((line for line in draft.lines if treatment_of(line, draft) != taxed), None)
    if other is not None:
        raise Refused(
            "Later invoices give the deposit “{deposit}” back, each at the tax with which it was invoiced, so every"
            " line is taxed as it is, and “{title}” is not. Let the deposit stay earned, or give both the same tax.",
            field="lines",
            deposit=deposit.title,
            title=other.title,
        )


def _check_alone(milestones: Sequence[tuple[DraftLine, Treatment]]) -> None:
    """An application for payment bills several milestones in one invoice."""
    outside = [line.title for line, (category, _rate) in milestones if category == OUTSIDE]
    if outside and len(outside) < len(milestones):
        raise Refused(
            "“{title}” is outside the scope of tax, and an application for payment bills it in one invoice with other"
            " milestones, where it cannot stand beside them. Let all be outside the scope of tax, or none.",
            field="lines",
            title=outside[0],
        )
