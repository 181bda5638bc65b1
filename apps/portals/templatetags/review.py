"""Tags that tell the terms of the review in plain words; loaded everywhere without ``{% load %}``."""

from datetime import datetime

from django import template

from apps.contracts import (
    charges_wording,
    criteria_wording,
    document_wording,
    exemption_wording,
    late_wording,
    line_wording,
    measure_wording,
    own_wording,
    retention_wording,
    rules,
    wording,
)
from apps.contracts import services as contracts
from apps.contracts.drafts import AS_AGREED, DraftCriterion, DraftLine
from apps.contracts.models import ContractVersion, PlanLine
from apps.contracts.rules import ReviewTerms
from apps.portals import formats

register = template.Library()


@register.simple_tag
def review_terms(version: ContractVersion, line: PlanLine | None = None) -> ReviewTerms:
    """What was agreed of the review: ``{% review_terms version as review %}``; with a ``line``, of it."""
    return contracts.review_terms(version, own=line.own if line is not None else AS_AGREED)


@register.simple_tag
def payment_terms(version: ContractVersion) -> str:
    """Until when an invoice is paid in time."""
    return wording.payment(version.payment_days, version.payment_basis)


@register.simple_tag
def review_period(review: ReviewTerms) -> str:
    """How long the buyer has."""
    return wording.review_period(review)


@register.simple_tag
def silence_means(silence: str) -> str:
    """What silence does."""
    return wording.silence_means(silence)


@register.simple_tag
def partial_acceptance(may_be: bool) -> str:
    """Whether a milestone may be accepted in part."""
    return wording.partial_acceptance(may_be)


@register.simple_tag
def question_suspensions(most: int) -> str:
    """Whether questions stop the review clock."""
    return wording.question_suspensions(most)


@register.simple_tag
def acceptance_steps(version: ContractVersion) -> str:
    """Who has to look at a milestone before it is accepted; nothing where one person is enough."""
    above = version.second_acceptor_above
    amount = formats.money(above, version.currency) if above is not None else ""
    return wording.acceptance_steps(needs_inspection=version.needs_inspection, second_above=amount)


@register.simple_tag
def tax_treatment(version: ContractVersion) -> str:
    """How a contract is taxed: the treatment, and its rate, or why it bears none."""
    return own_wording.tax_of(version)


@register.simple_tag
def exemption_codes() -> list[tuple[str, list[tuple[str, str]]]]:
    """The codes by which a line can say why it bears no tax, to be picked from."""
    return exemption_wording.choices()


@register.simple_tag
def measured(line: DraftLine, currency: str) -> str:
    """How much of what at which price for one: ``{% measured line currency %}``; empty of a lump sum."""
    return measure_wording.agreed(line.measure, currency) if line.measure is not None else ""


@register.simple_tag
def notice_period(days: int) -> str:
    """How long before the end a side says that it terminates."""
    return wording.notice(days)


@register.simple_tag
def own_terms(line: PlanLine) -> list[str]:
    """What a milestone has in the place of the contract's terms: ``{% own_terms line as sentences %}``."""
    return wording.own_terms(line.own)


@register.simple_tag
def criterion_marks(criterion: DraftCriterion) -> str:
    """What is said of a criterion beside its sentence: ``{% criterion_marks criterion as marks %}``."""
    return criteria_wording.marks(criterion)


@register.simple_tag
def holds_for(line: PlanLine) -> list[tuple[str, str]]:
    """All that holds for a milestone, each term by its name: ``{% holds_for milestone.line as terms %}``."""
    version = line.version
    return line_wording.holds(line.agreed, contracts.review_terms(version, own=line.own), currency=version.currency)


@register.simple_tag
def retention(version: ContractVersion, *, currency: str) -> str:
    """What is withheld of each invoice and when it is released; empty where nothing was agreed."""
    terms = rules.read_retention(version.retention)
    return retention_wording.whole(terms, currency=currency) if terms is not None else ""


@register.simple_tag
def late_payment(version: ContractVersion, *, currency: str) -> str:
    """Interest and fee where an invoice is paid late; empty where nothing was agreed."""
    terms = version.late_terms
    return late_wording.whole(terms, currency=currency) if terms is not None else ""


@register.simple_tag
def payment_documents(version: ContractVersion) -> str:
    """Which documents come before payment; empty where none does."""
    terms = version.document_terms
    return document_wording.whole(terms) if terms is not None else ""


@register.simple_tag
def charges(version: ContractVersion, *, currency: str) -> list[tuple[str, str]]:
    """Damages for delay, bonus and back-charges by name; empty where nothing was agreed."""
    terms = version.charge_terms
    return charges_wording.parts(terms, currency=currency) if terms is not None else []


@register.simple_tag
def silence_by(silence: str, due: datetime, *, zone: str) -> str:
    """What silence does, and when: ``… by 12 Dec 2026, 23:59 CET (Berlin), the milestone counts as accepted``."""
    return wording.silence_by(silence, due=f"{formats.instant(due, zone)} ({wording.place(zone)})")


@register.simple_tag
def nothing_by_silence(barred_by: str) -> str:
    """Why silence does less than was agreed."""
    return wording.nothing_by_silence(barred_by)


@register.simple_tag
def thirty_days() -> str:
    """What European law says of long reviews."""
    return wording.thirty_days()
