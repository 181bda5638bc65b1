"""What can be written into a draft, and what a proposal must have besides a plan that adds up."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from apps.contracts.billing import BILLINGS, BY_APPLICATION
from apps.contracts.charges import ChargeTerms
from apps.contracts.criteria import NATURES
from apps.contracts.drafts import MILESTONE, RECURRING, ContractDraft, DraftCriterion, DraftLine
from apps.contracts.rules.charges import check_charges
from apps.contracts.rules.conditions import check_conditions, check_own_condition
from apps.contracts.rules.dues import check_due, check_dues, check_periods, portion_of
from apps.contracts.rules.exemptions import check_exemption
from apps.contracts.rules.interest import check_interest
from apps.contracts.rules.late_payment import check_late_payment
from apps.contracts.rules.mailboxes import MAILBOX
from apps.contracts.rules.measures import check_measure, worth
from apps.contracts.rules.own_tax import check_own_tax, check_treatments
from apps.contracts.rules.payable import check_payable_most
from apps.contracts.rules.payment import check_payment
from apps.contracts.rules.payment_documents import check_payment_documents
from apps.contracts.rules.plan import AMOUNT, PERCENT, REMAINDER, TOTAL, check_percent, plan_amounts
from apps.contracts.rules.recovery import check_recoveries
from apps.contracts.rules.retention import check_proposed_retention, check_retention
from apps.contracts.rules.review import check_review, end_of_day
from apps.contracts.rules.steps import check_own, check_steps
from apps.contracts.rules.termination import check_notice_days
from apps.contracts.rules.words import required, trimmed
from apps.core import money
from apps.core.errors import Refused, refuse_all

LONGEST_PERIOD: Final = 365
LONGEST_ANSWER: Final = timedelta(days=3653)
"""Ten years: no proposal stands longer."""
MOST_LINES: Final = 10_000
MOST_CRITERIA: Final = 50
TAX_CATEGORIES: Final = frozenset({"S", "Z", "E", "AE", "K", "G", "O"})
TAX_DECIMALS: Final = 3


def check_draft(draft: ContractDraft) -> ContractDraft:
    """The draft with its texts trimmed, if it can be kept; refused with the field named otherwise."""
    if draft.currency not in money.currencies():
        raise Refused("{code} is not a currency in use.", field="currency", code=draft.currency)
    money.payable(draft.price, draft.currency, field="price")
    check_payment(draft.payment_days, draft.payment_basis)
    if draft.bills_by not in BILLINGS:
        raise Refused("Choose what issues the invoices.", field="bills_by")
    if not 1 <= draft.review_days <= LONGEST_PERIOD:
        raise Refused("The days to review are between 1 and {most}.", field="review_days", most=LONGEST_PERIOD)
    check_review(
        unit=draft.review_unit,
        country=draft.review_country,
        subdivision=draft.review_subdivision,
        time_zone=draft.review_time_zone,
        silence=draft.silence,
    )
    check_steps(draft)
    check_notice_days(draft.notice_days)
    _check_tax(draft.tax_category, rate=draft.tax_rate)
    if draft.late_payment is not None:
        check_late_payment(draft.late_payment, currency=draft.currency)
    if draft.charges is not None:
        check_charges(draft.charges, currency=draft.currency)
    if draft.retention is not None:
        check_retention(draft.retention, currency=draft.currency)
    mailbox = trimmed(draft.signatory_email, most=254, what="e-mail", field="signatory_email").lower()
    if mailbox and not MAILBOX.fullmatch(mailbox):
        raise Refused("{mailbox} is not an e-mail address.", field="signatory_email", mailbox=mailbox)
    code, words = check_exemption(draft, category=draft.tax_category, field="exemption_reason")
    return replace(
        draft,
        exemption_code=code,
        exemption_reason=words,
        number=required(draft.number, most=40, what="contract number", field="number"),
        title=required(draft.title, most=160, what="title", field="title"),
        governing_law=trimmed(draft.governing_law, most=80, what="governing law", field="governing_law"),
        terms=trimmed(draft.terms, most=20_000, what="further terms", field="terms"),
        signatory_name=trimmed(draft.signatory_name, most=120, what="name of the signatory", field="signatory_name"),
        signatory_email=mailbox,
        payment_documents=check_payment_documents(draft.payment_documents),
        lines=check_lines(draft.lines, currency=draft.currency),
    )


def check_lines(lines: Sequence[DraftLine], *, currency: str) -> tuple[DraftLine, ...]:
    """The lines of a plan with their texts trimmed, if they can be kept, in whatever state the plan is."""
    if len(lines) > MOST_LINES:
        raise Refused("A plan has at most {most} lines.", field="lines", most=MOST_LINES)
    if sum(line.basis == REMAINDER for line in lines) > 1:
        raise Refused("Only one line of the plan can be the remainder.", field="lines")
    return tuple(check_line(line, position=position, currency=currency) for position, line in enumerate(lines, 1))


def check_proposal(draft: ContractDraft) -> list[Decimal]:
    """The amounts of the plan's lines, if everything is there that two parties can sign; refused otherwise."""
    if not draft.signatory_name:
        raise Refused("Name the person who signs off for the buyer.", field="signatory_name")
    if not draft.signatory_email:
        raise Refused("Give the e-mail of the person who signs off for the buyer.", field="signatory_email")
    if draft.tax_category == "S" and draft.tax_rate == 0:
        raise Refused("The standard rate is above zero. Choose another tax treatment for no tax.", field="tax_rate")
    if draft.retention is not None:
        check_proposed_retention(draft.retention, titles=_milestones(draft.lines))
    check_own_retention(draft)
    check_own_terms(draft)
    _check_sections(draft)
    check_interest(draft)
    amounts = check_plan(draft.lines, price=draft.price, currency=draft.currency)
    check_payable_most(draft, amounts)
    return amounts


def _check_sections(draft: ContractDraft) -> None:
    """What is retained of an application for payment is so of all its lines together, so no section has its own."""
    terms = draft.retention if draft.bills_by == BY_APPLICATION else None
    if terms is not None and any(part.release.only for part in terms.schedule):
        raise Refused(
            "Where applications for payment are billed, retention is kept of each application as a whole, so none of it"
            " is released for one milestone alone. Release parts of all that is withheld with that milestone.",
            field="retention_releases",
        )


def check_own_retention(draft: ContractDraft) -> None:
    """Refuse own rates of milestones where nothing says when what is withheld is released."""
    terms = draft.retention
    if not any(line.own.retention_rate is not None for line in draft.lines):
        return
    if terms is None:
        raise Refused(
            "A milestone has a rate of retention of its own, and the contract has none. Agree on one, 0 if nothing else"
            " is withheld, so that it is known when it is released.",
            field="retention_rate",
        )
    if terms.payable_most is not None:
        raise Refused(
            "What is payable at most before the last milestone is accepted counts all milestones alike. Take the own"
            " rates of retention out.",
            field="lines",
        )


def check_own_terms(draft: ContractDraft) -> None:
    """Refuse own terms of lines in a contract in which they mean nothing: all of them at once."""
    check_treatments(draft)
    refuse_all(one for line in draft.lines for one in _own_without_meaning(line, draft))


def _own_without_meaning(line: DraftLine, draft: ContractDraft) -> Iterator[Refused]:
    charges = draft.charges or ChargeTerms()
    if line.own.damages_percent is not None and charges.damages is None:
        yield Refused(
            "“{title}” has damages for delay of its own, and the contract agrees on none. Agree on them for the"
            " contract, which says their cap and their tax, or take them out of the line; where the line is accepted"
            " already and stays as it is, the contract's stay too.",
            field="lines",
            title=line.title,
        )
    if line.own.bonus_percent is not None and charges.bonus is None:
        yield Refused(
            "“{title}” has a bonus of its own, and the contract agrees on none. Agree on one for the contract,"
            " which says its cap, or take it out of the line; where the line is accepted already and stays as it is,"
            " the contract's stays too.",
            field="lines",
            title=line.title,
        )
    if line.kind == MILESTONE and line.own.payment_days is not None and draft.bills_by == BY_APPLICATION:
        yield Refused(
            "“{title}” has days to pay of its own, but an application for payment bills several milestones in one"
            " invoice, which is due on one day. Take them out of the line.",
            field="lines",
            title=line.title,
        )


def check_options_own(draft: ContractDraft) -> None:
    """The same of the plan of an option: what releases name must stand in it too."""
    if draft.retention is not None:
        check_proposed_retention(draft.retention, titles=_milestones(draft.lines))
    check_own_retention(draft)
    check_own_terms(draft)


def _milestones(lines: Sequence[DraftLine]) -> list[str]:
    return [line.title for line in lines if line.kind == MILESTONE]


def check_plan(lines: Sequence[DraftLine], *, price: Decimal, currency: str) -> list[Decimal]:
    """The amounts of a plan's lines, if it adds up and says when each line is billed; refused otherwise."""
    check_dues(lines)
    check_conditions(lines)
    amounts = plan_amounts(price, currency=currency, portions=[portion_of(line) for line in lines])
    check_recoveries(lines, amounts, price=price, currency=currency)
    for line, amount in zip(lines, amounts, strict=True):
        check_periods(line, amount=amount, currency=currency)
        if line.kind == MILESTONE and not line.criteria:
            raise Refused(
                "Say what makes “{milestone}” complete: add at least one acceptance criterion.",
                field="lines",
                milestone=line.title,
            )
    return amounts


def check_answer_until(until: date | None, *, now: datetime, time_zone: str) -> None:
    """Refuse a last day to sign that is over in this time zone, or so far away that nobody means it."""
    if until is not None and until > now.date() + LONGEST_ANSWER:
        raise Refused("The last day to sign is more than ten years away. Check the year.", field="answer_until")
    if until is not None and end_of_day(until, time_zone=time_zone) <= now:
        raise Refused(
            "The last day to sign is over. Choose a later day, or leave it empty to set no end.", field="answer_until"
        )


def check_comment(text: str) -> str:
    """What one side writes to the other, trimmed."""
    return required(text, most=4_000, what="comment", field="text")


def check_reason(reason: str) -> str:
    """Why a version is not signed, trimmed; the seller reads it."""
    return required(reason, most=4_000, what="reason", field="reason")


def _check_tax(category: str, *, rate: Decimal) -> None:
    if category not in TAX_CATEGORIES:
        raise Refused("Choose a tax treatment from the list.", field="tax_category")
    if not rate.is_finite() or not 0 <= rate <= 100 or rate != round(rate, TAX_DECIMALS):
        raise Refused("The tax rate is a percentage between 0 and 100 with at most three decimals.", field="tax_rate")
    if category != "S" and rate != 0:
        raise Refused("Only the standard rate bears tax. Enter 0 for this treatment.", field="tax_rate")


def _nature(said: str) -> str:
    if said and said not in NATURES:
        raise Refused("Say whether a criterion is objective or subjective, or leave it open.", field="lines")
    return said


def check_line(line: DraftLine, *, position: int, currency: str) -> DraftLine:
    """A line of the plan with its texts trimmed, if it can be kept."""
    if line.basis == TOTAL and line.kind != RECURRING:
        # What is billed once comes to its amount.
        line = replace(line, basis=AMOUNT)
    if line.basis not in (AMOUNT, PERCENT, REMAINDER, TOTAL):
        raise Refused(
            "Line {line} of the plan must be an amount, a percentage or the remainder.", field="lines", line=position
        )
    check_measure(line, position=position)
    if line.measure is not None:
        line = replace(line, basis=AMOUNT, amount=worth(line.measure, currency=currency))
    percent = line.percent if line.basis == PERCENT else None
    amount = line.amount if line.basis in (AMOUNT, TOTAL) else None
    if percent is not None:
        check_percent(percent, line=position)
    if amount is not None:
        money.payable(amount, currency, field="lines")
    check_own(line.own, position=position)
    own = check_own_tax(line.own, position=position)
    line = replace(line, own=check_own_condition(own, position=position))
    if len(line.criteria) > MOST_CRITERIA:
        raise Refused("A milestone has at most {most} acceptance criteria.", field="lines", most=MOST_CRITERIA)
    kept = replace(
        line,
        title=required(line.title, most=160, what="name of a milestone", field="lines"),
        scope=trimmed(line.scope, most=4_000, what="description of a milestone", field="lines"),
        percent=percent,
        amount=amount,
        criteria=tuple(
            DraftCriterion(
                required(criterion.text, most=500, what="acceptance criterion", field="lines"),
                criterion.needs_evidence,
                _nature(criterion.nature),
            )
            for criterion in line.criteria
        ),
    )
    return check_due(kept, position=position)
